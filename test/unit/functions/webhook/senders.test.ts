import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { fleetFor } from "../../../../functions/webhook/senders/labels.ts";
import { parseWebhook, SenderSettings } from "../../../../functions/webhook/senders/parse-webhook.ts";
import type { ParsedWebhook } from "../../../../functions/webhook/senders/sender.ts";
import { readSenders } from "../../../../functions/webhook/config.ts";
import { readCallers } from "../../../../shared/http/config.ts";
import { days, hours, minutes } from "../../../../shared/duration.ts";
import { know } from "../../../../shared/redact.ts";

/** Each reason says what to compare. */
const SIGNATURE = expect.stringMatching(/secret of the hook at GitHub with the secrets in KILN_SENDERS$/);
const QUERY = expect.stringMatching(/^\?token=… .*KILN_SENDERS$/);
const BEARER = expect.stringMatching(/^Authorization: Bearer … .*KILN_SENDERS$/);

const NOW = Date.UTC(2026, 0, 5, 8);
const REGION = "cn-hangzhou";
const OLD = "an-old-secret-0123456789";
const NEW = "a-new-secret-0123456789";
const at = (time: number) => new Date(time).toISOString();
const settings = (value: object) => SenderSettings.parse(value);

const github = settings({
  kind: "github",
  secrets: [OLD, NEW],
  labels: { "kiln-web": { fleet: "web" }, "kiln-big": { fleet: "big", count: 2 } },
});
const input = (changes: object = {}, action = "queued") => ({
  action,
  repository: { full_name: "acme/shop" },
  workflow_job: {
    id: 42,
    run_attempt: 1,
    labels: ["self-hosted", "kiln-web"],
    created_at: at(NOW),
    ...changes,
  },
});

/** A delivery of GitHub with everything right but what is changed. */
function fromGithub(
  body: unknown,
  changes: { secret?: string; signature?: string; form?: boolean; now?: number } = {},
) {
  const { secret = NEW, form = false, now = NOW } = changes;
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const raw = Buffer.from(form ? new URLSearchParams({ payload: json }).toString() : json);
  const signature = changes.signature ?? `sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`;
  return parseWebhook(github, {
    headers: {
      "content-type": form ? "application/x-www-form-urlencoded" : "application/json",
      "x-hub-signature-256": signature,
      "x-github-event": "workflow_job",
      "x-github-delivery": "not signed, not read",
    },
    query: {},
    body: raw,
    now,
    region: REGION,
  });
}
const launchIn = (parsed: ParsedWebhook) => {
  if (parsed.kind !== "launch") return parsed;
  const { announcedAt: _, ...rest } = parsed.launches[0] ?? { announcedAt: 0 };
  return rest;
};

test("a queued job launches an instance of the fleet of its label, signed with either live secret", ({
  expect,
}) => {
  const expected = { fleet: "web", count: 1, delivery: ["acme/shop", 42, 1], at: NOW };
  expect(launchIn(fromGithub(input()))).toEqual(expected);
  expect(launchIn(fromGithub(input(), { secret: OLD }))).toEqual(expected);
  expect(launchIn(fromGithub(input(), { form: true }))).toEqual(expected);
  expect(launchIn(fromGithub(input({ labels: ["kiln-big"] })))).toMatchObject({ fleet: "big", count: 2 });
});

test("jobs whose ids differ beyond what a double holds are different jobs", ({ expect }) => {
  const deliveryOf = (id: string, form: boolean) => {
    const text = JSON.stringify(input({ name: '"id": 12345678901234567890,' })).replace(
      '"id":42',
      `"id":${id}`,
    );
    return launchIn(fromGithub(text, { form }));
  };
  for (const form of [false, true]) {
    for (const id of ["9007199254740992", "9007199254740993", "18446744073709551615"])
      expect(deliveryOf(id, form)).toMatchObject({ delivery: ["acme/shop", id, 1] });
    expect(deliveryOf("43", form)).toMatchObject({ delivery: ["acme/shop", 43, 1] });
  }
});

test("GitHub's body is not read before its signature holds", ({ expect }) => {
  for (const signature of ["", "sha256=", `sha256=${"0".repeat(64)}`, `sha1=${"0".repeat(40)}`]) {
    expect(fromGithub("{", { signature })).toEqual({ kind: "refused", why: SIGNATURE });
  }
  expect(fromGithub(input(), { secret: "another-senders-secret" })).toEqual({
    kind: "refused",
    why: SIGNATURE,
  });
});

