/** What a bake starts from and whether it is needed at all: reads the world, changes nothing. */
import { scriptOf } from "../../shared/command-script.ts";
import { describeImages, familyImage, type Image } from "../../shared/cloud/images.ts";
import { describeInstances } from "../../shared/cloud/instances.ts";
import { headObject } from "../../shared/cloud/oss.ts";
import { describeSnapshots } from "../../shared/cloud/snapshots.ts";
import { renderImageName } from "../../shared/documents/image-name.ts";
import { snapshotSizeProblems, type ImageDisk } from "../../shared/documents/recipe-disks.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { BakeEvent, BakePlan, Inputs } from "../../shared/events/bake-image.ts";
import { parametersProblem, withParameters } from "../../shared/events/parameters.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { FORMATS, formatOf } from "./capture.ts";
import { changedInputs, inputsOf, namedObjects, objectsOf } from "./inputs.ts";

type Planned =
  | { readonly kind: "bake"; readonly plan: BakePlan; readonly why: string }
  | { readonly kind: "skip"; readonly note: string }
  | { readonly kind: "refuse"; readonly reason: string };

/** Compares what the image would be made of with what the newest image of this recipe was made of. */
export async function planBake(event: BakeEvent, document: Recipe, { cloud }: Ports): Promise<Planned> {
  const { recipe, force, parameters, upload } = event.job;
  const refused = parametersProblem(parameters, document);
  if (refused !== undefined) return { kind: "refuse", reason: refused };
  if (upload !== undefined && document.source.kind !== "upload") {
    return {
      kind: "refuse",
      reason: `${upload.key}: recipe ${recipe} is made from source.${document.source.kind}, and only source.upload takes disk files; put it under the name of another recipe`,
    };
  }
  if (document.source.kind === "upload" && upload === undefined && event.by.startsWith("upload:")) {
    // The recipe itself was put: it is ready, and waits for its disk.
    return {
      kind: "skip",
      note: `recipe ${recipe} is ready; put a disk file under disks/${recipe}/ to bake it`,
    };
  }
  const base = await baseOf(event, document, cloud);
  if ("problem" in base) return { kind: "refuse", reason: base.problem };
  const objects = objectsOf(document);
  const heads = await Promise.all(objects.map((key) => headObject(cloud, key)));
  const missing = objects.filter((_, index) => heads[index] === undefined);
  if (missing.length > 0) {
    return {
      kind: "refuse",
      reason: `recipe ${recipe} names objects the bucket does not have: ${missing.join(", ")}`,
    };
  }
  const sizes = new Map(heads.flatMap((head) => (head ? [[head.key, head.size] as const] : [])));
  const long = longCommand(document, parameters, sizes);
  if (long !== undefined) return { kind: "refuse", reason: long };
  const etags = heads.map((head) => head?.etag);
  const inputs = inputsOf(document, base.identity, etags, parameters);
  const newest = await newestImage(recipe, cloud);
  const changed = newest ? changedInputs(inputs, newest.tags) : [];
  const unchanged = newest !== undefined && changed.length === 0 && newest.tags[TAG.gate] !== "failed";
  if (unchanged && !force && document.rebake.onlyIfChanged) {
    return { kind: "skip", note: unchangedNote(inputs, newest) };
  }
  const which = changed.map((input) =>
    input === "objects" && newest ? namedObjects(objects, inputs, newest.tags) : input,
  );
  const imageName = renderImageName(document.image.name, { recipe, run: event.run, at: event.began });
  const plan: BakePlan = {
    document,
    imageName,
    inputs,
    ...(base.imageId !== undefined && { baseImageId: base.imageId }),
    ...(base.dataDisks && { baseDataDisks: [...base.dataDisks] }),
    ...(base.restart && { restart: true }),
  };
  return { kind: "bake", plan, why: why(newest, which, force) };
}

/** The newest image this recipe has made that can be used, or that somebody took back: the same again is no better. */
async function newestImage(recipe: string, cloud: Ports["cloud"]): Promise<Image | undefined> {
  const images = await describeImages(cloud, { tags: { [TAG.recipe]: recipe } });
  return images
    .filter((image) => image.status === "Available" || wasRolledBack(image))
    .toSorted((a, b) => b.createdAt - a.createdAt)[0];
}

const wasRolledBack = ({ tags }: Image): boolean => (tags[TAG.promotion] ?? "").startsWith("rolled-back ");

/** What an image starts from: `identity` names it for the comparison with the last bake. */
type Base =
  | {
      readonly identity: string;
      readonly imageId?: string;
      readonly dataDisks?: readonly string[];
      readonly restart?: boolean;
    }
  | { readonly problem: string };

