/**
 * The ancestry of an image: backwards to what it was made of, forwards to all that was made of it.
 *
 * ANCESTRY-1. Unknown is not absent: a region or a recipe that could not be read is named in the answer.
 */
import { describeImages, familyImage } from "../../../shared/cloud/ecs/images.ts";
import { instancesByImage } from "../../../shared/cloud/ecs/image-users.ts";
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { documentNames, loadRecipe } from "../../../shared/document-store.ts";
import { messageOf } from "../../../shared/errors.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER } from "../../../shared/keys.ts";
import { stagedFamily } from "../../../shared/stage.ts";
import { ownTags, TAG } from "../../../shared/tags.ts";
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
  /** What could not be looked at (ANCESTRY-1). */
  readonly unread: readonly string[];
}

/** Undefined for an id that no image has, and of which nothing was made. @throws CloudError */
export async function ancestry(imageId: string, ports: Ports): Promise<Ancestry | undefined> {
  const unread: string[] = [];
  const regions = await knownRegions(ports);
  const made = await ownImages(regions, ports, unread);
  const chain = await chainOf(imageId, made, { regions, ports });
  const descendants = descendantsOf(imageId, made);
  if (chain.ancestors.length === 0 && descendants.length === 0) return undefined;
  const affected = [...chain.ancestors.slice(0, 1), ...descendants];
  const families = await servedIn(affected, ports);
  return {
    imageId,
    ...chain,
    ancestors: chain.ancestors.map(linkOf),
    descendants: descendants.map(linkOf),
    families,
    machines: await machinesOn(new Set([imageId, ...affected.map(({ image }) => image.id)]), {
      regions,
      ports,
      unread,
    }),
    recipes: await recipesOn(imageId, affected, { families, ports, unread }),
    unread,
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
});

/** The region of the deployment, and every one in which a promotion has left a copy. */
async function knownRegions({ cloud }: Ports): Promise<readonly string[]> {
  const noted = await listObjects(cloud, `${FOLDER.state}delivered/`);
  const others = noted.flatMap(({ key }) => /\/regions\/([^/]+)$/.exec(key)?.[1] ?? []);
  return [...new Set([cloud.access.region, ...others])];
}

async function ownImages(
  regions: readonly string[],
  { cloud }: Ports,
  unread: string[],
): Promise<readonly PlacedImage[]> {
  const all = await inBatches(regions, async (region) => {
    try {
      const images = await describeImages(cloud, { tags: ownTags(cloud, {}) }, region);
      return images.map((image) => ({ image, region }));
    } catch (error) {
      if (region === cloud.access.region) throw error;
      unread.push(`images in ${region}: ${messageOf(error)}`);
      return [];
    }
  });
  return all.flat();
}

interface World {
  readonly regions: readonly string[];
  readonly ports: Ports;
}

type Chain = { readonly ancestors: readonly PlacedImage[] } & Pick<Ancestry, "root" | "cut">;

async function chainOf(id: string, made: readonly PlacedImage[], world: World): Promise<Chain> {
  const ancestors: PlacedImage[] = [];
  for (let next = id; ;) {
    const placed = made.find(({ image }) => image.id === next) ?? (await findImage(next, world));
    if (placed === undefined) return { ancestors, cut: `${next} is deleted or not visible to this account` };
    if (ancestors.some(({ image }) => image.id === next))
      return { ancestors, cut: `the tags of ${next} lead back to it` };
    ancestors.push(placed);
    const origin = originOf(placed, made);
    if (origin.kind !== "image") return { ancestors, [origin.kind]: origin.text };
    next = origin.id;
  }
}

/** An image that this deployment did not make, such as a public one. */
async function findImage(id: string, { regions, ports }: World): Promise<PlacedImage | undefined> {
  for (const region of regions) {
    const [image] = await describeImages(ports.cloud, { ids: [id] }, region);
    if (image !== undefined) return { image, region };
  }
  return undefined;
}

async function servedIn(affected: readonly PlacedImage[], { cloud }: Ports): Promise<Ancestry["families"]> {
  const pairs = new Map(
    affected.flatMap(({ image: { family }, region }) =>
      family === "" ? [] : [[`${region} ${family}`, { family, region }] as const],
    ),
  );
  const ids = new Set(affected.map(({ image }) => image.id));
  const served = await inBatches([...pairs.values()], async ({ family, region }) => {
    const imageId = (await familyImage(cloud, family, region))?.id;
    return imageId !== undefined && ids.has(imageId) ? [{ family, region, imageId }] : [];
  });
  return served.flat();
}

async function machinesOn(
  images: ReadonlySet<string>,
  { regions, ports, unread }: World & { readonly unread: string[] },
): Promise<Ancestry["machines"]> {
  const all = await inBatches(regions, async (region) => {
    try {
      const users = await instancesByImage(ports.cloud, region);
      return [...users].flatMap(([imageId, machines]) =>
        images.has(imageId) ? machines.map((machine) => ({ imageId, region, machine })) : [],
      );
    } catch (error) {
      unread.push(`instances in ${region}: ${messageOf(error)}`);
      return [];
    }
  });
  return all.flat();
}

async function recipesOn(
  imageId: string,
  affected: readonly PlacedImage[],
  {
    families,
    ports: { cloud },
    unread,
  }: Pick<Ancestry, "families"> & { readonly ports: Ports; readonly unread: string[] },
): Promise<readonly string[]> {
  const ids = new Set([imageId, ...affected.map(({ image }) => image.id)]);
  const served = new Set(families.map(({ family }) => family));
  const makers = affected.flatMap(({ image }) =>
    image.id === imageId ? [] : (image.tags[TAG.recipe] ?? []),
  );
  const readers = await inBatches(await documentNames(cloud, "recipes"), async (name) => {
    const found = await loadRecipe(cloud, name);
    if ("problem" in found) {
      unread.push(`recipe ${name}: ${found.problem}`);
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
  return [...new Set([...makers, ...readers.flat()])].toSorted();
}
