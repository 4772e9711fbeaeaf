/** Timer firings that find nothing to do in a correct Kiln. Most of them are left out, which saves most of the time. */
import { hours, minutes } from "../../shared/duration.ts";
import { FOLDER } from "../../shared/keys.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { hasEnded } from "../support/records.ts";
import { leftovers, machines, ownImages, tagsOf } from "../support/world.ts";
import { indexDifferences } from "./run-index.ts";
import { isNightUp } from "./scripts/fleets.ts";
import { membersOf, type Simulation } from "./simulation.ts";

/** Whether a timer of s.yaml would find nothing to do now. */
export function findsNothing(simulation: Simulation, timer: string): boolean {
  const { kiln, draw } = simulation;
  // Some fire all the same: a Kiln that acts where there is nothing to do must show.
  if (draw() < FIRED_ANYWAY) return false;
  // It runs after the pause, right behind the firings that wait already.
  if (kiln.cloud.fc.isPaused()) return true;
  const now = kiln.cloud.time.now();
  return CHECKS[timer]?.(simulation, now) ?? false;
}

type Check = (simulation: Simulation, now: number) => boolean;

const CHECKS: Readonly<Record<string, Check>> = {
  resend: ({ kiln }, now) => !hasOverdueRun(kiln, now),
  cleanup: ({ kiln }) => ![...leftovers(kiln), ...imagesWithoutFamily(kiln)].some((id) => isOrphan(kiln, id)),
  schedules: ({ kiln }) => kiln.cloud.oss.list(BUCKET, FOLDER.schedules).length === 0,
  // A simulation has no GitHub.
  redelivery: () => true,
  documents: (_simulation, now) => now % DOCUMENT_CHECKS_MS > hours(1),
  "check-index": ({ kiln }) => indexDifferences(kiln).length === 0,
  // Every fleet of a simulation has a window of hours, so it is checked at ten past (functions/stop-idle/start.ts).
  "idle-check": (simulation, now) =>
    !hasRunningMember(simulation.kiln) ||
    Math.floor((now % hours(1)) / minutes(10)) !== 1 ||
    (now % IDLE_CHECKS_MS > hours(1) && !hasIdleOnes(simulation, now)),
  reconcile: ({ crew }, now) =>
    crew.limits.length === 0 ||
    (now % COMPARISONS_MS > minutes(5) && now - (crew.rest?.since ?? now) > AT_REST_MS),
  // Only the fleet `night` has working hours.
  resume: ({ kiln }, now) =>
    !isNightUp(now) || !membersOf(kiln, "night").some(({ status }) => status === "Stopped"),
};

/** Less than the time after which the resend timer takes an event for lost. */
const OVERDUE_MS = minutes(4);

/** Whether a run at work may be overdue; one that has ended and is still open is, too. */
const hasOverdueRun = (kiln: Deployment, now: number): boolean =>
  kiln.cloud.oss.list(BUCKET, FOLDER.open).some(({ key }) => {
    const run = key.slice(FOLDER.open.length);
    const record = kiln.record(run);
    if (record === undefined || hasEnded(record)) return true;
    const waitsUntil = Math.max(kiln.eventOf(run)?.runAt ?? 0, Date.parse(record.updatedAt));
    return now - waitsUntil > OVERDUE_MS;
  });

const imagesWithoutFamily = (kiln: Deployment): string[] =>
  ownImages(kiln).flatMap(({ family, imageId }) => (family === "" ? [imageId] : []));

/** Whether the run of a resource has ended; one of a run at work, and an image of a run that is done, stay. */
function isOrphan(kiln: Deployment, id: string): boolean {
  const { tags, instances } = kiln.cloud.world;
  const kind = instances.has(id) ? "instance" : id.startsWith("m-") ? "image" : "snapshot";
  const run = tags.of(kind, id).find(({ key }) => key === "kiln:run")?.value;
  const record = run === undefined ? undefined : kiln.record(run);
  return record !== undefined && hasEnded(record) && (kind === "instance" || record.state !== "done");
}

const FIRED_ANYWAY = 0.05;

/** A check of members that are all busy finds nothing; one in three shows that. */
const IDLE_CHECKS_MS = hours(3);

/**
 * A comparison that sees what others have seen before, when lists were no longer late, finds nothing; one in six shows that, and
 * finds what time brings.
 */
const COMPARISONS_MS = minutes(30);
const AT_REST_MS = minutes(12);

/** A check of documents whose uploads were all seen finds nothing; one in six shows that, and finds those that were lost. */
const DOCUMENT_CHECKS_MS = hours(6);

const hasRunningMember = (kiln: Deployment): boolean =>
  machines(kiln).some(
    ({ instanceId, status }) => status === "Running" && "kiln:fleet" in tagsOf(kiln, instanceId),
  );

const hasIdleOnes = ({ kiln, idleSince }: Simulation, now: number): boolean =>
  [...idleSince].some(
    ([id, since]) => now - since > minutes(50) && kiln.cloud.world.instances.get(id)?.status === "Running",
  );
