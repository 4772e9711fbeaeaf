/** The events of a resume, and its last phase: waits until its members run and closes the reservation. */
import * as z from "zod/mini";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { afterLostRace, closeReservation } from "../../../shared/limits/reservations.ts";
import { describeInstances } from "../../../shared/cloud/ecs/instances.ts";
import { isDown } from "../../../shared/instance-tags.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { setDesired } from "../../../shared/size/log.ts";
import { done, failed, type Outcome } from "../../../shared/workflow/workflow.ts";
import { minutes } from "../../../shared/duration.ts";
import { countedEventsWith, countedPhase } from "../calls.ts";
import { Ids, listed, listedRefusals, nonEmpty, refusalFields } from "../tally.ts";

/** `byHand`: whatever the hours and `idle.resume` say; the version before did not know it. */
const request = { fleet: Name, dryRun: z.boolean(), byHand: z._default(z.boolean(), false) };

/** The first phase reads the fleet. */
export const reserveEvent = countedEventsWith(z.strictObject(request));

/** Every later phase: `types` are those of the fleet in its own order; `expiresAt` is for members without an expiry. */
export const resumeEvent = countedEventsWith(
  z.strictObject({ ...request, types: Ids, expiresAt: z.optional(z.int()) }),
);

/** `changed`: a line for each member that took another type; `stays`: for each that is left stopped, why. */
export const Tally = z.strictObject({
  summary: z.record(z.string(), z.int()),
  started: Ids,
  changed: Ids,
  // The version before did not know it.
  stays: z._default(Ids, []),
  ...refusalFields,
});
export type Tally = z.infer<typeof Tally>;

export const AwaitRunning = resumeEvent("await-running", { tally: Tally, problem: z.optional(z.string()) });
type AwaitRunning = EventOf<typeof AwaitRunning>;

/** A member that is still starting after this is reported and left alone. */
const STARTING_MS = minutes(10);

async function awaitMembers(event: AwaitRunning, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { started, changed, stays, summary, refusals } = event.tally;
  const found = await describeInstances(cloud, { ids: started });
  const starting = found.filter(({ status }) => status !== "Running").map(({ id }) => id);
  if (starting.length > 0 && clock.now() - event.phaseStartedAt < STARTING_MS)
    return poll(event, clock, PACE.instance, `${starting.length} of ${started.length} are starting`);
  const running = found.filter(({ status }) => status === "Running").map(({ id }) => id);
  const { fleet } = event.input;
  if (running.length > 0) await raiseSize(event, ports);
  const closed = await closeReservation(ports, { fleet, run: event.run, launched: 0 });
  if (!closed) return afterLostRace(event, fleet, ports);
  const refused = listedRefusals(event.tally);
  if (event.problem !== undefined) return failed(`${event.problem}; ${running.length} were started`);
  if (running.length === 0 && refusals > 0) return failed(`none could be started: ${refused.join("; ")}`);
  const lists = nonEmpty({ stays, changed: listed(changed), notUp: listed(starting), refused });
  return done({ fleet, ...summary, started: running, ...lists });
}

/** A fleet whose size is kept is to have what runs in its hours, and what a caller has asked for. */
async function raiseSize({ run, by, input: { fleet } }: AwaitRunning, ports: Ports): Promise<void> {
  const up = (await membersOf(ports.cloud, fleet)).filter((member) => !isDown(member)).length;
  await setDesired(fleet, { run, by, act: "resume" }, ({ desired }) => Math.max(desired, up), ports);
}

export const awaitRunning = countedPhase(AwaitRunning, awaitMembers);
