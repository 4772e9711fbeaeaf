/** An account, its settings and its functions, with one thing broken. */
import { known } from "../known.ts";
import { changed, fault, setting, type Breakage } from "./breakage.ts";

const ASYNC = "/functions/kiln-scale-out/async-invoke-config";
const JANITOR = {
  destinationConfig: {
    onFailure: { destination: "acs:fc:cn-hangzhou:1987654321098765:functions/kiln-janitor" },
  },
};

export const DEPLOYMENT_BREAKAGES: readonly Breakage[] = [
  {
    check: "account",
    says: /is of account 1987654321098765, but KILN_ACCOUNT_ID is 1111111111111111/,
    examination: { env: { KILN_ACCOUNT_ID: "1111111111111111" } },
  },
  { check: "clock", says: /clock is 120 s off/, examination: { skewMs: 120_000 } },
  { check: "region", says: /no region cn-nowhere/, examination: { env: { KILN_REGION: "cn-nowhere" } } },
  {
    check: "task-mode",
    says: /cn-nanjing has no task mode/,
    examination: { env: { KILN_REGION: "cn-nanjing" } },
  },
  { check: "products", says: /^ECS: .*Broken/, breaks: fault("ecs", "DescribeInstances") },
  {
    check: "balance",
    says: /balance is 50.00 CNY/,
    breaks: ({ cloud }) => {
      cloud.world.account({ balance: 50 });
      return () => cloud.world.account({ balance: 10_000 });
    },
  },
  {
    check: "variables",
    says: /KILN_FLEET_PASSWORD contains \$\{/,
    examination: { env: { KILN_FLEET_PASSWORD: "Pa${ss}w0rd" } },
  },
  { check: "setup", says: /it would set the lifecycle rules/, breaks: setting("lifecycle", "") },
  {
    check: "functions",
    says: /kiln-scale-out differs in timeout/,
    breaks: changed("/functions/kiln-scale-out", { timeout: 30 }, { timeout: 360 }),
  },
  {
    check: "functions",
    says: /^function kiln-scale-out belongs to the deployment of bucket kiln-other$/,
    breaks: async ({ api }) => {
      const path = "/functions/kiln-scale-out";
      const { environmentVariables: before } = await api.fc("GET", path);
      const put = (environmentVariables: unknown) => api.fc("PUT", path, {}, { environmentVariables });
      await put({ ...known<object>(before), KILN_BUCKET: "kiln-other" });
      return () => put(before);
    },
  },
  {
    check: "async-settings",
    says: /events of kiln-scale-out differ in asyncTask, destinationConfig/,
    breaks: changed(
      ASYNC,
      { asyncTask: false, maxAsyncRetryAttempts: 3, maxAsyncEventAgeInSeconds: 86_400 },
      { asyncTask: true, maxAsyncRetryAttempts: 3, maxAsyncEventAgeInSeconds: 86_400, ...JANITOR },
      { qualifier: "LATEST" },
    ),
  },
  {
    check: "reservations",
    says: /kiln-scale-out reserves 9 instances instead of 4/,
    breaks: changed(
      "/functions/kiln-scale-out/concurrency",
      { reservedConcurrency: 9 },
      { reservedConcurrency: 4 },
    ),
  },
  {
    check: "concurrency",
    says: /4 instances more cannot be reserved/,
    breaks: async (one) => {
      const path = "/functions/kiln-scale-out/concurrency";
      await one.api.fc("DELETE", path);
      const undo = fault("fc", "PutConcurrencyConfig")(one);
      return async () => {
        undo();
        await one.api.fc("PUT", path, {}, { reservedConcurrency: 4 });
      };
    },
  },
  {
    check: "triggers",
    says: /kiln-scale-out has trigger old, which is not in s.yaml/,
    breaks: async ({ api }) => {
      const triggerConfig = JSON.stringify({ cronExpression: "@every 9m", enable: true, payload: "" });
      const path = "/functions/kiln-scale-out/triggers";
      await api.fc("POST", path, {}, { triggerName: "old", triggerType: "timer", triggerConfig });
      return () => api.fc("DELETE", `${path}/old`);
    },
  },
  {
    check: "logs",
    says: /nothing that kiln-janitor writes is kept/,
    breaks: changed(
      "/functions/kiln-janitor",
      { logConfig: { project: "", logstore: "" } },
      {
        logConfig: {
          project: "kiln-logs",
          logstore: "kiln",
          enableRequestMetrics: true,
          enableInstanceMetrics: true,
          logBeginRule: "None",
        },
      },
    ),
  },
];
