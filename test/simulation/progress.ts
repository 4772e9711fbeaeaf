/**
 * After the faults: everything that is asked for must get done, and nothing temporary may be left. A Kiln that does
 * nothing keeps every invariant; here it is found out.
 */
import { hours, minutes } from "../../shared/duration.ts";
import { REQUEST } from "../../shared/workflow/envelope.ts";
import { BUCKET } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import type { RunRecord } from "../support/records.ts";
import { HOME, launchTagged, leftovers, ownImages, served, tagOf } from "../support/world.ts";
import { awakeIn } from "./invariants/instances.ts";
import { letIdle } from "./invariants/load.ts";
import { CREW } from "./invariants/size.ts";
import { indexDifferences } from "./run-index.ts";
import { areStopped, ask, endOf, upload, waitFor } from "./scripts/ask.ts";
import { allEnded, membersOf, reportUnended, type Simulation } from "./simulation.ts";
import { startUser, type Wait } from "./user.ts";

/** Longer than everything that is asked for takes without faults. */
const PROGRESS_MS = hours(24);

/** Asks for an image, instances, a stop and a start, without faults, and reports what does not happen. */
export async function checkProgress(simulation: Simulation): Promise<void> {
  const { kiln, problems } = simulation;
  const postedBefore = simulation.channel.posted.length;
  const isOver = startUser(kiln.cloud, async (wait) => {
    await imageIsServed(simulation, wait);
    await instancesRun(simulation, wait);
    const orphan = await leaveOrphan(simulation);
    if (simulation.crew.limits.length > 0) await sizeIsKept(simulation, wait);
    await idleOnesStop(simulation, wait);
    if (orphan !== undefined && kiln.cloud.world.instances.has(orphan))
      problems.add(`progress: the builder ${orphan} of an ended run is not released`);
  });
  await kiln.cloud.settle({ forMs: PROGRESS_MS, until: () => isOver() && allEnded(kiln) });
  if (!isOver()) problems.add("progress: what was asked for after the faults is not over within a day");
  await kiln.cloud.settle({ forMs: minutes(40) });
  reportUnended(simulation, "progress");
  nothingIsLeft(simulation);
  for (const difference of indexDifferences(kiln)) problems.add(`K8: ${difference}`);
  endsWereAnnounced(simulation);
  noneAnnouncedTwice(simulation, postedBefore);
}

/** Asks for a run and returns its record, which must be done. */
async function done(
  simulation: Simulation,
  wait: Wait,
  path: string,
  body: object,
): Promise<RunRecord | undefined> {
  const { problems } = simulation;
  const accepted = await ask(simulation, wait, path, { ...body });
  if (accepted === undefined) {
    problems.add(`progress: ${path} is not accepted`);
    return undefined;
  }
  const record = await endOf(simulation, wait, accepted);
  if (record?.state === "done") return record;
  problems.add(`progress: ${accepted.run} is ${record?.state ?? "not over"}: ${record?.reason ?? ""}`);
  return undefined;
}

/** A bake of the main recipe is promoted, and its family serves it in both regions. */
async function imageIsServed(simulation: Simulation, wait: Wait): Promise<void> {
  const { kiln, problems } = simulation;
  const bake = await done(simulation, wait, "/recipes/web/bake", { force: true });
  if (bake === undefined) return;
  const imageId = String(bake.result?.["imageId"]);
  const promotion = (): RunRecord | undefined =>
    kiln.records("promote-web-").find(({ result }) => result?.["imageId"] === imageId);
  await waitFor(wait, hours(2), promotion);
  await wait(minutes(1));
  if (served(kiln) !== imageId) problems.add(`progress: web serves ${served(kiln)} and not ${imageId}`);
  const abroad = kiln.cloud.world.served("cn-shanghai", "web");
  if (abroad === undefined || tagOf(kiln, abroad.imageId, "kiln:image") !== imageId)
    problems.add(`progress: web in cn-shanghai does not serve the copy of ${imageId}`);
}

const ASKED = 3;

/** A request for instances of that image ends with all of them running. */
async function instancesRun(simulation: Simulation, wait: Wait): Promise<void> {
  const { kiln, problems } = simulation;
  const idle = { ...POLICY, grace: "30m" };
  await upload(simulation, wait, "fleets/proof.yaml", fleetText({ limits: { max: ASKED }, idle }));
  const record = await done(simulation, wait, "/fleets/proof/scale-out", { count: ASKED });
  if (record === undefined) return;
  const running = membersOf(kiln, "proof").filter(({ status }) => status === "Running");
  if (running.length !== ASKED) problems.add(`progress: ${running.length} of ${ASKED} instances run`);
  const other = running.filter(({ imageId }) => imageId !== served(kiln, HOME));
  if (other.length > 0) problems.add(`progress: ${other.length} instances do not run the served image`);
}

