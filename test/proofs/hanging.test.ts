/**
 * The webhook when the cloud does not answer. Its limit is 3 seconds here instead of 15, and everything in
 * proportion: a call gives up after 0.6 seconds, all of them after 1.8.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { signedPath } from "../../shared/signed-link.ts";
import type { Fault } from "../cloud/index.ts";
import {
  BUCKET,
  deployKiln,
  hurry,
  type Answer,
  type DeployOptions,
  type Deployment,
} from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { logText } from "../support/records.ts";
import { ended } from "../support/runs.ts";
import { machines, tagsOf } from "../support/world.ts";

const ROOT = join(import.meta.dirname, "../..");
const LIMIT_MS = seconds(5);
const SECRET = "approval-secret-0123456789";
const CALL_MS = LIMIT_MS / 5;
const ALL_MS = (LIMIT_MS * 3) / 5;
/** GitHub ends a delivery after 10 of the 15 seconds. */
const DELIVERY_MS = (LIMIT_MS * 10) / 15;
const SILENT = {
  status: 503,
  body: { error: "the cloud did not answer in time; send the same request again, it is carried out once" },
};

const test = base.extend<{ deploy: (env?: DeployOptions["env"]) => Promise<Deployment> }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  deploy: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-"));
    const manifest = join(folder, "s.yaml");
    const text = readFileSync(join(ROOT, "s.yaml"), "utf8");
    writeFileSync(manifest, text.replace("timeout: 15\n", `timeout: ${LIMIT_MS / 1000}\n`));
    const deployed: Deployment[] = [];
    await use(async (env = {}) => {
      const kiln = await deployKiln({ env, manifest, dist: join(ROOT, "dist"), fc: { timers: [] } });
      deployed.push(kiln);
      hurry(kiln);
      kiln.cloud.world.publishImage("web", {
        imageId: "m-web-1",
        createdAt: kiln.cloud.time.now() - minutes(60),
      });
      return kiln;
    });
    for (const kiln of deployed) await kiln.close();
    rmSync(folder, { recursive: true });
  },
});

type Request = readonly [
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
];

/**
 * The answers to requests that are made side by side, each with the milliseconds it took: those of the invocation, or the
 * real ones if they are more.
 */
async function timed(kiln: Deployment, ...requests: readonly Request[]) {
  const since = performance.now();
  const answers = requests.map(async (request): Promise<Answer & { readonly ms: number }> => {
    const answer = await kiln.call(...request);
    const realMs = performance.now() - since;
    const { durationMs = 0 } = doors(kiln).findLast(({ payload }) => payload.includes(request[1])) ?? {};
    return { ...answer, ms: Math.max(durationMs, realMs) };
  });
  let over = false;
  const all = Promise.all(answers).finally(() => {
    over = true;
  });
  await kiln.cloud.settle({ until: () => over, forMs: minutes(1) });
  return all;
}

/** Starts enough instances of the webhook first, so that their loading is not measured. */
const warm = (kiln: Deployment, count: number) =>
  timed(kiln, ...Array.from({ length: count }, () => ["GET", "/nowhere"] as const));

const doors = ({ cloud }: Deployment) =>
  cloud.fc.invocations.filter(({ function: name }) => name === "kiln-webhook");

/** A request for an instance, known by its key however often it is signed. */
const launch = (fleet: string): Request => ["POST", `/fleets/${fleet}/scale-out`, { count: 1, key: "one" }];

/** More requests at once would measure this machine. */
const BATCH = 4;

/** The answers to a launch for each fleet, as `timed`. */
async function inBatches(kiln: Deployment, fleets: readonly string[]) {
  const answers: Awaited<ReturnType<typeof timed>> = [];
  for (let n = 0; n < fleets.length; n += BATCH)
    answers.push(...(await timed(kiln, ...fleets.slice(n, n + BATCH).map(launch))));
  return answers;
}

