/**
 * The notifications of a run as events for the notifier.
 *
 * NOTIFY-1. A run never waits for a channel. It sends an event and goes on; the notifier posts, and retries for a day.
 * NOTIFY-2. There is one event per channel, so that a retry does not repeat it to the others.
 * NOTIFY-3. Events hold the names of channels. Only the notifier knows their addresses and secrets.
 */
import type { Recipe } from "../documents/recipe.ts";
import { taskId } from "../names.ts";
import type { Send } from "../workflow/workflow.ts";
import type { Notification, NotifyRequest } from "./notification.ts";

/** One event for each channel that subscribed to this kind of notification. Requests to act go to every channel. */
export function notificationSends(
  subscriptions: Recipe["notify"],
  notification: Notification,
): readonly Send[] {
  const { kind } = notification;
  const wanted = subscriptions.filter(
    ({ events }) => kind === "approval" || kind === "stopping" || events.includes(kind),
  );
  return sendsTo(
    wanted.map(({ channel }) => channel),
    notification,
  );
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
const REASON_MAX = 1_500;

const truncated = ({ reason, ...rest }: Notification): Notification =>
  reason === undefined ? rest : { ...rest, reason: reason.slice(0, REASON_MAX) };
