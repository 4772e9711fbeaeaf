import { test } from "vitest";
import type { Notification } from "../../../../shared/notifications/notification.ts";
import {
  notificationSend,
  notificationSends,
  sendsTo,
} from "../../../../shared/notifications/subscriptions.ts";

const FAILED: Notification = {
  kind: "failed",
  run: "promote-web-20260105-0123456789ab",
  subject: "web",
  by: "webhook:ci",
  at: Date.UTC(2026, 0, 5),
};

test("each channel gets one event of the kinds it subscribed to; an approval goes to every channel", ({
  expect,
}) => {
  const subscriptions = [
    { channel: "ops", events: ["failed" as const, "promoted" as const] },
    { channel: "team", events: ["promoted" as const] },
    { channel: "ops", events: ["failed" as const] },
  ];
  const channels = (kind: Notification["kind"]) =>
    notificationSends(subscriptions, { ...FAILED, kinds: [kind] }).map(({ event }) => event["channel"]);
  expect(channels("failed")).toEqual(["ops"]);
  expect(channels("promoted")).toEqual(["ops", "team"]);
  expect(channels("rolledBack")).toEqual([]);
  expect(channels("approval")).toEqual(["ops", "team"]);
});

test("every attempt has a task id of its own, so that the platform accepts each of them", ({ expect }) => {
  const event = { v: 1, request: "notify", channel: "ops", notification: FAILED } as const;
  const sends = [0, 1, 2].map((attempt) => notificationSend({ ...event, attempt }));
  expect(new Set(sends.map(({ taskId }) => taskId)).size).toBe(3);
});

test("a long reason is truncated, so that a chat accepts it", ({ expect }) => {
  const [send] = sendsTo(["ops"], { ...FAILED, reason: "x".repeat(5_000) });
  expect(JSON.stringify(send?.event).length).toBeLessThan(2_000);
});
