/**
 * The ancestry of an image: backwards to what it was made of, forwards to all that was made of it.
 *
 * ANCESTRY-1. Unknown is not absent: a region or a recipe that could not be read is named in the answer.
 */
import { describeImages, familyImage, type ImageFilter } from "../../../shared/cloud/ecs/images.ts";
import { instancesByImage } from "../../../shared/cloud/ecs/image-users.ts";
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { documentNames, loadRecipe } from "../../../shared/document-store.ts";
import { messageOf } from "../../../shared/errors.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER } from "../../../shared/keys.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import { descendantsOf, originOf, type PlacedImage } from "./lineage.ts";

/** An image in a chain. */
interface Link {
  readonly imageId: string;
  readonly imageName: string;
  readonly region: string;
  readonly status: string;
  /** Absent without a family. */
  readonly family?: string;
  /** The recipe and the run that made it, absent for images that Kiln did not make. */
  readonly recipe?: string;
  readonly run?: string;
  /** The git commit of that recipe. */
  readonly commit?: string;
}

export interface Ancestry {
  readonly imageId: string;
  /** The image itself, then what it was made of, and so on. Empty for an image that is gone. */
  readonly ancestors: readonly Link[];
  /** How the chain ends: at its root, or where it is cut. */
  readonly root?: string;
  readonly cut?: string;
  /** Images and copies that were made of it, nearer ones first. */
  readonly descendants: readonly Link[];
  /** Families that serve it or one of them. */
  readonly families: readonly {
    readonly family: string;
    readonly region: string;
    readonly imageId: string;
  }[];
  /** Machines that run or are stopped on it or on one of them, in words. */
  readonly machines: readonly {
    readonly imageId: string;
    readonly region: string;
    readonly machine: string;
  }[];
  /** Recipes that begin with it or with one of them, and those that made its descendants. */
  readonly recipes: readonly string[];
  /** The parts that could not be read, and why (ANCESTRY-1). */
  readonly unread: readonly string[];
}

/** Undefined for an id that no image has, and of which nothing was made. @throws CloudError */
export async function ancestry(imageId: string, ports: Ports): Promise<Ancestry | undefined> {
  const world: World = { regions: await knownRegions(ports), ports, unread: new Map() };
  const { unread } = world;
  const made = await ownImages(world);
  const chain = await chainOf(imageId, made, world);
  const descendants = descendantsOf(imageId, made);
  if (chain.ancestors.length + descendants.length + unread.size === 0) return undefined;
  const affected = [...chain.ancestors.slice(0, 1), ...descendants];
  const ids = new Set([imageId, ...affected.map(({ image }) => image.id)]);
  const families = await servedIn(affected, ids, ports);
  // A copy is made by the recipe of its original.
  const baked = descendants.filter(({ image }) => image.tags[TAG.role] !== ROLE.copy);
  const makers = baked.flatMap(({ image }) => image.tags[TAG.recipe] ?? []);
  const machines = await machinesOn(ids, world);
  const readers = await readersOf(ids, families, world);
  return {
    imageId,
    ...chain,
    ancestors: chain.ancestors.map(linkOf),
    descendants: descendants.map(linkOf),
    families,
    machines,
    recipes: [...new Set([...makers, ...readers])].toSorted(),
    unread: [...unread].map(([part, why]) => `${part}: ${why}`),
  };
}

const linkOf = ({ region, image: { id, name, status, family, tags } }: PlacedImage): Link => ({
  imageId: id,
  imageName: name,
  region,
  status,
  ...(family !== "" && { family }),
  ...(tags[TAG.recipe] !== undefined && { recipe: tags[TAG.recipe] }),
  ...(tags[TAG.run] !== undefined && { run: tags[TAG.run] }),
  ...(tags[TAG.commit] !== undefined && { commit: tags[TAG.commit] }),
});

/** The region of the deployment, and every one in which a promotion has left a copy. */
async function knownRegions({ cloud }: Ports): Promise<readonly string[]> {
  const noted = await listObjects(cloud, `${FOLDER.state}delivered/`);
  const others = noted.flatMap(({ key }) => /\/regions\/([^/]+)$/.exec(key)?.[1] ?? []);
  return [...new Set([cloud.access.region, ...others])];
}

