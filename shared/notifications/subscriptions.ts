/**
 * The notifications of a run as events for the notifier.
 *
 * NOTIFY-1. A run never waits for a channel. It sends an event and goes on; the notifier posts, and retries for a day.
 * NOTIFY-2. There is one event per channel, so that a retry does not repeat it to the others.
 * NOTIFY-3. Events hold the names of channels. Only the notifier knows their addresses and secrets.
 * NOTIFY-4. A document that names no channel, or cannot be read, has the channel of the deployment.
 */
import { taskId } from "../names.ts";
import { redactedStart } from "../redact.ts";
import { subjectOf } from "../workflow/run-id.ts";
import type { Send } from "../workflow/workflow.ts";
import { DEFAULT_CHANNEL, type Notification, type NotifyRequest } from "./notification.ts";

type Kind = Notification["kind"];

/** A channel of a document, and the kinds of notifications it gets. */
interface Subscription {
  readonly channel: string;
  readonly events: readonly Kind[];
}

/** A notification that is worded as the first of `kinds` that a channel subscribed to. */
type Worded = Omit<Notification, "kind"> & { readonly kinds: readonly [Kind, ...Kind[]] };

/** One event for each channel that subscribed to this notification. */
export const notificationSends = (
  subscriptions: readonly Subscription[],
  { kinds, ...notification }: Worded,
): readonly Send[] =>
  channelsFor(subscriptions, kinds).flatMap(([channel, kind]) =>
    sendsTo([channel], { ...notification, kind }),
  );

/**
 * Each channel that subscribed to one of `kinds`, with the first of them that it subscribed to. An approval is asked for in
 * every channel.
 */
export function channelsFor(
  subscriptions: readonly Subscription[],
  kinds: readonly Kind[],
): readonly (readonly [channel: string, kind: Kind])[] {
  const owners: readonly Subscription[] =
    subscriptions.length > 0 ? subscriptions : [{ channel: DEFAULT_CHANNEL, events: kinds }];
  const chosen = new Map<string, Kind>();
  for (const kind of kinds)
    for (const { channel, events } of owners)
      if (!chosen.has(channel) && (kind === "approval" || events.includes(kind))) chosen.set(channel, kind);
  return [...chosen];
}

/**
 * A run that failed, in the channels of its document; `subscriptions` are empty where that cannot be read. Its subject is the
 * one in the id of the run, unless another is given.
 */
export function failureSends(
  { run, by, subject = subjectOf(run) }: Pick<Notification, "run" | "by"> & { readonly subject?: string },
  reason: string,
  at: number,
  subscriptions: readonly Subscription[] = [],
): readonly Send[] {
  return notificationSends(subscriptions, {
    kinds: ["failed"],
    run,
    subject,
    by,
    at,
    reason,
  });
}

/** One event for each of these channels, whatever they subscribed to. */
export const sendsTo = (channels: readonly string[], notification: Notification): readonly Send[] =>
  [...new Set(channels)].map((channel) =>
    notificationSend({ v: 1, request: "notify", channel, notification: truncated(notification) }),
  );

/** One delivery attempt. Each attempt has a task id of its own, so that the platform accepts the next one too. */
export const notificationSend = (event: NotifyRequest): Send => {
  const { channel, attempt = 0, notification } = event;
  const id = taskId.notification(notification.run, notification.kind, channel, attempt);
  return { to: "notifier", taskId: id, event };
};

/** Reasons may quote whole error messages; chats cut or refuse long texts. Characters. */
export const REASON_MAX = 1_500;

const truncated = ({ reason, ...rest }: Notification): Notification =>
  reason === undefined ? rest : { ...rest, reason: redactedStart(reason, REASON_MAX) };