test("other events of GitHub are recognized and ignored", ({ expect }) => {
  const reason = (parsed: ParsedWebhook) =>
    parsed.kind === "ignored" || parsed.kind === "malformed" ? parsed : parsed.kind;
  expect(reason(fromGithub({ zen: "Keep it logically awesome." }))).toEqual({
    kind: "ignored",
    reason: "not a workflow_job event",
  });
  expect(reason(fromGithub(input({}, "waiting")))).toEqual({
    kind: "ignored",
    reason: "the job is waiting, not queued",
  });
  expect(reason(fromGithub(input({ labels: ["constructor"] })))).toEqual({
    kind: "ignored",
    reason: "no label of the job names a fleet: constructor",
  });
  expect(reason(fromGithub(input(), { now: NOW + days(3) + 1 }))).toEqual({
    kind: "ignored",
    reason: "it happened more than 3d ago",
  });
  expect(reason(fromGithub("{"))).toEqual({ kind: "malformed", error: "the body is not JSON" });
  expect(reason(fromGithub(input({ id: "42" })))).toEqual({
    kind: "malformed",
    error: "not the workflow_job event GitHub documents",
  });
  expect(reason(fromGithub(input({ created_at: at(NOW + minutes(6)) })))).toEqual({
    kind: "malformed",
    error: "the time in the body cannot be read or lies ahead",
  });
});

test("a job that a runner has is no request; a completed one names its runner, and the fleets it may be of", ({
  expect,
}) => {
  const job = {
    fleet: "web",
    count: 1,
    delivery: ["acme/shop", 42, 1],
    at: NOW,
    announcedAt: NOW + minutes(3),
  };
  const taken = input({ started_at: at(NOW + minutes(3)), runner_name: "web-1" }, "in_progress");
  expect(fromGithub(taken)).toEqual({
    kind: "taken",
    job,
    reason: "the job is in_progress",
    mayLaunch: true,
    begun: { runner: "web-1", at: NOW + minutes(3), fleets: ["web", "big"] },
  });
  const times = { started_at: at(NOW), completed_at: at(NOW + minutes(3)) };
  const ended = { runner: "web-1", at: NOW + minutes(3), fleets: ["web", "big"] };
  expect(fromGithub(input({ ...times, runner_name: "web-1" }, "completed"))).toEqual({
    kind: "taken",
    job,
    reason: "the job is completed",
    mayLaunch: true,
    begun: { runner: "web-1", at: NOW, fleets: ["web", "big"] },
    ended,
  });
  // A job that is cancelled before a runner takes it has no machine.
  for (const runner_name of ["", null])
    expect(fromGithub(input({ ...times, runner_name }, "completed"))).not.toHaveProperty("ended");
  expect(fromGithub(taken, { now: NOW + days(4) })).toMatchObject({ kind: "ignored" });
});

test("a job ended when it was completed, however late its event says so; one without that instant ends no machine", ({
  expect,
}) => {
  const hourAgo = NOW - hours(1);
  const times = { created_at: at(NOW), started_at: at(hourAgo - minutes(9)), run_attempt: 2 };
  const ended = (completed_at: unknown) =>
    fromGithub(input({ ...times, completed_at, runner_name: "web-1" }, "completed"));
  // https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
  expect(ended(at(hourAgo))).toMatchObject({
    job: { announcedAt: NOW },
    begun: { at: hourAgo - minutes(9) },
    ended: { at: hourAgo },
  });
  for (const unknown of [null, undefined, "", "soon"]) expect(ended(unknown)).not.toHaveProperty("ended");
});

