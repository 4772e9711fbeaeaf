/** Whether a recipe needs a new image, and from what: reads the world and changes nothing. */
import { inBatches } from "../../../shared/in-batches.ts";
import { joinReasons } from "../../../shared/budget.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { headObject } from "../../../shared/cloud/oss/objects.ts";
import { objectsIn, objectsOf } from "../../../shared/documents/recipe-objects.ts";
import { renderImageName } from "../../../shared/documents/image-name.ts";
import { COMMAND_MAX_BYTES, scriptOf, sentBytes } from "../../../shared/ephemeral-instance/command-script.ts";
import { selectTypes } from "../../../shared/ephemeral-instance/select-types.ts";
import { instanceParams } from "../../../shared/ephemeral-instance/spec.ts";
import { runningFile, scriptFile } from "../../../shared/ephemeral-instance/download.ts";
import type { Baked } from "../../../shared/baked.ts";
import { buildSecrets } from "../../../shared/build-secrets.ts";
import { filledImage } from "../../../shared/documents/recipe-parameters.ts";
import { imageNameProblem } from "../../../shared/documents/image-name.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { withVariables } from "../../../shared/requests/declared-parameters.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { isChange, isUpload } from "../../../shared/triggers.ts";
import { ownTags, TAG } from "../../../shared/tags.ts";
import type { Envelope } from "../../../shared/workflow/envelope.ts";
import { dataDiskNote } from "./data-disks.ts";
import { findBase, type Base } from "./base.ts";
import { dueDelivery } from "./delivery.ts";
import { noDisk } from "./disk-format.ts";
import type { Inputs, LockedInput, PlannedInput } from "./input.ts";
import { roomFor } from "./document.ts";
import { decideValues } from "./values.ts";
import { changedInputs, inputsOf, namedObjects, objectDigest } from "./digests.ts";

export type Decision =
  /** `delivers`: the image, of the same inputs, that is delivered again (delivery.ts). `waits`: for an operator, so an upload that leads here is answered in the channels. `unchanged`: another input would lead to a bake. */
  | {
      readonly kind: "skip";
      readonly note: string;
      readonly waits?: true;
      readonly delivers?: string;
      readonly unchanged?: true;
    }
  | {
      readonly kind: "bake";
      readonly base: Base;
      readonly plan: Pick<PlannedInput["plan"], "imageName" | "inputs" | "objects">;
      /** The values that the image is baked with. */
      readonly baked: Baked;
      readonly why: string;
    };

type DecidePorts = Pick<Ports, "cloud" | "clock"> & {
  /** The secrets of a recipe, where the function that asks has none. */
  readonly secretsOf?: typeof buildSecrets;
};

type Request = Pick<Envelope, "run" | "by" | "startedAt"> & { readonly input: LockedInput };

/** Compares the inputs of this bake with those of the newest image of the recipe. A problem refuses the bake. */
export async function decide(request: Request, ports: DecidePorts): Promise<Result<Decision>> {
  const { cloud } = ports;
  const { by, input } = request;
  const { recipe, document, upload } = input;
  const refused = uploadProblem(input);
  if (refused !== undefined) return problem(refused);
  const beside = upload && (await besideDisks(document.source, upload.key, cloud));
  if (beside !== undefined) return ok(beside);
  const images = await describeImages(cloud, { tags: ownTags(cloud, { [TAG.recipe]: recipe }) });
  const isWithoutFile = document.source.kind === "upload" && upload === undefined;
  if (input.deliverOnly || isWithoutFile) {
    const delivery = await deliverOnly(input, images, ports);
    if (delivery.delivers !== undefined || input.deliverOnly) return ok(delivery);
    // The upload of the recipe itself: its disk file is uploaded next.
    const note = `recipe ${recipe} is ready; upload a disk file to disks/${recipe}/ to bake it`;
    if (isUpload(by)) return ok({ kind: "skip", note });
  }
  const valued = await decideValues(request, images, cloud);
  if (!valued.ok) return valued;
  if ("skip" in valued.value) return ok({ kind: "skip", note: valued.value.skip, waits: true });
  return decideWith({ ...request, input: { ...input, parameters: valued.value.values } }, valued.value, {
    images,
    ports,
  });
}

