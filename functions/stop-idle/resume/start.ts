/**
 * Starts the members of a resume: start for each slice, then (change-type → start) for each member without capacity.
 *
 * RESUME-START-1. A member without capacity takes the next type of its fleet that the zone has. Its address, disks and
 *     name stay. It changes its type once in a run; the next run tries again.
 */
import { expireStopped, startEach, type Refused } from "../../../shared/cloud/ecs/each.ts";
import { changeInstanceType } from "../../../shared/cloud/ecs/instance-type.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { availableZones } from "../../../shared/cloud/ecs/stock.ts";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";
import { isCapacityCode } from "../../../shared/cloud/retry.ts";
import { seconds } from "../../../shared/duration.ts";
import { permanent } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isMember } from "../../../shared/limits/members.ts";
import { readReservation } from "../../../shared/limits/reservations.ts";
import { pauseOf } from "../../../shared/size/log.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { next, type Outcome } from "../../../shared/workflow/workflow.ts";
import * as z from "zod/mini";
import { countedPhase } from "../calls.ts";
import { Ids, withRefusals } from "../tally.ts";
import { AwaitRunning, resumeEvent, Tally } from "./await-running.ts";

/** StartInstances takes 100 ids: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-startinstances */
const START_SLICE = 100;

/** `short`: members without capacity, whose type is still to be changed. */
export const Start = resumeEvent("start", { starts: Ids, short: Ids, tally: Tally });
type Start = EventOf<typeof Start>;
const ChangeType = resumeEvent("change-type", { instanceId: z.string(), short: Ids, tally: Tally });
type ChangeType = EventOf<typeof ChangeType>;

async function startSlice(event: Start, { cloud }: Ports): Promise<Outcome> {
  const { starts, tally } = event;
  const slice = starts.slice(0, START_SLICE);
  const paused = await pauseOf(event.input.fleet, { cloud });
  if (paused !== undefined) return end(tally, [], paused);
  const found = await reservedFor(event, slice, cloud);
  const gone = slice.filter((id) => !found.some((instance) => instance.id === id)).map(goneMember);
  const { startable, refused: endless } = await expireStopped(cloud, found, event.input.expiresAt);
  // Started meanwhile: by an earlier delivery of this event, a scale-out or a user.
  const up = found.filter(({ status }) => status === "Running" || status === "Starting").map(({ id }) => id);
  const unfit = [...endless, ...(await startEach(cloud, startable))];
  const without = unfit.filter((one) => hasNoCapacity(one) && !isChanged(one.id, tally));
  const refused = [...gone, ...unfit.filter((one) => !without.includes(one)).map(withAdvice)];
  const unfitIds = new Set(unfit.map(({ id }) => id));
  const started = [...tally.started, ...up, ...startable.filter((id) => !unfitIds.has(id))];
  const after = withRefusals({ ...tally, started }, refused);
  const short = [...event.short, ...without.map(({ id }) => id)];
  const note = `${started.length} are starting, ${short.length} found no capacity`;
  const rest = starts.slice(START_SLICE);
  return rest.length > 0
    ? next(Start, { starts: rest, short, tally: after }, { note })
    : changeNext(short, after, note);
}

/** Those that are reserved for this run and members of its fleet, right before a change (OWN-3). */
async function reservedFor(
  { run, input }: Start | ChangeType,
  ids: readonly string[],
  cloud: Ports["cloud"],
): Promise<Instance[]> {
  const { wakes = [] } = (await readReservation(cloud, input.fleet, run)) ?? {};
  const reserved = ids.filter((id) => wakes.includes(id));
  const found = await describeInstances(cloud, { ids: reserved });
  return found.filter((instance) => isMember(cloud, instance, input.fleet));
}

const goneMember = (id: string): Refused => ({
  id,
  code: "Gone",
  message: "it was released or left its fleet meanwhile, or is not reserved for this run",
});

/** Changes the type of the next member without capacity; after the last one waits for all that start. */
function changeNext([instanceId, ...short]: readonly string[], tally: Tally, note?: string): Outcome {
  if (instanceId === undefined) return next(AwaitRunning, { tally }, { afterMs: seconds(20), note });
  return next(ChangeType, { instanceId, short, tally }, { note });
}

const hasNoCapacity = ({ code }: Refused): boolean => isCapacityCode("StartInstances", code);

const isChanged = (id: string, { changed }: Tally): boolean =>
  changed.some((line) => line.startsWith(`${id} `));

const withAdvice = (refused: Refused): Refused =>
  hasNoCapacity(refused)
    ? {
        ...refused,
        message: "no type of the fleet has stock here; it is tried again, or ask for a new one by scale-out",
      }
    : refused;

async function changeType(event: ChangeType, { cloud }: Ports): Promise<Outcome> {
  const { instanceId, short, tally, input, run } = event;
  const [instance] = await reservedFor(event, [instanceId], cloud);
  if (instance === undefined) return changeNext(short, withRefusals(tally, [goneMember(instanceId)]));
  let refused = withAdvice({ id: instanceId, code: "OperationDenied.NoStock", message: "" });
  for (const type of input.types.filter((other) => other !== instance.type)) {
    const zones = await availableZones(cloud, type);
    if (!zones.some(({ zone }) => zone === instance.zone)) continue;
    const refusal = await changeTypeTo(type, instance, { cloud, run });
    if (refusal === undefined) {
      const note = `${instanceId} ${instance.type} became ${type}`;
      const after = { ...tally, changed: [...tally.changed, note] };
      return next(Start, { starts: [instanceId], short, tally: after }, { afterMs: seconds(5), note });
    }
    refused = refusal;
  }
  return changeNext(short, withRefusals(tally, [refused]));
}

async function changeTypeTo(
  type: string,
  { id }: Instance,
  { cloud, run }: Pick<Ports, "cloud"> & Pick<ChangeType, "run">,
): Promise<Refused | undefined> {
  try {
    await changeInstanceType(cloud, id, type, clientToken(run, "retype", 0, { id, to: type }));
    return undefined;
  } catch (error) {
    const { code, message } = permanent(error);
    return { id, code, message: `it cannot become ${type}: ${message}` };
  }
}

/** Members that may have been started are read, and the reservation is closed. */
const end = (tally: Tally, maybe: readonly string[], problem: string): Outcome =>
  next(AwaitRunning, { tally: { ...tally, started: [...tally.started, ...maybe] }, problem });

export const start = countedPhase(Start, startSlice, ({ tally, starts }, reason) =>
  end(tally, starts.slice(0, START_SLICE), reason),
);

export const changeInstance = countedPhase(ChangeType, changeType, ({ tally }, reason) =>
  end(tally, [], reason),
);
