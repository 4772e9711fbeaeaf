/** The last phase of a bake whose plan was made: releases and restores everything, then ends the run. */
import * as z from "zod/mini";
import { describeImages } from "../../../shared/cloud/ecs/images.ts";
import { describeInstances, startInstance } from "../../../shared/cloud/ecs/instances.ts";
import { deleteSnapshot, describeSnapshots } from "../../../shared/cloud/ecs/snapshots.ts";
import { cancelTask, describeTask } from "../../../shared/cloud/ecs/tasks.ts";
import { hours } from "../../../shared/duration.ts";
import {
  leftInstance,
  releaseInstance,
  releasing,
  withKept,
} from "../../../shared/ephemeral-instance/release.ts";
import { deleteImageOf } from "../../../shared/image-snapshots.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { otherOwnerProblem } from "../../../shared/ownership.ts";
import { ok } from "../../../shared/result.ts";
import { ROLE, runTags, TAG } from "../../../shared/tags.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { releaseLock } from "../../../shared/workflow/lock.ts";
import { deliveryOf } from "../../../shared/workflow/run-id.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { done, failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { versionsOf } from "./document.ts";
import { lockName, PlannedInput } from "./input.ts";
import { ownImage } from "./own-image.ts";

export const Release = eventsWith(PlannedInput)("release", {
  ...releasing,
  imageId: z.optional(z.string()),
  /** The import that makes the image. */
  taskId: z.optional(z.string()),
});
type Release = EventOf<typeof Release>;

interface Owned {
  readonly instanceId?: string | undefined;
  readonly imageId?: string | undefined;
  readonly taskId?: string | undefined;
}

/** The way out of every phase: releases what the run owns by then and ends it with `reason`. */
export const releaseFailed = ({ instanceId, imageId, taskId: task }: Owned, reason: string): Outcome =>
  next(Release, { instanceId, imageId, taskId: task, verdict: { ok: false, reason } });

/** After the builder. Each does one thing and says so; the first that has something to do takes this invocation. */
const STEPS = [cancelImport, deleteFailedImage, restartSource];

async function releaseAll(event: Release, ports: Ports): Promise<Outcome> {
  const builder = await releaseBuilder(event, ports);
  if (builder.outcome !== undefined) return builder.outcome;
  for (const step of STEPS) {
    const outcome = await step(event, ports);
    if (outcome !== undefined) return outcome;
  }
  await releaseLock(lockName(event.input.recipe), event.run, ports);
  return event.verdict.ok ? completionOf(event) : failed(withKept(event.verdict.reason, builder));
}

async function releaseBuilder(event: Release, ports: Ports): ReturnType<typeof releaseInstance> {
  const { document, plan } = event.input;
  if (plan.baseImage === undefined) return {};
  return releaseInstance(event, { role: ROLE.builder, keepFailedMs: document.keepFailedMs }, ports);
}

/** States of an import task that can be cancelled. */
const CANCELLABLE = new Set(["Processing", "Waiting"]);
/** States of an image that is being imported. */
const UNDER_WAY = new Set(["Creating", "Waiting"]);

/** An image cannot be deleted while it is imported. A task has no tags, so an import of this run must be under way. */
async function cancelImport(event: Release, { cloud, clock }: Ports): Promise<Outcome | undefined> {
  if (event.verdict.ok || event.taskId === undefined) return undefined;
  const images = await describeImages(cloud, { tags: runTags(cloud, event.run, ROLE.image) });
  if (!images.some(({ status }) => UNDER_WAY.has(status))) return undefined;
  const { status } = await describeTask(cloud, event.taskId);
  if (!CANCELLABLE.has(status)) return undefined;
  await cancelTask(cloud, event.taskId);
  return poll(event, clock, PACE.step, `import task ${event.taskId} is cancelled`);
}

/** The image of a failed run, then its snapshots. By tag as well as by id: an answer may have been lost. */
async function deleteFailedImage(event: Release, { cloud, clock, log }: Ports): Promise<Outcome | undefined> {
  const { verdict, run, imageId } = event;
  if (verdict.ok) return undefined;
  const known = imageId === undefined ? ok(undefined) : await ownImage(cloud, run, imageId);
  if (!known.ok) return failed(`${verdict.reason}; ${known.problem}`);
  const tagged = await describeImages(cloud, { tags: runTags(cloud, run, ROLE.image) });
  const image = known.value ?? tagged[0];
  if (image !== undefined) {
    const stays = await deleteImageOf(cloud, run, image);
    if (stays === undefined) return poll(event, clock, PACE.step, `${image.id} is deleted`);
    log({ warning: stays, run });
    return undefined;
  }
  const [snapshot] = await describeSnapshots(cloud, { tags: runTags(cloud, run, ROLE.snapshot) });
  if (snapshot === undefined) return undefined;
  await deleteSnapshot(cloud, snapshot.id);
  return poll(event, clock, PACE.step, `${snapshot.id} is deleted`);
}

async function restartSource(event: Release, { cloud, clock }: Ports): Promise<Outcome | undefined> {
  const id = event.input.plan.restart;
  const { source } = event.input.document;
  const isNamed = source.kind === "instance" && source.id === id;
  const [instance] = id === undefined || !isNamed ? [] : await describeInstances(cloud, { ids: [id] });
  if (instance && (await otherOwnerProblem(cloud, instance)) !== undefined) return undefined;
  if (instance?.status === "Stopped") await startInstance(cloud, instance.id);
  else if (instance?.status !== "Stopping") return undefined;
  return poll(event, clock, PACE.instance, `${instance.id} is ${instance.status}, and is started again`);
}

/** The end of a good run. An image of a family is promoted next. */
function completionOf({ run, imageId, input }: Release): Outcome {
  const { recipe, document, plan, parameters, commit } = input;
  const { imageName, inputs } = plan;
  return done({
    imageId,
    imageName,
    inputs,
    ...(document.parameters && { parameters }),
    ...(commit !== undefined && { commit }),
    ...versionsOf(document),
    ...(imageId !== undefined &&
      document.family !== undefined && {
        promotes: document.family,
        promotion: deliveryOf(run, recipe, imageId),
      }),
  });
}

/** Names everything that could not be released, and what becomes of it. */
function releaseIncomplete(event: Release, reason: string): Outcome {
  const { verdict, instanceId, imageId, input, run } = event;
  const { baseImage, restart } = input.plan;
  const left = [
    ...(instanceId !== undefined && baseImage !== undefined ? [leftInstance(instanceId)] : []),
    ...(restart === undefined ? [] : [`${restart} may still be stopped: check it, and start it`]),
    ...(imageId === undefined ? [] : [`${imageId} is left for the janitor to delete`]),
  ];
  const all = left.join("; ") || `nothing is known to be left; search for the tag ${TAG.run} = ${run}`;
  return failed(`${verdict.ok ? "" : `${verdict.reason}; `}${reason}; ${all}`);
}

export const release = phase(Release, {
  limitMs: hours(2),
  run: releaseAll,
  compensate: releaseIncomplete,
  // The image goes too.
  cancel: (event, reason) => releaseFailed(event, event.verdict.ok ? reason : event.verdict.reason),
});
