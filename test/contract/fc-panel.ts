/** Functions made, used and removed with the official client of the control plane. */
import { type Cloud, type CloudOptions, startCloud } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { zipOf } from "../../deploy/zip.ts";
import { type Credentials, fc2, fc3, fcSdk } from "./clients.ts";

export const sdk = fcSdk();
export const ECHO = "exports.handler = async (event) => event.toString();";
export const says = (text: string): string => `exports.handler = async () => ${JSON.stringify(text)};`;
export const inline = (source: string) => ({ zipFile: zipOf({ "index.js": source }).toString("base64") });

/** Short names for the calls of the client. */
export function panelOf(cloud: Cloud, key?: Credentials) {
  const client = fc3(cloud, key);
  const base = { runtime: "nodejs20", handler: "index.handler", cpu: 0.1, memorySize: 128, diskSize: 512 };
  return {
    client,
    create: (functionName: string, more: Readonly<Record<string, unknown>> = {}) => {
      const body = { ...base, functionName, timeout: 60, code: inline(ECHO), ...more };
      return client.createFunction(
        new sdk.CreateFunctionRequest({ body: new sdk.CreateFunctionInput(body) }),
      );
    },
    update: (name: string, body: Readonly<Record<string, unknown>>) =>
      client.updateFunction(name, new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput(body) })),
    get: async (name: string) => (await client.getFunction(name, new sdk.GetFunctionRequest({}))).body,
    addTrigger: (name: string, trigger: Readonly<Record<string, unknown>>, config: object) => {
      const body = new sdk.CreateTriggerInput({ ...trigger, triggerConfig: JSON.stringify(config) });
      return client.createTrigger(name, new sdk.CreateTriggerRequest({ body }));
    },
    updateTrigger: (name: string, triggerName: string, config: object) => {
      const body = new sdk.UpdateTriggerInput({ triggerConfig: JSON.stringify(config) });
      return client.updateTrigger(name, triggerName, new sdk.UpdateTriggerRequest({ body }));
    },
    reserve: (name: string, reservedConcurrency: number) => {
      const body = new sdk.PutConcurrencyInput({ reservedConcurrency });
      return client.putConcurrencyConfig(name, new sdk.PutConcurrencyConfigRequest({ body }));
    },
    configure: (name: string, config: Readonly<Record<string, unknown>>) => {
      const body = new sdk.PutAsyncInvokeConfigInput(config);
      const request = new sdk.PutAsyncInvokeConfigRequest({ qualifier: "LATEST", body });
      return client.putAsyncInvokeConfig(name, request);
    },
    call: async (name: string, payload = "x", qualifier = "LATEST") =>
      (await fc2(cloud).post(`/functions/${name}/invocations`, payload, {}, { qualifier })).data,
  };
}

type Panel = ReturnType<typeof panelOf>;

/** Starts a cloud without functions, and closes it. */
export async function withPanel(
  work: (panel: Panel, cloud: Cloud) => Promise<void>,
  options: CloudOptions = {},
): Promise<void> {
  const cloud = await startCloud(options);
  try {
    await work(panelOf(cloud), cloud);
  } finally {
    await cloud.close();
  }
}

/** Status and code of a refusal. */
export const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => {
      const { code, statusCode } = known<{ code: string; statusCode: number }>(error);
      return `${statusCode} ${code}`;
    },
  );

export const OSS_RULE = {
  events: ["oss:ObjectCreated:PutObject"],
  filter: { key: { prefix: "in/", suffix: "" } },
};
export const inbox = (cloud: Cloud, more: object = {}) => ({
  triggerName: "inbox",
  triggerType: "oss",
  sourceArn: `acs:oss:cn-hangzhou:${cloud.accountId}:box`,
  invocationRole: `acs:ram::${cloud.accountId}:role/notifier`,
  ...more,
});
export const TICK = { triggerName: "tick", triggerType: "timer" };
export const every = (cronExpression: string) => ({ cronExpression, enable: true, payload: "p" });
