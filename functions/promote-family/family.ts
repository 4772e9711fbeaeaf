/**
 * The move: barrier → join (copies first, home last) → clear → prove.
 *
 * F1. Nothing moves before every region can: the barrier looks at all of them at once.
 * F2. A family is joined last; nothing but `join` and `clear` changes what anybody else is served.
 * F3. A newer image is deprecated after ours joined, never before: at no moment does the family serve a third.
 * F4. It is proved: in every region the family must answer with this image, or all of it is taken back.
 */
import { release } from "../../shared/claim.ts";
import { describeImages, familyImage, modifyImage, type Image } from "../../shared/cloud/images.ts";
import { imageShares } from "../../shared/cloud/shares.ts";
import { tagResources } from "../../shared/cloud/tags.ts";
import { seconds } from "../../shared/duration.ts";
import type { At, Moved, PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { done, next, wait, type Outcome } from "../../shared/machine.ts";
import { demote } from "./demote.ts";
import { outrankedBy, outranking } from "./plan.ts";
import { claimOf, homeOf, imageIn, joinOrder, movedOf } from "./regions.ts";
import { standingTag } from "./standing.ts";

type PromoteOutcome = Outcome<PromoteEvent>;

const undo = (event: PromoteEvent & Moved, reason: string): PromoteOutcome =>
  next({ phase: "undo", ...movedOf(event), reason });

/** Ours and those that would be served instead of it, oldest first. */
async function standOff(
  region: string,
  event: PromoteEvent & Moved & At<"join" | "barrier" | "clear">,
  ports: Ports,
) {
  const imageId = imageIn(region, event.job, event, homeOf(ports));
  const [image] = await describeImages(ports.cloud, { ids: [imageId] }, region);
  if (image === undefined) return { problem: `${imageId} in ${region} is gone` } as const;
  if (image.status !== "Available" || !image.usable) {
    return { problem: `${imageId} in ${region} is ${image.status}, not available` } as const;
  }
  const members = await describeImages(ports.cloud, { family: event.job.family }, region);
  return { image, newer: outranking(image, members) } as const;
}

const stopped = ({ job }: At<"barrier" | "clear">, image: Image, newer: Image, region: string): string =>
  outrankedBy(image.id, job.family, newer, ` in ${region}`);

async function barrier(event: At<"barrier">, ports: Ports): Promise<PromoteOutcome> {
  const { outranked } = event.job.document.promote;
  const members: string[] = [];
  for (const region of joinOrder(event.job, homeOf(ports))) {
    const found = await standOff(region, event, ports);
    if ("problem" in found) return undo(event, found.problem ?? "");
    const newest = found.newer.at(-1);
    if (newest && outranked === "stop") return undo(event, stopped(event, found.image, newest, region));
    if (found.image.family === event.job.family) members.push(region);
  }
  return next({ phase: "join", ...movedOf(event), members }, 0, "every region can move");
}

async function join(event: At<"join">, ports: Ports): Promise<PromoteOutcome> {
  const { job, joined, members } = event;
  for (const region of joinOrder(job, homeOf(ports))) {
    if (joined.includes(region) || members.includes(region)) continue;
    const found = await standOff(region, event, ports);
    if ("problem" in found) return undo(event, found.problem ?? "");
    const { image } = found;
    // A repeat of this step finds its own doing.
    if (image.family !== job.family) await modifyImage(ports.cloud, image.id, { family: job.family }, region);
    const now = { ...movedOf(event), joined: [...joined, region] };
    return next({ phase: "join", ...now }, seconds(1), `${image.id} joins ${job.family} in ${region}`);
  }
  return next({ phase: "clear", ...movedOf(event) });
}

async function clear(event: At<"clear">, ports: Ports): Promise<PromoteOutcome> {
  const { cloud } = ports;
  if (event.now) {
    const change = await demote(cloud, event.now);
    if (change !== undefined) return wait(seconds(1), change);
    return next({ phase: "clear", ...movedOf(event) });
  }
  for (const region of joinOrder(event.job, homeOf(ports))) {
    const found = await standOff(region, event, ports);
    if ("problem" in found) return undo(event, found.problem ?? "");
    const [oldest] = found.newer;
    if (oldest === undefined) continue;
    if (event.job.document.promote.outranked === "stop") {
      return undo(event, stopped(event, found.image, found.newer.at(-1) ?? oldest, region));
    }
    // Noted before anything happens to it, with whom it is shared: that is what taking it back needs.
    const accounts = await imageShares(cloud, oldest.id, region);
    const now = { region, imageId: oldest.id, accounts };
    const cleared = [...event.cleared, now];
    return next(
      { phase: "clear", ...movedOf(event), cleared, now },
      0,
      `${oldest.id} in ${region} gives way`,
    );
  }
  return next({ phase: "prove", ...movedOf(event) }, seconds(5));
}

async function prove(event: At<"prove">, ports: Ports): Promise<PromoteOutcome> {
  const { cloud } = ports;
  const { job, run } = event;
  const home = homeOf(ports);
  const order = joinOrder(job, home);
  const served: Record<string, string> = {};
  for (const region of order) {
    const image = await familyImage(cloud, job.family, region);
    const ours = imageIn(region, job, event, home);
    if (image?.id !== ours) {
      return wait(
        seconds(15),
        `family ${job.family} in ${region} still answers with ${image?.id ?? "nothing"}`,
      );
    }
    served[region] = ours;
  }
  await tagResources(cloud, "image", [job.imageId], standingTag("promoted", run));
  await release(cloud, claimOf(job.family), run);
  const where = order.length === 1 ? "" : ` in ${order.length} regions`;
  return done({
    family: job.family,
    imageId: job.imageId,
    regions: served,
    ...(event.cleared.length > 0 && { deprecated: event.cleared.map(({ imageId }) => imageId) }),
    proved: `${job.family} answers with ${job.imageId}${where}`,
  });
}

export const familySteps = { barrier, join, clear, prove };
