/**
 * The start of a promotion: load (only when an operator asked for it) → check.
 *
 * PROMOTABLE-1. An image that was rolled back, or that a newer one supersedes, is not even tested: a late event must not undo a
 *     later decision.
 * PROMOTABLE-2. An image whose bake is at work, has failed or was cancelled is not promoted: its bake or the cleanup deletes it. A
 *     bake that is done stays done, and one without a log is unknown to both. The bake itself sends its request once it is
 *     done; only one that is late may come from the janitor, so only then its log is read.
 */
import { readBaked } from "../../../shared/baked.ts";
import { joinReasons } from "../../../shared/budget.ts";
import { buildSecrets } from "../../../shared/build-secrets.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { tagResources } from "../../../shared/cloud/ecs/tags.ts";
import { formatDuration, hours, minutes } from "../../../shared/duration.ts";
import { selectTypes } from "../../../shared/ephemeral-instance/select-types.ts";
import { plainProblem } from "../../../shared/encryption.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { foreignProblem } from "../../../shared/ownership.ts";
import { isRunId } from "../../../shared/names.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { ownTags, TAG } from "../../../shared/tags.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { lossOf } from "../family/loss.ts";
import { homeOf } from "../family/served.ts";
import { ABANDONED_MS } from "../../../shared/workflow/begin.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { promotionAtWork, rolledBackBy, statusTag, TEST } from "../family/status.ts";
import { afterTest, approvalProblem } from "./approval.ts";
import { earlierOf } from "./earlier.ts";
import { holdAgainst, keptBack } from "./held.ts";
import { imageTest, testInstanceSpec } from "./image-test.ts";
import { copyRegions, Requested, WithRecipe, withRecipe, type Checked, supersedingIn } from "./input.ts";

/** The first phase of a promotion that an operator asked for. */
export const Load = eventsWith(Requested)("load", {});
/** The first phase of a promotion that a bake asked for. */
export const Check = eventsWith(WithRecipe)("check", {});

async function loadRecipeOf({ input }: EventOf<typeof Load>, ports: Ports): Promise<Outcome> {
  const loaded = await withRecipe(input, ports);
  return loaded.ok ? next(Check, {}, { input: loaded.value }) : failed(loaded.problem);
}

interface Checking {
  readonly run: string;
  readonly input: WithRecipe;
  /** Whether the bake of the image has just sent the request (PROMOTABLE-2). */
  readonly isFresh?: boolean;
}

/** The input with its image, ready to be tested; or the reason not to test it. Changes nothing. */
export async function checkImage(
  checking: Checking,
  ports: Ports,
): Promise<Result<{ readonly input: Checked; readonly image: Image }>> {
  const { input } = checking;
  const { imageId, document } = input;
  const home = homeOf(ports);
  const [image] = await describeImages(ports.cloud, { ids: [imageId] });
  if (image === undefined) return problem(`image ${imageId} does not exist in ${home}`);
  const foreign = await foreignProblem(ports.cloud, image);
  if (foreign !== undefined) return problem(`${foreign}; to promote it with this deployment, tag it so`);
  const past = await pastProblem(image, checking, ports.cloud);
  if (past !== undefined) return problem(past);
  if (image.status !== "Available" || !image.usable)
    return problem(`image ${imageId} is ${image.status}, not available`);
  const plain = plainProblem(document, image, home, home);
  if (plain !== undefined) return problem(plain);
  const newer = await supersedingIn(home, image, input, ports);
  if (!newer.ok) return newer;
  const { family: from } = image;
  const loss = await lossOf({ imageId, from, to: input.family, regions: copyRegions(input, home) }, ports);
  if (!loss.ok) return loss;
  const approval = approvalProblem(document);
  if (approval !== undefined) return problem(approval);
  const parameters = await parametersOf(image, document, ports);
  if (!parameters.ok) return parameters;
  const { createdAt, osType, dataDisks } = image;
  const found = { createdAt, osType, dataDisks: [...dataDisks] };
  const leaves = loss.value.length > 0 && { leaves: [...loss.value] };
  const checked = { image: found, parameters: parameters.value, testStartedAt: ports.clock.now(), ...leaves };
  return withTypes({ ...input, ...checked }, image, ports);
}

/** Why the runs that made, promoted or rolled back an image speak against `run`, its promotion. */
async function pastProblem(
  image: Image,
  { run, input: { family }, isFresh = false }: Checking,
  cloud: Ports["cloud"],
): Promise<string | undefined> {
  const { id } = image;
  const rollback = rolledBackBy(image);
  if (rollback !== undefined)
    return `image ${id} was rolled back by ${rollback}; undo that rollback of ${family}, or bake again`;
  const other = await promotionAtWork(image, cloud);
  if (other !== undefined && other !== run)
    return `image ${id} is under promotion by ${other}; wait for its end, or cancel it`;
  return isFresh ? undefined : bakeProblem(image, cloud);
}

