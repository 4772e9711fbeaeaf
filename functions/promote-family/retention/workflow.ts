/**
 * Retention: deletes the old images of a recipe, with their snapshots.
 *
 *     survey → retire ⇄ delete
 *
 * A dry run ends after survey. Only a retention that fails notifies.
 *
 * RETENTION-1. Fail closed: a lookup that fails ends the run before anything changes.
 * RETENTION-2. All lookups are repeated right before each tag and each deletion, in the same invocation, and no deletion is
 *     forced: the cloud has the last word on what is in use.
 * RETENTION-3. Snapshots are deleted after their image, one by one.
 * RETENTION-4. The number of changes in a run is limited: a mistake in a recipe costs the images of one night.
 * RETENTION-5. Before an image is tagged or deleted, it is taken back from the accounts that Kiln shared it with.
 * RETENTION-7. An image is deleted while no promotion, rollback or undo moves its family or that of its recipe: they could
 *     make a family serve it after the look. Where one takes long, the image stays until the next night.
 * RETENTION-6. Images that are to be deleted are announced in the channels of their recipe when they are tagged.
 */
import * as z from "zod/mini";
import { apart } from "../../../shared/apart.ts";
import { inRegion, type CloudClient } from "../../../shared/cloud/client.ts";
import { deleteImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { deleteSnapshot, describeSnapshots, type Snapshot } from "../../../shared/cloud/ecs/snapshots.ts";
import { tagResources, untagResources } from "../../../shared/cloud/ecs/tags.ts";
import { deleteObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { accountsOf, deliveredOf } from "../../../shared/delivered.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { documentNames, loadRecipe, logUnusable } from "../../../shared/document-store.ts";
import { hours, minutes } from "../../../shared/duration.ts";
import { permanent } from "../../../shared/errors.ts";
import { ownSnapshots } from "../../../shared/image-snapshots.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { outputKey, packagesKey } from "../../../shared/keys.ts";
import { Name } from "../../../shared/names.ts";
import { failureSends, notificationSends } from "../../../shared/notifications/subscriptions.ts";
import { owned } from "../../../shared/ownership.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import {
  eventsWith,
  firstEvent,
  type EventOf,
  type RequestEvent,
  type WorkflowEvent,
} from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { subjectOf } from "../../../shared/workflow/run-id.ts";
import {
  done,
  failed,
  next,
  phase,
  type Completion,
  type Consequences,
  type Outcome,
  type RunRequest,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import type { Place } from "../family/deprecate.ts";
import { whileAtRest } from "../family/lock.ts";
import { ownImage } from "../family/own.ts";
import { takeBack } from "../family/take-back.ts";
import { Change, changesOf, retentionRun } from "./changes.ts";
import { retainingRecipe, verdictsOf, type PlacedVerdict } from "./lookups.ts";

const event = eventsWith(z.strictObject({ recipe: Name, dryRun: z.boolean() }));
/** The changes that are left, how many of each kind were made, and the images that were tagged. */
const state = {
  left: z.array(Change),
  counts: z.record(z.string(), z.int()),
  tagged: z._default(z.array(z.string()), []),
};

const Survey = event("survey", {});
const Retire = event("retire", state);
type Retire = EventOf<typeof Retire>;
const Delete = event("delete", {
  ...state,
  region: z.string(),
  imageId: z.string(),
  snapshotIds: z.array(z.string()),
});
type Delete = EventOf<typeof Delete>;

async function surveyImages({ input, run }: EventOf<typeof Survey>, ports: Ports): Promise<Outcome> {
  const { recipe: name, dryRun } = input;
  const recipe = await retainingRecipe(name, ports);
  if (!recipe.ok) return failed(recipe.problem);
  const found = await verdictsOf(recipe.value, ports);
  if (!found.ok) return failed(found.problem);
  const verdicts = found.value;
  const plan = outputKey(run, "plan.txt");
  const text = planText(name, dryRun, verdicts);
  await putObject(ports.cloud, plan, text, { contentType: "text/plain; charset=utf-8" });
  const left = changesOf(verdicts);
  if (dryRun || left.length === 0) return done({ dryRun, plan, ...countActions(verdicts) });
  return next(Retire, { left, counts: {}, tagged: [] }, { note: `${left.length} changes, see ${plan}` });
}

type Counts = Readonly<Record<string, number>>;

const plusOne = (counts: Counts, word: string) => ({ ...counts, [word]: (counts[word] ?? 0) + 1 });

const countActions = (verdicts: readonly PlacedVerdict[]): Counts =>
  verdicts.reduce<Counts>((counts, { action }) => plusOne(counts, action), {});

function planText(recipe: string, dryRun: boolean, verdicts: readonly PlacedVerdict[]): string {
  const head = `retention of recipe ${recipe}${dryRun ? " (dry run: nothing is changed)" : ""}`;
  const lines = verdicts.map(
    ({ action, image, region, why }) => `${action.padEnd(6)}  ${image.id}  ${image.name}  ${region}  ${why}`,
  );
  return `${[head, ...lines].join("\n")}\n`;
}

async function retireNext(given: Retire, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { input, run, counts, tagged } = given;
  const [change, ...left] = given.left;
  if (change === undefined) return done({ dryRun: false, plan: outputKey(run, "plan.txt"), ...counts });
  const { region, imageId, action } = change;
  const turn = { left, counts, tagged };
  const found = await imageOf(input.recipe, change, cloud);
  if (!found.ok) return counted(turn, "refused", found.problem);
  if (action === "unmark") {
    await untagResources(inRegion(cloud, region), "image", [imageId], [TAG.retireAt]);
    return counted(turn, "unmarked", `${imageId} stays`);
  }
  if (action === "mark") return markDue(given, change, turn, ports);
  if (found.value === undefined) return counted(turn, "kept", `${imageId} stays: it is gone`);
  return next(Delete, { ...turn, region, imageId, snapshotIds: [...ownSnapshots(found.value)] });
}

/** Tags the image with the time of its deletion, or takes it back from accounts first (RETENTION-5). */
async function markDue(given: Retire, change: Change, turn: Turn, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { region, imageId } = change;
  const recipe = await retainingRecipe(given.input.recipe, ports);
  if (!recipe.ok) return failed(recipe.problem);
  const due = await lookAgain(change, recipe.value, ports);
  if (!due.ok) return failed(due.problem);
  const { left, counts, tagged } = given;
  // From the run's start, not from now: a repeat must write the same time, and finds its own tag by it.
  const retireAt = new Date(given.startedAt + recipe.value.retention.deleteAfterMs).toISOString();
  const marked = { ...turn, tagged: [...tagged, imageId] };
  const markedNow = () => counted(marked, "marked", `${imageId} is deleted after ${retireAt}`);
  if (due.value?.image.tags[TAG.retireAt] === retireAt && due.value.action === "wait") return markedNow();
  if (due.value?.action !== "mark")
    return counted(turn, "kept", `${imageId} stays: ${due.value?.why ?? "it is gone"}`);
  const unshared = await unshare(recipe.value.name, change, cloud);
  if (unshared !== undefined) return next(Retire, { left, counts, tagged }, { note: unshared });
  await tagResources(inRegion(cloud, region), "image", [imageId], { [TAG.retireAt]: retireAt });
  return markedNow();
}

/** The state of the events `retire` after a change. */
type Turn = Pick<Retire, "left" | "counts" | "tagged">;

/** The next image's turn. */
const counted = ({ left, counts, tagged }: Turn, word: string, note: string): Outcome =>
  next(Retire, { left, counts: plusOne(counts, word), tagged }, { note });

/** RETENTION-2. */
async function lookAgain({ region, imageId }: Place, recipe: Recipe, ports: Ports) {
  const verdicts = await verdictsOf(recipe, ports, { only: region });
  return verdicts.ok ? ok(verdicts.value.find(({ image }) => image.id === imageId)) : verdicts;
}

/** RETENTION-5: takes back what Kiln shared. @returns a note when something was */
async function unshare(recipe: string, place: Place, cloud: CloudClient): Promise<string | undefined> {
  const change = await takeBack(cloud, recipe, place, accountsOf(await deliveredOf(cloud, recipe), place));
  return change.ok ? change.value : undefined;
}

/** An image of the recipe right before a change (OWN-3), undefined when it is gone. A problem for any other image. */
async function imageOf(recipe: string, place: Place, cloud: CloudClient): Promise<Result<Image | undefined>> {
  const found = await ownImage(cloud, place);
  return found.ok && found.value !== undefined && found.value.tags[TAG.recipe] !== recipe
    ? problem(`${place.imageId} is no image of recipe ${recipe}, as its tags say`)
    : found;
}

async function deleteImageAndSnapshots(given: Delete, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const { region, imageId, input } = given;
  const found = await imageOf(input.recipe, given, cloud);
  if (!found.ok) return counted(given, "refused", found.problem);
  try {
    if (found.value !== undefined) return await deleteAtRest(given, found.value, ports);
    const snapshot = await firstSnapshot(given, cloud);
    if (!snapshot.ok) return counted(given, "refused", snapshot.problem);
    if (snapshot.value === undefined) {
      await deleteObject(cloud, packagesKey(imageId));
      return counted(given, "deleted", `${imageId} and its snapshots are gone`);
    }
    await deleteSnapshot(cloud, snapshot.value.id, { region });
    return poll(given, clock, PACE.step, `${snapshot.value.id} is deleted`);
  } catch (error) {
    return counted(given, "refused", permanent(error).message);
  }
}

/** How long a deletion waits for the run that moves a family. */
const AT_REST_MS = minutes(40);

/** RETENTION-7. */
async function deleteAtRest(given: Delete, image: Image, ports: Ports): Promise<Outcome> {
  const { input, run, phaseStartedAt } = given;
  const recipe = await retainingRecipe(input.recipe, ports);
  if (!recipe.ok) return failed(recipe.problem);
  const families = [image.family, recipe.value.family ?? ""].filter((family) => family !== "");
  const made = await whileAtRest(families, run, ports, () => deleteDue(given, image, recipe.value, ports));
  if (made.ok) return made.value;
  const note = `${image.id} stays: ${made.problem}`;
  return ports.clock.now() - phaseStartedAt < AT_REST_MS
    ? poll(given, ports.clock, PACE.lock, note)
    : counted(given, "kept", note);
}

/** Takes the image back from accounts, or deletes it (RETENTION-2). */
async function deleteDue(given: Delete, image: Image, recipe: Recipe, ports: Ports): Promise<Outcome> {
  const { cloud, clock } = ports;
  const due = await lookAgain(given, recipe, ports);
  if (!due.ok) return failed(due.problem);
  const stays = (why = "it is gone") => counted(given, "kept", `${image.id} stays: ${why}`);
  if (due.value?.action !== "delete") return stays(due.value?.why);
  const unshared = await unshare(recipe.name, given, cloud);
  if (unshared !== undefined) return poll(given, clock, PACE.step, unshared);
  // Tags change without the lock: a promotion that begins writes its own, an operator removes that of the deletion.
  const last = await imageOf(recipe.name, given, cloud);
  if (!last.ok || !isSame(image, last.value)) return stays("it has changed just now");
  await deleteImage(cloud, image.id, { region: given.region });
  return poll(given, clock, PACE.step, `${image.id} is deleted: ${due.value.why}`);
}

const isSame = (before: Image, now: Image | undefined): boolean =>
  now?.family === before.family &&
  now.status === before.status &&
  [TAG.promotion, TAG.retireAt, TAG.keep].every((tag) => now.tags[tag] === before.tags[tag]);

/** A snapshot of the image that is left, by its tags. */
async function firstSnapshot(
  { region, imageId, snapshotIds }: Delete,
  cloud: CloudClient,
): Promise<Result<Snapshot | undefined>> {
  const [snapshot] = await describeSnapshots(cloud, { ids: snapshotIds }, region);
  if (snapshot === undefined) return ok(undefined);
  return snapshot.tags[TAG.image] === imageId
    ? owned(cloud, { kind: "snapshot", region }, snapshot)
    : problem(`${snapshot.id} is no snapshot of ${imageId}, as its tags say`);
}

const survey = phase(Survey, { limitMs: minutes(30), run: surveyImages });
const retire = phase(Retire, { limitMs: minutes(30), run: retireNext });
const deleteOne = phase(Delete, { limitMs: hours(1), run: deleteImageAndSnapshots });

function begin(request: RequestEvent): WorkflowEvent {
  const { recipe, dryRun = false } = parse(RetireRequest, request.input, "retention");
  return firstEvent(Survey, request, { recipe, dryRun }, {});
}

/** An event before the first change carries no list. */
const Tagged = z.looseObject({ tagged: z._default(z.array(z.string()), []) });

/** Notifies the channels of the recipe of a failure, and of the images that are deleted next (RETENTION-6). */
async function afterRetention(
  event: WorkflowEvent,
  completion: Completion,
  { cloud, clock }: Ports,
): Promise<Consequences> {
  const { tagged: images } = Tagged.parse(event);
  if (completion.kind !== "failed" && images.length === 0) return {};
  const { run, by, startedAt } = event;
  const subject = subjectOf(run);
  const at = clock.now();
  const found = await loadRecipe(cloud, subject);
  const recipe = "document" in found ? found.document : undefined;
  const channels = recipe?.notify ?? [];
  const failures = completion.kind === "failed" ? failureSends(event, completion.reason, at, channels) : [];
  if (images.length === 0 || recipe === undefined) return { notifications: failures };
  const expiresAt = startedAt + recipe.retention.deleteAfterMs;
  const common = { run, subject, by, at, images, count: images.length, expiresAt };
  const retiring = notificationSends(channels, { ...common, kinds: ["retiring"] });
  return { notifications: [...failures, ...retiring] };
}

export const retention: Workflow = {
  kind: "retire",
  phases: [survey, retire, deleteOne],
  begin,
  onComplete: afterRetention,
};

/** Applies the retention of one recipe, or of every recipe that enables it. */
export const RetireRequest = z.strictObject({
  ...requestShape,
  request: z.literal("retire"),
  recipe: z.union([Name, z.literal("*")]),
  dryRun: z.optional(z.boolean()),
});

export async function requestedRetention(
  { recipe, by, ...request }: z.infer<typeof RetireRequest>,
  trigger: Trigger,
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const names = recipe === "*" ? await retainingRecipes(ports) : [recipe];
  return names.map((name) => ({
    run: retentionRun(name, trigger),
    by: by ?? trigger.by,
    request: { ...request, recipe: name },
  }));
}

/** A recipe that cannot be read is left out: its check reports what is wrong. */
async function retainingRecipes(ports: Ports): Promise<string[]> {
  const { cloud } = ports;
  const namesOf = async (name: string): Promise<string[]> => {
    const found = await loadRecipe(cloud, name);
    if ("document" in found) return found.document.retention.enabled ? [name] : [];
    logUnusable(found.problem, ports);
    return [];
  };
  return (await apart(await documentNames(cloud, "recipes"), namesOf, ports)).flat();
}
