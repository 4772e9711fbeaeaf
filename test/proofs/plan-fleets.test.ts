/** The plan of fleets against the day: each of its rows is what the runs of that time do. */
import { hours, minutes } from "../../shared/duration.ts";
import { kiln as command } from "../support/kiln.ts";
import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { IDLE, POLICY } from "../support/idle.ts";
import { planned } from "../support/plan.ts";
import { recipeText } from "../support/recipes.ts";
import { answered, request } from "../support/runs.ts";
import { machines, tagsOf } from "../support/world.ts";
import type { Deployment } from "../support/deployment.ts";

/** 23:00 in Shanghai. */
const AT = { at: Date.UTC(2026, 0, 5, 15), fc: { timers: ["nightly", "idle-check", "resume", "reconcile"] } };

const OFFICE = { upDuring: { timeZone: "UTC", hours: ["daily 20:00-21:00", "daily 22:00-23:30"] } };
const BY_CLOCK = { ...OFFICE, grace: "10m", outside: "stop", resume: true, cap: { percent: 100 } };
const FLEETS = {
  office: { idle: BY_CLOCK },
  rests: { idle: BY_CLOCK, size: { desired: 1 } },
  idle: { idle: POLICY },
  noticed: { idle: { ...POLICY, notice: "1h" } },
  ends: { idle: { ...POLICY, action: "release", notice: "90m" } },
  tries: { idle: { ...POLICY, dryRun: true } },
  follows: { idle: POLICY, size: { desired: 1, min: 1 }, refresh: { onPromotion: "refresh" } },
  stays: { idle: POLICY, size: { desired: 1, min: 1 } },
  broken: { size: { desired: -1 } },
};

/** 18:30 UTC, half an hour before the timer nightly. */
async function begin(kiln: Deployment): Promise<void> {
  kiln.cloud.world.load(
    () => true,
    () => IDLE,
  );
  await kiln.upload("scripts/web.sh", "echo 0\n");
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({
      family: "web",
      test: { skip: true },
      rebake: { onChange: false },
      provision: [{ script: "scripts/web.sh" }],
    }),
  );
  await request(kiln, "/recipes/web/bake", {});
  await kiln.cloud.settle({ forMs: hours(1) });
  for (const [name, changes] of Object.entries(FLEETS))
    await kiln.upload(`fleets/${name}.yaml`, fleetText(changes));
  await request(kiln, "/fleets/office/scale-out", { count: 1 });
  await kiln.cloud.settle({ forMs: hours(1) });
  await request(kiln, "/fleets/rests/pause", { why: "a look" });
  await kiln.cloud.settle({ forMs: AT.at + hours(3.5) - kiln.cloud.time.now() });
}

/** The rows of a fleet, and its runs that began after the plan. */
async function planAndDay(kiln: Deployment) {
  const plan = await planned(kiln);
  const before = new Set(kiln.records().map(({ run }) => run));
  await kiln.cloud.settle({ forMs: hours(5.5) });
  const fresh = kiln.records().filter(({ run }) => !before.has(run));
  return {
    ...plan,
    rowsOf: (name: string) => plan.fleets.filter(({ fleet }) => fleet === name),
    begun: (kind: string, name: string) => fresh.filter((one) => one.kind === kind && one.subject === name),
  };
}

test("a check for idle machines says what becomes of them, as their fleet has it", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(AT);
  await begin(kiln);
  const { fleets, problems } = await planned(kiln);
  const why = (name: string) => fleets.filter(({ fleet }) => fleet === name).map((row) => [row.act, row.why]);
  expect(problems).toEqual([expect.stringContaining("fleets/broken.yaml")]);
  for (const [name, fate] of [
    ["idle", "they are stopped"],
    ["noticed", "they are announced, and stopped after 1h"],
    ["ends", "they are announced, and released after 1h30m"],
    ["tries", "none is stopped, because idle.dryRun is true"],
  ] as const)
    expect(why(name)).toEqual([["idle-check", `a check for idle machines; ${fate}`]]);
  expect(why("broken")).toEqual([]);
}, 120_000);

