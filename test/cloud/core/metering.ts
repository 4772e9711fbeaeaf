/** The instances that CloudMonitor measures: ECS reports them, and CloudMonitor makes metric points of them. */
import type { LoadProfile } from "./load.ts";

export interface MeteredInstance {
  readonly instanceId: string;
  readonly publicIp: string | undefined;
  /** The spans in which the instance was Running, epoch milliseconds; an open span has no end. */
  readonly runs: readonly { readonly from: number; readonly to: number | undefined }[];
  /** The load of each minute. */
  readonly load: LoadProfile;
}

export interface InstanceReader {
  /** All instances, oldest first. */
  all(): MeteredInstance[];
  find(instanceId: string): MeteredInstance | undefined;
  /** Milliseconds between the end of a period and the publication of its point. */
  readonly metricDelayMs: number;
}
