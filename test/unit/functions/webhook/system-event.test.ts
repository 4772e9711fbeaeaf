import { test } from "vitest";
import { parseWebhook, SenderSettings } from "../../../../functions/webhook/senders/parse-webhook.ts";

const NOW = Date.UTC(2026, 0, 5, 8);
const TOKEN = "a-token-of-a-sender-0123456789";
const INTERRUPTED = "Instance:PreemptibleInstanceInterruption";
const settings = SenderSettings.parse({
  kind: "cloudmonitor",
  tokens: [TOKEN],
  rules: { [INTERRUPTED]: { fleet: "web" }, "failed members": { fleet: "jobs", count: 2 } },
});

/** An event as ECS reports it. */
const event = (changes: object = {}) => ({
  id: "2256A988",
  product: "ECS",
  resourceId: "acs:ecs:cn-hangzhou:1690000000000030:instance/i-bp1ecr0001",
  level: "WARN",
  name: INTERRUPTED,
  userId: "1690000000000030",
  instanceName: "web-001",
  eventTime: "20260105T155900.922+0800",
  regionId: "cn-hangzhou",
  content: { instanceId: "i-bp1ecr0001", action: "delete" },
  ...changes,
});

/** The same as a subscription posts it. */
const subscribed = (changes: object = {}, outer: object = {}) => {
  const { content, ...meta } = event(changes);
  return {
    userInfo: { aliyunId: "test" },
    subscription: {
      subscriptionUuid: "s-1",
      conditions: [{ field: "source", op: "EQ", value: "SYS_EVENT" }],
    },
    batchId: "b-1",
    alert: {
      alertStatus: "TRIGGERED",
      source: "SYS_EVENT",
      eventContentMap: content,
      eventName: meta.name,
      meta: { sysEventMeta: { ...meta, eventNameEn: meta.name, serviceTypeEn: "ECS" } },
    },
    severity: "WARN",
    strategyName: "spot",
    time: NOW,
    ...outer,
  };
};

/** Nested deeper than recursion goes. */
const DEEP = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

function post(body: object, type = "application/json") {
  const isForm = type !== "application/json";
  const fields = Object.entries(body).map(([key, value]): [string, string] => [
    key,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return parseWebhook(settings, {
    headers: { "content-type": type },
    query: { token: TOKEN },
    body: Buffer.from(
      isForm ? new URLSearchParams(fields).toString() : JSON.stringify(body).replace('"DEEP"', DEEP),
    ),
    now: NOW,
    region: "cn-hangzhou",
  });
}
const FORM = "application/x-www-form-urlencoded; charset=UTF-8";

test("a member that is interrupted asks for another one, in every shape that CloudMonitor documents", ({
  expect,
}) => {
  const first = post(event());
  expect(first).toMatchObject({
    kind: "launch",
    launches: [
      { fleet: "web", count: 1, at: NOW - 59_078, state: { member: "i-bp1ecr0001", at: NOW - 59_078 } },
    ],
  });
  const shapes = [
    post(subscribed()),
    post(subscribed(), FORM),
    post(event({ content: '{"instanceId":"i-bp1ecr0001","action":"delete"}' })),
    post(event({ content: undefined })),
    post(event({ resourceId: undefined, regionId: undefined })),
    post(event({ instanceName: "名字", level: "INFO" })),
    ...[null, "", "null"].flatMap((none) => [
      post(event({ resourceId: none, regionId: none, ruleName: none, alertStatus: none })),
      post(event({ content: { instanceId: none } })),
      post(subscribed({ regionId: none }, { strategyName: none })),
    ]),
  ];
  // One event, however many rules and subscriptions post it.
  for (const shape of shapes) expect(shape).toEqual(first);
});

test("an instance that fails asks for another one if a rule names the event or its subscription", ({
  expect,
}) => {
  for (const name of ["SystemFailure.Reboot", "SystemFailure.Redeploy", "InstanceFailure.Reboot"]) {
    const body = subscribed({ name: `Instance:${name}:Executing` }, { strategyName: "failed members" });
    expect(post(body)).toMatchObject({ launches: [{ fleet: "jobs", count: 2 }] });
    expect(post(event({ name: `Instance:${name}:Executing`, ruleName: "failed members" }))).toMatchObject({
      launches: [{ fleet: "jobs" }],
    });
    expect(post(subscribed({ name: `Instance:${name}:Executing` }))).toEqual({
      kind: "ignored",
      reason: "no fleet is set for this event or its subscription",
    });
  }
});

test("several events of one member are one request to the ledger", ({ expect }) => {
  const alertsOf = (parsed: ReturnType<typeof post>) =>
    parsed.kind === "launch" ? parsed.launches.flatMap(({ alerts }) => alerts ?? []) : [];
  const [first] = alertsOf(post(event()));
  const later = event({ eventTime: "20260105T155930.000+0800" });
  const failing = event({ name: "Instance:SystemFailure.Reboot:Executing", ruleName: "failed members" });
  expect(alertsOf(post(later))).toEqual([first]);
  expect(alertsOf(post(failing))).toEqual([[first?.[0], 2]]);
  const other = event({ resourceId: "i-bp1ecr0002", content: {} });
  expect(alertsOf(post(other))).not.toEqual([first]);
});

test("every other event is answered with a reason and launches nothing", ({ expect }) => {
  const names = [
    "Instance:SystemFailure.Reboot:Executed",
    "Instance:SystemFailure.Delete:Executing",
    "Instance:SystemMaintenance.Reboot:Scheduled",
    "Instance:StateChange",
    "CloudAssistant:FirstHeartbeat",
    "Disk:Stalled:Executing",
    `x${INTERRUPTED}`,
    "__proto__",
    "事件",
  ];
  for (const name of names) {
    const body = subscribed({ name }, { strategyName: "failed members" });
    expect(post(body)).toEqual({ kind: "ignored", reason: `the event ${name} takes no instance away` });
  }
  expect(post(event({ product: "RDS" })).kind).toBe("ignored");
  const { alert } = subscribed();
  expect(post(subscribed({}, { alert: { ...alert, alertStatus: "RESOLVED" } })).kind).toBe("ignored");
  expect(post(event({ regionId: "cn-beijing" }))).toEqual({
    kind: "ignored",
    reason: "the event is of region cn-beijing",
  });
  expect(post(event({ eventTime: "20260101T155900.922+0800" }))).toEqual({
    kind: "ignored",
    reason: "it happened more than 1d ago",
  });
});

test("an event that cannot be read is malformed", ({ expect }) => {
  const bodies = [
    event({ product: 7 }),
    event({ eventTime: undefined }),
    event({ eventTime: "yesterday" }),
    event({ eventTime: "20260105T170000.000+0800" }),
    event({ resourceId: "acs:ecs:cn-hangzhou:1:instance/", content: { instanceId: 7 } }),
    event({ resourceId: "multi-i-web", content: "the multi-i-web of i-web is gone" }),
    event({ resourceId: undefined, content: { instanceId: "xi-web", note: "i-web" } }),
    event({ resourceId: undefined, content: { instanceId: "i-web!" } }),
    event({ resourceId: undefined, content: "DEEP" }),
    event({ resourceId: undefined, content: { instanceId: "DEEP" } }),
    subscribed({}, { alert: "{" }),
    subscribed({}, { alert: { meta: {} } }),
    { alert: [] },
    { name: null },
  ];
  for (const body of bodies) expect(post(body).kind).toBe("malformed");
});