/** An upload that is no disk an image can begin with: only a named data disk is put there on purpose. */
async function besideDisks(
  source: LockedInput["document"]["source"],
  key: string,
  cloud: CloudClient,
): Promise<Decision | undefined> {
  const data = dataDiskNote(source, key);
  if (data !== undefined) return { kind: "skip", note: data };
  const other = await noDisk(key, cloud);
  return other === undefined ? undefined : { kind: "skip", note: other, waits: true };
}

/** Without a look at the inputs: for a bake that nothing asks for. */
async function deliverOnly(input: LockedInput, images: readonly Image[], ports: DecidePorts) {
  const newest = newestImage(images);
  const skip = { kind: "skip" } as const;
  if (newest === undefined) return { ...skip, note: `recipe ${input.recipe} has no image to deliver` };
  if (newest.tags[TAG.test] === "failed")
    return { ...skip, note: `${newest.id} did not pass its test, so it is not delivered` };
  const due = await dueDelivery(newest, input, ports);
  const note = due ? `${newest.id}, ${due.note}` : `${newest.id} is delivered as its recipe says`;
  return { ...skip, ...due, note };
}

/** The decision, once the parameters are known. */
async function decideWith(
  { run, by, startedAt, input }: Request,
  baked: Baked,
  { images, ports }: { readonly images: readonly Image[]; readonly ports: DecidePorts },
): Promise<Result<Decision>> {
  const { cloud } = ports;
  const { recipe, document, parameters } = input;
  const name = { recipe, run, at: startedAt, ...(document.parameters && { parameters }) };
  const imageName = renderImageName(document.image.name, name);
  const unfit = roomFor(input) ?? nameProblem(input, imageName) ?? filledImage(document, parameters);
  if (unfit !== undefined) return problem(unfit);
  const secrets = (ports.secretsOf ?? buildSecrets)(document);
  if (!secrets.ok) return secrets;
  const found = await findBase(input, run, cloud);
  if (!found.ok) return found;
  const objects = await findObjects(input, secrets.value, cloud);
  if (!objects.ok) return objects;
  const { base, identity } = found.value;
  const inputs = inputsOf(document, identity, objects.value, parameters);
  const newest = newestImage(images);
  const compared = compare(input, by, inputs, newest);
  if ("note" in compared)
    return ok({ kind: "skip", unchanged: true, ...compared, ...(await dueOf(newest, input, ports)) });
  const steps = objectsIn(document.provision);
  const digests = steps.map((key, index) => objectDigest(key, objects.value[index] ?? null));
  const plan = { imageName, inputs, ...(digests.length > 0 && { objects: digests }) };
  return withTypes({ kind: "bake", base, baked, plan, ...compared }, input, cloud);
}

type Bake = Extract<Decision, { readonly kind: "bake" }>;

/** With the types of a builder whose recipe names a size (SELECT-1). */
async function withTypes(
  decision: Bake,
  { document }: LockedInput,
  cloud: CloudClient,
): Promise<Result<Decision>> {
  const { base } = decision;
  if (base.kind !== "builder" || base.source.instance === undefined) return ok(decision);
  const { source, image, architecture } = base;
  const params = instanceParams(
    { ...source, imageDataDisks: image.dataDisks },
    document.image.resourceGroupId,
  );
  const types = await selectTypes(base.source.instance, { imageId: image.id, params }, architecture, cloud);
  return types.ok
    ? ok({ ...decision, base: { ...base, source: { ...source, instanceTypes: types.value } } })
    : problem(`source.builder.instance: ${types.problem}`);
}

/** The image of the same inputs, when it is delivered again. */
async function dueOf(newest: Image | undefined, input: LockedInput, ports: DecidePorts) {
  const due = newest && (await dueDelivery(newest, input, ports));
  return due && { ...due, note: `nothing changed since ${newest.id}, ${due.note}` };
}

/** Only a value can make a name unsound that its document has not. */
function nameProblem({ document }: LockedInput, imageName: string): string | undefined {
  const found = imageNameProblem(imageName, document.source.kind === "upload");
  return (
    found && `image.name: ${found} (it becomes ${JSON.stringify(imageName)} with the parameters of this bake)`
  );
}

function uploadProblem({ recipe, document, upload }: LockedInput): string | undefined {
  const { kind } = document.source;
  return upload === undefined || kind === "upload"
    ? undefined
    : `${upload.key}: recipe ${recipe} is made from source.${kind}, and only source.upload takes disk files; upload it to the folder of another recipe`;
}

