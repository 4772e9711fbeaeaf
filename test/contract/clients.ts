/** The official clients as a test uses them, pointed at the local cloud; types for those that ship none. */
import { createRequire } from "node:module";
import { $OpenApiUtil } from "@alicloud/openapi-core";
import type FcSdk from "@alicloud/fc20230330";
import OSS from "ali-oss";
import type { Cloud } from "../cloud/index.ts";
import { known } from "../support/known.ts";

const require = createRequire(import.meta.url);

export interface Credentials {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

interface Fc2 {
  version: string;
  post(path: string, body: unknown, headers?: object, query?: object): Promise<Answer>;
  get(path: string, query?: object, headers?: object): Promise<Answer>;
}

/**
 * The same address by another name. The official clients share sockets to one host, and the timer that one of them leaves
 * on a socket ends a later answer for the other; in the cloud they call different hosts.
 */
const apart = (url: string): string => url.replace("127.0.0.1", "localhost");

/** @alicloud/fc2, which signs FC V1. */
export function fc2(cloud: Cloud, key: Credentials = cloud.accessKey): Fc2 {
  const Client = known<new (account: string, config: object) => Fc2>(require("@alicloud/fc2"));
  const client = new Client(cloud.accountId, {
    accessKeyID: key.id,
    accessKeySecret: key.secret,
    ...(key.token !== undefined && { securityToken: key.token }),
    region: cloud.region,
    endpoint: apart(cloud.urls.fc),
  });
  client.version = "2023-03-30";
  return client;
}

/** @alicloud/fc20230330, with the classes of its requests. */
export const fcSdk = (): typeof FcSdk => known<typeof FcSdk>(require("@alicloud/fc20230330"));

/** Its client of the control plane, which signs ACS3. */
export function fc3(cloud: Cloud, key: Credentials = cloud.accessKey): FcSdk.default {
  const config = {
    accessKeyId: key.id,
    accessKeySecret: key.secret,
    ...(key.token !== undefined && { securityToken: key.token, type: "sts" }),
    endpoint: new URL(cloud.urls.fc).host,
    protocol: "HTTP",
    regionId: cloud.region,
  };
  const { default: Client } = fcSdk();
  return new Client(new $OpenApiUtil.Config(config));
}

interface OpenApi {
  default: new (config: object) => {
    callApi(params: object, request: object, runtime: object): Promise<unknown>;
  };
  $OpenApiUtil: Record<"Config" | "Params" | "OpenApiRequest", new (map: object) => object>;
}

export interface OpenApiCall {
  readonly action: string;
  readonly version: string;
  readonly path?: string;
  readonly method?: string;
  readonly style?: "RPC" | "ROA";
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One call through @alicloud/openapi-core, the core of all generated clients: it signs ACS3. */
export async function openApi(
  url: string,
  key: Credentials,
  call: OpenApiCall,
): Promise<{ statusCode: number; headers: Record<string, string>; body: unknown }> {
  const { default: Client, $OpenApiUtil } = known<OpenApi>(require("@alicloud/openapi-core"));
  const client = new Client(
    new $OpenApiUtil.Config({
      accessKeyId: key.id,
      accessKeySecret: key.secret,
      ...(key.token !== undefined && { securityToken: key.token, type: "sts" }),
      endpoint: new URL(url).host,
      protocol: "HTTP",
      regionId: "cn-hangzhou",
    }),
  );
  const { action, version, path = "/", method = "POST", style = "RPC", body } = call;
  const { query = {}, headers = {} } = call;
  const isStream = style === "ROA" && body !== undefined;
  const params = new $OpenApiUtil.Params({
    action,
    version,
    protocol: "HTTP",
    pathname: path,
    method,
    authType: "AK",
    style,
    reqBodyType: isStream ? "byte" : "json",
    bodyType: style === "ROA" ? "string" : "json",
  });
  const request = new $OpenApiUtil.OpenApiRequest({ query, headers, ...(body !== undefined && { body }) });
  return known<never>(await client.callApi(params, request, { readTimeout: 30_000, connectTimeout: 30_000 }));
}

/** ali-oss on the address of the local cloud: the bucket is in the Host header. */
export const aliOss = (cloud: Cloud, bucket: string, options: Partial<OSS.Options> = {}): OSS =>
  new OSS({
    accessKeyId: cloud.accessKey.id,
    accessKeySecret: cloud.accessKey.secret,
    endpoint: cloud.urls.oss,
    bucket,
    ...options,
  });
