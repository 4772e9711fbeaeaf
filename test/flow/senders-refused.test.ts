/** `GET /senders`: refused deliveries by sender and reason, and that counting them stays cheap. */
import { hours, minutes } from "../../shared/duration.ts";
import { hmac } from "../../shared/hmac.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment, sign } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { known } from "../support/known.ts";
import { answered } from "../support/runs.ts";
import { deliveries, raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";

const env = { KILN_SENDERS: JSON.stringify(SENDERS) };
const at = (kiln: Deployment): string => new Date(kiln.cloud.time.now()).toISOString();

const alerts = (kiln: Deployment, ...counts: readonly string[]): string =>
  JSON.stringify({
    version: "4",
    alerts: counts.map((kiln_count, n) => ({
      status: "firing",
      labels: { kiln_fleet: "web", kiln_count },
      startsAt: at(kiln),
      fingerprint: `f${n}`,
    })),
  });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface Row {
  readonly sender: string;
  readonly acceptedAt?: string;
  readonly refusedAt?: string;
  readonly refused: readonly { readonly count: number }[];
}

const rowsOf = async (kiln: Deployment) =>
  known<readonly Row[]>((await answered(kiln, kiln.api("GET", "/senders"))).body["senders"]);

const TOO_LARGE =
  "the body is larger than 8388608 bytes; send less at once, from Alertmanager with max_alerts of its webhook_config";

const EXPECTED = [
  {
    kind: "unknown",
    refused: [
      {
        reason: "KILN_SENDERS has no sender of this name: add it, or correct the path /senders/<name>",
        count: 2,
      },
      ...["/sender/github", "/senders/github/", "/webhook"].map((path) => ({
        reason: `POST ${path} is signed by no caller and the path of no sender: senders post to /senders/<name>, without a slash at the end`,
        count: 1,
      })),
    ],
  },
  {
    sender: "alerts",
    kind: "sender",
    refused: [
      {
        reason:
          "Authorization: Bearer … is missing or none of the tokens of this sender: compare it with KILN_SENDERS",
        count: 1,
      },
      { reason: "kiln_count must be a whole number from 1 to 99999", count: 1 },
      { reason: "not the body of a webhook of Alertmanager or Grafana", count: 1 },
      { reason: TOO_LARGE, count: 1 },
    ],
  },
  {
    kind: "caller",
    refused: [
      { reason: "count: must be at least 1", count: 1 },
      {
        reason:
          "the signature is wrong: compare the secret with KILN_CALLERS, and the signed bytes with README, “Callers”",
        count: 1,
      },
    ],
  },
];

test("refusals are counted by sender and caller with their reasons, strangers together, links not at all", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText());
  expect(await rowsOf(kiln)).toEqual([]);
  const [, alert] = deliveries(kiln.cloud.time.now());
  const [path, headers, body] = alert ?? ["", {}, ""];
  const acceptedAt = kiln.cloud.time.now();
  expect((await raw(kiln, path, headers, body)).status).toBe(202);
  await kiln.cloud.settle({ forMs: minutes(2) });
  expect((await raw(kiln, path, bearer("another-token-0123456789"), body)).status).toBe(401);
  expect((await raw(kiln, path, bearer(SENDER_SECRET), "no JSON")).status).toBe(400);
  expect((await raw(kiln, path, bearer(SENDER_SECRET), alerts(kiln, "1", "two"))).status).toBe(202);
  expect((await raw(kiln, "/senders/constructor", {}, "{}")).status).toBe(401);
  expect((await raw(kiln, "/senders/missing", {}, "{}")).status).toBe(401);
  for (const unknown of ["/senders/github/", "/sender/github", "/webhook"])
    expect((await raw(kiln, unknown, {}, "{}")).status).toBe(401);
  expect((await raw(kiln, "/approvals/x/1/y", {}, "{}")).status).toBe(404);
  expect((await raw(kiln, path, bearer(SENDER_SECRET), "x".repeat(8 * 1024 * 1024 + 1))).status).toBe(413);
  const forged = sign("POST", "/fleets/web/stop", "{}", { at: kiln.cloud.time.now(), secret: "x" });
  expect((await raw(kiln, "/fleets/web/stop", forged, "{}")).status).toBe(401);
  const asked = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", { count: 0 }));
  expect(asked.status).toBe(400);
  const rows = await rowsOf(kiln);
  expect(rows).toMatchObject(EXPECTED);
  const [, { acceptedAt: accepted, refusedAt } = {}] = rows;
  expect(Date.parse(String(accepted))).toBeGreaterThanOrEqual(acceptedAt + minutes(2));
  expect(Date.parse(String(refusedAt))).toBeGreaterThan(acceptedAt);
});

test("that a sender is accepted is shown at once, whatever was refused before, and costs one write a minute", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText());
  const post = (token: string, n: number) =>
    raw(kiln, "/senders/alerts", bearer(token), alerts(kiln, "1", `${n}`));
  const written = () =>
    kiln.cloud.callLog
      .entries({ product: "oss", action: "PutObject" })
      .filter((entry) => JSON.stringify(entry).includes("deliveries/")).length;
  for (let n = 0; n < 25; n++) expect((await post("wrong-token-0123456789", n)).status).toBe(401);
  const before = written();
  for (let n = 1; n <= 5; n++) expect((await post(SENDER_SECRET, n)).status).toBe(202);
  expect(written() - before).toBe(1);
  const [row] = await rowsOf(kiln);
  expect(row).toMatchObject({ sender: "alerts", acceptedAt: expect.any(String), refused: [{ count: 25 }] });
});