/** A fault for each fleet, named by it. */
const FAULTS: Readonly<Record<string, Omit<Fault, "when">>> = {
  "get-hangs": { product: "oss", action: "GetObject", kind: "hang" },
  "get-drips": { product: "oss", action: "GetObject", kind: "drip" },
  "put-hangs": { product: "oss", action: "PutObject", kind: "hang" },
  "append-hangs": { product: "oss", action: "AppendObject", kind: "hang" },
  "append-drips": { product: "oss", action: "AppendObject", kind: "drip" },
  "append-and-look-hang": { product: "oss", action: ["AppendObject", "GetObject"], kind: "hang" },
  "invoke-hangs": { product: "fc", action: "InvokeFunction", kind: "hang" },
  "invoke-drips": { product: "fc", action: "InvokeFunction", kind: "drip" },
};

/** Hits the calls about one fleet. The log of a day earlier is looked for first: the last case is about a later look. */
const hits = (fleet: string): Pick<Fault, "when"> => ({
  when: (params) =>
    JSON.stringify(params).includes(`-${fleet}-`) &&
    !(fleet === "append-and-look-hang" && params["key"]?.includes("20260104")),
});

test("whatever is silent or drips is given up in time, cut off, and the same request later is carried out once", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const { cloud } = kiln;
  const fleets = Object.keys(FAULTS);
  for (const fleet of fleets) await kiln.upload(`fleets/${fleet}.yaml`, fleetText());
  await warm(kiln, BATCH);
  const stops = Object.entries(FAULTS).map(([fleet, fault]) =>
    cloud.faults.add({ ...fault, ...hits(fleet) }),
  );
  for (const [n, { ms, ...answer }] of (await inBatches(kiln, fleets)).entries()) {
    // The line is written although no answer says so, and is found; then the run is accepted, whatever becomes of its event.
    const isStored = /^(?:append|invoke)-(?:hangs|drips)$/.test(fleets[n] ?? "");
    expect(answer, fleets[n]).toEqual(
      isStored ? { status: 202, body: { run: expect.any(String), status: expect.any(String) } } : SILENT,
    );
    // A call and its repeat; nothing before and after it takes long.
    expect(ms, fleets[n]).toBeGreaterThan(2 * CALL_MS - 100);
    expect(ms, fleets[n]).toBeLessThan(LIMIT_MS);
  }
  for (const stop of stops) stop();
  // Until then the first invocation may be about to send its event, and runs that have begun wait for hung calls.
  await cloud.settle({ forMs: minutes(1) });
  await expect.poll(() => cloud.unanswered()).toBe(0);
  expect(machines(kiln)).toHaveLength(4);
  const again = await inBatches(kiln, fleets);
  for (const [n, { status, body }] of again.entries()) {
    expect(status, fleets[n]).toBe(202);
    const { result } = await ended(kiln, String(body["run"]));
    expect(result, fleets[n]).toMatchObject({ count: 1 });
  }
  const owners = machines(kiln).map(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:fleet"]);
  expect(owners).toHaveLength(fleets.length);
  expect(new Set(owners)).toEqual(new Set(fleets));
  // The instances of before went on serving: none was stuck, none was ended.
  expect(doors(kiln).filter(({ coldStart }) => coldStart)).toHaveLength(BATCH);
});