test("a completed job ends the machine of its runner, whichever labels it asked for, and of no runner of GitHub", ({
  expect,
}) => {
  const completed = (more: object) =>
    fromGithub(input({ runner_name: "web-1", completed_at: at(NOW), ...more }, "completed"));
  const noneOfOurs = [["self-hosted", "linux"], ["constructor"], []];
  for (const labels of noneOfOurs)
    expect(completed({ labels })).toMatchObject({
      kind: "taken",
      mayLaunch: false,
      ended: { runner: "web-1", fleets: ["web", "big"] },
    });
  for (const hosted of [{ runner_name: "GitHub Actions 12" }, { runner_group_name: "GitHub Actions" }])
    expect(completed({ labels: ["ubuntu-latest"], ...hosted })).toMatchObject({ kind: "ignored" });
  const begun = (runner_name: string) =>
    fromGithub(input({ labels: ["linux"], started_at: at(NOW), runner_name }, "in_progress"));
  expect(begun("web-1")).toMatchObject({ mayLaunch: false, begun: { runner: "web-1", at: NOW } });
  expect(begun("GitHub Actions 12")).toMatchObject({ kind: "ignored" });
});

test("a delivery that is sent again within three days is the same request; an announcement after an approval is a later one", ({
  expect,
}) => {
  const first = launchIn(fromGithub(input({ started_at: at(NOW) })));
  expect(launchIn(fromGithub(input({ started_at: at(NOW) }), { now: NOW + days(3) }))).toEqual(first);
  const later = NOW + days(20);
  const approved = input({ started_at: at(later) });
  for (const now of [later, later + days(2)])
    expect(fromGithub(approved, { now })).toMatchObject({
      kind: "launch",
      launches: [{ delivery: ["acme/shop", 42, 1], at: NOW, announcedAt: later }],
    });
});

test("an announcement after an approval may differ in the instant of its deployment alone", ({ expect }) => {
  const announced = (updated_at: number) =>
    fromGithub({ ...input({ started_at: at(NOW) }), deployment: { updated_at: at(updated_at) } }, { now });
  const now = NOW + hours(3);
  expect(announced(NOW)).toMatchObject({ launches: [{ announcedAt: NOW }] });
  expect(announced(now)).toMatchObject({ launches: [{ announcedAt: now }] });
  for (const deployment of [null, {}, { updated_at: null }, { updated_at: "soon" }])
    expect(fromGithub({ ...input(), deployment })).toMatchObject({ launches: [{ announcedAt: NOW }] });
});

for (const [labels, expected] of [
  [["self-hosted", "linux"], "web"],
  [["self-hosted", "Linux", "GPU"], "gpu"],
  [["gpu"], "gpu"],
  [["linux", "gpu", "large"], "large"],
  [["large"], "large"],
  [["linux", "x64"], "web"],
  [["arm64", "kiln-arm"], "arm"],
  [["linux", "macos-builder"], "no fleet has all labels of the job: web lacks macos-builder"],
  [["gpu", "arm64"], "no fleet has all labels of the job: gpu lacks arm64"],
  [["x64", "kiln-arm"], "no fleet has all labels of the job: arm lacks x64"],
  [["windows", "gpu"], "no fleet has all labels of the job: gpu lacks windows"],
  [["self-hosted"], "no label of the job names a fleet: self-hosted"],
  [["ubuntu-latest"], "no label of the job names a fleet: ubuntu-latest"],
  [["__proto__"], "no label of the job names a fleet: __proto__"],
  [[], "no label of the job names a fleet"],
] as const) {
  test(`a job with the labels ${labels.join(", ") || "none"}: ${expected}`, ({ expect }) => {
    const choice = fleetFor(
      {
        linux: { fleet: "web", count: 1 },
        gpu: { fleet: "gpu", count: 1 },
        "gpu, Large": { fleet: "large", count: 2 },
        "kiln-arm,arm64": { fleet: "arm", count: 1 },
      },
      labels,
    );
    expect("share" in choice ? choice.share.fleet : choice.reason).toBe(expected);
  });
}

const alertmanager = settings({ kind: "alertmanager", tokens: [OLD, NEW], fleets: ["web", "big"] });
const alert = (labels: object, changes: object = {}) => ({
  status: "firing",
  labels: { alertname: "Busy", ...labels },
  startsAt: at(NOW),
  fingerprint: "f1",
  ...changes,
});
const HOUR = NOW / hours(1);
const fromAlertmanager = (alerts: readonly object[], token = NEW, now = NOW) =>
  parseWebhook(alertmanager, {
    headers: { authorization: `Bearer ${token}` },
    query: {},
    body: Buffer.from(JSON.stringify({ version: "4", status: "firing", alerts })),
    now,
    region: REGION,
  });

