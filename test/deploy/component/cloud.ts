/** The calls of the deploy component, with the official clients: those of fc3, under the same names and with the same bodies. */
import FC2 from "@alicloud/fc2/lib/client.js";
import Sdk from "@alicloud/fc20230330";
import { $OpenApiUtil } from "@alicloud/openapi-core";
import OSS from "ali-oss";
import { known } from "../../support/known.ts";

/** The keys that the engine found. */
export interface Credential {
  readonly AccountID: string;
  readonly AccessKeyID: string;
  readonly AccessKeySecret: string;
}

export type Tree = Readonly<Record<string, unknown>>;

/** Where code goes: into the bucket of Function Compute, under the number of the account. */
export interface UploadedCode {
  readonly ossBucketName: string;
  readonly ossObjectName: string;
}

interface TempBucket {
  readonly credentials: Record<"AccessKeyId" | "AccessKeySecret" | "SecurityToken", string>;
  readonly ossBucket: string;
  readonly objectName: string;
}

const endpoint = (): string => process.env["FC_CLIENT_CUSTOM_ENDPOINT"] ?? "";

/**
 * The same address by another name: the two clients share sockets to one host, and the timer that one leaves on a socket
 * ends a later answer for the other. In the cloud they call different hosts.
 */
const olderEndpoint = (): string => endpoint().replace("127.0.0.1", "localhost");

export const clientOf = ({ AccessKeyID, AccessKeySecret }: Credential): Sdk.default => {
  const { host, protocol } = new URL(endpoint());
  return new Sdk.default(
    new $OpenApiUtil.Config({
      accessKeyId: AccessKeyID,
      accessKeySecret: AccessKeySecret,
      endpoint: host,
      protocol: protocol.replace(":", ""),
    }),
  );
};

/** The answer, or undefined for anything that is refused: the component takes every refusal of a read for "not there". */
export async function find<T>(read: Promise<{ body?: T }>): Promise<T | undefined> {
  try {
    return (await read).body;
  } catch {
    return undefined;
  }
}

/** Uploads a zip file with credentials for this one upload. */
export async function upload(credential: Credential, region: string, archive: Buffer): Promise<UploadedCode> {
  const { AccountID: account, AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret } = credential;
  const client = new FC2(account, {
    accessKeyID,
    accessKeySecret,
    region,
    endpoint: olderEndpoint(),
    securityToken: "",
    timeout: 60_000,
  });
  client.version = "2016-08-15";
  const { data } = await known<{ get(path: string): Promise<{ data: TempBucket }> }>(client).get(
    "/tempBucketToken",
  );
  const { AccessKeyId, AccessKeySecret, SecurityToken } = data.credentials;
  const oss = new OSS({
    endpoint: process.env["FC_CODE_TEMP_OSS_ENDPOINT"] ?? "",
    accessKeyId: AccessKeyId,
    accessKeySecret: AccessKeySecret,
    stsToken: SecurityToken,
    bucket: data.ossBucket,
    refreshSTSToken: () => Promise.reject(new Error("the session is for one upload")),
    refreshSTSTokenInterval: 3_600_000,
  });
  const ossObjectName = `${account}/${data.objectName}`;
  await oss.put(ossObjectName, archive);
  return { ossBucketName: data.ossBucket, ossObjectName };
}
