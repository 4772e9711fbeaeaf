/** The first phase: reads the recipe and acquires its lock, so that one bake of a recipe runs at a time. */
import { hours, seconds } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { acquireLock } from "../../../shared/workflow/lock.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, phase, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { pauseOf } from "../../../shared/pauses.ts";
import { isChange, isTriggered, isUpload } from "../../../shared/triggers.ts";
import { gathering, MISSING_MS } from "./gather.ts";
import { loadRequested } from "./document.ts";
import { lockName, RequestInput } from "./input.ts";
import { newerUpload } from "./queue.ts";
import { Plan } from "./plan.ts";
import { waitsForTurn } from "./turn.ts";
import { bakesAtOnce } from "../config.ts";

export const Lock = eventsWith(RequestInput)("lock", {});
type Lock = EventOf<typeof Lock>;

async function lockRecipe(event: Lock, ports: Ports): Promise<Outcome> {
  const before = await beforeBake(event, ports);
  if (before !== undefined) return before;
  const { recipe } = event.input;
  const read = await loadRequested(event.input, ports);
  if ("problem" in read) return withoutRecipe(event, read, ports);
  const { document, commit } = read;
  const more = isUpload(event.by) ? await gathering(event, document, ports) : undefined;
  if (more !== undefined) return more;
  const holder = await acquireLock(lockName(recipe), event.run, ports);
  if (holder === undefined) {
    const full = await waitsForTurn({ run: event.run, recipe }, bakesAtOnce(), ports);
    if (full !== undefined) return poll(event, ports.clock, PACE.lock, full);
    return next(Plan, {}, { input: { ...event.input, document, ...(commit && { commit }) } });
  }
  // One that is queued has looked already.
  const other = isChange(event.by) && !isQueued(event, ports) ? await newerUpload(event, ports) : undefined;
  if (other !== undefined) return superseded(recipe, other);
  return whileBusy(event, document.whenBusy, holder, ports);
}

const isQueued = ({ by, phaseStartedAt }: Lock, { clock }: Ports): boolean =>
  isChange(by) && clock.now() - phaseStartedAt > seconds(5);

/** A pause of the recipe, or another run that bakes for this one too. */
async function beforeBake(event: Lock, ports: Ports): Promise<Outcome | undefined> {
  const { recipe } = event.input;
  const paused = isTriggered(event.by) ? await pauseOf(recipe, ports) : undefined;
  if (paused !== undefined) return done({ skipped: true, note: paused, waits: true });
  // One that has waited may be the older one of two by now.
  const newer = isQueued(event, ports) ? await newerUpload(event, ports) : undefined;
  return newer === undefined ? undefined : superseded(recipe, newer);
}

/** Of uploads that belong together, a component may come last. */
function withoutRecipe(
  { by, startedAt }: Lock,
  { problem, mayCome }: { readonly problem: string; readonly mayCome?: true },
  { clock }: Ports,
): Outcome {
  const waits = mayCome === true && isUpload(by) && clock.now() < startedAt + MISSING_MS;
  return waits ? wait(seconds(30), problem) : failed(problem);
}

/** The bake while another one holds the recipe. */
function whileBusy(event: Lock, whenBusy: "refuse" | "queue", holder: string, { clock }: Ports): Outcome {
  const { recipe } = event.input;
  const note = busy(recipe, holder);
  if (isChange(event.by) || whenBusy === "queue") return poll(event, clock, PACE.lock, note);
  // A timer asks again by itself, and an operator has nothing to put right.
  return event.by.startsWith("timer:") ? done({ skipped: true, note }) : refusedBusy(recipe, holder);
}

const superseded = (recipe: string, newer: string): Outcome =>
  done({
    skipped: true,
    note: `a newer change of recipe ${recipe} is baked, with this one: ${newer}`,
  });

const busy = (recipe: string, holder: string): string => `recipe ${recipe} is being baked by ${holder}`;

/** The end of a bake while another one holds the recipe (whenBusy: refuse). */
export const refusedBusy = (recipe: string, holder: string): Outcome => ({
  ...failed(`${busy(recipe, holder)}; try again when it is done`),
  result: { busyWith: holder },
});

export const lock = phase(Lock, { limitMs: hours(24), run: lockRecipe });