test("every firing alert with a fleet is a request; the same start is the same request, however often it is sent", ({
  expect,
}) => {
  const alerts = [
    alert({ kiln_fleet: "web" }, { annotations: { kiln_count: "3" } }),
    alert({ kiln_fleet: "big", kiln_count: "2" }, { fingerprint: "f2" }),
    alert({ kiln_fleet: "web" }, { status: "resolved", fingerprint: "f3" }),
    alert({}, { fingerprint: "f4" }),
  ];
  const parsed = fromAlertmanager(alerts);
  expect(parsed).toEqual({
    kind: "launch",
    launches: [
      {
        fleet: "web",
        count: 3,
        delivery: [HOUR, expect.any(String)],
        at: NOW,
        alerts: [[expect.any(String), 3]],
      },
      {
        fleet: "big",
        count: 2,
        delivery: [HOUR, expect.any(String)],
        at: NOW,
        alerts: [[expect.any(String), 2]],
      },
    ],
  });
  expect(fromAlertmanager(alerts, OLD)).toEqual(parsed);
});

test("a delivery of Alertmanager is refused, ignored or answered with the mistake", ({ expect }) => {
  expect(fromAlertmanager([], "another-senders-token")).toEqual({ kind: "refused", why: BEARER });
  expect(fromAlertmanager([alert({})])).toEqual({
    kind: "ignored",
    reason: "no firing alert has the label kiln_fleet",
  });
  expect(fromAlertmanager([alert({ kiln_fleet: "other" })])).toEqual({
    kind: "malformed",
    error: 'alerts[0]: the label kiln_fleet names "other", a fleet this sender may not use',
  });
  expect(fromAlertmanager([alert({ kiln_fleet: "web", kiln_count: "-1" })])).toEqual({
    kind: "malformed",
    error: "alerts[0]: kiln_count must be a whole number from 1 to 99999",
  });
});

test("an alert that fires is a request however long ago it began; a repeat of a later hour is another run", ({
  expect,
}) => {
  const web = (changes: object = {}) => alert({ kiln_fleet: "web" }, changes);
  const alertsOf = (parsed: ParsedWebhook) =>
    parsed.kind === "launch" ? parsed.launches.map(({ alerts, delivery }) => ({ alerts, delivery })) : [];
  const first = alertsOf(fromAlertmanager([web()]));
  for (const later of [hours(1), days(2), days(40)]) {
    const [again] = alertsOf(fromAlertmanager([web()], NEW, NOW + later));
    expect(again?.alerts).toEqual(first[0]?.alerts);
    expect(again?.delivery).not.toEqual(first[0]?.delivery);
  }
  expect(alertsOf(fromAlertmanager([web()], NEW, NOW + minutes(59)))).toEqual(first);
  // Beside new and unreadable ones, none is left out without a word.
  const mixed = fromAlertmanager([
    web({ fingerprint: "f1", startsAt: at(NOW - days(2)) }),
    web({ fingerprint: "f2" }),
    web({ fingerprint: "f3", startsAt: "soon" }),
  ]);
  expect(mixed).toMatchObject({ launches: [{ count: 2 }], refused: [{ at: "alerts[2]" }] });
});

test("a delivery of more than 4,000 alerts is refused whole, whatever they are, and one of 4,000 is not", ({
  expect,
}) => {
  const many = (count: number, of: (n: number) => object) => Array.from({ length: count }, (_, n) => of(n));
  const web = (n: number) => alert({ kiln_fleet: "web" }, { fingerprint: `f${n}` });
  expect(fromAlertmanager(many(4000, web))).toMatchObject({ kind: "launch" });
  for (const of of [web, () => ({}), () => ({ status: "resolved" })])
    expect(fromAlertmanager(many(4001, of))).toEqual({
      kind: "malformed",
      status: 413,
      error: expect.stringMatching(/^alerts: more than 4000 in one delivery.*set max_alerts/),
    });
});

test("an item with more than 256 labels or annotations is refused alone", ({ expect }) => {
  const texts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));
  const good = alert({ kiln_fleet: "web", ...texts(254) }, { annotations: texts(256) });
  const bad = [
    alert({ kiln_fleet: "web", ...texts(255) }),
    alert({ kiln_fleet: "web" }, { annotations: texts(257) }),
  ];
  expect(fromAlertmanager([good, ...bad])).toMatchObject({
    launches: [{ count: 1 }],
    refused: [
      { at: "alerts[1]", reason: "more than 256 labels" },
      { at: "alerts[2]", reason: "more than 256 annotations" },
    ],
  });
});

