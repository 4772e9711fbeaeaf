/**
 * A person's yes before a family moves: ask → approve.
 *
 * A1. The question goes to every channel of the recipe, with a link that is signed and expires. The link is
 *     made by the function that posts it: no event and no record ever holds it.
 * A2. The answer is an object in the bucket, `approvals/<run>.json`; the first answer stands.
 * A3. No answer in time is a no.
 */
import * as z from "zod/mini";
import { deliver } from "../../shared/cloud/fc.ts";
import { getObject } from "../../shared/cloud/oss.ts";
import { formatDuration, minutes, seconds } from "../../shared/duration.ts";
import { approvalKey } from "../../shared/approval.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { At, PromoteEvent } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";
import { failed, next, wait, type Outcome } from "../../shared/machine.ts";
import { noticeSends } from "../../shared/notify.ts";
import { hasFrontDoor } from "./config.ts";

type PromoteOutcome = Outcome<PromoteEvent>;

/** Why an approval could never be given, told before the test costs anything; undefined when it can. */
export function approvalProblem({ promote, notify }: Recipe): string | undefined {
  if (promote.approval === undefined) return undefined;
  if (notify.length === 0) return "promote.approval has nobody to ask: name a channel under notify";
  return hasFrontDoor()
    ? undefined
    : "promote.approval needs the address of the front door: set KILN_WEBHOOK_URL and deploy again";
}

async function ask(event: At<"ask">, { cloud, nameOf, clock }: Ports): Promise<PromoteOutcome> {
  const { recipe, imageId, family, document } = event.job;
  const withinMs = document.promote.approval?.withinMs ?? 0;
  // From the phase's start, not from now: a repeat must ask with the same link.
  const expiresAt = event.since + withinMs;
  const sends = noticeSends(document.notify, {
    kind: "approval",
    run: event.run,
    subject: recipe,
    by: event.by,
    at: clock.now(),
    family,
    imageId,
    expiresAt,
  });
  for (const { to, taskId, event: notice } of sends) {
    await deliver(cloud, { to: nameOf(to), payload: JSON.stringify(notice), delayMs: 0, taskId });
  }
  const asked = `asked for approval, within ${formatDuration(withinMs)}`;
  return next({ phase: "approve", expiresAt }, seconds(30), asked);
}

/** Loose: the door may note more about who answered. */
const Answer = z.looseObject({ decision: z.enum(["approve", "reject"]) });

async function approve(event: At<"approve">, { cloud, clock }: Ports): Promise<PromoteOutcome> {
  const now = clock.now();
  const found = await getObject(cloud, approvalKey(event.run));
  if (found !== undefined) {
    return Answer.parse(JSON.parse(found.text)).decision === "approve"
      ? next({ phase: "reserve" }, 0, "approved")
      : failed(`${event.job.imageId} was rejected; its family ${event.job.family} stays as it is`);
  }
  if (now >= event.expiresAt) {
    return failed(
      `nobody approved ${event.job.imageId} until ${new Date(event.expiresAt).toISOString()} (promote.approval.within); promote it again to ask again`,
    );
  }
  // Looks become rarer the longer nobody answers, but the last is at the very end.
  const rarerMs = Math.min(minutes(10), Math.max(seconds(30), Math.round((now - event.since) / 20)));
  return wait(Math.min(rarerMs, event.expiresAt - now + seconds(1)), "waits for approval");
}

export const approvalSteps = { ask, approve };
