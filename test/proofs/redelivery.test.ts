import { createServer } from "node:http";
import { hours, minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import type { Hub, HubOptions } from "../support/github.ts";
import { jobsOf, test } from "../support/hub.ts";
import { answered } from "../support/runs.ts";
import { logOf, machines } from "../support/world.ts";

/** Results of catch-ups, oldest first. */
const results = ({ kiln }: Hub) =>
  kiln.records("redeliver").map(({ state, result, reason }) => ({ state, ...result, reason }));

test("jobs of an hour without a webhook get one machine each, and nothing is asked for twice", async ({
  hub,
  expect,
}) => {
  const world = await hub();
  const { kiln, github, hook, reach } = world;
  expect(await jobsOf(world, [1, 2])).toEqual([202, 202]);
  reach(false);
  expect(await jobsOf(world, [3, 4, 5])).toEqual([502, 502, 502]);
  await kiln.cloud.settle({ forMs: minutes(1) });
  reach(true);
  expect(await jobsOf(world, [6])).toEqual([202]);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(machines(kiln)).toHaveLength(6);
  expect(results(world)).toMatchObject([
    {
      state: "done",
      failed: 3,
      requested: 3,
      refused: 0,
      notTried: 0,
      delivered: 3,
      failedAgain: 0,
      pending: 0,
    },
  ]);
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(github.attempts(hook).filter(({ redelivery }) => redelivery)).toHaveLength(3);
  expect(machines(kiln)).toHaveLength(6);
});

const RELEASED = { onJobCompleted: "release" as const, limits: { max: 150 } };

test("jobs that ended while the webhook was away launch nothing, however many they are", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { limits: { max: 150 } });
  const { kiln, reach } = world;
  const ids = Array.from({ length: 100 }, (_, n) => n + 1);
  reach(false);
  const created_at = new Date(kiln.cloud.time.now()).toISOString();
  await jobsOf(world, ids);
  await kiln.cloud.settle({ forMs: minutes(1) });
  const completed_at = new Date(kiln.cloud.time.now()).toISOString();
  const by = { runner_name: "GitHub Actions 7", runner_group_name: "GitHub Actions" };
  await jobsOf(world, ids, "completed", { created_at, started_at: created_at, completed_at, ...by });
  reach(true);
  await kiln.cloud.settle({ forMs: hours(1) });
  const delivered = kiln.records("redeliver").map(({ result }) => Number(result?.["delivered"]));
  expect(delivered.reduce((sum, count) => sum + count, 0)).toBe(200);
  expect(machines(kiln)).toEqual([]);
});

const HOSTED = { runner_name: "GitHub Actions 7", runner_group_name: "GitHub Actions" };
const instant = ({ kiln }: Hub): string => new Date(kiln.cloud.time.now()).toISOString();

for (const others of [0, 3, 70])
  test(`a machine that begins a second job while the webhook is away stays, with ${others} other ends`, async ({
    hub,
    expect,
  }) => {
    const world = await hub({ rates: { changesPerMinute: others === 3 ? 1 : 80 } }, RELEASED);
    const { kiln, reach } = world;
    await jobsOf(world, [1]);
    await kiln.cloud.settle({ forMs: minutes(10) });
    const runner_name = machines(kiln)[0]?.instanceId;
    const created_at = instant(world);
    const started_at = instant(world);
    await jobsOf(world, [1], "in_progress", { created_at, started_at, runner_name });
    await kiln.cloud.settle({ forMs: minutes(3) });
    reach(false);
    const completed_at = instant(world);
    await jobsOf(world, [1], "completed", { created_at, started_at, completed_at, runner_name });
    await kiln.cloud.settle({ forMs: minutes(0.2) });
    await jobsOf(world, [2], "in_progress", { created_at, started_at: instant(world), runner_name });
    const ids = Array.from({ length: others }, (_, n) => 100 + n);
    const ended = { created_at, completed_at: instant(world), labels: ["ubuntu-latest"], ...HOSTED };
    await jobsOf(world, ids, "completed", ended);
    reach(true);
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(machines(kiln)).toHaveLength(1);
    expect(kiln.records("job").map(({ result }) => result?.["why"])).toEqual([
      expect.stringContaining("has begun another job since"),
    ]);
  });

