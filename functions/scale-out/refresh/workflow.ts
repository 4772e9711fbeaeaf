/**
 * Replaces the members of a fleet that have another image than its family serves: begin → (step → await → check → probe) …, and
 * after a failure roll-back → step ….
 *
 * REFRESH-RUN-1. It launches and ends nothing itself: each batch is a scale-out, or a run of stop-idle with the rules of a
 *     scale-in. In the log of the fleet's size it is the child of reconciling, which waits until it is over.
 * REFRESH-RUN-2. New members are looked at before others end: they run, no alarm is on, the probe in each succeeds.
 * REFRESH-RUN-3. A failure holds the image (`SizeState.held`): launches use the one before, the members with the held one are
 *     ended, and only a refresh that is asked for tries it again.
 * REFRESH-RUN-4. A reason that says nothing of the image stops it where it is: no capacity, a pause, another promotion.
 * REFRESH-RUN-5. Of the image speak an alarm, a probe that fails, and a member that is gone by itself. One that the cloud takes
 *     back is replaced; one that Kiln or a user stops ends the refresh where it is.
 */
import * as z from "zod/mini";
import { familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { days, hours, minutes } from "../../../shared/duration.ts";
import { isDown } from "../../../shared/instance-tags.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { standingOf } from "../../../shared/size/log.ts";
import { firstEvent } from "../../../shared/workflow/envelope.ts";
import { readRunLog, standing, type Standing } from "../../../shared/workflow/run-log.ts";
import { attemptIdentity, runId } from "../../../shared/workflow/run-id.ts";
import { phase, type Outcome, type RunRequest, type Workflow } from "../../../shared/workflow/workflow.ts";
import { begin } from "./begin.ts";
import { check, probe, rollBack, rollBackOf } from "./check.ts";
import { dryRun } from "./dry-run.ts";
import { Await, Begin, Check, DryRun, Probe, RollBack, Step, type Progress } from "./events.ts";
import { awaitChild, step, stopped } from "./step.ts";

const RefreshRequest = z.strictObject({
  ...requestShape,
  request: z.literal("refresh"),
  fleet: Name,
  dryRun: z.optional(z.boolean()),
});

const stop = ({ progress }: { readonly progress: Progress }, reason: string): Outcome =>
  stopped(progress, reason);

export const refresh: Workflow = {
  kind: "refresh",
  phases: [
    phase(DryRun, { limitMs: minutes(30), run: dryRun }),
    phase(Begin, { limitMs: hours(12), run: begin }),
    phase(Step, { limitMs: minutes(30), run: step, compensate: stop }),
    phase(Await, { limitMs: hours(6), run: awaitChild, compensate: stop }),
    phase(Check, { limitMs: days(1) + hours(1), run: check, compensate: stop }),
    phase(Probe, {
      limitMs: hours(1),
      run: probe,
      // A member whose probe does not end is not well; a cancellation says nothing of it.
      compensate: ({ progress }, reason) => rollBackOf(progress, reason),
      cancel: stop,
    }),
    phase(RollBack, { limitMs: hours(1), run: rollBack, compensate: stop }),
  ],
  begin: (given) => {
    const { fleet, dryRun: isDry } = parse(RefreshRequest, given.input, "refresh");
    return isDry ? firstEvent(DryRun, given, { fleet }, {}) : firstEvent(Begin, given, { fleet }, {});
  },
  onComplete: afterFleetRun,
};

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
  const { cloud } = ports;
  const { name, family, launch, refresh: policy } = document;
  if (policy?.onPromotion !== "refresh" || members.every(isDown)) return undefined;
  if (launch.InstanceChargeType === "PrePaid") return undefined;
  const image = await familyImage(cloud, family);
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
