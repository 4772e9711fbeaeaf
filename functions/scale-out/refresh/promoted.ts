/** Which fleets a promotion refreshes, and which fleets a refresh cannot replace. For firings, for runs, and for the plan of both. */
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { isDown } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
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

/**
 * The refresh that a promotion asks for: of a fleet with `onPromotion: refresh` and running members of another image. An image has
 * one such run, so one that was rolled back is not tried again.
 */
export async function promoted(
  document: Fleet,
  members: readonly Instance[],
  { cloud }: Ports,
): Promise<RunRequest | undefined> {
  const { name, family } = document;
  if (!followsPromotions(document, members)) return undefined;
  const image = await familyImage(cloud, family);
  if (image === undefined || members.every((one) => isDown(one) || one.imageId === image.id))
    return undefined;
  const run = runId("refresh", name, image.createdAt, [cloud.access.bucket, "promotion", image.id]);
  if ((await readRunLog(cloud, run)).end > 0) return undefined;
  return { run, by: `promotion:${image.id}`, request: { v: 1, request: "refresh", fleet: name } };
}
