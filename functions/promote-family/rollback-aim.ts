/** What a rollback, or its undo, would change: reads the families of all its regions and changes nothing. */
import * as z from "zod/mini";
import { describeImages, familyImage, type Image } from "../../shared/cloud/images.ts";
import { getObject } from "../../shared/cloud/oss.ts";
import { imageShares } from "../../shared/cloud/shares.ts";
import { Demoted, type At } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { readRecord } from "../../shared/journal.ts";
import { TAG } from "../../shared/labels.ts";
import { outputKey } from "../../shared/run.ts";
import { homeOf } from "./regions.ts";
import { aimAt, homeTarget, type RegionMembers } from "./rollback-plan.ts";
import { standingOf } from "./standing.ts";

type RollbackJob = At<"aim">["job"];

/** What a rollback writes down before it begins (B1 of rollback.ts). */
const List = z.strictObject({
  at: z.int(),
  family: z.string(),
  /** Region → what was served before. */
  served: z.record(z.string(), z.string()),
  demoted: z.array(Demoted),
  /** Image at home → its standing before. */
  standing: z.record(z.string(), z.string()),
});
type List = z.infer<typeof List>;

export const listKey = (run: string): string => outputKey(run, "demoted");

/** The list of a rollback; undefined when it never wrote one. */
export async function readList(run: string, cloud: Ports["cloud"]): Promise<List | undefined> {
  const found = await getObject(cloud, listKey(run));
  return found && List.parse(JSON.parse(found.text));
}

/** An image and its region, in a record's words. */
export const placed = ({ imageId, region }: Pick<Demoted, "imageId" | "region">): string =>
  `${imageId} in ${region}`;

/** Region → image the family is to answer with there, and what makes way for it; a reason when it cannot be. */
export async function planBack(
  job: RollbackJob,
  ports: Ports,
): Promise<{ readonly targets: Record<string, string>; readonly list: List } | string> {
  const { cloud, clock } = ports;
  const { family, to } = job;
  const home = homeOf(ports);
  const members = await describeImages(cloud, { family });
  const served = (await familyImage(cloud, family))?.id;
  const target = homeTarget(family, members, served, to);
  if (typeof target === "string") return target;
  const regions = await regionsOf(
    job,
    members.find(({ id }) => id === served),
    ports,
  );
  if (typeof regions === "string") return regions;
  if (job.regions?.includes(home) === false) {
    return `a rollback always covers ${home}, where the image was promoted from; name it among the regions, or name none`;
  }
  const others: RegionMembers[] = [];
  for (const region of regions.filter((one) => one !== home)) {
    others.push({ region, members: await describeImages(cloud, { family }, region) });
  }
  const plan = aimAt(family, target, { region: home, members }, others);
  if (plan.kind === "refuse") return plan.reason;
  const demoted: Demoted[] = [];
  for (const step of plan.steps) {
    demoted.push({ ...step, accounts: await imageShares(cloud, step.imageId, step.region) });
  }
  const before: Record<string, string> = {};
  for (const region of Object.keys(plan.targets)) {
    const image = await familyImage(cloud, family, region);
    if (image) before[region] = image.id;
  }
  const standing = Object.fromEntries(members.map(({ id, tags }) => [id, tags[TAG.promotion] ?? ""]));
  const list = { at: clock.now(), family, served: before, demoted, standing };
  return { targets: { ...plan.targets }, list };
}

/** Where the promotion of what is served went: as asked, else as its record says. */
async function regionsOf(
  job: RollbackJob,
  served: Image | undefined,
  { cloud }: Ports,
): Promise<readonly string[] | string> {
  if (job.regions !== undefined) return job.regions;
  const standing = served && standingOf(served);
  // Somebody else put it into the family, so nobody copied it.
  if (standing === undefined) return [];
  const record = await readRecord(cloud, standing.run);
  const regions = z.record(z.string(), z.string()).safeParse(record?.result?.["regions"]);
  return regions.success
    ? Object.keys(regions.data)
    : `the record of ${standing.run} is gone, so nobody knows where it promoted to; name the regions in the request`;
}

/** The last rollback of the family and what taking it back brings; a reason when there is nothing to take back. */
export async function planUndo(
  { family }: RollbackJob,
  ports: Ports,
): Promise<Pick<At<"restore">, "targets" | "demoted" | "rolledBackBy"> | string> {
  const { cloud } = ports;
  const members = await describeImages(cloud, { family });
  const runs = members.flatMap((image) => {
    const standing = standingOf(image);
    return standing?.word === "rolled-back" ? [standing.run] : [];
  });
  let last: { readonly run: string; readonly list: List } | undefined;
  for (const run of new Set(runs)) {
    const list = await readList(run, cloud);
    if (list === undefined) continue;
    if (last === undefined || list.at > last.list.at) last = { run, list };
  }
  if (last === undefined) return `family ${family} has no rollback to undo`;
  const { run, list } = last;
  const missing = list.demoted.filter(
    ({ region, imageId }) => region === homeOf(ports) && !members.some(({ id }) => id === imageId),
  );
  if (missing.length > 0) {
    const gone = missing.map(({ imageId }) => imageId).join(", ");
    return `${gone} does not exist any more, so ${run} cannot be undone`;
  }
  const [region = "", newer] = (await newerThan(list, ports)) ?? [];
  if (newer !== undefined) {
    return `family ${family} in ${region} serves ${newer} since; undoing ${run} would change nothing`;
  }
  return { targets: list.served, demoted: list.demoted, rolledBackBy: run };
}

/** A region that serves something newer than what the rollback took away, and what that is. */
async function newerThan(list: List, { cloud }: Ports): Promise<readonly [string, string] | undefined> {
  for (const [region, imageId] of Object.entries(list.served)) {
    const served = await familyImage(cloud, list.family, region);
    const [before] = await describeImages(cloud, { ids: [imageId] }, region);
    if (served && before && served.id !== imageId && served.createdAt > before.createdAt)
      return [region, served.id];
  }
  return undefined;
}