test("one lost answer is not felt: the call is made again, and nothing happens twice", async ({
  deploy,
  expect,
}) => {
  // The other signature, so the other SDK.
  const kiln = await deploy({ KILN_FC_SIGNATURE: "fc" });
  const first = (_: unknown, n: number): boolean => n === 0;
  const lost: readonly (readonly Omit<Fault, "when">[])[] = [
    [
      { product: "oss", action: "GetObject", kind: "hang" },
      { product: "fc", action: "InvokeFunction", kind: "drip" },
    ],
    [{ product: "oss", action: "PutObject", kind: "hang" }],
    [{ product: "oss", action: "PutObject", kind: "after" }],
    [{ product: "oss", action: "AppendObject", kind: "hang" }],
    // The line is there, so the second append is refused, and the line is found to be the own one.
    [{ product: "oss", action: "AppendObject", kind: "after" }],
    [
      { product: "oss", action: "AppendObject", kind: "after" },
      { product: "oss", action: "GetObject", kind: "hang" },
    ],
    [{ product: "fc", action: "InvokeFunction", kind: "after" }],
  ];
  await warm(kiln, 1);
  for (const [n, faults] of lost.entries()) {
    const fleet = `web${n}`;
    await kiln.upload(`fleets/${fleet}.yaml`, fleetText());
    for (const fault of faults) kiln.cloud.faults.add({ ...fault, when: first });
    const [answer] = await timed(kiln, launch(fleet));
    expect(answer?.status, JSON.stringify(faults)).toBe(202);
    expect(answer?.body, JSON.stringify(faults)).not.toHaveProperty("repeated");
    expect(answer?.ms, JSON.stringify(faults)).toBeLessThan(LIMIT_MS);
    await expect.poll(() => kiln.cloud.unanswered(), { message: JSON.stringify(faults) }).toBe(0);
    await ended(kiln, String(answer?.body["run"]));
    expect(machines(kiln), JSON.stringify(faults)).toHaveLength(n + 1);
  }
});

const FLEETS = ["web", "web-2", "web-3", "web-4", "web-5", "web-6"];

test("several calls that are slow one by one end in 503 in time too", async ({ deploy, expect }) => {
  const token = "a-token-of-a-sender-0123456789";
  // A delivery for more is one request.
  const few = FLEETS.slice(0, 3);
  const KILN_SENDERS = JSON.stringify({
    alerts: { kind: "alertmanager", tokens: [token], fleets: few },
  });
  const kiln = await deploy({ KILN_SENDERS });
  for (const fleet of few) await kiln.upload(`fleets/${fleet}.yaml`, fleetText());
  await warm(kiln, 1);
  const at = new Date(kiln.cloud.time.now()).toISOString();
  // A delivery is one request for each fleet.
  const alerts = few.map((fleet) => ({
    status: "firing",
    labels: { kiln_fleet: fleet },
    startsAt: at,
    fingerprint: "f1",
  }));
  const body = { version: "4", alerts };
  const request: Request = ["POST", "/senders/alerts", body, { authorization: `Bearer ${token}` }];
  const everySecond = (_: unknown, n: number): boolean => n % 2 === 0;
  const stop = kiln.cloud.faults.add({
    product: "oss",
    action: "AppendObject",
    kind: "hang",
    when: everySecond,
  });
  const [answer] = await timed(kiln, request);
  stop();
  expect(answer).toMatchObject(SILENT);
  expect(answer?.ms).toBeGreaterThan(ALL_MS - 100);
  expect(answer?.ms).toBeLessThan(LIMIT_MS);
  expect(doors(kiln).at(-1)?.durationMs).toBeLessThan(DELIVERY_MS);
  // Until then the first invocation may be about to send the event of its last line.
  await kiln.cloud.settle({ forMs: seconds(30) });
  const [again] = await timed(kiln, request);
  expect(again?.status).toBe(202);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const runs = ((again?.body["runs"] ?? []) as { run: string }[]).map(({ run }) => run);
  for (const run of runs) await ended(kiln, run);
  expect(new Set(runs).size).toBe(3);
  expect(machines(kiln)).toHaveLength(3);
});

test("an address that refuses or has no name ends in time: in 503 for the bucket, as a queued run for the functions", async ({
  deploy,
  expect,
}) => {
  const nowhere = "http://127.0.0.1:1";
  for (const [env, expected] of [
    [{ KILN_OSS_ENDPOINT: nowhere }, SILENT],
    [{ KILN_OSS_ENDPOINT: "http://kiln.invalid" }, SILENT],
    [{ KILN_FC_ENDPOINT: nowhere }, { status: 202 }],
    [{ KILN_FC_ENDPOINT: "http://kiln.invalid" }, { status: 202 }],
  ] as const) {
    const kiln = await deploy(env);
    await kiln.upload("fleets/web.yaml", fleetText());
    await warm(kiln, 1);
    const [answer] = await timed(kiln, launch("web"));
    expect(answer, JSON.stringify(env)).toMatchObject(expected);
    expect(answer?.ms, JSON.stringify(env)).toBeLessThan(LIMIT_MS);
    expect(
      kiln.records().map(({ state }) => state),
      JSON.stringify(env),
    ).toEqual(expected.status === 202 ? ["queued"] : []);
  }
});