test("an alert that is in one delivery several times is one", ({ expect }) => {
  const one = alert({ kiln_fleet: "web", kiln_count: "2" });
  const other = alert({ kiln_fleet: "web" }, { fingerprint: "f2" });
  expect(fromAlertmanager([one, one, other, one])).toMatchObject({ launches: [{ count: 3 }] });
  expect(fromAlertmanager([one, one])).toEqual(fromAlertmanager([one]));
});

test("alerts without a fingerprint differ by their labels, however it is left out", ({ expect }) => {
  for (const fingerprint of [undefined, null, ""])
    expect(
      fromAlertmanager([
        alert({ kiln_fleet: "web", instance: "a" }, { fingerprint }),
        alert({ kiln_fleet: "web", instance: "b" }, { fingerprint }),
      ]),
    ).toMatchObject({ launches: [{ count: 2 }] });
});

test("missing data asks for nothing: it is listed with the reason beside alerts that ask", ({ expect }) => {
  const web = (alertname: string, fingerprint: string) =>
    alert({ kiln_fleet: "web", alertname, rulename: "Busy" }, { fingerprint, values: null });
  const missing = [web("DatasourceNoData", "f1"), web("DatasourceError", "f2")];
  const reason = expect.stringContaining("the data of the rule is missing");
  expect(fromAlertmanager(missing)).toEqual({ kind: "ignored", reason });
  expect(fromAlertmanager([...missing, web("Busy", "f3")])).toMatchObject({
    launches: [{ fleet: "web", count: 1 }],
    refused: [
      { at: "alerts[0]", reason },
      { at: "alerts[1]", reason },
    ],
  });
  expect(fromAlertmanager([...missing, {}])).toMatchObject({ kind: "malformed", error: reason });
  const over = missing.map((one) => ({ ...one, status: "resolved" }));
  expect(fromAlertmanager(over)).toMatchObject({ reason: "no firing alert has the label kiln_fleet" });
});

test("a secret in a label is not shown, nor a part of it", ({ expect }) => {
  know([NEW]);
  const answer = fromAlertmanager([alert({ kiln_fleet: `${"x".repeat(60)}${NEW}` })]);
  expect(JSON.stringify(answer)).toContain("x".repeat(60));
  expect(JSON.stringify(answer)).not.toContain(NEW.slice(0, 4));
});

for (const [what, bad, reason] of [
  [
    "another fleet",
    { labels: { kiln_fleet: "webb" } },
    'the label kiln_fleet names "webb", a fleet this sender may not use',
  ],
  [
    "a count that is no number",
    { labels: { kiln_fleet: "web", kiln_count: "two" } },
    "kiln_count must be a whole number from 1 to 99999",
  ],
  [
    "a count beyond the bound",
    { labels: { kiln_fleet: "web", kiln_count: "100000" } },
    "kiln_count must be a whole number from 1 to 99999",
  ],
  [
    "a clock that is ahead",
    { startsAt: at(NOW + minutes(6)) },
    "the time in the body cannot be read or lies ahead",
  ],
  [
    "a day that does not exist",
    { startsAt: "2025-11-31T08:00:00Z" },
    "the time in the body cannot be read or lies ahead",
  ],
  ["a time that is none", { startsAt: "now" }, "the time in the body cannot be read or lies ahead"],
  ["no start", { startsAt: undefined }, "not an alert as Alertmanager documents it; see startsAt"],
  [
    "labels that are no texts",
    { labels: { kiln_fleet: 7 } },
    "not an alert as Alertmanager documents it; see labels.kiln_fleet",
  ],
] as const) {
  test(`an alert with ${what} is listed in the answer, and those beside it are requests`, ({ expect }) => {
    const alerts = [
      alert({ kiln_fleet: "web" }),
      { ...alert({ kiln_fleet: "web" }, { fingerprint: "f2" }), ...bad },
      alert({ kiln_fleet: "big" }, { fingerprint: "f3" }),
    ];
    const parsed = fromAlertmanager(alerts);
    expect(parsed).toMatchObject({ kind: "launch", refused: [{ at: "alerts[1]", reason }] });
    expect(parsed.kind === "launch" && parsed.launches.map(({ fleet }) => fleet)).toEqual(["web", "big"]);
    expect(fromAlertmanager(alerts.slice(1, 2))).toEqual({
      kind: "malformed",
      error: `alerts[0]: ${reason}`,
    });
  });
}

