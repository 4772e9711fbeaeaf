/**
 * A scale-out: plan → reserve → wake → launch … → verify → settle.
 *
 * S1. Nothing is launched or started before the ledger granted it (functions/scale-out/ledger.ts).
 * S2. A launch call has a token of its own, drawn from run, attempt and exact parameters: repeated after a
 *     time-out it is the same call, moved down the ladder it is another one.
 * S3. What counts is what is seen: an instance is had when it runs, from the image its family serves.
 * S4. A partial launch is kept and the rest moves down the ladder.
 */
import { familyImage } from "../../shared/cloud/images.ts";
import {
  deleteInstance,
  describeInstances,
  dryRunInstances,
  runInstances,
  startInstances,
  type Instance,
} from "../../shared/cloud/instances.ts";
import { getObject } from "../../shared/cloud/oss.ts";
import { clientToken } from "../../shared/cloud/token.ts";
import { readDocument } from "../../shared/document-store.ts";
import { parseFleet, type Fleet } from "../../shared/documents/fleet.ts";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudError, DocumentError } from "../../shared/errors.ts";
import type { ScaleEvent } from "../../shared/events/scale-out.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Machine, type Outcome } from "../../shared/machine.ts";
import { grant, readLedger, withGrant, writeLedger, type Member } from "./ledger.ts";
import { launchParams, rungsOf, type Rung } from "./plan.ts";

type ScaleOutcome = Outcome<ScaleEvent>;

/** RunInstances makes at most this many in one call. */
const BATCH_MAX = 100;
/** An id that was answered and is not listed this long after is gone (SystemFailure.Delete). */
const ABSENT_MS = minutes(2);

const giveUp = (event: ScaleEvent, reason: string): ScaleOutcome => {
  switch (event.phase) {
    case "plan":
    case "reserve":
      return failed(reason);
    case "settle":
      return failed(`${event.reason === undefined ? "" : `${event.reason}; `}${reason}`);
    case "wake":
      return next({ phase: "settle", got: [], woken: [], short: event.short, reason });
    case "launch":
    case "verify": {
      const { got, woken, short } = event;
      return next({ phase: "settle", got, woken, short, reason });
    }
  }
};

