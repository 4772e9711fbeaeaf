/**
 * Should this member run now? Pure. "Is it up time?" is asked of the clock, so a missed run is made good by
 * the next one and nothing depends on an exact minute.
 *
 * R1. Only what Kiln stopped is started, and only as long as nobody started it since.
 * R2. Only within working hours.
 * R3. What is locked stays down.
 */
import type { Instance } from "../../shared/cloud/instance.ts";
import type { IdlePolicy } from "../../shared/documents/idle.ts";
import { isUp } from "../../shared/documents/up-hours.ts";
import { stoppedByKilnAt } from "../../shared/marks.ts";

/** Whether to start it, and why not. */
export type Wish = { readonly start: true } | { readonly start: false; readonly why: string };

export function wantsUp(instance: Instance, policy: IdlePolicy, now: number): Wish {
  const no = (why: string): Wish => ({ start: false, why });
  const { upDuring, resume } = policy;
  if (!resume || upDuring === undefined) return no("its fleet does not resume");
  if (!isUp(upDuring, now)) return no("it is outside its working hours");
  if (instance.status !== "Stopped") return no(`it is ${instance.status}`);
  if (stoppedByKilnAt(instance) === undefined) return no("somebody stopped it by hand");
  if (instance.locks.length > 0) return no(`it is locked (${instance.locks.join(", ")})`);
  return { start: true };
}