test("the webhook of Grafana is the same document; another version is named", ({ expect }) => {
  const post = (version: unknown) =>
    parseWebhook(alertmanager, {
      headers: { authorization: `Bearer ${NEW}` },
      query: {},
      body: Buffer.from(
        JSON.stringify({ version, orgId: 1, state: "alerting", alerts: [alert({ kiln_fleet: "web" })] }),
      ),
      now: NOW,
      region: REGION,
    });
  expect(launchIn(post("1"))).toEqual(launchIn(post("4")));
  expect(post("5")).toEqual({
    kind: "malformed",
    error: 'version "5" of the body is not known; known are 4 and 1',
  });
});

test("a delivery in which nothing can be used names the first mistakes and their number", ({ expect }) => {
  const post = (alerts: readonly unknown[]) =>
    parseWebhook(alertmanager, {
      headers: { authorization: `Bearer ${NEW}` },
      query: {},
      body: Buffer.from(JSON.stringify({ version: "4", alerts })),
      now: NOW,
      region: REGION,
    });
  expect(post([null])).toEqual({
    kind: "malformed",
    error: "alerts[0]: not an alert as Alertmanager documents it; see the whole item",
  });
  const many = post(Array.from({ length: 2000 }, () => ({ status: 7 })));
  expect(many).toMatchObject({ error: expect.stringMatching(/alerts\[19\].*; and 1980 more$/) });
});

test("a plus sign in the token of an address works, encoded or not", ({ expect }) => {
  const token = "ab+cd/ef==0123456789";
  const post = (query: string) =>
    parseWebhook(
      settings({ kind: "cloudmonitor", tokens: [token], rules: { "busy-web": { fleet: "web" } } }),
      {
        headers: {},
        query: { token: new URLSearchParams(query).get("token") ?? "" },
        body: Buffer.from(JSON.stringify(callback())),
        now: NOW,
        region: REGION,
      },
    ).kind;
  expect(post(`token=${token}`)).toBe("launch");
  expect(post(`token=${encodeURIComponent(token)}`)).toBe("launch");
  expect(post(`token=${token.replace("+", "-")}`)).toBe("refused");
});

const cloudmonitor = settings({
  kind: "cloudmonitor",
  tokens: [NEW],
  rules: { "busy-web": { fleet: "web", count: 2 }, "busy-too": { fleet: "web" }, "rule-7": { fleet: "big" } },
});
const callback = (changes: object = {}) => ({
  alertName: "busy-web",
  alertState: "ALERT",
  timestamp: String(NOW / 1000),
  userId: "1234567890123456",
  dimensions: "{userId=1234567890123456, instanceId=i-1}",
  curValue: "95",
  ...changes,
});
/** Nested deeper than recursion goes. */
const DEEP = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
function fromCloudmonitor(body: unknown, token = NEW, form = true) {
  const text = form
    ? new URLSearchParams(Object(body)).toString()
    : JSON.stringify(body).replace('"DEEP"', DEEP);
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  return parseWebhook(cloudmonitor, {
    headers: { "content-type": type },
    query: { token },
    body: Buffer.from(text),
    now: NOW,
    region: REGION,
  });
}

test("a CloudMonitor callback is read as a form and as JSON, by the rule's name or id", ({ expect }) => {
  const expected = { fleet: "web", count: 2, at: NOW };
  expect(launchIn(fromCloudmonitor(callback()))).toMatchObject(expected);
  expect(launchIn(fromCloudmonitor(callback({ alertState: "ALARM" }), NEW, false))).toMatchObject(expected);
  expect(launchIn(fromCloudmonitor(callback({ ruleId: "rule-7", timestamp: String(NOW) })))).toMatchObject({
    fleet: "big",
    at: NOW,
  });
});

const alarmOf = (parsed: ParsedWebhook) =>
  parsed.kind === "launch" ? parsed.launches[0]?.alerts?.[0] : undefined;

