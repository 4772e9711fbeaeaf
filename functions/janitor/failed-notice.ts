/** The notification of a failed run that no document has. */
import { DEFAULT_CHANNEL, type Notification } from "../../shared/notifications/notification.ts";
import { sendsTo } from "../../shared/notifications/subscriptions.ts";
import type { Consequences } from "../../shared/workflow/workflow.ts";

/** For these channels and the deployment's own. */
export const failedNotice = (
  notification: Omit<Notification, "kind">,
  channels: readonly string[],
): Consequences => ({
  notifications: sendsTo([...channels, DEFAULT_CHANNEL], { kind: "failed", ...notification }),
});
