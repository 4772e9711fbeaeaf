/** Dry runs of what changes the size and the image of a fleet: they change nothing, and the run itself then does what they say. */
import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { QUIET } from "../support/idle.ts";
import { hasEnded } from "../support/records.ts";
import { rehearsed, type Body } from "../support/rehearsed.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { reconcile, running, sized } from "../support/sized.ts";
import { imagesOf, serve } from "../support/sleepers.ts";

const textsOf = (lines: unknown): readonly string[] => (Array.isArray(lines) ? lines.map(String) : []);

/** The run itself, however long it takes. */
async function real(kiln: Deployment, path: string, body: Body = {}) {
  const { run } = await accepted(kiln, path, body);
  await kiln.cloud.settle({ until: () => hasEnded(kiln.record(run)!), forMs: hours(6) });
  return ended(kiln, run);
}

test("a dry run of a scale-in names those that would leave, and why the others stay", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  const members = await sized(kiln, { size: { min: 1, desired: 4 } });
  const [first = "", second = "", third = ""] = members;
  kiln.cloud.world.tag(second, { "kiln:keep": "" });
  const byName = { instances: [third, second] };
  const named = await rehearsed(kiln, "/fleets/web/scale-in", byName);
  expect(named.result).toMatchObject({
    dryRun: true,
    wouldEnd: [expect.stringMatching(`^${third} would be (?:stopped|released): it was named$`)],
    kept: [`${second}: its tag kiln:keep asks for it`],
  });
  expect((await real(kiln, "/fleets/web/scale-in", byName)).result?.["ended"]).toEqual([third]);
  // The number that the fleet is to have is lowered by as many as are asked for, and no further than its min.
  const counted = await rehearsed(kiln, "/fleets/web/scale-in", { count: 5 });
  const wouldEnd = textsOf(counted.result?.["wouldEnd"]);
  expect(wouldEnd).toHaveLength(2);
  expect(wouldEnd.join()).toContain(first);
  const { result } = await real(kiln, "/fleets/web/scale-in", { count: 5 });
  expect(result?.["ended"]).toEqual(wouldEnd.map((line) => line.split(" ")[0]));
});

test("a dry run of a resize says the change that follows, and what is in its way", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, { size: { min: 1, desired: 2 }, limits: { max: 5 } });
  const tried = async (to: number) => (await rehearsed(kiln, "/fleets/web/resize", { to })).result;
  expect(await tried(4)).toMatchObject({ wanted: 4, running: 2, wouldLaunch: 2 });
  expect(await tried(0)).toMatchObject({ wanted: 1, wouldEnd: 1 });
  expect(await tried(5)).toMatchObject({ wanted: 5, wouldLaunch: 3 });
  await real(kiln, "/fleets/web/resize", { to: 4 });
  await reconcile(kiln);
  expect(running(kiln)).toHaveLength(4);
  await request(kiln, "/fleets/web/pause");
  expect(await tried(2)).toMatchObject({ wanted: 2, running: 4, why: "paused by webhook:ci" });
  expect((await rehearsed(kiln, "/fleets/web/refresh")).reason).toContain("paused by webhook:ci");
});

test("a dry run of a refresh says its batches, and the refresh makes them", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  await sized(kiln, {
    size: { min: 1, desired: 3 },
    limits: { max: 4 },
    refresh: { canary: { soak: "10m" } },
  });
  expect((await rehearsed(kiln, "/fleets/web/refresh")).result).toMatchObject({ batches: [] });
  serve(kiln, "m-web-2");
  const dry = await rehearsed(kiln, "/fleets/web/refresh");
  expect(dry.result).toMatchObject({ dryRun: true, image: "m-web-2" });
  const batches = textsOf(dry.result?.["batches"]);
  const wet = await real(kiln, "/fleets/web/refresh");
  expect(imagesOf(kiln, "Running")).toEqual(Array(3).fill("m-web-2"));
  const did = wet.steps
    .map(({ note = "" }) => note)
    .flatMap((note) => /^(\d+) (?:are launched|are to end)$/.exec(note)?.[0] ?? []);
  const said = batches.map((line) => {
    const [, launched] = /: (\d+) would be launched$/.exec(line) ?? [];
    return launched === undefined ? `${line.split(",").length} are to end` : `${launched} are launched`;
  });
  expect(said).toEqual(did);
});