test("each row of a fleet is what comes of its day: every beginning and end of hours, a pause, and the refresh behind a promotion", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(AT);
  await begin(kiln);
  await kiln.upload("scripts/web.sh", "echo 1\n");
  const { rowsOf, bakes, begun } = await planAndDay(kiln);

  expect(rowsOf("office").map(({ act }) => act)).toEqual(["idle-check", "resume", "stop", "resume", "stop"]);
  for (const { at = "", act } of rowsOf("office")) {
    const came = begun(act === "resume" ? "resume" : "idle", "office").find(({ steps }) => {
      const late = (steps[0]?.at ?? 0) - Date.parse(at);
      return late >= 0 && late < minutes(16);
    });
    expect(came?.state, `${act} at ${at}`).toBe("done");
    if (act === "resume") expect(came?.result).toMatchObject({ started: [expect.any(String)] });
    if (act === "stop") expect(came?.result).toMatchObject({ stopped: [expect.any(String)] });
  }

  expect(rowsOf("rests")).toHaveLength(5);
  for (const row of rowsOf("rests"))
    expect(row).toMatchObject({
      act: "skip",
      why: expect.stringMatching(/is paused by \S+ since .* \(a look\)/),
    });
  for (const { result } of [...begun("idle", "rests"), ...begun("resume", "rests")])
    expect(result).toHaveProperty("skipped");

  const bake = bakes.find(({ recipe }) => recipe === "web");
  expect(rowsOf("follows").filter(({ act }) => act === "refresh")).toEqual([
    expect.objectContaining({ assumes: `${bake?.run} promotes into web` }),
  ]);
  expect(rowsOf("stays").filter(({ act }) => act === "refresh")).toEqual([]);
  expect(begun("refresh", "follows")).toEqual([expect.objectContaining({ state: "done" })]);
  expect(begun("refresh", "stays")).toEqual([]);
}, 120_000);

test("the row of a resume names the machines that stay stopped, as its run does", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(AT);
  await begin(kiln);
  const idle = { ...OFFICE, grace: "10m", signals: POLICY.signals, window: POLICY.window, resume: true };
  await kiln.upload("fleets/night.yaml", fleetText({ idle, size: { min: 0, desired: 2 } }));
  await request(kiln, "/fleets/night/resize", { to: 2 });
  await kiln.cloud.settle({ forMs: minutes(10) });
  const [one = ""] = machines(kiln).flatMap(({ instanceId }) =>
    tagsOf(kiln, instanceId)["kiln:fleet"] === "night" ? [instanceId] : [],
  );
  await request(kiln, "/fleets/night/scale-in", { instances: [one] });
  const { rowsOf, begun } = await planAndDay(kiln);
  const why = "a smaller size of its fleet stopped it";
  const row = rowsOf("night").find(({ act }) => act === "resume");
  expect(row?.why).toBe(`its hours begin; machines that Kiln stopped are started; ${one} stays: ${why}`);
  expect(begun("resume", "night")[0]?.result?.["stays"]).toContain(`${one}: ${why}`);
}, 120_000);

test("a promotion whose refresh is still to begin is a row, and a plan of fleets is in Chinese", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(AT);
  await begin(kiln);
  kiln.cloud.world.publishImage("web", { imageId: "m-web-9", createdAt: kiln.cloud.time.now() });
  const { fleets } = await planned(kiln);
  expect(fleets.filter(({ act }) => act === "refresh").map(({ fleet, at }) => [fleet, at])).toEqual([
    ["follows", new Date(kiln.cloud.time.now()).toISOString()],
  ]);
  const env = {
    KILN_API: kiln.cloud.urls.http["kiln-api"],
    KILN_CALLER: kiln.caller.name,
    KILN_SECRET: kiln.caller.secret,
  };
  const { out } = await answered(kiln, kiln.cloud.time.hold(command(["plan", "--lang", "zh"], { env })));
  const own = out.split("\n").filter((line) => /(office|rests|idle|noticed|ends|tries|follows) /.test(line));
  expect(own.length).toBeGreaterThan(8);
  const english = /[a-z]+ (?:[a-z]+ )[a-z]+/;
  for (const line of own) expect(line.replace("npm run kiln -- unpause rests", "")).not.toMatch(english);
}, 120_000);