for (const status of [422, 500])
  test(`ends that GitHub answers with ${status} keep no announcement from its turn`, async ({
    hub,
    expect,
  }) => {
    const world = await hub();
    const { kiln, github, hook, reach } = world;
    reach(false);
    await jobsOf(world, [1, 2]);
    await kiln.cloud.settle({ forMs: minutes(1) });
    const ids = Array.from({ length: status === 500 ? 6 : 150 }, (_, n) => 100 + n);
    await jobsOf(world, ids, "completed", { labels: ["ubuntu-latest"], ...HOSTED });
    const bad = new Set(
      github
        .attempts(hook)
        .filter(({ action }) => action === "completed")
        .map(({ id }) => String(id)),
    );
    github.trouble = (method, path) =>
      method === "POST" && bad.has(/deliveries\/(\d+)/.exec(path)?.[1] ?? "")
        ? { status, body: { message: "no" } }
        : undefined;
    reach(true);
    await kiln.cloud.settle({ forMs: minutes(30) });
    expect(machines(kiln)).toHaveLength(2);
  });

test("of hundreds of lost deliveries, the newest ten jobs, which wait, have their machines within 15 minutes", async ({
  hub,
  expect,
}) => {
  const world = await hub({}, { limits: { max: 150 } });
  const { kiln, reach } = world;
  reach(false);
  const ids = Array.from({ length: 110 }, (_, n) => n + 1000);
  const created_at = instant(world);
  await jobsOf(world, ids);
  await kiln.cloud.settle({ forMs: minutes(1) });
  await jobsOf(world, ids, "in_progress", { created_at, started_at: instant(world), ...HOSTED });
  await kiln.cloud.settle({ forMs: minutes(1) });
  await jobsOf(world, ids, "completed", { created_at, completed_at: instant(world), ...HOSTED });
  await jobsOf(
    world,
    Array.from({ length: 10 }, (_, n) => n + 1),
  );
  reach(true);
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(machines(kiln)).toHaveLength(10);
});

test("a delivery that was answered with an error comes again, ever later, until it is taken", async ({
  hub,
  expect,
}) => {
  const world = await hub({ path: "/orgs/acme/hooks/3" });
  const { kiln, github, hook } = world;
  const heal = kiln.cloud.faults.add({
    product: "oss",
    action: "AppendObject",
    kind: "before",
    fault: new CloudFault(503, "ServiceUnavailable", "Please try again."),
    when: (params) => JSON.stringify(params).includes("/scale-"),
  });
  expect(await jobsOf(world, [1])).toEqual([503]);
  await kiln.cloud.settle({ forMs: hours(2) });
  const before = github.attempts(hook).length;
  expect(before).toBeGreaterThan(2);
  expect(before).toBeLessThan(8);
  heal();
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(machines(kiln)).toHaveLength(1);
  expect(results(world).at(-1)).toMatchObject({ delivered: 1 });
});

test("an app signs its calls, pages through a long list, and waits for the instant that GitHub names", async ({
  hub,
  expect,
}) => {
  const world = await hub({ path: "/app/hook", rates: { changesPerMinute: 4 } });
  const { kiln, github, job, hook, reach } = world;
  reach(false);
  expect(new Set(await jobsOf(world, [1, 2, 3, 4, 5, 6, 7]))).toEqual(new Set([502]));
  reach(true);
  // More than a page of others lies above them.
  for (let n = 0; n < 120; n++) await answered(kiln, job(1000 + n, "waiting"));
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(machines(kiln)).toHaveLength(7);
  expect(results(world)[0]).toMatchObject({ failed: 7, requested: 4, notTried: 3, delivered: 4 });
  expect(github.attempts(hook).filter(({ redelivery }) => redelivery)).toHaveLength(7);
  expect(github.limits.early).toBe(0);
});

test("no call is made before the limit of calls is over", async ({ hub, expect }) => {
  const world = await hub({ rates: { perHour: 3 } });
  const { kiln, github, reach } = world;
  reach(false);
  await jobsOf(world, [1]);
  reach(true);
  await kiln.cloud.settle({ forMs: hours(5) });
  expect(machines(kiln)).toHaveLength(1);
  expect(github.limits.early).toBe(0);
});

test("an attempt that GitHub makes late is waited for, and not asked for once more", async ({
  hub,
  expect,
}) => {
  const world = await hub({ laterMs: minutes(7) });
  const { kiln, github, hook, reach } = world;
  reach(false);
  await jobsOf(world, [1]);
  await kiln.cloud.settle({ forMs: minutes(1) });
  reach(true);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(machines(kiln)).toHaveLength(1);
  expect(github.attempts(hook)).toHaveLength(2);
  expect(results(world)).toMatchObject([{ failed: 1, requested: 1, delivered: 1, pending: 0 }]);
});

