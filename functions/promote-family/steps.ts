/**
 * The machine of this function: promotions, rollbacks and retention, each a chain of its own.
 *
 * promotion  read → check → launch → boot → command ⇄ watch (⇄ rebooted) → discard → ask → approve →
 *            reserve → copy → arrive → share → barrier → join → clear → prove, or undo
 * rollback   aim → demote → confirm; its undo aim → restore → confirm
 * dry runs   rehearse, rehearseRollback: one phase each, from which nothing follows
 * retention  survey → retire ⇄ crumbs
 */
import { days, hours, minutes } from "../../shared/duration.ts";
import type { At, PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { failed, next, type Machine, type Outcome } from "../../shared/machine.ts";
import { discardFrom, leftMachine, TEMPORARY_LIMITS_MS } from "../../shared/temporary.ts";
import { approvalSteps } from "./approval.ts";
import { copySteps } from "./copies.ts";
import { familySteps } from "./family.ts";
import { gateSteps } from "./gate.ts";
import { jobByHand } from "./by-hand.ts";
import { movedOf } from "./regions.ts";
import { rehearsalSteps } from "./rehearsal.ts";
import { retentionSteps } from "./retention.ts";
import { rollbackSteps } from "./rollback.ts";
import { undoSteps } from "./undo.ts";

type PromoteOutcome = Outcome<PromoteEvent>;

const giveUp = (event: PromoteEvent, reason: string): PromoteOutcome => {
  switch (event.phase) {
    case "launch":
    case "boot":
    case "command":
    case "watch":
    case "rebooted":
      return next(discardFrom(event, { ok: false, reason }));
    case "discard": {
      const first = event.verdict.ok ? "" : `${event.verdict.reason}; `;
      const left =
        event.instanceId === undefined
          ? `nothing is known to be left; look for the tag ${TAG.run} = ${event.run}`
          : leftMachine(event.instanceId);
      return failed(`${first}${reason}; ${left}`);
    }
    case "join":
      return next({ phase: "undo", ...movedOf(event), reason, stray: true });
    case "copy":
    case "arrive":
    case "share":
    case "barrier":
    case "clear":
    case "prove":
      return next({ phase: "undo", ...movedOf(event), reason });
    case "undo": {
      const moved = event.joined.length === 0 ? "no region moved" : `moved in ${event.joined.join(", ")}`;
      return failed(
        `${event.reason}; taking it back ended with ${reason}; ${moved}; copies are tagged ${event.run}`,
      );
    }
    case "demote":
    case "restore":
      return failed(`${reason}; ask for it again, it goes on where it stopped`);
    case "rehearse":
    case "rehearseRollback":
    case "read":
    case "check":
    case "ask":
    case "approve":
    case "reserve":
    case "aim":
    case "confirm":
    case "survey":
    case "retire":
    case "crumbs":
      return failed(reason);
  }
};

/** By hand: everything after this is like after a bake. */
async function read(event: At<"read">, ports: Ports): Promise<PromoteOutcome> {
  const job = await jobByHand(event.job, ports);
  return typeof job === "string" ? failed(job) : next({ phase: "check", job });
}

export const promote: Machine<PromoteEvent, Ports> = {
  steps: {
    ...rehearsalSteps,
    read,
    ...gateSteps,
    ...approvalSteps,
    ...copySteps,
    ...familySteps,
    ...undoSteps,
    ...rollbackSteps,
    ...retentionSteps,
  },
  giveUp,
  limitsMs: {
    ...TEMPORARY_LIMITS_MS,
    rehearse: minutes(30),
    rehearseRollback: minutes(30),
    read: minutes(30),
    check: minutes(30),
    ask: minutes(30),
    // The recipe's own limit is shorter; this one only catches a clock that went wrong.
    approve: days(8),
    // Another promotion of the family may copy for hours.
    reserve: hours(24),
    copy: hours(6),
    arrive: hours(12),
    share: minutes(30),
    barrier: minutes(30),
    join: minutes(30),
    clear: minutes(30),
    prove: minutes(15),
    undo: hours(2),
    aim: hours(2),
    demote: minutes(30),
    restore: minutes(30),
    confirm: minutes(15),
    survey: minutes(30),
    retire: minutes(30),
    crumbs: hours(1),
  },
};