test("an answer that something fails is counted like a refusal, and says that it can be sent again", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText());
  const heal = kiln.cloud.faults.add({
    product: "oss",
    action: "AppendObject",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
  });
  const body = alerts(kiln, "1");
  for (let n = 0; n < 3; n++)
    expect((await raw(kiln, "/senders/alerts", bearer(SENDER_SECRET), body)).status).toBe(503);
  const signed = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", { count: 1 }));
  expect(signed.status).toBe(503);
  heal();
  const why = "cannot be accepted now, send it again";
  expect(await rowsOf(kiln)).toMatchObject([
    { sender: "alerts", refused: [{ reason: why, count: 3 }] },
    { kind: "caller", refused: [{ reason: why, count: 1 }] },
  ]);
  expect((await raw(kiln, "/senders/alerts", bearer(SENDER_SECRET), body)).status).toBe(202);
});

test("however long what is sent may be, the answer that quotes it is short", async ({ deploy, expect }) => {
  const kiln = await deploy({ env });
  const long = "x".repeat(900_000);
  const at = new Date(kiln.cloud.time.now()).toISOString();
  const firing = { status: "firing", labels: { kiln_fleet: "web" }, startsAt: at, fingerprint: "f" };
  const bodies = [
    { version: long, alerts: [] },
    { version: "4", alerts: [{ status: "firing", labels: { kiln_fleet: long }, startsAt: at }] },
    {
      version: "4",
      alerts: [{ labels: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`label-${n}`, n])) }],
    },
    { version: "4", alerts: Array.from({ length: 200_000 }, () => null) },
    { version: "4", alerts: [...Array.from({ length: 100_000 }, () => 1), firing] },
  ];
  for (const body of bodies) {
    const { text } = await raw(kiln, "/senders/alerts", bearer(SENDER_SECRET), JSON.stringify(body));
    expect(text.length).toBeLessThan(200_000);
  }
  const job = { id: 1, run_attempt: 1, labels: [long, "kiln-web"], created_at: at };
  const event = JSON.stringify({
    action: long,
    repository: { full_name: "acme/shop" },
    workflow_job: job,
  });
  const queued = event.replace(`"action":"${long}"`, '"action":"queued"');
  for (const text of [event, queued]) {
    const headers = {
      "x-hub-signature-256": `sha256=${hmac(SENDER_SECRET, Buffer.from(text))}`,
      "content-type": "application/json",
    };
    const { status, text: said } = await raw(kiln, "/senders/github", headers, text);
    expect(status).toBe(200);
    expect(said.length).toBeLessThan(3000);
  }
  const given = await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", { [long]: 1 }));
  expect(given.status).toBe(400);
  expect(JSON.stringify(given.body).length).toBeLessThan(3000);
});

test("a flood of refusals costs 20 writes of an instance, and one a minute", async ({ deploy, expect }) => {
  const kiln = await deploy({ env });
  const post = (n: number) => raw(kiln, "/senders/alerts", bearer(`wrong-token-0123456789-${n}`), "{}");
  const written = () => kiln.cloud.callLog.count({ product: "oss", action: "PutObject" });
  const before = written();
  for (let n = 0; n < 60; n++) expect((await post(n)).status).toBe(401);
  expect(written() - before).toBeLessThanOrEqual(21);
  // An hour has an object of its own; what waits is written into that of the hour before.
  await kiln.cloud.settle({ forMs: hours(1) });
  await post(60);
  expect(await rowsOf(kiln)).toMatchObject([{ sender: "alerts", refused: [{ count: 61 }] }]);
  expect(kiln.cloud.oss.list(BUCKET, "deliveries/")).toHaveLength(2);
  // Reasons that a caller can vary are no way to a large object either.
  for (let n = 0; n < 30; n++)
    await answered(kiln, kiln.call("POST", `/fleets/web/action-${n}${"x".repeat(110)}${SENDER_SECRET}`, {}));
  await kiln.cloud.settle({ forMs: minutes(1) });
  await answered(kiln, kiln.call("POST", "/nothing", {}));
  const caller = (await rowsOf(kiln)).find(({ sender }) => sender !== "alerts");
  expect(caller?.refused).toHaveLength(21);
  // A reason is cut after its secrets are hidden: half of one would not be found.
  expect(JSON.stringify(caller)).not.toContain(SENDER_SECRET.slice(0, 8));
  expect(caller?.refused.reduce((sum, { count }) => sum + count, 0)).toBe(31);
  await kiln.cloud.settle({ forMs: hours(24 * 8) });
  expect(await rowsOf(kiln)).toEqual([]);
});

test("alerts that a sender leaves out of its delivery are in the answer and counted, beside others or alone", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env });
  await kiln.upload("fleets/web.yaml", fleetText());
  const reason = expect.stringMatching(
    /^left out of the delivery by max_alerts .*group_by, or raise max_alerts$/,
  );
  const body = JSON.parse(alerts(kiln, "1"));
  const other = [{ ...body.alerts[0], labels: {} }];
  for (const [given, truncated, answer] of [
    [body.alerts, 500, { runs: [{}] }],
    [other, 7, { ignored: "no firing alert has the label kiln_fleet" }],
  ]) {
    const text = JSON.stringify({ ...body, alerts: given, truncatedAlerts: truncated });
    const answered = await raw(kiln, "/senders/alerts", bearer(SENDER_SECRET), text);
    expect(JSON.parse(answered.text)).toMatchObject({
      ...answer,
      refused: [{ at: `truncatedAlerts: ${truncated}`, reason }],
    });
  }
  const whole = JSON.stringify({ ...body, truncatedAlerts: 0 });
  const { text } = await raw(kiln, "/senders/alerts", bearer(SENDER_SECRET), whole);
  expect(JSON.parse(text)).not.toHaveProperty("refused");
  const [row] = await rowsOf(kiln);
  expect(row).toMatchObject({ sender: "alerts", refused: [{ reason, count: 2 }] });
});
