/**
 * The invariants of DESIGN.md as a simulation can see them. Each is judged when it can break: at the call, at the line of a
 * log, at the event, the invocation or the object; what time alone can break, every ten minutes.
 */
import { minutes } from "../../../shared/duration.ts";
import type { Simulation } from "../simulation.ts";
import { mayBeDeleted, noteMark, oneImage, tested, watchPromotions } from "./images.ts";
import {
  LAUNCHES,
  limitsHold,
  noneTwice,
  nothingOutlives,
  onlyIdle,
  onlyOwn,
  requestsHold,
  stoppedHold,
  watchGrowth,
} from "./instances.ts";
import { watchLogs } from "./logs.ts";
import { atCalls, onceEach } from "./look.ts";
import { noteSurplus, watchSize } from "./size.ts";
import { watchSecrets } from "./secrets.ts";

/** Watches a simulation from its first call to its last. */
export function watch(simulation: Simulation): void {
  const { cloud } = simulation.kiln;
  atCalls(simulation, "after", LAUNCHES, requestsHold, limitsHold, noneTwice);
  atCalls(simulation, "after", ["CreateImage", "ImportImage", "CopyImage"], oneImage);
  atCalls(simulation, "after", ["ModifyImageAttribute"], tested);
  atCalls(simulation, "after", ["TagResources", "UntagResources"], noteMark);
  atCalls(simulation, "before", ["StopInstance", "StopInstances"], onlyIdle);
  atCalls(simulation, "before", ["DeleteImage"], mayBeDeleted);
  atCalls(simulation, "before", ["DeleteInstance", "DeleteInstances"], onlyOwn);
  watchGrowth(simulation);
  watchSize(simulation);
  watchLogs(
    simulation,
    watchPromotions(simulation),
    (run, line) => stoppedHold(simulation, run, line),
    (run, line) => noteSurplus(simulation, run, line),
  );
  const looks = [watchChanges(simulation), watchSecrets(simulation)];
  // An invocation is over, and what it sent is in the queue, before time passes.
  cloud.time.onPass(() => looks.forEach((look) => look()));
  const again = (): void => {
    for (const each of [requestsHold, limitsHold, noneTwice, oneImage, tested, nothingOutlives])
      each(simulation, {});
    cloud.time.after(minutes(10), { label: "watch", background: true }, again);
  };
  again();
}

/** Calls that make or start something: each is a change of its own. */
const MAKING: ReadonlySet<string> = new Set([
  ...LAUNCHES,
  "CreateImage",
  "ImportImage",
  "CopyImage",
  "RebootInstance",
  "RunCommand",
]);

/** K1: an invocation makes at most one of them. */
const watchChanges = ({ kiln, problems }: Simulation): (() => void) =>
  onceEach(
    () => kiln.cloud.fc.invocations,
    ({ function: name, calls, at }) => {
      const made = calls.filter(({ action, status }) => status === 200 && MAKING.has(action));
      if (made.length > 1)
        problems.add(
          `K1: ${name} at ${new Date(at).toISOString()} made ${made.map(({ action }) => action).join(", ")}`,
        );
    },
  );