/** How a field without a value is sent. */
const ABSENT = [undefined, null, "", "null"];

test("an alarm of CloudMonitor is a rule and what it is about, whenever and in whichever form it is sent", ({
  expect,
}) => {
  const [alarm, count] = alarmOf(fromCloudmonitor(callback())) ?? [];
  expect(count).toBe(2);
  const same = [
    { curValue: "96" },
    { timestamp: String(NOW - 60_000) },
    { dimensions: "{instanceId=i-1,  userId=1234567890123456}" },
    { dimensions: [{ instanceId: "i-1", userId: "1234567890123456" }] },
    { dimensions: '[{"userId":"1234567890123456","instanceId":"i-1"}]' },
    { preTriggerLevel: "WARN" },
    ...ABSENT.map((ruleId) => ({ ruleId })),
  ];
  for (const changes of same)
    expect(alarmOf(fromCloudmonitor(callback(changes), NEW, false))?.[0]).toBe(alarm);
  const other = [
    { dimensions: "{userId=1234567890123456, instanceId=i-2}" },
    { dimensions: undefined },
    { ruleId: "r" },
  ];
  for (const changes of other)
    expect(alarmOf(fromCloudmonitor(callback(changes), NEW, false))?.[0]).not.toBe(alarm);
  const [of, ...without] = ABSENT.map((dimensions) =>
    alarmOf(fromCloudmonitor(callback({ dimensions }), NEW, false)),
  );
  for (const one of without) expect(one).toEqual(of);
  // In a form every value is text.
  const rules = ["busy-web", "busy-too"].map((alertName) =>
    alarmOf(fromCloudmonitor(callback({ alertName, ruleId: "null" }))),
  );
  expect(new Set(rules.map((one) => one?.[0])).size).toBe(2);
  // The end of the alarm says so, and is another delivery than the alarm of the same moment.
  const over = fromCloudmonitor(callback({ alertState: "OK" }));
  expect(alarmOf(over)).toEqual([alarm, 2]);
  expect(launchIn(over)).toMatchObject({ state: { over: true, at: NOW } });
  expect(launchIn(over)).not.toMatchObject({ delivery: launchIn(fromCloudmonitor(callback())) });
});

test("CloudMonitor is refused without the token of its address, and ignored when no alarm is raised or over", ({
  expect,
}) => {
  expect(fromCloudmonitor(callback(), "")).toEqual({ kind: "refused", why: QUERY });
  expect(fromCloudmonitor(callback(), "another-senders-token")).toEqual({ kind: "refused", why: QUERY });
  expect(fromCloudmonitor(callback({ alertState: "INSUFFICIENT_DATA" }))).toEqual({
    kind: "ignored",
    reason: "the alarm is INSUFFICIENT_DATA",
  });
  expect(fromCloudmonitor(callback({ alertName: "toString" }))).toEqual({
    kind: "ignored",
    reason: "no fleet is set for this rule",
  });
  const odd = ["DEEP", { instanceId: "DEEP" }, ["DEEP"], [7], 7].map((dimensions) =>
    callback({ dimensions }),
  );
  for (const body of [...odd, { alertName: "busy-web" }, { alertName: 7 }, [], "text", null, {}]) {
    expect(fromCloudmonitor(body, NEW, false)).toEqual({
      kind: "malformed",
      error: "not the callback of a CloudMonitor alarm or system event",
    });
  }
});

const generic = settings({ kind: "generic", tokens: [NEW], fleets: ["web"] });
const fromGeneric = (body: object, token = NEW) =>
  parseWebhook(generic, {
    headers: { authorization: `bearer ${token}` },
    query: {},
    body: Buffer.from(JSON.stringify(body)),
    now: NOW,
    region: REGION,
  });
const plain = { id: "scale-1", at: at(NOW), fleet: "web", count: 4 };