const GET_RUN: Request = ["GET", "/runs/bake-web-20260105-0123456789ab"];

/** Answers of a proxy: a page, half an object, a login. */
const PROXIED = [
  [200, { "content-type": "text/html" }, "<html></html>"],
  [200, { "content-type": "application/json" }, '{"v":1,'],
  [200, { "content-type": "application/json" }, ""],
  [202, { "content-type": "text/html" }, ""],
  [302, { location: "http://127.0.0.1:1/" }, ""],
] as const;

test("an answer that does not come from OSS ends in 503 and counts as no log; one that does not come from Function Compute counts as no sent event", async ({
  deploy,
  expect,
}) => {
  let next: (typeof PROXIED)[number] = PROXIED[0];
  const server = createServer((_, answer) => {
    const [status, headers, body] = next;
    answer.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kiln = await deploy({ KILN_OSS_ENDPOINT: url });
  for (next of PROXIED) {
    for (const request of [GET_RUN, launch("web")]) {
      const [answer] = await timed(kiln, request);
      expect([answer?.status, next, request]).toEqual([503, next, request]);
    }
  }
  for (const KILN_FC_SIGNATURE of ["fc", "acs3"]) {
    const other = await deploy({ KILN_FC_ENDPOINT: url, KILN_FC_SIGNATURE });
    for (const [n, answered] of PROXIED.entries()) {
      next = answered;
      await other.upload(`fleets/web${n}.yaml`, fleetText());
      const [answer] = await timed(other, launch(`web${n}`));
      const run = String(answer?.body["run"]);
      expect([answer?.status, next, KILN_FC_SIGNATURE]).toEqual([202, next, KILN_FC_SIGNATURE]);
      expect(other.record(run)?.state).toBe("queued");
      const said = doors(other)
        .at(-1)
        ?.logs.find((line) => line.includes("event not sent"));
      expect([said, KILN_FC_SIGNATURE]).toEqual([expect.stringContaining(run), KILN_FC_SIGNATURE]);
    }
  }
  server.close();
});

test("a decision whose answer is lost is confirmed when it is sent again, and another decision is refused", async ({
  deploy,
  expect,
}) => {
  for (const kind of ["after", "hang"] as const) {
    const kiln = await deploy({ KILN_APPROVAL_SECRET: SECRET });
    await warm(kiln, 1);
    const run = "promote-web-20260105-0123456789ab";
    const waiting = logText({}, { kind: "next", phase: "approve", due: kiln.cloud.time.now() });
    kiln.cloud.oss.append(BUCKET, runKey(run), waiting);
    const ends = kiln.cloud.time.now() + minutes(30);
    const link = signedPath({ kind: "approvals", parts: [run] }, ends, SECRET);
    const lost = (_: unknown, n: number): boolean => n === 0;
    kiln.cloud.faults.add({ product: "oss", action: "AppendObject", kind, when: lost });
    const press = async (decision: string) => {
      const url = new URL(link, kiln.cloud.urls.http["kiln-webhook"]);
      let over = false;
      const pressed = fetch(url, { method: "POST", body: `decision=${decision}` }).finally(() => {
        over = true;
      });
      void kiln.cloud.time.hold(pressed);
      await kiln.cloud.settle({ until: () => over, forMs: minutes(1) });
      const { status, text } = await pressed.then(async (one) => ({
        status: one.status,
        text: await one.text(),
      }));
      return `${status} ${/Approved|Rejected|Already decided/.exec(text)?.[0]}`;
    };
    expect(await press("approve")).toBe("200 Approved");
    expect(await press("approve")).toBe("200 Approved");
    expect(await press("reject")).toBe("409 Already decided");
  }
});
