/** K2, K4, K6, K7 and K13 of instances: at the calls that change them, and every few minutes. */
import { hours, minutes } from "../../../shared/duration.ts";
import { kindOf, subjectOf } from "../../../shared/workflow/run-id.ts";
import type { Line } from "../../../shared/workflow/run-log.ts";
import { BUCKET } from "../../support/deployment.ts";
import { machines, tagsOf } from "../../support/world.ts";
import { membersOf, type Simulation } from "../simulation.ts";
import { atCalls, listOf, type Look } from "./look.ts";

export const AWAKE: ReadonlySet<string> = new Set(["Pending", "Starting", "Running"]);

/** `limits.max` of the fleets of scripts.ts and progress.ts. */
const LIMITS: Readonly<Record<string, number>> = { web: 6, single: 3, kept: 2, night: 2, proof: 3, crew: 5 };

/** K6: a request never owns more than it asked for. */
export const requestsHold: Look = ({ kiln, accepted, problems }) => {
  const byRun = new Map<string, number>();
  for (const { instanceId } of machines(kiln)) {
    const { "kiln:fleet": fleet, "kiln:run": run = "" } = tagsOf(kiln, instanceId);
    if (fleet !== undefined) byRun.set(run, (byRun.get(run) ?? 0) + 1);
  }
  for (const { run, count: asked } of accepted) {
    const owned = byRun.get(run) ?? 0;
    if (asked !== undefined && owned > asked)
      problems.add(`K6: ${run} owns ${owned} instances, asked were ${asked}`);
  }
};

/** K6: a fleet never runs more than its limit. A user may start more than Kiln would. */
export const limitsHold: Look = ({ kiln, touched, problems }) => {
  for (const [fleet, limit] of Object.entries(LIMITS)) {
    const running = awakeIn(kiln, fleet).filter(({ instanceId }) => !touched.has(instanceId));
    if (running.length > limit)
      problems.add(`K6: fleet ${fleet} runs ${running.length} instances, its limit is ${limit}`);
  }
};

/** Members that run or start, and that the cloud does not take back. */
export const awakeIn = (kiln: Simulation["kiln"], fleet: string) =>
  membersOf(kiln, fleet).filter(
    ({ status, locks }) => AWAKE.has(status) && !locks.some(({ reason }) => reason === "Recycling"),
  );

/** A reservation may be older than the start of a member by hand. */
const RESERVED_MS = minutes(30);

/** K6: Kiln starts nothing beyond the limit, members counted that a user started before. */
export function watchGrowth(simulation: Simulation): void {
  const { kiln, touched, problems } = simulation;
  const count = (fleet: string): number => {
    const now = kiln.cloud.time.now();
    return awakeIn(kiln, fleet).filter(({ instanceId }) => now - (touched.get(instanceId) ?? 0) > RESERVED_MS)
      .length;
  };
  const before = new Map<string, number>();
  atCalls(simulation, "before", LAUNCHES, () => {
    for (const fleet of Object.keys(LIMITS)) before.set(fleet, count(fleet));
  });
  atCalls(simulation, "after", LAUNCHES, () => {
    for (const [fleet, limit] of Object.entries(LIMITS)) {
      const running = count(fleet);
      if (running > limit && running > (before.get(fleet) ?? 0))
        problems.add(`K6: ${fleet} grows to ${running} running members, its limit is ${limit}`);
      const all = membersOf(kiln, fleet).length;
      if (all > 3 * limit)
        problems.add(`K6: ${fleet} has ${all} members, three times its limit is ${3 * limit}`);
    }
  });
}

/** K6: after an idle check that went through, a fleet keeps at most its limit of stopped members. */
export function stoppedHold({ kiln, touched, problems }: Simulation, run: string, line: Line): void {
  const fleet = subjectOf(run);
  const limit = LIMITS[fleet];
  if (kindOf(run) !== "idle" || line.kind !== "done" || limit === undefined) return;
  const stopped = membersOf(kiln, fleet).filter(
    ({ instanceId, status, deletionProtection }) =>
      status === "Stopped" && !deletionProtection && !touched.has(instanceId),
  );
  if (stopped.length > limit)
    problems.add(`K6: ${run} leaves ${stopped.length} stopped members in ${fleet}, its limit is ${limit}`);
}