const steps: Machine<ScaleEvent, Ports>["steps"] = {
  plan: async (event, { cloud }) => {
    const { fleet, count, dryRun } = event.job;
    const read = await readDocument(cloud, "fleets", fleet);
    if ("problem" in read) return failed(read.problem);
    const document = readFleet(fleet, read.text);
    if (typeof document === "string") return failed(document);
    const { perRequest } = document.limits;
    if (count > perRequest)
      return failed(`${count} instances asked for, limits.perRequest of fleet ${fleet} is ${perRequest}`);
    const image = await familyImage(cloud, document.family);
    if (image === undefined) {
      return failed(`family ${document.family} serves no image in ${cloud.access.region}; promote one first`);
    }
    const job = { ...event.job, document, imageId: image.id };
    if (!dryRun) return next({ phase: "reserve", job }, 0, `family ${document.family} serves ${image.id}`);
    return rehearse(event, document, image.id, cloud);
  },

  reserve: async (event, { cloud, clock }) => {
    const { fleet, count } = event.job;
    const document = fleetOf(event);
    const ledger = await readLedger(cloud, fleet);
    const members = await membersOf(event, cloud);
    const given = grant(ledger, { run: event.run, count }, members, document.limits, clock.now());
    const known = ledger.grants.some(({ run }) => run === event.run);
    if (!known && !(await writeLedger(cloud, fleet, withGrant(ledger, given, clock.now())))) {
      return { ...wait(seconds(2), `another request of fleet ${fleet} was first`), troubled: true };
    }
    const { launches, wakes, short } = given;
    const note = `granted: ${wakes.length} to wake, ${launches} to launch`;
    return next({ phase: "wake", left: launches, wakes: [...wakes], short: [...short] }, 0, note);
  },

  wake: async (event, { cloud }) => {
    const { wakes, left, short } = event;
    if (wakes.length === 0)
      return next({ phase: "launch", got: [], woken: [], short, left, rung: 0, attempt: 0 });
    const found = await describeInstances(cloud, { ids: wakes });
    const stopped = found.filter(({ status }) => status === "Stopped").map(({ id }) => id);
    const refused = (await startInstances(cloud, stopped)).filter(({ ok }) => !ok);
    const gone = wakes.filter((id) => !found.some((instance) => instance.id === id));
    const lost = new Set([...refused.map(({ id }) => id), ...gone]);
    const woken = wakes.filter((id) => !lost.has(id));
    // One that will not wake stays what it is, so a new one for it needs room of its own.
    const notes = [...short, ...refused.map(({ id, code }) => `${id} could not be started: ${code}`)];
    return next(
      { phase: "launch", got: [], woken, short: notes, left, rung: 0, attempt: 0 },
      0,
      `${woken.length} of ${wakes.length} are waking`,
    );
  },

  launch: async (event, { cloud }) => {
    const { left, rung, attempt, got, woken, short } = event;
    const had = { got, woken, short };
    if (left <= 0) return next({ phase: "verify", ...had, left: 0, rung, attempt }, seconds(20));
    const document = fleetOf(event);
    const step = rungsOf(document)[rung];
    if (step === undefined) {
      const note = `no capacity for ${left} more on any rung of the ladder`;
      return next(
        { phase: "verify", ...had, short: [...short, note], left, rung, attempt },
        seconds(20),
        note,
      );
    }
    const amount = Math.min(left, BATCH_MAX);
    const params = await paramsOf(event, document, step, amount, cloud);
    try {
      const token = clientToken(event.run, "launch", attempt, params);
      const { instanceIds } = await runInstances(cloud, params, token);
      const missing = amount - instanceIds.length;
      return next(
        {
          phase: "launch",
          ...had,
          got: [...got, ...instanceIds],
          left: left - instanceIds.length,
          // Fewer than asked for means this rung has run dry.
          rung: missing > 0 ? rung + 1 : rung,
          attempt: attempt + 1,
        },
        0,
        `${instanceIds.length} of ${amount} ${step.name}`,
      );
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== "change") throw error;
      const note = `${step.name}: ${error.code}`;
      return next({ phase: "launch", ...had, left, rung: rung + 1, attempt: attempt + 1 }, 0, note);
    }
  },

  verify: async (event, { cloud, clock }) => {
    const { got, woken, short, left, rung, attempt } = event;
    const found = await describeInstances(cloud, { ids: [...got, ...woken] });
    const byId = new Map(found.map((instance) => [instance.id, instance]));
    const absent = got.filter((id) => !byId.has(id));
    if (absent.length > 0 && clock.now() - event.since < ABSENT_MS) {
      return wait(seconds(15), `${absent.length} instances are not listed yet`);
    }
    const expected = await servedSince(event, cloud);
    const odd = got.find((id) => byId.has(id) && !expected.has(byId.get(id)?.imageId ?? ""));
    if (odd !== undefined) {
      // It is not what the fleet is made of, so it is not kept; one a step, until none is left.
      const note = `${odd} has image ${byId.get(odd)?.imageId}, not the family's`;
      await deleteInstance(cloud, odd, { force: true });
      const kept = got.filter((id) => id !== odd);
      return next(
        { phase: "verify", got: kept, woken, short: [...short, note], left, rung, attempt },
        seconds(5),
        note,
      );
    }
    if (absent.length > 0) {
      const note = `${absent.join(", ")} vanished after the launch`;
      const kept = got.filter((id) => byId.has(id));
      const more = { got: kept, woken, short: [...short, note], left: left + absent.length, rung, attempt };
      return next({ phase: "launch", ...more }, 0, note);
    }
    const notRunning = found.filter(({ status }) => status !== "Running");
    if (notRunning.length > 0)
      return wait(seconds(15), `${notRunning.length} of ${found.length} are not running yet`);
    return next({ phase: "settle", got, woken, short });
  },

  settle: async (event, { cloud, clock }) => {
    const { fleet, count } = event.job;
    const { got, woken, short, reason } = event;
    const ledger = await readLedger(cloud, fleet);
    const given = ledger.grants.find(({ run }) => run === event.run);
    // By tag, not by the ids in the event: a launch whose answer was lost counts too.
    const launched = await describeInstances(cloud, { tags: { [TAG.fleet]: fleet, [TAG.run]: event.run } });
    if (given?.open) {
      const closed = { ...given, open: false, launches: launched.length };
      if (!(await writeLedger(cloud, fleet, withGrant(ledger, closed, clock.now())))) {
        return { ...wait(seconds(2), `another request of fleet ${fleet} was first`), troubled: true };
      }
    }
    const running = [...launched.map(({ id }) => id), ...woken];
    const result = {
      fleet,
      asked: count,
      running,
      woken: woken.length,
      launched: got.length,
      imageId: event.job.imageId,
    };
    if (running.length >= count && reason === undefined) return done(result);
    const why = [reason, ...short].filter((note) => note !== undefined).join("; ");
    if (running.length === 0) return failed(`none of ${count} instances: ${why}`);
    return done({ ...result, short: count - running.length, why });
  },
};

