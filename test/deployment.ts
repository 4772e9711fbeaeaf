/** Kiln deployed on the stand-in: the repository's own s.yaml, bundles and RAM policies, nothing else. */
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { basename, join } from "node:path";
import FC from "@alicloud/fc2/lib/client.js";
import PopCore from "@alicloud/pop-core";
import OSS from "ali-oss";
import { days } from "../shared/duration.ts";
import type { RunRecord } from "../shared/journal.ts";
import { recordKey } from "../shared/run.ts";
import { startCloud, type Cloud, type CloudOptions } from "./cloud/index.ts";
import type { Policy } from "./cloud/ram.ts";

const ROOT = join(import.meta.dirname, "..");

export const BUCKET = "kiln-1234567890123456";
/** Callers of the front door as a person would configure them. */
export const WEBHOOK_SECRET = "rehearsal-secret-0123456789";
const CALLER = { name: "ci", secret: WEBHOOK_SECRET } as const;
const CALLERS = { ci: { secrets: [WEBHOOK_SECRET], routes: ["POST /*", "GET /runs/*"] } };

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Deployment {
  readonly cloud: Cloud;
  /** Who `call` calls as. */
  readonly caller: { readonly name: string; readonly secret: string };
  /** Uploads an object with a real OSS client. */
  upload(key: string, body: string | Buffer): Promise<void>;
  /** A signed request to the front door; the world must be running (or settle beside it). */
  call(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Queues a payload for a function as `s invoke` does, with the account's own key. */
  invoke(functionName: string, payload: unknown): Promise<void>;
  /** An ECS call of a person with the account's own key, through a client of another make. */
  ecs<T = Readonly<Record<string, unknown>>>(
    action: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<T>;
  /** Records of runs, oldest first; only those whose id begins with `prefix`. */
  records(prefix?: string): readonly RunRecord[];
  record(run: string): RunRecord | undefined;
  close(): Promise<void>;
}

/** Policies of the deployment's roles, as the files of the repository say. */
export function readRoles(): Record<string, Policy> {
  const folder = join(ROOT, "shared/ram");
  const files = readdirSync(folder).filter((file) => !file.includes("trust"));
  return Object.fromEntries(
    files.map((file) => [
      basename(file, ".json"),
      JSON.parse(readFileSync(join(folder, file), "utf8")) as Policy,
    ]),
  );
}

export interface DeployOptions extends Omit<CloudOptions, "env"> {
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the stand-in with Kiln on it and an empty bucket. */
export async function deployKiln(options: DeployOptions = {}): Promise<Deployment> {
  const cloud = await startCloud({
    manifest: join(ROOT, "s.yaml"),
    roles: readRoles(),
    ...options,
    // Days of timers would be a cold start each; what starting costs, the rehearsal shows.
    fc: { idleMs: days(3), ...options.fc },
    env: ({ ecs, cms, fc, oss, region, accountId }) => ({
      KILN_REGION: region,
      KILN_ACCOUNT_ID: accountId,
      KILN_BUCKET: BUCKET,
      KILN_ECS_ENDPOINT: ecs,
      KILN_CMS_ENDPOINT: cms,
      KILN_FC_ENDPOINT: fc,
      KILN_OSS_ENDPOINT: oss,
      KILN_CALLERS: JSON.stringify(CALLERS),
      ...options.env,
    }),
  });
  cloud.oss.createBucket(BUCKET);
  const { id, secret } = cloud.accessKey;
  const client = new OSS({
    endpoint: cloud.urls.oss,
    accessKeyId: id,
    accessKeySecret: secret,
    bucket: BUCKET,
    secure: false,
  });
  const pop = new PopCore({
    endpoint: cloud.urls.ecs,
    apiVersion: "2014-05-26",
    accessKeyId: id,
    accessKeySecret: secret,
  });
  const record = (run: string): RunRecord | undefined => {
    const found = cloud.oss.find(BUCKET, recordKey(run));
    return found && (JSON.parse(found.body.toString()) as RunRecord);
  };
  return {
    cloud,
    caller: CALLER,
    record,
    upload: async (key, body) => {
      await client.put(key, Buffer.from(body));
    },
    call: (method, path, body, headers = {}) => {
      const url = cloud.urls.http["kiln-webhook"] ?? "";
      return cloud.time.hold(send(url, method, path, body, headers));
    },
    invoke: async (functionName, payload) => {
      const fc = new FC(cloud.accountId, {
        accessKeyID: id,
        accessKeySecret: secret,
        region: cloud.region,
        securityToken: "",
        endpoint: cloud.urls.fc,
        timeout: 10_000,
      });
      fc.version = "2023-03-30";
      const headers = { "x-fc-invocation-type": "Async" };
      await fc.post(`/functions/${functionName}/invocations`, JSON.stringify(payload), headers, {});
    },
    ecs: (action, params) => pop.request(action, { RegionId: cloud.region, ...params }, { method: "POST" }),
    records: (prefix = "") =>
      cloud.oss
        .list(BUCKET, "runs/")
        .filter(({ key }) => /^runs\/[^/]+\/[^/]+\.json$/.test(key) && basename(key).startsWith(prefix))
        .map(({ key }) => record(basename(key, ".json")))
        .filter((found) => found !== undefined)
        .toSorted((a, b) => a.beganAt.localeCompare(b.beganAt)),
    close: () => cloud.close(),
  };
}

/** Signs as the README tells callers to. */
export function sign(method: string, path: string, body: string, at: number, secret = WEBHOOK_SECRET) {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", secret)
    .update(`${timestamp}\n${method}\n${path}\n${body}`)
    .digest("hex");
  return { "x-kiln-caller": "ci", "x-kiln-timestamp": timestamp, "x-kiln-signature": `v1=${signature}` };
}

function send(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const signed = { "content-type": "application/json", ...sign(method, path, text, Date.now()), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), { method, headers: signed }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const said = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, body: said ? (JSON.parse(said) as Answer["body"]) : {} });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}
