/** Kiln deployed on the local cloud: the repository's own s.yaml, bundles and RAM policies, nothing else. */
import { createHmac } from "node:crypto";
import { request } from "node:http";
import { basename, join } from "node:path";
import FC from "@alicloud/fc2/lib/client.js";
import PopCore from "@alicloud/pop-core";
import OSS from "ali-oss";
import { functionNameOf, roleNameOf, type Place } from "../../deploy/names.ts";
import { channelNames } from "../../functions/notifier/config.ts";
import { rolesOf } from "../../deploy/policies.ts";
import { days, minutes, seconds } from "../../shared/duration.ts";
import { eventIn, recordIn, type RunRecord } from "./records.ts";
import { isRunId } from "../../shared/names.ts";
import type { WorkflowEvent } from "../../shared/workflow/envelope.ts";
import { type Cloud, type CloudOptions, type Endpoints, type Policy, startCloud } from "../cloud/index.ts";
import { json } from "./known.ts";

const ROOT = join(import.meta.dirname, "../..");

export const BUCKET = "kiln-1234567890123456";
/** Callers of the webhook, as an operator configures them. */
export const WEBHOOK_SECRET = "rehearsal-secret-0123456789";
const CALLER = { name: "ci", secret: WEBHOOK_SECRET } as const;
const CALLERS = { ci: { secrets: [WEBHOOK_SECRET], routes: ["POST /*", "GET /*", "PUT /*", "DELETE /*"] } };

