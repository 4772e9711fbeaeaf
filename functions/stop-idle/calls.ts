/** Counts the API calls of a run by action: quotas are per call, so a run says how many it made. */
import type { CloudClient, Core } from "../../shared/cloud/client.ts";

/** Calls by action. */
export type Calls = Readonly<Record<string, number>>;

/** The same client, and the growing count of what it sends to ECS and CloudMonitor. */
export function counted(cloud: CloudClient): { readonly cloud: CloudClient; readonly calls: Calls } {
  const calls: Record<string, number> = {};
  const counting = (core: Core): Core =>
    new Proxy(core, {
      get: (target, key) => {
        if (key !== "callApi") return Reflect.get(target, key) as unknown;
        return (...given: Parameters<Core["callApi"]>) => {
          const action = given[0].action ?? "";
          calls[action] = (calls[action] ?? 0) + 1;
          return target.callApi(...given);
        };
      },
    });
  const core: CloudClient["core"] = async (product, region) => counting(await cloud.core(product, region));
  return { cloud: { ...cloud, core }, calls };
}

/** The sum of two counts. */
export function addCalls(a: Calls, b: Calls): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [action, count] of Object.entries(b)) sum[action] = (sum[action] ?? 0) + count;
  return sum;
}
