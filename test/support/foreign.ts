/** A program of another make in front of `npm run cloud`: official clients, and only what the ready line says. */
import FC from "@alicloud/fc2/lib/client.js";
import PopCore from "@alicloud/pop-core";
import OSS from "ali-oss";
import type { CloudProcess, Reply, World } from "./cloud-process.ts";
import { send } from "./cloud-process.ts";
import { sign } from "./deployment.ts";
import { known } from "./known.ts";

interface FcClient {
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  get(path: string): Promise<{ readonly data: unknown }>;
}

export interface Foreign {
  upload(key: string, text: string): Promise<void>;
  ecs<T>(action: string, params?: Readonly<Record<string, unknown>>): Promise<T>;
  /** A signed request to the webhook, at the cloud's time. */
  call(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply>;
  /** The state of a run. */
  stateOf(run: unknown): Promise<unknown>;
  readonly fc: FcClient;
  /** Asks for instances of a fleet, and lets the run end; answers the run and the world. */
  scaleOut(fleet: string, count: number): Promise<{ readonly run: unknown; readonly world: World }>;
}

export function foreignProgram(cloud: CloudProcess): Foreign {
  const { ready } = cloud;
  const { accessKeyId, accessKeySecret, bucket, region, caller } = ready;
  const oss = new OSS({ endpoint: ready.oss, accessKeyId, accessKeySecret, bucket, secure: false });
  const ecs = new PopCore({ endpoint: ready.ecs, apiVersion: "2014-05-26", accessKeyId, accessKeySecret });
  const fc = new FC(ready.accountId, {
    accessKeyID: accessKeyId,
    accessKeySecret,
    region,
    securityToken: "",
    endpoint: ready.fc,
    timeout: 10_000,
  });
  fc.version = "2023-03-30";
  const call: Foreign["call"] = async (method, path, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const { name, secret } = caller;
    const headers = sign(method, path, text, { at: (await cloud.world()).now, secret, caller: name });
    return send(new URL(path, ready.webhook), { method, body: text, headers });
  };
  return {
    upload: async (key, text) => void (await oss.put(key, Buffer.from(text))),
    ecs: (action, params = {}) => ecs.request(action, { RegionId: region, ...params }, { method: "POST" }),
    call,
    stateOf: async (run) => (await call("GET", `/runs/${String(run)}`)).body["state"],
    fc: known<FcClient>(fc),
    scaleOut: async (fleet, count) => {
      const { body } = await call("POST", `/fleets/${fleet}/scale-out`, { count });
      await cloud.settle(10 * 60_000);
      return { run: body["run"], world: await cloud.world() };
    },
  };
}