/** The variables that bind the webhook to a custom domain, whose pages a browser shows; links of notifications lead there. */
export const DOMAIN = { KILN_WEBHOOK_DOMAIN: "kiln.example.com", KILN_WEBHOOK_CERT_ID: "7654321" } as const;

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
  /** A signed request to the webhook; the world must be running (or settle beside it). */
  call(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** As `call`, to the API. */
  api(
    method: "GET" | "PUT" | "DELETE" | "POST",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Queues a payload for a function as `s invoke` does, with the account's own key. */
  invoke(functionName: string, payload: unknown): Promise<void>;
  /** Sets variables of a function, which new instances have. */
  configure(functionName: string, variables: Readonly<Record<string, string>>): Promise<void>;
  /** An ECS call with the account's own key through a generic client, as an operator makes it. */
  ecs<T = Readonly<Record<string, unknown>>>(
    action: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<T>;
  /** Records of runs, oldest first; only those whose id begins with `prefix`. */
  records(prefix?: string): readonly RunRecord[];
  record(run: string): RunRecord | undefined;
  /** The next event of a run, as its log gives it. */
  eventOf(run: string): WorkflowEvent | undefined;
  close(): Promise<void>;
}

/** The deployment of most tests. */
export const PLACE: Place = {
  account: "1234567890123456",
  region: "cn-hangzhou",
  bucket: BUCKET,
  stage: "",
  instanceRoles: ["kiln-web", "kiln-builder"],
};

/** A second deployment in the same account and region. */
export const SECOND: Place = { ...PLACE, stage: "dev", bucket: "kiln-dev-1234567890123456" };

/** Policies of the deployment's roles by name, as `npm run setup` makes them from the files of the repository; `taken` is a part and an action that it loses. */
export const readRoles = (place = PLACE, taken = process.env["KILN_TAKEN"]): Record<string, Policy> =>
  Object.fromEntries(
    rolesOf(place).map(({ name, part, policy }) => [
      name,
      taken?.startsWith(`${part} `) ? withoutAction(policy, taken.slice(part.length + 1)) : policy,
    ]),
  );

/** The policy when it does not allow `action`. */
export const withoutAction = ({ Version, Statement }: Policy, action: string): Policy => ({
  Version,
  Statement: Statement.map((one) => ({
    ...one,
    Action: [one.Action].flat().filter((name) => name !== action),
  })),
});

/** The full name of a role of the deployment: `bake-image`, `oss-events`. */
export const roleOf = (part: string): string => roleNameOf(PLACE, part);

export interface DeployOptions extends Omit<CloudOptions, "env"> {
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the local cloud with Kiln on it and an empty bucket. */
export async function deployKiln(options: DeployOptions = {}): Promise<Deployment> {
  return deployedOn(await startWith(options), PLACE);
}

/**
 * Two deployments in one account and region: the second has the stage `dev`. Functions are invoked by their usual names
 * on both; closing either closes the local cloud.
 */
export async function deployTwo(
  options: DeployOptions = {},
): Promise<readonly [first: Deployment, second: Deployment]> {
  const roles = { ...readRoles(), ...readRoles(SECOND) };
  const cloud = await startWith({ roles, ...options }, [PLACE, SECOND]);
  return [deployedOn(cloud, PLACE), deployedOn(cloud, SECOND)];
}

async function startWith(options: DeployOptions, places: readonly Place[] = [PLACE]): Promise<Cloud> {
  const cloud = await startCloud({
    manifest: join(ROOT, "s.yaml"),
    roles: readRoles(),
    ...options,
    // A thread for each instance would be most of the time of all tests.
    fc: { idleMs: days(3), inline: true, ...options.fc },
    env: (endpoints) =>
      places.map((place) => ({
        ...environmentOf(endpoints, place),
        ...channelNames({ ...options.env }),
        ...options.env,
      })),
  });
  for (const { bucket } of places) cloud.oss.createBucket(bucket);
  return cloud;
}

/** Kiln on a cloud to which its bucket and its functions come by other means than a manifest. */
export function deployedOn(cloud: Cloud, place: Place): Deployment {
  const { bucket } = place;
  const { oss, ecs, fc } = clientsOf(cloud, bucket);
  const nameOf = (functionName: string): string => functionNameOf(place, functionName.replace(/^kiln-/, ""));
  const called = (name: string, method: string, path: string, sent: Sent): Promise<Answer> =>
    cloud.time.hold(send(new URL(path, cloud.urls.http[nameOf(name)] ?? ""), method, sent));
  return {
    cloud,
    caller: CALLER,
    record: (run) => recordOf(cloud, bucket, run),
    eventOf: (run) => eventIn(run, (key) => cloud.oss.find(bucket, key)?.body),
    upload: async (key, body) => {
      await oss.put(key, Buffer.from(body));
    },
    call: (method, path, body, headers) => called("kiln-webhook", method, path, { body, headers }),
    api: (method, path, body, headers) => called("kiln-api", method, path, { body, headers }),
    invoke: async (functionName, payload) => {
      const headers = { "x-fc-invocation-type": "Async" };
      await fc.post(`/functions/${nameOf(functionName)}/invocations`, JSON.stringify(payload), headers, {});
    },
    configure: async (functionName, variables) => {
      const path = `/functions/${nameOf(functionName)}`;
      const { data } = await fc.get(path);
      await fc.put(path, { environmentVariables: { ...data.environmentVariables, ...variables } });
    },
    ecs: (action, params) => ecs.request(action, { RegionId: cloud.region, ...params }, { method: "POST" }),
    records: (begins = "") => recordsOf(cloud, bucket, begins),
    close: () => cloud.close(),
  };
}

/** The values of s.yaml for a deployment on the local cloud. */
export const environmentOf = (
  { ecs, cms, ess, fc, oss, region, accountId }: Omit<Endpoints, "accessKeyId" | "accessKeySecret">,
  { bucket, stage } = PLACE,
): Record<string, string> => ({
  KILN_REGION: region,
  KILN_ACCOUNT_ID: accountId,
  KILN_BUCKET: bucket,
  KILN_STAGE: stage,
  KILN_ECS_ENDPOINT: ecs,
  KILN_CMS_ENDPOINT: cms,
  KILN_ESS_ENDPOINT: ess,
  KILN_FC_ENDPOINT: fc,
  KILN_OSS_ENDPOINT: oss,
  KILN_CALLERS: JSON.stringify(CALLERS),
});

/** Official clients with the account's own key. */
function clientsOf({ urls, accessKey, accountId, region }: Cloud, bucket: string) {
  const { id: accessKeyId, secret: accessKeySecret } = accessKey;
  const oss = new OSS({ endpoint: urls.oss, accessKeyId, accessKeySecret, bucket, secure: false });
  const ecs = new PopCore({ endpoint: urls.ecs, apiVersion: "2014-05-26", accessKeyId, accessKeySecret });
  const fc = new FC(accountId, {
    accessKeyID: accessKeyId,
    accessKeySecret,
    region,
    securityToken: "",
    endpoint: urls.fc,
    timeout: 10_000,
  });
  fc.version = "2023-03-30";
  return { oss, ecs, fc };
}

const recordOf = ({ oss }: Cloud, bucket: string, run: string): RunRecord | undefined =>
  recordIn(run, (key) => oss.find(bucket, key)?.body);

function recordsOf(cloud: Cloud, bucket: string, begins: string): RunRecord[] {
  return cloud.oss
    .list(bucket, "runs/")
    .map(({ key }) => basename(key, ".jsonl"))
    .filter((run) => isRunId(run) && run.startsWith(begins))
    .map((run) => recordOf(cloud, bucket, run))
    .filter((found) => found !== undefined)
    .toSorted((a, b) => a.beganAt.localeCompare(b.beganAt));
}

interface Signing {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly secret?: string;
  readonly caller?: string;
  readonly nonce?: string;
}

/** Signs a request as the README describes. */
export function sign(
  method: string,
  path: string,
  body: string,
  { at, secret = WEBHOOK_SECRET, caller = "ci", nonce = "" }: Signing,
) {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", secret)
    .update(`${caller}\n${timestamp}\n${nonce}\n${method}\n${path}\n${body}`)
    .digest("hex");
  return {
    "x-kiln-caller": caller,
    "x-kiln-timestamp": timestamp,
    ...(nonce !== "" && { "x-kiln-nonce": nonce }),
    "x-kiln-signature": `v2=${signature}`,
  };
}

interface Sent {
  readonly body: unknown;
  readonly headers?: Record<string, string> | undefined;
}

function send(url: URL, method: string, { body, headers = {} }: Sent): Promise<Answer> {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const signed = {
    "content-type": "application/json",
    ...sign(method, decodeURIComponent(url.pathname), text, { at: Date.now() }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: signed }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const said = Buffer.concat(chunks).toString();
        const isJson = incoming.headers["content-type"] === "application/json";
        const body = isJson ? json<Answer["body"]>(said) : { text: said };
        resolve({ status: incoming.statusCode ?? 0, body: said ? body : {} });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

/** Shortens the delays of the cloud: every step still takes time, but few polls. */
export function hurry({ cloud }: Deployment): void {
  cloud.world.delays({
    startingMs: seconds(8),
    agentOnlineMs: seconds(8),
    imageMs: seconds(50),
    importMs: minutes(2),
    copyMs: seconds(90),
    snapshotMs: seconds(40),
  });
}