/** The ETags of the objects whose content goes into the image. */
async function findObjects(
  input: LockedInput,
  secrets: Baked["values"],
  cloud: CloudClient,
): Promise<Result<string[]>> {
  const { recipe, document } = input;
  const keys = objectsOf(document);
  // Those of the image test are no inputs, and missing they would fail it after all the rest is paid for.
  const all = [...keys, ...objectsIn(document.test.commands)];
  const heads = await inBatches(all, (key) => headObject(cloud, key));
  const missing = all.filter((_key, index) => heads[index] === undefined);
  if (missing.length > 0)
    return problem(
      `recipe ${recipe} names objects that the bucket does not have: ${joinReasons([...new Set(missing)], ", ")}; upload them, then bake again`,
    );
  const there = heads.filter((head) => head !== undefined);
  const tooLong = longCommand(input, { ...input.parameters, ...secrets });
  return tooLong === undefined ? ok(there.slice(0, keys.length).map(({ etag }) => etag)) : problem(tooLong);
}

/** The first command that is too long to be sent. With parameters the length is known only now. */
function longCommand({ document }: LockedInput, variables: Baked["values"]): string | undefined {
  const steps = [
    ...document.provision.map((step, index) => ({ step, place: `provision[${index}]` })),
    ...document.test.commands.map((step, index) => ({ step, place: `test.commands[${index}]` })),
  ];
  for (const { step, place } of steps) {
    if (!("command" in step)) continue;
    // A long object is downloaded, and a short command runs it.
    const text = step.kind === "run" ? step.command : runningFile(scriptFile(step, 0));
    const bytes = sentBytes(scriptOf(withVariables(step, variables), text));
    if (bytes <= COMMAND_MAX_BYTES) continue;
    // The API decides this, too, and is spared what hides values in the line of a command.
    const name = step.kind === "script" ? ` ("${step.name}")` : "";
    return `${place}${name} has ${bytes} bytes as Base64 with its environment and parameters, and a command may have ${COMMAND_MAX_BYTES}; move its text into an object under scripts/, or shorten the values`;
  }
  return undefined;
}

/** The newest image of the recipe that can be used, or that was rolled back: an equal image is no better than that. */
const newestImage = (images: readonly Image[]): Image | undefined =>
  images
    .filter((image) => image.status === "Available" || wasRolledBack(image))
    .toSorted((a, b) => b.createdAt - a.createdAt)[0];

const wasRolledBack = ({ tags }: Image): boolean => (tags[TAG.promotion] ?? "").startsWith("rolled-back ");

/** Why the recipe is baked, or a note on why it is not. */
function compare(
  { document, force, ifChanged }: LockedInput,
  by: string,
  inputs: Inputs,
  newest: Image | undefined,
): { readonly why: string } | { readonly note: string } {
  if (newest === undefined) return { why: "first bake of this recipe" };
  const all = changedInputs(inputs, newest.tags);
  // An instance counts as new each time; what makes a change bake, and stop it, is the change.
  const isAsItWas = document.source.kind === "instance" && (ifChanged || isChange(by));
  const seen = isAsItWas ? all.filter((one) => one !== "base") : all;
  const changed = seen.map((input) =>
    input === "objects" ? namedObjects(objectsOf(document), inputs, newest.tags) : input,
  );
  if (changed.length > 0) return { why: `changed since ${newest.id}: ${changed.join(", ")}` };
  if (force) return { why: `forced, nothing changed since ${newest.id}` };
  if (newest.tags[TAG.test] === "failed") return { why: `${newest.id} did not pass its test` };
  if (document.rebake.onlyIfChanged || ifChanged) return { note: unchanged(inputs, newest) };
  return { why: `nothing changed since ${newest.id}, and rebake.onlyIfChanged is false` };
}

function unchanged({ base, recipe, objects, parameters }: Inputs, newest: Image): string {
  const compared = `base ${base}, recipe ${recipe}, objects ${objects} and parameters ${parameters} are the same`;
  // Another bake would undo the rollback with an equal image.
  return wasRolledBack(newest)
    ? `nothing changed since ${newest.id}, which was rolled back: ${compared}; change the recipe, or bake with force: true`
    : `nothing changed since ${newest.id}: ${compared}`;
}