async function baseOf(event: BakeEvent, { source }: Recipe, cloud: Ports["cloud"]): Promise<Base> {
  const { region } = cloud.access;
  switch (source.kind) {
    case "builder": {
      if (source.family === undefined) return imageBase(source.image ?? "", cloud);
      const image = await familyImage(cloud, source.family);
      if (image) return builderBase(image);
      const where = `family ${source.family} has no available image in ${region}`;
      return { problem: `source.builder.family: ${where}; check its name, owner and region` };
    }
    case "instance": {
      const [instance] = await describeInstances(cloud, { ids: [source.id] });
      if (instance === undefined)
        return { problem: `source.instance.id: ${source.id} does not exist in ${region}` };
      // Nobody knows what changed inside it, so each bake of it counts as new.
      const restart = source.stop && instance.status === "Running";
      return { identity: `${source.id} in ${event.run}`.slice(0, TAG_VALUE_MAX), restart };
    }
    case "snapshot":
      return { identity: source.id };
    case "disks":
      return disksBase(source.disks, cloud);
    case "upload": {
      const { upload, recipe } = event.job;
      if (upload === undefined) {
        return {
          problem: `recipe ${recipe} is baked by putting a disk file under disks/${recipe}/; there is none in this request`,
        };
      }
      return formatOf(upload.key, source) === undefined
        ? {
            problem: `${upload.key}: its ending is none of ${Object.keys(FORMATS).join(", ")}; rename the file, or say what it is in source.upload.format`,
          }
        : { identity: upload.etag };
    }
  }
}

async function imageBase(imageId: string, cloud: Ports["cloud"]): Promise<Base> {
  const [image] = await describeImages(cloud, { ids: [imageId] });
  if (image?.status === "Available" && image.usable) return builderBase(image);
  const state = image
    ? `is ${image.usable ? "" : "not usable, "}${image.status}`
    : `does not exist in ${cloud.access.region}`;
  return { problem: `source.builder.image: ${imageId} ${state}; name an available image` };
}

/** Commands of a builder are shell scripts, and what makes Windows fit for cloning (Sysprep) is none of them. */
const builderBase = ({ id, osType, dataDisks }: Image): Base =>
  osType === "windows"
    ? {
        problem: `source.builder: ${id} is a Windows image, and builders run shell scripts; set a machine up by hand and use source.instance, or upload its disk`,
      }
    : { identity: id, imageId: id, ...(dataDisks.length > 0 && { dataDisks }) };

/** The cloud would refuse a disk below its snapshot too, but only after the run has begun to change things. */
async function disksBase(disks: readonly ImageDisk[], cloud: Ports["cloud"]): Promise<Base> {
  const ids = disks.flatMap(({ snapshotId }) => snapshotId ?? []);
  const snapshots = await describeSnapshots(cloud, { ids });
  const missing = ids.filter((id) => !snapshots.some((snapshot) => snapshot.id === id));
  if (missing.length > 0) {
    return { problem: `source.disks: ${missing.join(", ")} does not exist in ${cloud.access.region}` };
  }
  const sizes = new Map(snapshots.map(({ id, sizeGb }) => [id, sizeGb]));
  const [problem] = snapshotSizeProblems(disks, sizes);
  if (problem) return { problem: `${problem.path}: ${problem.message}` };
  return {
    identity: disks
      .map(({ snapshotId }) => snapshotId ?? "empty")
      .join(" ")
      .slice(0, TAG_VALUE_MAX),
  };
}

/** Tag.N.Value of CreateImage, less the word that goes before it. */
const TAG_VALUE_MAX = 128 - "from ".length;

/** RunCommand takes 24 KB of Base64; that of an object and of parameters is known only now. */
const MAX_COMMAND_BASE64_BYTES = 24 * 1024;

/** What is wrong with the first command that is too long to be sent, told before a builder is launched for it. */
function longCommand(
  { provision }: Recipe,
  parameters: Readonly<Record<string, string>>,
  sizes: ReadonlyMap<string, number>,
): string | undefined {
  for (const [index, step] of provision.entries()) {
    if (step.kind === "reboot") continue;
    const script = step.kind === "run" ? step.command : "";
    const around = Buffer.byteLength(scriptOf(withParameters(step, parameters), script));
    const bytes = around + (step.kind === "script" ? (sizes.get(step.command) ?? 0) : 0);
    const sent = Math.ceil(bytes / 3) * 4;
    if (sent <= MAX_COMMAND_BASE64_BYTES) continue;
    return `provision[${index}] ("${step.name}") has ${sent} bytes as Base64 with its environment and parameters; a command may have ${MAX_COMMAND_BASE64_BYTES}: split it, or let it fetch the rest`;
  }
  return undefined;
}

const why = (newest: Image | undefined, changed: readonly string[], force: boolean): string => {
  if (newest === undefined) return "first bake of this recipe";
  if (changed.length > 0) return `changed since ${newest.id}: ${changed.join(", ")}`;
  return force ? `forced, nothing changed since ${newest.id}` : `${newest.id} did not pass its gate`;
};

function unchangedNote(inputs: Inputs, newest: Image): string {
  const compared =
    `base ${inputs.base}, recipe ${inputs.recipe}, ` +
    `objects ${inputs.objects} and parameters ${inputs.parameters} are the same`;
  // The next night would else undo the rollback with a twin of what was taken back.
  return wasRolledBack(newest)
    ? `nothing changed since ${newest.id}, which was rolled back: ${compared}; change the recipe, or bake with force: true`
    : `nothing changed since ${newest.id}: ${compared}`;
}
