/** Plans a rollback or its undo: reads the family in all its regions and changes nothing. */
import * as z from "zod/mini";
import { describeImages, familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { imageShares } from "../../../shared/cloud/ecs/shares.ts";
import { getObject } from "../../../shared/cloud/oss/objects.ts";
import { Hold, holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { digest, outputKey } from "../../../shared/keys.ts";
import { RunId } from "../../../shared/names.ts";
import { PREVIOUS } from "../../../shared/requests/rollback.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { isForeign, TAG } from "../../../shared/tags.ts";
import { eventsWith } from "../../../shared/workflow/envelope.ts";
import { kindOf } from "../../../shared/workflow/run-id.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { Deprecation, ImageIn } from "../family/deprecate.ts";
import { firstForeign } from "../family/own.ts";
import { homeOf, servedIn, supersedingImages } from "../family/served.ts";
import { rolledBackBy, statusOf } from "../family/status.ts";
import { decideTargets, homeTarget, type RegionMembers } from "./decide.ts";

const Back = z.strictObject({
  kind: z.literal("back"),
  /** An id, a name or PREVIOUS. */
  to: z.string(),
  /** Left out for all regions of the promotion. */
  regions: z.optional(z.array(z.string())),
});
export type Back = z.infer<typeof Back>;

const Target = z.discriminatedUnion("kind", [Back, z.strictObject({ kind: z.literal("undo") })]);
export type Target = z.infer<typeof Target>;

const Input = z.strictObject({ family: z.string(), target: Target });

export const event = eventsWith(Input);

/** The list that a rollback writes before its first change (ROLLBACK-1). */
const List = z.strictObject({
  at: z.int(),
  family: z.string(),
  /** Region → image served before. */
  served: ImageIn,
  deprecated: z.array(Deprecation),
  /** Image in the home region → its promotion tag before; empty for none. */
  tags: z.record(z.string(), z.string()),
  /** The hold of the family before; absent for none, and in lists of versions before. */
  hold: z.optional(Hold),
});
type List = z.infer<typeof List>;

export const listKey = (run: string, text: string): string =>
  outputKey(run, `deprecated-${digest(text)}.json`);

const Listed = z.looseObject({ list: z.string(), targets: z.optional(ImageIn) });

/** The list of a rollback; undefined when it came to none. */
export async function readList(run: string, cloud: Ports["cloud"]): Promise<List | undefined> {
  const now = Listed.safeParse(standing(run, await readRunLog(cloud, run))?.event);
  return now.success ? listAt(now.data.list, cloud) : undefined;
}

export async function listAt(key: string, cloud: Ports["cloud"]): Promise<List | undefined> {
  const found = await getObject(cloud, key);
  return found && List.parse(JSON.parse(found.text));
}

/** The plan of the rollback that set the hold of the family, when it failed half-way. */
async function stoppedRollback(family: string, ports: Ports) {
  const { run = "" } = (await holdOf(family, ports)) ?? {};
  if (kindOf(run) !== "rollback") return undefined;
  const now = standing(run, await readRunLog(ports.cloud, run));
  if (now?.completion?.kind !== "failed") return undefined;
  const { targets, list: key } = Listed.safeParse(now.event).data ?? {};
  const list = key && (await listAt(key, ports.cloud));
  return targets && list ? { targets, list } : undefined;
}

/**
 * Whether a request is for what a stopped rollback began, and the family is where that one left it: `previous` would be one
 * image further back by now.
 */
function goesOn(
  { targets, list }: NonNullable<Awaited<ReturnType<typeof stoppedRollback>>>,
  { to, regions = Object.keys(targets) }: Back,
  target: Image | undefined,
  served: string | undefined,
): boolean {
  if (![PREVIOUS, target?.id, target?.name].includes(to)) return false;
  if (!Object.keys(targets).every((region) => regions.includes(region))) return false;
  return served === target?.id || list.deprecated.some(({ imageId }) => imageId === served);
}

/** Plans the way back to an earlier image. `targets`: region → image to be served there. */
export async function planBack(family: string, back: Back, ports: Ports) {
  const { cloud, clock } = ports;
  const home = homeOf(ports);
  const members = await describeImages(cloud, { family });
  const { [home]: served } = await servedIn(family, [home], ports);
  const stopped = await stoppedRollback(family, ports);
  const begun = stopped && members.find(({ id }) => id === stopped.targets[home]);
  if (stopped !== undefined && goesOn(stopped, back, begun, served)) return ok(stopped);
  // The previous image of another deployment is no target: it could not be rolled back again.
  const candidates = members.filter((image) => image.id === served || !isForeign(cloud, image));
  const target = homeTarget(family, candidates, served, back.to);
  if (!target.ok) return target;
  const refused = await refusalOf(supersedingImages(target.value, members), cloud);
  if (refused !== undefined) return refused;
  const regions = await otherRegions(
    back,
    members.find(({ id }) => id === served),
    ports,
  );
  if (!regions.ok) return regions;
  const others: RegionMembers[] = [];
  for (const region of regions.value)
    others.push({ region, members: await describeImages(cloud, { family }, region) });
  const decided = decideTargets(family, target.value, { region: home, members }, others);
  if (!decided.ok) return decided;
  const { targets, places } = decided.value;
  const stepBack = new Set(places.map(({ imageId }) => imageId));
  const copies = others.flatMap((other) => other.members).filter(({ id }) => stepBack.has(id));
  const refusedAbroad = await refusalOf(copies, cloud);
  if (refusedAbroad !== undefined) return refusedAbroad;
  const deprecated: Deprecation[] = [];
  for (const place of places) {
    deprecated.push({ ...place, accounts: await imageShares(cloud, place.imageId, place.region) });
  }
  const before = await servedIn(family, Object.keys(targets), ports);
  const tags = Object.fromEntries(members.map((image) => [image.id, image.tags[TAG.promotion] ?? ""]));
  const hold = await holdOf(family, ports);
  const list = { at: clock.now(), family, served: before, deprecated, tags, ...(hold && { hold }) };
  return ok({ targets, list });
}

/** A problem when one of the images that would be deprecated is not this deployment's. */
async function refusalOf(images: readonly Image[], cloud: Ports["cloud"]) {
  const foreign = await firstForeign(images, cloud);
  return foreign === undefined
    ? undefined
    : problem(`${foreign}; deprecate it yourself, or name another target`);
}

/** The regions besides home: as requested, else those of the promotion of the served image. */
async function otherRegions(
  { regions }: Back,
  served: Image | undefined,
  ports: Ports,
): Promise<Result<readonly string[]>> {
  const home = homeOf(ports);
  if (regions?.includes(home) === false)
    return problem(
      `a rollback always covers ${home}, where the image was promoted from; add it to the regions, or name none`,
    );
  const promotedBy = served && statusOf(served)?.run;
  const all = regions ?? (await regionsOf(promotedBy, ports));
  return all === undefined
    ? problem(
        `the record of ${promotedBy} is gone, so the regions of that promotion are unknown; name the regions in the request`,
      )
    : ok(all.filter((region) => region !== home));
}

const Again = z.looseObject({ before: z.optional(RunId) });

/** The regions of a promotion, from its record. An image that Kiln did not promote has no copies. */
async function regionsOf(
  promotion: string | undefined,
  { cloud }: Pick<Ports, "cloud">,
): Promise<string[] | undefined> {
  if (promotion === undefined) return [];
  const { completion, event: last } = standing(promotion, await readRunLog(cloud, promotion)) ?? {};
  // A rollback that failed has its regions in its event.
  const regions = ImageIn.safeParse(completion?.result?.["regions"] ?? Object(last)["targets"]);
  if (regions.success) return Object.keys(regions.data);
  // An image that is delivered again without success is where it was before.
  const { before } = Again.safeParse(last?.input).data ?? {};
  return before === undefined ? undefined : regionsOf(before, { cloud });
}

/** State of the phases that restore. */
export const restoring = {
  targets: ImageIn,
  deprecated: z.array(Deprecation),
  undoes: RunId,
  /** Of a rollback that is cancelled: its own list, and why. */
  list: z.optional(z.string()),
  reason: z.optional(z.string()),
};

/** Plans the undo of the family's last rollback. */
export async function planUndo(family: string, ports: Ports) {
  const members = await describeImages(ports.cloud, { family });
  const last = await lastRollback(members, ports);
  if (last === undefined) return problem(`family ${family} has no rollback to undo`);
  const { run, list } = last;
  const missing = list.deprecated.filter(
    ({ region, imageId }) => region === homeOf(ports) && !members.some(({ id }) => id === imageId),
  );
  if (missing.length > 0) {
    const ids = missing.map(({ imageId }) => imageId).join(", ");
    return problem(`${ids} was deleted since, so ${run} cannot be undone`);
  }
  const newer = await servedSince(list, ports);
  return newer === undefined
    ? ok({ targets: list.served, deprecated: list.deprecated, undoes: run, hold: list.hold })
    : problem(`family ${family} ${newer} since; undoing ${run} would change nothing`);
}

async function lastRollback(members: readonly Image[], { cloud }: Ports) {
  const lists: { readonly run: string; readonly list: List }[] = [];
  for (const run of new Set(members.flatMap((image) => rolledBackBy(image) ?? []))) {
    const list = await readList(run, cloud);
    if (list) lists.push({ run, list });
  }
  return lists.toSorted((a, b) => b.list.at - a.list.at)[0];
}

/** A region that serves a newer image than before the rollback, as `in … serves …`. */
async function servedSince({ family, served }: List, { cloud }: Ports): Promise<string | undefined> {
  for (const [region, imageId] of Object.entries(served)) {
    const [before] = await describeImages(cloud, { ids: [imageId] }, region);
    const now = await familyImage(cloud, family, region);
    if (before && now && supersedingImages(before, [now]).length > 0) return `in ${region} serves ${now.id}`;
  }
  return undefined;
}
