/** When the timers of this deployment fire that a plan is about: s.yaml gives their times to this function as well. */
import { hours } from "../../../shared/duration.ts";
import { allDue, cronProblem } from "../../../shared/schedule.ts";

/** From when until when a plan looks, epoch ms. */
export interface Window {
  readonly after: number;
  readonly until: number;
}

export const windowFrom = (now: number): Window => ({ after: now, until: now + hours(24) });

const FORM = /^(?:CRON_TZ=(\S+) )?0 ([^@]+)$/;

/** The instants at which a timer fires; undefined for a time that Kiln cannot read. @param text six fields of cron */
export function firings(text: string, window: Window): readonly number[] | undefined {
  const [, timeZone = "UTC", cron = ""] = FORM.exec(text) ?? [];
  return cronProblem(cron) === undefined ? allDue({ cron, timeZone }, window) : undefined;
}
