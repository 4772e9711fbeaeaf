/** The context of all checks: the account's APIs, the bucket, the functions, and the probe once it is needed. */
import type { CloudClient } from "../../shared/cloud/client.ts";
import type { Clock, Random } from "../../shared/ports.ts";
import { connectApi, type Api } from "../api.ts";
import { bucketOf } from "../bucket.ts";
import type { Settings } from "../config.ts";
import { kilnFunctions, namedAs, type LiveFunction } from "../functions.ts";
import { functionNameOf } from "../names.ts";
import type { Declared } from "../manifest.ts";
import { deployProbe, removeProbe, type Probe } from "./probe.ts";

export interface Context {
  readonly settings: Settings;
  readonly api: Api;
  readonly bucket: CloudClient;
  readonly clock: Clock;
  /** Whether checks may launch instances, which costs money. */
  readonly mayLaunch: boolean;
  /** Whether a check may wait for an hour. */
  readonly mayWait: boolean;
  /** The functions as s.yaml declares them. */
  readonly declared: readonly Declared[];
  /** The functions of these names in the cloud; asked once. */
  live(): Promise<readonly LiveFunction[]>;
  /** The probe; deployed when it is first asked for. */
  probe(): Promise<Probe>;
}

export interface ContextOptions {
  readonly settings: Settings;
  readonly declared: readonly Declared[];
  readonly clock: Clock;
  readonly random: Random;
  readonly mayLaunch: boolean;
  readonly mayWait: boolean;
}

/** The context, and `release`, which removes everything that its checks have made. */
export function openContext(options: ContextOptions): Context & { release(): Promise<void> } {
  const { settings, declared, clock } = options;
  const { place } = settings;
  const api = connectApi({ ...settings, region: place.region, clock });
  let live: Promise<readonly LiveFunction[]> | undefined;
  let probe: Promise<Probe> | undefined;
  const at = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const id = `doctor-${at}-${options.random.next().toString(36).slice(2, 8)}`;
  const probeOptions = { api, place, declared, clock, id };
  const isOurs = (name: string): boolean => name !== functionNameOf(place, "probe");
  return {
    ...options,
    api,
    bucket: bucketOf(settings),
    live: () =>
      (live ??= kilnFunctions(api).then((all) =>
        namedAs(all, place).filter(({ functionName }) => isOurs(functionName)),
      )),
    probe: () => (probe ??= deployProbe(probeOptions)),
    release: async () => {
      if (probe === undefined) return;
      // One that could not be deployed may be there in part.
      await probe.catch(() => undefined);
      await removeProbe(probeOptions);
    },
  };
}
