/**
 * A bake: claim → plan → launch → boot → command ⇄ watch → halt → capture → settle → label → discard.
 *
 * A dry run is the one phase `rehearse`, from which nothing follows.
 *
 * B1. The image is made outside every family: membership would serve it the moment it is available.
 * B2. The builder is stopped before its picture is taken; a running one may leave torn data.
 * B3. Available is not enough: an image is done when it is usable, too.
 * B4. Everything the run made is given back in `discard`, which every road leads through.
 */
import { claim, release } from "../../shared/claim.ts";
import { createImage, deleteImage, describeImages, importImage } from "../../shared/cloud/images.ts";
import { describeInstances, startInstance, stopInstance } from "../../shared/cloud/instances.ts";
import { deleteObject } from "../../shared/cloud/oss.ts";
import { deleteSnapshot, describeSnapshots } from "../../shared/cloud/snapshots.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { cancelTask, describeTask } from "../../shared/cloud/tasks.ts";
import { clientToken } from "../../shared/cloud/token.ts";
import { loadRecipe } from "../../shared/document-store.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import type { BakeEvent, BakePlan } from "../../shared/events/bake-image.ts";
import { parametersProblem, withParameters } from "../../shared/events/parameters.ts";
import type { Ports } from "../../shared/handler.ts";
import { TAG } from "../../shared/labels.ts";
import { done, failed, next, wait, type Machine, type Outcome } from "../../shared/machine.ts";
import { sealStep } from "../../shared/seal.ts";
import { discardFrom, leftMachine, TEMPORARY_LIMITS_MS, temporarySteps } from "../../shared/temporary.ts";
import { attributesOf, importOf, importTraits, sourceOf } from "./capture.ts";
import { busyWith, refusedBusy } from "./notices.ts";
import { builderRental } from "./rental.ts";

type BakeOutcome = Outcome<BakeEvent>;

/** The plan, which every phase after `plan` has. */
export function planOf({ job, phase }: BakeEvent): BakePlan {
  if (job.plan === undefined) throw new TypeError(`phase ${phase} of a bake has no plan`);
  return job.plan;
}

const giveUp = (event: BakeEvent, reason: string): BakeOutcome => {
  // It made nothing, so there is nothing to give back.
  if (event.phase === "rehearse") return failed(reason);
  if (event.phase !== "discard") return next(discardFrom(event, { ok: false, reason }));
  const first = event.verdict.ok ? "" : `${event.verdict.reason}; `;
  return failed(`${first}${reason}; ${leftBehind(event)}`);
};

/** What becomes of what a bake could not give back: a failed run may keep its machine, so the sweep leaves that. */
function leftBehind({ instanceId, imageId, job, run }: Extract<BakeEvent, { phase: "discard" }>): string {
  const source = job.plan?.document.source;
  const left: string[] = [];
  if (instanceId !== undefined && source?.kind === "builder") left.push(leftMachine(instanceId));
  if (job.plan?.restart && source?.kind === "instance") {
    left.push(`${source.id} may still be stopped: look, and start it`);
  }
  if (imageId !== undefined) left.push(`${imageId} is left for the sweep to remove`);
  return left.join("; ") || `nothing is known to be left; look for the tag ${TAG.run} = ${run}`;
}

const rented = temporarySteps<BakeEvent>({
  rental: (event) => builderRental(event, planOf(event)),
  commands: (event) => {
    const { document } = planOf(event);
    const provision = document.provision.map((step) =>
      step.kind === "reboot" ? step : withParameters(step, event.job.parameters),
    );
    return [...provision, sealStep(document)];
  },
  ready: (_event, instanceId) => next({ phase: "halt", instanceId }, 0, "provisioned"),
  giveUp,
  released,
  keepFailedMs: (event) => event.job.plan?.document.keepFailedMs,
});