export const LAUNCHES = ["RunInstances", "CreateInstance", "StartInstance", "StartInstances"];

/** K2: a run never has two builders or two test instances at once. */
export const noneTwice: Look = ({ kiln, problems }) => {
  const seen = new Set<string>();
  for (const { instanceId } of machines(kiln)) {
    const { "kiln:role": role = "", "kiln:run": run = "" } = tagsOf(kiln, instanceId);
    if (role !== "builder" && role !== "tester") continue;
    const key = `${run} has two instances in the role ${role}`;
    if (seen.has(key)) problems.add(`K2: ${key}`);
    seen.add(key);
  }
};

/** The idle window and the grace of the fleets of scripts.ts. */
const WINDOW_MS = hours(2);
/** An hour that was busy for so long may have an average below the bound. */
const PARTIAL_MS = minutes(20);
/** Of the last minutes before the end of a member, the newest may not be published yet. */
const LAST_MS = minutes(5);

/** K7: a member that Kiln stops was idle for the whole window, and nothing keeps it. */
export const onlyIdle: Look = (simulation, params) => {
  const { kiln, idleSince, problems } = simulation;
  const now = kiln.cloud.time.now();
  const ids = [...listOf(params, "InstanceId"), ...listOf(params, "InstanceIds")];
  for (const id of ids) {
    const instance = kiln.cloud.world.instances.get(id);
    const tags = tagsOf(kiln, id);
    if (instance?.status !== "Running" || tags["kiln:role"] !== "member") continue;
    const since = idleSince.get(id);
    // A surplus is ended by its last minutes alone.
    const windowMs = kindOf(tags["kiln:stopped-by"] ?? "") === "shrink" ? LAST_MS : WINDOW_MS - PARTIAL_MS;
    if (since === undefined || now - since < windowMs)
      problems.add(
        `K7: ${id} is ${since === undefined || since > now ? "busy" : "not idle for long"} and is stopped`,
      );
    if (isKept(tags["kiln:keep"], now)) problems.add(`K7: ${id} has the tag kiln:keep and is stopped`);
  }
};

const isKept = (keep: string | undefined, now: number): boolean =>
  keep !== undefined && !(Date.parse(keep) <= now);

/** K11, K13: an instance that Kiln releases is its own, and nothing protects it. */
export const onlyOwn: Look = ({ kiln, touched, problems }, params) => {
  for (const id of listOf(params, "InstanceId")) {
    const instance = kiln.cloud.world.instances.get(id);
    // A second release of one that is gone has no effect.
    if (instance === undefined) continue;
    const tags = tagsOf(kiln, id);
    if (tags["kiln:deployment"] !== BUCKET || touched.get(id) === Number.POSITIVE_INFINITY)
      problems.add(`K13: ${id} is not of this deployment and is released`);
    if (instance.deletionProtection) problems.add(`K11: ${id} is protected and is released`);
  }
};

/** Longer than an instance of a run can live: its AutoReleaseTime, and a launch that took its time. */
const TEMPORARY_MS = hours(5);

/** K4: no builder and no test instance outlives its AutoReleaseTime. */
export const nothingOutlives: Look = ({ kiln, problems }) => {
  const now = kiln.cloud.time.now();
  for (const { instanceId, createdAt } of machines(kiln)) {
    const { "kiln:role": role } = tagsOf(kiln, instanceId);
    if ((role === "builder" || role === "tester") && now - createdAt > TEMPORARY_MS)
      problems.add(`K4: ${instanceId} (${role}) is older than ${TEMPORARY_MS / hours(1)} hours`);
  }
};
