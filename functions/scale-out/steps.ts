/**
 * A scale-out: plan → reserve → wake → launch … → verify → release → settle; through CreateInstance
 * create … → start … instead of launch.
 *
 * S1. Nothing is launched or started before the ledger granted it (grant.ts, ledger.ts).
 * S2. A launch call has a token of its own, drawn from run, attempt and exact parameters: repeated after a
 *     time-out it is the same call, moved down the ladder it is another one.
 * S3. What counts is what is seen: an instance is had when it runs, from an image its family answered with.
 * S4. A partial launch is kept and the rest moves down the ladder.
 * S5. Every road after the first step ends in `settle`, which closes the grant. Even a run that is given up
 *     before it reserved anything takes it: a late copy of its last event may still reserve.
 */
import { hours, minutes } from "../../shared/duration.ts";
import type { ScaleEvent } from "../../shared/events/scale-out.ts";
import type { Ports } from "../../shared/handler.ts";
import { failed, next, type Machine } from "../../shared/machine.ts";
import { plan } from "./begin.ts";
import { create, launch, start } from "./launch.ts";
import { nothingYet, progressOf, type ScaleOutcome } from "./progress.ts";
import { reserve, wake } from "./reserve.ts";
import { release, settle } from "./settle.ts";
import { verify } from "./verify.ts";

function giveUp(event: ScaleEvent, reason: string): ScaleOutcome {
  switch (event.phase) {
    case "plan":
      return next({ phase: "settle", ...nothingYet(""), reason });
    case "settle":
      return failed(`${event.reason === undefined ? "" : `${event.reason}; `}${reason}`);
    case "release":
      return next({ phase: "settle", ...progressOf(event), reason: event.reason ?? reason });
    case "reserve":
    case "wake":
    case "launch":
    case "create":
    case "start":
    case "verify":
      return next({ phase: "release", ...progressOf(event), reason });
  }
}

export const scaleOut: Machine<ScaleEvent, Ports> = {
  steps: { plan, reserve, wake, launch, create, start, verify, release, settle },
  giveUp,
  limitsMs: {
    plan: minutes(30),
    reserve: hours(1),
    wake: minutes(30),
    launch: minutes(30),
    create: minutes(30),
    start: minutes(30),
    verify: minutes(30),
    release: minutes(30),
    settle: hours(2),
  },
};
