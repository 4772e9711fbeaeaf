/** A cloud of a test's own, and short words for asking its ECS and CloudMonitor through the official clients. */
import RpcClient from "@alicloud/pop-core";
import { startCloud } from "../cloud/index.ts";
import type { Cloud, CloudOptions } from "../cloud/index.ts";
import { openApi } from "./clients.ts";
import { foreignMembers } from "./response-class.ts";
import type { Credentials } from "./clients.ts";
import { known } from "../support/known.ts";

type Flat = Readonly<Record<string, unknown>>;

export interface Caller {
  readonly cloud: Cloud;
  /**
   * Asks in the home region by the old client: everything in a form body, or in the query of a GET. Throws when the
   * answer has a member that the official SDK does not know.
   */
  readonly ask: (action: string, params?: Flat, method?: "GET" | "POST") => Promise<unknown>;
  /** Status and code of a refusal, e.g. `403 OperationDenied.NoStock`; throws when there is none. */
  readonly refusal: (action: string, params?: Flat, key?: Credentials) => Promise<string>;
  readonly askCms: (action: string, params: Flat) => Promise<unknown>;
  /** Starts instances with a small network around them and answers their ids. */
  readonly launch: (params?: Flat) => Promise<string[]>;
}

/** What a launch in this world needs. */
export const LAUNCH = {
  ImageFamily: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  InstanceType: "ecs.g7.large",
  "SystemDisk.Category": "cloud_essd",
  SecurityGroupId: "sg-default0001",
  VSwitchId: "vsw-hangzhou-h",
};

/** Runs `work` in a cloud and closes it, whatever happens. */
export async function inCloud(
  work: (caller: Caller) => Promise<void>,
  options: CloudOptions = {},
): Promise<void> {
  const cloud = await startCloud(options);
  try {
    await work(callerOf(cloud));
  } finally {
    await cloud.close();
  }
}

function callerOf(cloud: Cloud): Caller {
  const { id: accessKeyId, secret: accessKeySecret } = cloud.accessKey;
  const clientFor = (endpoint: string, apiVersion: string): RpcClient =>
    new RpcClient({ endpoint, apiVersion, accessKeyId, accessKeySecret });
  const ecs = clientFor(cloud.urls.ecs, "2014-05-26");
  const cms = clientFor(cloud.urls.cms, "2019-01-01");
  const home = { RegionId: cloud.region };
  const ask: Caller["ask"] = async (action, params = {}, method = "POST") => {
    const answer: unknown = await ecs.request(action, given({ ...home, ...params }), { method });
    const foreign = foreignMembers(action, answer);
    if (foreign.length > 0) throw new Error(`the cloud has no ${foreign.join(", ")}`);
    return answer;
  };
  const refusal: Caller["refusal"] = async (action, params = {}, key = cloud.accessKey) => {
    const query = flatten({ ...home, ...params });
    const error = await openApi(cloud.urls.ecs, key, { action, version: "2014-05-26", query }).then(
      (answer) => new Error(`${action} was not refused: ${JSON.stringify(answer.body)}`),
      (reason: unknown) => reason,
    );
    if (typeof error === "object" && error !== null && "code" in error && "statusCode" in error) {
      return `${String(error.statusCode)} ${String(error.code)}`;
    }
    throw error;
  };
  return {
    cloud,
    ask,
    refusal,
    askCms: (action, params) => cms.request(action, given(params), { method: "POST" }),
    launch: async (params = {}) =>
      read<string[]>(await ask("RunInstances", { ...LAUNCH, ...params }), "InstanceIdSets.InstanceIdSet"),
  };
}

/** The old client sends undefined as a word. */
function given(params: Flat): Flat {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

/** Lists and structures in the flat spelling of the wire, numbered from 1. */
function flatten(value: unknown, name = ""): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value === "string") return { [name]: value };
  if (typeof value !== "object") return { [name]: JSON.stringify(value) };
  const entries = Array.isArray(value)
    ? value.map((item, index) => [String(index + 1), item] as const)
    : Object.entries(value);
  return known<Record<string, string>>(
    Object.assign({}, ...entries.map(([key, item]) => flatten(item, name === "" ? key : `${name}.${key}`))),
  );
}

/** The member of an answer at a path such as `Images.Image.0.Status`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the form
export function read<T = unknown>(answer: unknown, path: string): T {
  const member = path
    .split(".")
    .reduce<unknown>(
      (value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined),
      answer,
    );
  return known<T>(member);
}
