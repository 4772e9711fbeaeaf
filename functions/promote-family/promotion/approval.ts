/**
 * The approval of an operator before a family moves: ask → approve.
 *
 * APPROVAL-1. The question goes to every channel of the recipe, with a link that is signed and expires. The function
 *     that posts the message makes the link: no event and no record holds it.
 * APPROVAL-2. The answer is a line of the run's log; the first answer stands.
 * APPROVAL-3. Without an answer in time the promotion fails.
 */
import * as z from "zod/mini";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { days, formatDuration, minutes, seconds } from "../../../shared/duration.ts";
import { writeHold } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { notificationSends } from "../../../shared/notifications/subscriptions.ts";
import { send } from "../../../shared/send.ts";
import type { EventOf } from "../../../shared/workflow/envelope.ts";
import { readRunLog, type RunLog } from "../../../shared/workflow/run-log.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { failed, next, phase, type Outcome } from "../../../shared/workflow/workflow.ts";
import { ADDRESS_RULE } from "../../../shared/webhook-address.ts";
import { hasWebhookAddress } from "../config.ts";
import { Reserve } from "./copies.ts";
import { checkedEvent, type Checked } from "./input.ts";
import { changesOf } from "./packages.ts";
import { factsOf, sentencesOf } from "./question.ts";

const Ask = checkedEvent("ask", { withinMs: z.int() });
type Ask = EventOf<typeof Ask>;
const Approve = checkedEvent("approve", {
  expiresAt: z.int(),
  /** What the page says of the image. */
  facts: z._default(z.array(z.string()), []),
  answer: z.optional(z.enum(["approve", "reject"])),
});
type Approve = EventOf<typeof Approve>;

/** A sentence on why the approval of a recipe could never be given, for before the image test costs anything. */
export function approvalProblem({ promote, notify }: Recipe): string | undefined {
  if (promote.approval === undefined) return undefined;
  if (notify.length === 0) return "promote.approval needs a channel to ask: name one under notify";
  return hasWebhookAddress()
    ? undefined
    : `promote.approval needs the address of the webhook: ${ADDRESS_RULE}; set it and deploy again`;
}

/** The phase after the image test. */
export async function afterTest(tested: Checked, note: string, ports: Ports): Promise<Outcome> {
  const { approval } = tested.document.promote;
  const packages = await changesOf(tested, ports);
  const options = { note, input: { ...tested, ...(packages && { packages }) } };
  return approval === undefined
    ? next(Reserve, {}, options)
    : next(Ask, { withinMs: approval.withinMs }, options);
}

async function askForApproval(event: Ask, ports: Ports): Promise<Outcome> {
  const { recipe, imageId, family, document, packages } = event.input;
  // From the phase's start, not from now: a repeat must ask with the same link.
  const expiresAt = event.phaseStartedAt + event.withinMs;
  const facts = await factsOf(event.input, ports);
  const sends = notificationSends(document.notify, {
    kinds: ["approval"],
    run: event.run,
    subject: recipe,
    by: event.by,
    at: ports.clock.now(),
    family,
    imageId,
    ...(packages && { packages }),
    facts,
    expiresAt,
  });
  for (const each of sends) await send(each, ports);
  const sentences = sentencesOf(facts, event.input);
  const note = `asked for approval, within ${formatDuration(event.withinMs)}. ${sentences.join(" ")}`;
  return next(Approve, { expiresAt, facts: sentences }, { afterMs: PACE.approval.firstMs, note });
}

const whoAnswered = ({ lines }: RunLog): string =>
  lines.flatMap(({ line }) => (line.kind === "answer" ? [line.by] : []))[0] ?? "unknown";

async function awaitApproval(event: Approve, ports: Ports): Promise<Outcome> {
  const { clock, cloud } = ports;
  const { input, expiresAt, answer, run } = event;
  const now = clock.now();
  const by = answer && whoAnswered(await readRunLog(cloud, run));
  if (answer === "approve")
    return next(Reserve, {}, { note: `approved by ${by}`, input: { ...input, approvedBy: by } });
  if (answer === "reject" && by !== undefined) {
    // HOLD-3.
    const why = `${input.imageId} was rejected`;
    await writeHold(input.family, { run, by, held: true, why }, ports);
    const reason = `${why} by ${by}; its family ${input.family} stays as it is, and is held until the hold is lifted`;
    return { ...failed(reason), result: { rejected: true, family: input.family } };
  }
  if (now >= expiresAt) {
    const reason = `${input.imageId} was not approved until ${new Date(expiresAt).toISOString()} (promote.approval.within); promote it again to ask again`;
    const { family, recipe, imageId } = input;
    return { ...failed(reason), result: { expired: true, family, recipe, imageId } };
  }
  const waits = poll(event, clock, PACE.approval, "waits for approval");
  // The last look is right after the end.
  return { ...waits, afterMs: Math.min(waits.afterMs, expiresAt - now + seconds(1)) };
}

export const ask = phase(Ask, { limitMs: minutes(30), run: askForApproval });
/** The recipe's own limit is at most 7 days and ends the phase first. */
export const approve = phase(Approve, { limitMs: days(8), run: awaitApproval });