/** Members that are gone are replaced, up to the number that was asked for and no further. */
async function sizeIsKept(simulation: Simulation, wait: Wait): Promise<void> {
  const { kiln, problems } = simulation;
  await done(simulation, wait, `/fleets/${CREW}/resize`, { to: RESIZED });
  const up = (): number => awakeIn(kiln, CREW).length;
  const isUp = (): true | undefined => up() === RESIZED || undefined;
  await waitFor(wait, hours(3), isUp);
  for (const { instanceId } of awakeIn(kiln, CREW)) kiln.cloud.world.remove(instanceId);
  await waitFor(wait, minutes(30), isUp);
  if (up() !== RESIZED) problems.add(`progress: ${up()} members of ${CREW} run and not ${RESIZED}`);
}

/** Below the max, so that one launch too many is possible. */
const RESIZED = 4;

/** A builder that appears when its run has ended: it must be released long before its AutoReleaseTime. */
async function leaveOrphan({ kiln }: Simulation): Promise<string | undefined> {
  const run = kiln.records("bake-web-").findLast(({ state }) => state === "done")?.run;
  if (run === undefined) return undefined;
  const tags = { "kiln:deployment": BUCKET, "kiln:run": run, "kiln:role": "builder" };
  const releaseAt = new Date(kiln.cloud.time.now() + hours(9)).toISOString().replace(/:\d\d\.\d+Z$/, ":00Z");
  return launchTagged(kiln, tags, { AutoReleaseTime: releaseAt });
}

/** An idle member stops, a busy one does not, and a request starts the stopped one again. */
async function idleOnesStop(simulation: Simulation, wait: Wait): Promise<void> {
  const { kiln, problems } = simulation;
  const [busy, ...idle] = membersOf(kiln, "proof").map(({ instanceId }) => instanceId);
  if (busy === undefined || idle.length === 0) return;
  letIdle(simulation, idle);
  await waitFor(wait, hours(6), () => areStopped(simulation, idle));
  const statusOf = (id: string): string => kiln.cloud.world.instances.get(id)?.status ?? "gone";
  for (const id of idle)
    if (statusOf(id) !== "Stopped") problems.add(`progress: ${id} is idle and is ${statusOf(id)}`);
  if (statusOf(busy) !== "Running") problems.add(`progress: ${busy} is busy and is ${statusOf(busy)}`);
  await done(simulation, wait, "/fleets/proof/scale-out", { count: 1 });
  if (!idle.some((id) => statusOf(id) === "Running"))
    problems.add("progress: no stopped instance is started");
}

/** K4. Images of bakes that failed or were cancelled are temporary as well. */
function nothingIsLeft(simulation: Simulation): void {
  const { kiln, touched, problems } = simulation;
  for (const id of leftovers(kiln)) if (!touched.has(id)) problems.add(`K4: ${id} is left`);
  for (const { imageId } of ownImages(kiln)) {
    const record = kiln.record(tagOf(kiln, imageId, "kiln:run") ?? "");
    if (record !== undefined && record.state !== "done")
      problems.add(`K4: image ${imageId} of ${record.run} is left`);
  }
}

/** K3: without faults, each message is posted once. */
function noneAnnouncedTwice({ channel, problems }: Simulation, from: number): void {
  const seen = new Set<string>();
  for (const { body } of channel.posted.slice(from)) {
    const message = `${String(body["run"])} ${body.kind}`;
    if (seen.has(message)) problems.add(`K3: ${message} is announced twice`);
    seen.add(message);
  }
}

/** K8: the end of a run whose document names a channel is announced there, however it ends. */
function endsWereAnnounced({ kiln, channel, problems }: Simulation): void {
  const announced = new Set(channel.posted.map(({ body }) => `${String(body["run"])} ${body.kind}`));
  for (const record of kiln.records()) {
    const kind = announcementOf(kiln, record);
    if (kind !== undefined && !announced.has(`${record.run} ${kind}`))
      problems.add(`K8: ${record.run} is ${record.state}, and that is not announced`);
  }
}

/** Announcements of a run that has ended. Every recipe of the scripts names a channel, and the fleet `brief`. */
function announcementOf(kiln: Simulation["kiln"], record: RunRecord): string | undefined {
  const { kind, state, result } = record;
  if (state !== "done") return announcesFailure(kiln, record) ? "failed" : undefined;
  // Without an image a bake was not necessary.
  if (kind === "bake") return result?.["imageId"] === undefined ? undefined : "baked";
  // Its image waits, as the family shows.
  if (result?.["held"] !== undefined) return undefined;
  return new Map([
    ["promote", "promoted"],
    ["rollback", "rolledBack"],
  ]).get(kind);
}

function announcesFailure(kiln: Simulation["kiln"], { run, kind, state, subject }: RunRecord): boolean {
  if (kind === "scale") return state === "failed" && subject === "brief";
  // A promotion that ends before its first phase has not read its recipe.
  return kind === "bake" || (kind === "promote" && kiln.eventOf(run)?.phase !== REQUEST);
}