interface World {
  readonly regions: readonly string[];
  readonly ports: Ports;
  /** The parts that could not be read, and why (ANCESTRY-1). */
  readonly unread: Map<string, string>;
}

/** The items of a part. One that cannot be read has none, and is noted. */
async function noted<T>(
  part: string,
  { unread }: World,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await read();
  } catch (error) {
    unread.set(part, messageOf(error));
    return [];
  }
}

/** Images of a region. @throws CloudError in the region of the deployment, whose images nothing can be said without */
function imagesIn(region: string, filter: ImageFilter, world: World): Promise<readonly PlacedImage[]> {
  const { cloud } = world.ports;
  const read = async () => (await describeImages(cloud, filter, region)).map((image) => ({ image, region }));
  return region === cloud.access.region ? read() : noted(`images in ${region}`, world, read);
}

async function ownImages(world: World): Promise<readonly PlacedImage[]> {
  const tags = ownTags(world.ports.cloud, {});
  return (await inBatches(world.regions, (region) => imagesIn(region, { tags }, world))).flat();
}

type Chain = { readonly ancestors: readonly PlacedImage[] } & Pick<Ancestry, "root" | "cut">;

async function chainOf(id: string, made: readonly PlacedImage[], world: World): Promise<Chain> {
  const ancestors: PlacedImage[] = [];
  for (let next = id; ;) {
    const placed = made.find(({ image }) => image.id === next) ?? (await findImage(next, world));
    if (placed === undefined) return { ancestors, cut: `${next} ${absence(world)}` };
    if (ancestors.some(({ image }) => image.id === next))
      return { ancestors, cut: `the tags of ${next} lead back to it` };
    ancestors.push(placed);
    const origin = originOf(placed, made);
    if (origin.kind !== "image") return { ancestors, [origin.kind]: origin.text };
    next = origin.id;
  }
}

const absence = ({ unread }: World): string =>
  unread.size === 0
    ? "is deleted or not visible to this account"
    : "is deleted, not visible to this account, or in a region that could not be read";

/** An image that this deployment did not make, such as a public one. */
async function findImage(id: string, world: World): Promise<PlacedImage | undefined> {
  for (const region of world.regions) {
    const [placed] = await imagesIn(region, { ids: [id] }, world);
    if (placed !== undefined) return placed;
  }
  return undefined;
}

async function servedIn(
  affected: readonly PlacedImage[],
  ids: ReadonlySet<string>,
  { cloud }: Ports,
): Promise<Ancestry["families"]> {
  const pairs = new Map(
    affected.flatMap(({ image: { family }, region }) =>
      family === "" ? [] : [[`${region} ${family}`, { family, region }] as const],
    ),
  );
  const served = await inBatches([...pairs.values()], async ({ family, region }) => {
    const imageId = (await familyImage(cloud, family, region))?.id;
    return imageId !== undefined && ids.has(imageId) ? [{ family, region, imageId }] : [];
  });
  return served.flat();
}

async function machinesOn(ids: ReadonlySet<string>, world: World): Promise<Ancestry["machines"]> {
  const { regions, ports } = world;
  const all = await inBatches(regions, (region) =>
    noted(`instances in ${region}`, world, async () =>
      [...(await instancesByImage(ports.cloud, region))].flatMap(([imageId, machines]) =>
        ids.has(imageId) ? machines.map((machine) => ({ imageId, region, machine })) : [],
      ),
    ),
  );
  return all.flat();
}

/** The recipes that begin with one of the images, or with a family that serves one. */
async function readersOf(
  ids: ReadonlySet<string>,
  families: Ancestry["families"],
  { ports: { cloud }, unread }: World,
): Promise<readonly string[]> {
  const served = new Set(families.map(({ family }) => family));
  const readers = await inBatches(await documentNames(cloud, "recipes"), async (name) => {
    const found = await loadRecipe(cloud, name);
    if ("problem" in found) {
      unread.set(`recipe ${name}`, found.problem);
      return [];
    }
    const { source } = found.document;
    if (source.kind !== "builder") return [];
    const { image = "", family } = source;
    const isServed =
      family !== undefined &&
      [family, stagedFamily(cloud.access.stage, family)].some((one) => served.has(one));
    return ids.has(image) || isServed ? [name] : [];
  });
  return readers.flat();
}
