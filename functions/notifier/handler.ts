/** Posts notifications of runs to their channels (NOTIFY-1). The only function that knows the channels' addresses. */
import { eventHandler, parse } from "../../shared/invocation.ts";
import { NotifyRequest } from "../../shared/notifications/notification.ts";
import { deliverNotification } from "./deliver.ts";

export const handler = eventHandler("notifier", (payload, ports, details) => {
  const request = parse(NotifyRequest, payload, "notifier");
  const { channel, attempt = 0, notification } = request;
  Object.assign(details, { run: notification.run, notification: notification.kind, channel, attempt });
  return deliverNotification(request, ports);
});