/** PROMOTABLE-2. */
async function bakeProblem({ id, tags }: Image, cloud: Ports["cloud"]): Promise<string | undefined> {
  const bake = tags[TAG.run];
  const made =
    bake !== undefined && isRunId(bake) ? standing(bake, await readRunLog(cloud, bake)) : undefined;
  if (made === undefined || made.completion?.kind === "done") return undefined;
  return made.completion === undefined
    ? `image ${id} is still in the hands of its bake ${bake}; wait for its end`
    : `image ${id} is of ${bake}, which is ${made.completion.kind}, so it is deleted; bake again`;
}

/** With the types of a test instance whose recipe names a size (SELECT-1). */
async function withTypes(input: Checked, image: Image, { cloud }: Ports) {
  const { test } = input.document;
  if (test.skip || test.instance === undefined) return ok({ input, image });
  const types = await selectTypes(test.instance, testInstanceSpec(input), image.architecture, cloud);
  if (!types.ok) return problem(`test.instance: ${types.problem}`);
  const document = { ...input.document, test: { ...test, instanceTypes: types.value } };
  return ok({ input: { ...input, document }, image });
}

/** The parameters that an image was baked with, for its tests. A recipe that declares none is tested as before. */
async function parametersOf(image: Image, document: WithRecipe["document"], { cloud }: Ports) {
  const secrets = buildSecrets(document);
  if (!secrets.ok) return secrets;
  const baked = await readBaked(cloud, image);
  if (baked !== undefined) return ok({ ...baked.values });
  return document.parameters === undefined || document.test.skip
    ? ok({})
    : problem(
        `the parameters that ${image.id} was baked with are not known, so it cannot be tested; bake again`,
      );
}

async function startTest(event: EventOf<typeof Check>, ports: Ports): Promise<Outcome> {
  const isFresh = event.seq === 1 && ports.clock.now() - event.startedAt < ABANDONED_MS;
  const checked = await checkImage({ ...event, isFresh }, ports);
  if (!checked.ok) return failed(checked.problem);
  const { image } = checked.value;
  const detected = await detectionOf(event, image, ports);
  if (detected !== undefined) return detected;
  const input = { ...checked.value.input, ...(await earlierOf(image, checked.value.input, ports.cloud)) };
  const { skip } = input.document.test;
  const untested = skip && image.tags[TAG.test] !== TEST.passed;
  const noTest = skip ? "its recipe says test: skip" : input.testedIn && `it passed in ${input.testedIn}`;
  const hold = noTest === undefined ? undefined : await holdAgainst(input, ports);
  // Before the test begins: retention keeps an image whose promotion runs.
  await tagResources(ports.cloud, "image", [input.imageId], {
    // An image of the previous version is adopted here.
    ...ownTags(ports.cloud, statusTag(hold === undefined ? "waiting" : "held", event.run)),
    ...(untested && { [TAG.test]: TEST.skipped }),
  });
  if (noTest === undefined) return imageTest.start(input, ports);
  return hold === undefined ? afterTest(input, noTest, ports) : keptBack(input, hold);
}

/** How long the cloud's check of an image takes is documented nowhere. */
const DETECTION_MS = hours(1);

/** A wait for the check of the image that its recipe asks the cloud for, or its failure; undefined when it is passed. */
async function detectionOf(
  event: EventOf<typeof Check>,
  { id, detection }: Image,
  { cloud, clock }: Ports,
): Promise<Outcome | undefined> {
  if (event.input.document.image.detection === undefined) return undefined;
  if (detection?.status !== "Finished") {
    const waits = `the cloud's check of ${id} (image.detection) is ${detection?.status ?? "not begun"}`;
    return clock.now() - event.phaseStartedAt < DETECTION_MS
      ? poll(event, clock, PACE.image, waits)
      : failed(
          `${waits} after ${formatDuration(DETECTION_MS)}; remove image.detection if it does not know the system`,
        );
  }
  const risks = detection.risks.flatMap(({ level, text }) => (level === "High" ? [text] : []));
  if (risks.length === 0) return undefined;
  await tagResources(cloud, "image", [id], {
    ...ownTags(cloud, statusTag("failed", event.run)),
    [TAG.test]: TEST.failed,
  });
  return failed(
    `the cloud's check of ${id} (image.detection) found risks that may keep instances from starting: ${joinReasons(risks, ", ")}; correct them in the recipe and bake again`,
  );
}

export const load = phase(Load, { limitMs: minutes(30), run: loadRecipeOf });
export const check = phase(Check, { limitMs: hours(2), run: startTest });