test("plain JSON with a token is a request for its fleet", ({ expect }) => {
  expect(launchIn(fromGeneric(plain))).toEqual({
    fleet: "web",
    count: 4,
    delivery: ["scale-1", at(NOW)],
    at: NOW,
  });
  expect(fromGeneric(plain, "")).toEqual({ kind: "refused", why: BEARER });
  expect(fromGeneric({ ...plain, fleet: "big" })).toEqual({
    kind: "malformed",
    error: "this sender may not use that fleet",
  });
  for (const zone of ["Z", "+00:00", ".000Z"])
    expect(launchIn(fromGeneric({ ...plain, at: `2026-01-05T08:00:00${zone}` }))).toMatchObject({ at: NOW });
  for (const none of [
    "2026-01-05",
    "2026-01-05T08:00:00",
    "2026-13-05T08:00:00Z",
    "2026-02-30T08:00:00Z",
    "2025-02-29T08:00:00+08:00",
    "2026-01-05T25:00:00Z",
    "now",
  ])
    expect(fromGeneric({ ...plain, at: none }), none).toMatchObject({ kind: "malformed" });
  expect(fromGeneric({ ...plain, at: undefined })).toEqual({
    kind: "malformed",
    error: 'must be {"id": "…", "at": "2026-01-31T08:00:00Z", "fleet": "…", "count": 1}',
  });
});

test("broken settings are reported by their place, never by their value", ({ expect }) => {
  const read = (KILN_SENDERS: string) => () => readSenders({ KILN_SENDERS });
  expect(read("{")).toThrow("KILN_SENDERS is not JSON; see README, “Senders”");
  expect(read('{"hub":{"kind":"github","secrets":["short"],"labels":{}}}')).toThrow(
    "KILN_SENDERS is malformed: hub.secrets.0: must be at least 16 characters long; see README, “Senders”",
  );
  expect(() => readCallers({ KILN_CALLERS: '{"ci":{"secrets":["hunter2"],"routes":["POST /x"]}}' })).toThrow(
    "KILN_CALLERS is malformed: ci.secrets.0: must be at least 16 characters long; see README, “Callers”",
  );
  for (const route of [
    "POST /fleets/web*",
    "GET /runs/scale-web-*",
    "GET /runs/**",
    "* /runs/*",
    "PATCH /runs/*",
    "GET runs",
  ]) {
    const callers = { ci: { secrets: ["0123456789abcdef"], routes: ["POST /*", route] } };
    expect(() => readCallers({ KILN_CALLERS: JSON.stringify(callers) }), route).toThrow(
      "KILN_CALLERS is malformed: ci.routes.1: must be GET, POST, PUT or DELETE, a space and a path; * stands for a whole part of the path; see README, “Callers”",
    );
  }
  expect(readSenders({})).toEqual({});
});

test("two fleets whose labels are the same to GitHub are refused, and both are named", ({ expect }) => {
  const labels = (given: Readonly<Record<string, string>>) => {
    const fleets = Object.entries(given).map(([key, fleet]) => [key, { fleet }]);
    const hub = { kind: "github", secrets: ["0123456789abcdef"], labels: Object.fromEntries(fleets) };
    return () => readSenders({ KILN_SENDERS: JSON.stringify({ hub }) });
  };
  for (const [one, other] of [
    ["gpu", "GPU"],
    ["gpu,Large", " large , GPU"],
    ["gpu", "gpu,x64"],
    ["gpu", "self-hosted,Linux,gpu"],
  ] as const)
    expect(labels({ [one]: "web", [other]: "big" })).toThrow(
      `hub.labels: fleets web and big have the same labels (${JSON.stringify(one)} and ${JSON.stringify(other)}; GitHub`,
    );
  expect(labels({ gpu: "web", large: "web", "Large,GPU": "big" })).toThrow(
    'fleets web and big have the same labels ("gpu", "large" and "Large,GPU";',
  );
  for (const sound of [
    { gpu: "web", GPU: "web" },
    { gpu: "web", "gpu,large": "big" },
    { gpu: "web", "gpu,arm64": "big" },
  ])
    expect(labels(sound)).not.toThrow();
});

test("a token that an address would change is refused when it is configured, others are not", ({
  expect,
}) => {
  const parsed = (token: string) =>
    SenderSettings.safeParse({ kind: "cloudmonitor", tokens: [NEW, token], rules: {} }).success;
  for (const sign of ["&", "#", "%"]) expect(parsed(`0123456789abcdef${sign}x`), sign).toBe(false);
  for (const sign of ["+", "/", "=", "~", "-"]) expect(parsed(`0123456789abcdef${sign}x`), sign).toBe(true);
});