const steps: Machine<BakeEvent, Ports>["steps"] = {
  ...rented,

  rehearse: async (event, ports) => {
    const { rehearse } = await import("./rehearsal.ts");
    return rehearse(event, subject(event), ports);
  },

  command: async (event, ports) => {
    const refused = parametersProblem(event.job.parameters, planOf(event).document);
    return refused === undefined ? rented.command(event, ports) : giveUp(event, refused);
  },

  claim: async (event, ports) => {
    const read = await loadRecipe(ports.cloud, event.job.recipe);
    if ("problem" in read) return failed(read.problem);
    const holder = await claim(ports.cloud, subject(event), event.run, ports.clock.now());
    if (holder === undefined) {
      return next({ phase: "plan", job: { ...event.job, notify: read.document.notify } });
    }
    return read.document.whenBusy === "queue"
      ? wait(minutes(1), busyWith(event.job.recipe, holder))
      : failed(refusedBusy(event.job.recipe, holder));
  },

  plan: async (event, ports) => {
    const read = await loadRecipe(ports.cloud, event.job.recipe);
    if ("problem" in read) return giveUp(event, read.problem);
    const { planBake } = await import("./plan.ts");
    const planned = await planBake(event, read.document, ports);
    switch (planned.kind) {
      case "refuse":
        return giveUp(event, planned.reason);
      case "skip":
        return next(discardFrom(event, { ok: true, note: planned.note, skipped: true }));
      case "bake": {
        const job = { ...event.job, plan: planned.plan };
        return enterSource(job, planned.plan.document, planned.why);
      }
    }
  },

  halt: async (event, { cloud }) => {
    const { instanceId } = event;
    const [instance] = await describeInstances(cloud, { ids: [instanceId] });
    if (instance === undefined) return giveUp(event, `${instanceId} is gone before its image was made`);
    if (instance.status === "Stopped") return next({ phase: "capture", instanceId });
    if (instance.status === "Running") await stopInstance(cloud, instanceId, { stoppedMode: "KeepCharging" });
    return wait(seconds(15), `${instanceId} is stopping`);
  },

  capture: async (event, { cloud }) => {
    const plan = planOf(event);
    const attributes = attributesOf(event, plan);
    const state = event.instanceId === undefined ? {} : { instanceId: event.instanceId };
    const file = importOf(event, plan, cloud.access.bucket);
    if (file !== undefined) {
      const imported = { ...attributes, ...importTraits(event, plan) };
      const token = clientToken(event.run, "import", 0, { file, imported });
      const begun = await importImage(cloud, [file], imported, token).catch(async (error: unknown) => ({
        imageId: await adopted(error, event, attributes.name, cloud),
        taskId: undefined,
      }));
      const { imageId, taskId } = begun;
      return next(
        { phase: "settle", ...state, imageId, ...(taskId !== undefined && { taskId }) },
        seconds(60),
        `${imageId} is imported from ${file.key}`,
      );
    }
    const source = sourceOf(event, plan);
    const token = clientToken(event.run, "capture", 0, { source, attributes });
    const imageId = await createImage(cloud, source, attributes, token).catch((error: unknown) =>
      adopted(error, event, attributes.name, cloud),
    );
    return next({ phase: "settle", ...state, imageId }, seconds(60), `${imageId} is being made`);
  },

  settle: async (event, { cloud, clock }) => {
    const { imageId } = event;
    // Asked first: what an import leaves of its image when it fails is documented nowhere.
    if (event.taskId !== undefined) {
      const task = await describeTask(cloud, event.taskId);
      if (task.status === "Failed" || task.status === "Deleted") {
        const said = task.errors.join("; ") || `its task ${event.taskId} is ${task.status}`;
        return giveUp(event, `the import of ${imageId} failed: ${said}; mend the disk file and put it again`);
      }
    }
    const [image] = await describeImages(cloud, { ids: [imageId] });
    if (image === undefined) {
      return clock.now() - event.since > ABSENT_MS
        ? giveUp(event, `${imageId} is gone before it was available`)
        : wait(seconds(30), `${imageId} is not listed yet`);
    }
    if (image.status === "CreateFailed")
      return giveUp(event, `the cloud could not make ${imageId}: CreateFailed`);
    if (image.status !== "Available" || !image.usable) {
      return wait(
        seconds(30),
        `${imageId} is ${image.status}${image.progress === undefined ? "" : ` ${image.progress} %`}`,
      );
    }
    const { instanceId } = event;
    return next(
      { phase: "label", imageId, ...(instanceId !== undefined && { instanceId }) },
      0,
      `${imageId} is available`,
    );
  },

  label: async (event, { cloud }) => {
    const { imageId } = event;
    const [image] = await describeImages(cloud, { ids: [imageId] });
    // CreateImage tags the image only; its snapshots are found by these.
    const tags = {
      [TAG.run]: event.run,
      [TAG.role]: "snapshot",
      [TAG.recipe]: event.job.recipe,
      [TAG.image]: imageId,
    };
    if (image && image.snapshotIds.length > 0) await tagResources(cloud, "snapshot", image.snapshotIds, tags);
    const { upload } = event.job;
    const source = planOf(event).document.source;
    if (upload && source.kind === "upload" && !source.keepObject) await deleteObject(cloud, upload.key);
    return next(discardFrom(event, { ok: true, note: `${imageId} is made` }));
  },

  discard: async (event, ports) =>
    event.job.plan?.document.source.kind === "builder"
      ? rented.discard(event, ports)
      : released(event, ports),
};

