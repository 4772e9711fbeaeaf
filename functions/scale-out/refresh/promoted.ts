/** Which fleets a promotion refreshes, and which fleets a refresh cannot replace. For firings, for runs, and for the plan of both. */
import { familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { hours } from "../../../shared/duration.ts";
import { isDown } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { standingOf } from "../../../shared/size/log.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { readRunLog, standing, type Standing } from "../../../shared/workflow/run-log.ts";
import { attemptIdentity, runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";

/** A fleet that a refresh can replace. */
export type SizedFleet = Fleet & { readonly size: NonNullable<Fleet["size"]> };

/** The fleet, or why no refresh can replace its members. */
export function replaceable(document: Fleet): SizedFleet | string {
  const { name } = document;
  if (!isSized(document)) return `fleet ${name} has no size, which a refresh keeps; write size:`;
  if (document.launch.InstanceChargeType === "PrePaid")
    return `fleet ${name} launches subscriptions, which are paid to their end and not replaced; launch what you need and scale in the others once they expire`;
  if (document.idle === undefined)
    return `fleet ${name} has no idle:, so it is not known which members are busy; add idle`;
  return document;
}

/** Whether the next promotion of its family begins a refresh of the fleet. */
export const followsPromotions = (document: Fleet, members: readonly Instance[]): boolean =>
  document.refresh?.onPromotion === "refresh" &&
  document.launch.InstanceChargeType !== "PrePaid" &&
  !members.every(isDown);

/** The refreshes of a promotion that come to nothing, and the first pause between two; it doubles. */
const TRIES_MAX = 8;
const TRY_PAUSE_MS = hours(1);

/**
 * The refresh that a promotion asks for: of a fleet with `onPromotion: refresh` and running members of another image. It is tried
 * again when it has failed for a reason that says nothing of the image; one that was rolled back or cancelled is not.
 */
export async function promoted(
  document: Fleet,
  members: readonly Instance[],
  ports: Ports,
): Promise<RunRequest | undefined> {
  const { name, family } = document;
  if (!followsPromotions(document, members)) return undefined;
  const image = await familyImage(ports.cloud, family);
  if (image === undefined) return undefined;
  const others = members.filter((one) => !isDown(one) && one.imageId !== image.id);
  if (others.length === 0) return undefined;
  const { state, paused } = await standingOf(name, ports);
  return paused === undefined && state?.held?.bad !== image.id
    ? dueTry(name, image, others, ports)
    : undefined;
}

/** The next try of the refresh of a promotion, once it is due. */
async function dueTry(
  name: string,
  image: Image,
  others: readonly Instance[],
  ports: Ports,
): Promise<RunRequest | undefined> {
  const { cloud } = ports;
  const identity = [cloud.access.bucket, "promotion", image.id];
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const run = runId("refresh", name, image.createdAt, attemptIdentity(identity, attempt));
    const earlier = standing(run, await readRunLog(cloud, run));
    if (earlier === undefined)
      return { run, by: `promotion:${image.id}`, request: { v: 1, request: "refresh", fleet: name } };
    if (!isTriedAgain(earlier, others, attempt, ports)) return undefined;
  }
  return undefined;
}

/** Whether a refresh has failed a while ago, or members came after it from another image that the family served meanwhile. */
function isTriedAgain(
  { completion, endedAt }: Standing,
  others: readonly Instance[],
  attempt: number,
  { clock }: Ports,
): boolean {
  if (completion === undefined || endedAt === undefined || completion.kind === "cancelled") return false;
  if (completion.kind === "failed") return clock.now() >= endedAt + TRY_PAUSE_MS * 2 ** attempt;
  return others.some(({ createdAt }) => createdAt > endedAt);
}