test("a GitHub that does not answer says nothing about deliveries: the run waits, and fails in the end", async ({
  hub,
  expect,
}) => {
  const world = await hub({ settings: { api: "http://127.0.0.1:9" } });
  await world.kiln.cloud.settle({ forMs: hours(2) });
  expect(results(world)).toMatchObject([{ state: "running" }]);
  await world.kiln.cloud.settle({ forMs: hours(2) });
  expect(results(world)).toMatchObject([
    { state: "failed", reason: expect.stringContaining("it does not answer") },
  ]);
});

for (const status of [422, 500])
  test(`a delivery that GitHub answers with ${status} keeps no other one from its turn`, async ({
    hub,
    expect,
  }) => {
    const world = await hub();
    const { kiln, github, hook, reach } = world;
    reach(false);
    await jobsOf(world, [1]);
    const [bad] = github.attempts(hook);
    github.trouble = (method, path) =>
      method === "POST" && path.includes(String(bad?.id)) ? { status, body: { message: "no" } } : undefined;
    await kiln.cloud.settle({ forMs: minutes(12) });
    expect(machines(kiln)).toEqual([]);
    await jobsOf(world, [2, 3]);
    reach(true);
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect(machines(kiln)).toHaveLength(2);
    github.trouble = () => undefined;
    await kiln.cloud.settle({ forMs: hours(8) });
    expect(machines(kiln)).toHaveLength(3);
  });

test("a renamed repository is found at its new address, and a redirect of the webhook is no success", async ({
  hub,
  expect,
}) => {
  const world = await hub();
  const { kiln, github, hook, reach } = world;
  const redirect = createServer((_incoming, answer) => answer.writeHead(302, { location: "/login" }).end());
  await new Promise<void>((resolve) => redirect.listen(0, "127.0.0.1", resolve));
  const address = redirect.address();
  hook.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
  expect(await jobsOf(world, [1])).toEqual([302]);
  redirect.closeAllConnections();
  redirect.close();
  reach(true);
  github.renamed = ["/repos/acme/shop", "/repositories/815"];
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(machines(kiln)).toHaveLength(1);
  expect(results(world)).toMatchObject([{ state: "done", delivered: 1 }]);
  // At another address it is a setting to correct, and the token goes there in no case.
  github.renamed = undefined;
  github.trouble = () => ({ status: 301, body: { message: "Moved Permanently" } });
  reach(false);
  await jobsOf(world, [2]);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(results(world).at(-1)).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/status 301: Moved Permanently.*correct the hook/),
  });
});

const wrong: readonly (readonly [string, HubOptions, RegExp])[] = [
  ["an expired token", { token: { expiresInMs: 1 } }, /shop \(status 401: Bad credentials\); set a token/],
  [
    "the hook of another repository",
    { token: { paths: [] } },
    /shop \(status 404: Not Found\); correct the hook/,
  ],
  [
    "an app that GitHub does not know",
    { path: "/app/hook", settings: { app: "Iv23other" } },
    /status 404: Integration not found/,
  ],
];
for (const [name, wanted, reason] of wrong)
  test(`${name} is one failed run in six hours, and no secret is shown`, async ({ hub, expect }) => {
    const world = await hub(wanted);
    const { kiln } = world;
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(results(world)).toMatchObject([{ state: "failed", reason: expect.stringMatching(reason) }]);
    const notified = kiln.cloud.fc.invocations.filter(({ function: one }) => one === "kiln-notifier");
    expect(notified).not.toHaveLength(0);
    expect(logOf(kiln, "janitor")).not.toMatch(/github_pat_0123|PRIVATE KEY|eyJ/);
  });

test("a token that may only read requests nothing, and its run fails", async ({ hub, expect }) => {
  const world = await hub({ token: { write: false } });
  const { kiln, reach } = world;
  reach(false);
  await jobsOf(world, [1]);
  reach(true);
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(results(world)).toMatchObject([
    {
      state: "failed",
      reason: expect.stringMatching(/403: Resource not accessible.*read and write webhooks/),
    },
  ]);
  expect(machines(kiln)).toHaveLength(0);
});