export const bake: Machine<BakeEvent, Ports> = {
  steps,
  giveUp,
  limitsMs: {
    ...TEMPORARY_LIMITS_MS,
    rehearse: minutes(30),
    claim: hours(24),
    plan: minutes(30),
    halt: minutes(30),
    capture: minutes(60),
    // Imports of large disks outlast an hour.
    settle: hours(6),
    label: minutes(30),
  },
};

/** States of an import task that can still be cancelled. */
const UNDER_WAY = new Set(["Processing", "Waiting"]);

/** An image not listed this long after it was asked for is gone. */
const ABSENT_MS = minutes(5);

const subject = (event: BakeEvent): string => `bake-${event.job.recipe}`;

/** The first phase after the plan depends on what the image is made from. */
function enterSource(job: BakeEvent["job"], { source }: Recipe, why: string): BakeOutcome {
  switch (source.kind) {
    case "builder":
      return next({ phase: "launch", rung: 0, job }, 0, why);
    case "instance":
      return source.stop
        ? next({ phase: "halt", instanceId: source.id, job }, 0, why)
        : next({ phase: "capture", instanceId: source.id, job }, 0, why);
    case "snapshot":
    case "disks":
    case "upload":
      return next({ phase: "capture", job }, 0, why);
  }
}

/** What remains once the builder is gone: the half-made image, its snapshots, the source to start again, the claim. */
async function released(event: BakeEvent, ports: Ports): Promise<BakeOutcome> {
  if (event.phase !== "discard") throw new TypeError(`released in phase ${event.phase}`);
  const { cloud } = ports;
  const { verdict, imageId, job } = event;
  if (!verdict.ok) {
    // An image cannot be deleted while it is imported.
    const task = event.taskId === undefined ? undefined : await describeTask(cloud, event.taskId);
    if (event.taskId !== undefined && UNDER_WAY.has(task?.status ?? "")) {
      await cancelTask(cloud, event.taskId);
      return wait(seconds(10), `import task ${event.taskId} is cancelled`);
    }
    const half = await halfMade(event, ports);
    if (half !== undefined) return wait(seconds(10), half);
  }
  const { plan } = job;
  const source = plan?.document.source;
  if (plan?.restart === true && source?.kind === "instance") {
    const [instance] = await describeInstances(cloud, { ids: [source.id] });
    if (instance?.status === "Stopping") return wait(seconds(15), `${source.id} is stopping`);
    if (instance?.status === "Stopped") {
      await startInstance(cloud, source.id);
      return wait(seconds(15), `${source.id} is started again`);
    }
  }
  await release(cloud, subject(event), event.run);
  if (!verdict.ok) return failed(verdict.reason);
  if (verdict.skipped) return done({ skipped: true, note: verdict.note });
  const family = plan?.document.family;
  const result = {
    imageId,
    imageName: plan?.imageName,
    inputs: plan?.inputs,
    ...(family && { promotes: family }),
  };
  if (plan === undefined || imageId === undefined || family === undefined) return done(result);
  const request = {
    v: 1,
    request: "promote",
    recipe: job.recipe,
    imageId,
    document: plan.document,
    delivery: event.run,
    by: event.by,
  };
  return done(result, [{ to: "promote-family", taskId: `${event.run}-promote`, event: request }]);
}

/** The name is taken: by this very run, whose token the cloud has forgotten, or by somebody else. */
async function adopted(
  error: unknown,
  event: BakeEvent,
  name: string,
  cloud: Ports["cloud"],
): Promise<string> {
  if (!(error instanceof CloudError) || error.code !== "InvalidImageName.Duplicated") throw error;
  const own = (await describeImages(cloud, { name })).find(({ tags }) => tags[TAG.run] === event.run);
  if (own === undefined) throw error;
  return own.id;
}

/** Removes one thing of a failed bake and says so; undefined when nothing is left. By tag, so nothing is missed. */
async function halfMade({ run, imageId }: BakeEvent & { imageId?: string | undefined }, { cloud }: Ports) {
  const tagged = await describeImages(cloud, { tags: { [TAG.run]: run, [TAG.role]: "image" } });
  const known = imageId === undefined ? [] : await describeImages(cloud, { ids: [imageId] });
  const [image] = [...known, ...tagged];
  if (image) {
    // Told first, so that the snapshots are still found when the image is gone.
    const tags = { [TAG.run]: run, [TAG.role]: "snapshot" };
    if (image.snapshotIds.length > 0) await tagResources(cloud, "snapshot", image.snapshotIds, tags);
    await deleteImage(cloud, image.id);
    return `${image.id} is removed`;
  }
  const [snapshot] = await describeSnapshots(cloud, { tags: { [TAG.run]: run, [TAG.role]: "snapshot" } });
  if (snapshot === undefined) return undefined;
  await deleteSnapshot(cloud, snapshot.id);
  return `${snapshot.id} is removed`;
}