export const scaleOut: Machine<ScaleEvent, Ports> = {
  steps,
  giveUp,
  limitsMs: {
    plan: minutes(30),
    reserve: hours(1),
    wake: minutes(30),
    launch: minutes(30),
    verify: minutes(30),
    settle: hours(2),
  },
};

function fleetOf({ job, phase }: ScaleEvent): Fleet {
  if (job.document === undefined) throw new TypeError(`phase ${phase} of a scale-out has no fleet`);
  return job.document;
}

const imageOf = ({ job }: ScaleEvent): string => job.imageId ?? "";

/** The document, or a sentence with all that is wrong in it. */
function readFleet(name: string, text: string): Fleet | string {
  try {
    return parseFleet(name, text);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
}

/** Images an instance of this run may have: the one planned, and the one served now if it changed meanwhile. */
async function servedSince(event: ScaleEvent, cloud: Ports["cloud"]): Promise<Set<string>> {
  const now = await familyImage(cloud, fleetOf(event).family);
  return new Set([imageOf(event), ...(now ? [now.id] : [])]);
}

/** Everything the fleet owns, with what of it may be woken instead of buying. */
async function membersOf(event: ScaleEvent, cloud: Ports["cloud"]): Promise<Member[]> {
  const { fleet } = event.job;
  const { wake, idle } = fleetOf(event);
  const instances = await describeInstances(cloud, {
    tags: { [TAG.fleet]: fleet, [TAG.role]: "member" },
    many: true,
  });
  const current = wake.enabled && wake.olderImages ? undefined : imageOf(event);
  const optOut = idle?.optOutTag;
  const wakeable = ({ status, imageId, locks, tags }: Instance): boolean =>
    wake.enabled &&
    status === "Stopped" &&
    locks.length === 0 &&
    (current === undefined || imageId === current) &&
    (optOut === undefined || !(optOut in tags));
  return instances.map((instance) => ({
    id: instance.id,
    run: instance.tags[TAG.run],
    wakeable: wakeable(instance),
  }));
}

/** What would happen, with the cloud's own check of the first launch. */
async function rehearse(
  event: ScaleEvent,
  document: Fleet,
  imageId: string,
  cloud: Ports["cloud"],
): Promise<ScaleOutcome> {
  const { fleet, count } = event.job;
  const [first] = rungsOf(document);
  if (first === undefined) return failed(`fleet ${fleet} names no instance type and vSwitch`);
  const amount = Math.min(count, BATCH_MAX);
  const asked = { ...event, job: { ...event.job, document, imageId } };
  const params = await paramsOf(asked, document, first, amount, cloud);
  const checked = await dryRunInstances(cloud, params);
  const verdict = checked.ok
    ? "the cloud would launch it"
    : `the cloud would refuse: ${checked.error.message}`;
  return done({ dryRun: true, fleet, asked: count, imageId, first: first.name, verdict });
}

async function paramsOf(
  event: ScaleEvent,
  document: Fleet,
  rung: Rung,
  amount: number,
  cloud: Ports["cloud"],
) {
  const { UserData } = document.launch;
  const userData =
    UserData?.object === undefined ? UserData?.text : (await getObject(cloud, UserData.object))?.bytes;
  const request = {
    run: event.run,
    fleet: event.job.fleet,
    imageId: imageOf(event),
    amount,
    at: event.began,
  };
  return launchParams(document, rung.params, {
    ...request,
    ...(userData !== undefined && { userData: Buffer.from(userData) }),
  });
}
