/** The plan of each night against the night: one decision makes both. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { test as base } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { POLICY } from "../support/idle.ts";
import { differences, evening, planned } from "../support/plan.ts";
import { recipeText } from "../support/recipes.ts";
import { answered, request } from "../support/runs.ts";
import { served } from "../support/world.ts";

const test = base.extend({ timers: ["nightly", "retention", "schedules"] });

const PUBLIC = "acs:alibaba_cloud_linux_3_2104_lts_x64";
const RETENTION = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "20h" };
const skipped = { test: { skip: true } };
const byNight = { rebake: { onChange: false } };

const builder = (family: string) => ({
  builder: {
    family,
    instanceTypes: ["ecs.g7.large"],
    vSwitchIds: ["vsw-hangzhou-h"],
    securityGroupId: "sg-default0001",
  },
});

const script = (kiln: Deployment, n: number): Promise<void> => kiln.upload("scripts/web.sh", `echo ${n}\n`);

/** Recipes of every kind: with a script, built on another, with a value that is missing, with a schedule, that fails. */
async function begin(kiln: Deployment): Promise<void> {
  await script(kiln, 0);
  const recipes: Record<string, Parameters<typeof recipeText>[0]> = {
    web: { ...skipped, ...byNight, retention: RETENTION, provision: [{ script: "scripts/web.sh" }] },
    app: { ...skipped, family: "app", source: builder("web") },
    needs: { ...skipped, family: "needs", parameters: { RELEASE: {} } },
    timed: {
      ...skipped,
      family: "timed",
      rebake: { nightly: false },
      schedule: { cron: "0 21 * * *", timeZone: "UTC" },
    },
    bad: { ...skipped, family: "bad", source: builder("web-none"), pauseAfter: 3 },
    asks: { ...skipped, ...byNight, family: "asks", provision: [{ script: "scripts/web.sh" }] },
  };
  for (const [name, changes] of Object.entries(recipes))
    await kiln.upload(`recipes/${name}.yaml`, recipeText(changes));
  await kiln.cloud.settle({ forMs: hours(2) });
}

/** Something else before each night. */
const changesOf = (kiln: Deployment): readonly (() => Promise<unknown>)[] => [
  async () => undefined,
  () => script(kiln, 1),
  () => request(kiln, "/families/web/hold", { why: "a look" }),
  () => script(kiln, 2),
  () => request(kiln, "/families/web/unhold"),
  () => {
    kiln.cloud.world.publishImage(PUBLIC, { imageId: "aliyun_new.vhd", createdAt: kiln.cloud.time.now() });
    return Promise.resolve();
  },
  () => request(kiln, "/families/web/rollback", { to: "previous" }),
  async () => kiln.cloud.oss.delete("kiln-1234567890123456", "scripts/web.sh"),
  () => script(kiln, 3),
];

/** Nights after those, a kind each in turn; `n` makes its content new. */
const laterChangesOf = (kiln: Deployment): readonly ((n: number) => Promise<unknown>)[] => [
  (n) => script(kiln, n),
  () => request(kiln, "/families/app/rollback", { to: "previous" }),
  async (n) => {
    await kiln.upload("recipes/app.yaml", recipeText({ ...skipped, ...appOf(n) }));
    // Its bake is at work when the plan is made, and the plan says so.
    await kiln.cloud.settle({ forMs: minutes(1) });
  },
  (n) =>
    Promise.resolve(
      kiln.cloud.world.publishImage(PUBLIC, { imageId: `aliyun_${n}.vhd`, createdAt: kiln.cloud.time.now() }),
    ),
  () => request(kiln, "/families/app/unhold"),
  () => request(kiln, "/recipes/bad/resume"),
  (n) => request(kiln, "/recipes/needs/bake", { parameters: { RELEASE: `v${n}` } }),
];

/** The recipe built on `web`, with another content. */
const appOf = (n: number) => ({
  family: "app",
  source: builder("web"),
  provision: [`echo ${n}`],
  ...byNight,
});

const NIGHTS = 30;

test("each of thirty nights does what its plan said, and a change in between is named", async ({
  kiln,
  expect,
}) => {
  await begin(kiln);
  const acts: string[] = [];
  const night = async (): Promise<string[]> => {
    const plan = await planned(kiln);
    acts.push(
      ...plan.bakes.flatMap(({ assumes }) => (assumes?.includes("is at work") === true ? ["at work"] : [])),
    );
    acts.push(...plan.bakes.map(({ recipe, act, held }) => `${recipe} ${held === undefined ? act : "held"}`));
    acts.push(...plan.retention.flatMap(({ changes }) => changes.map(({ action }) => action)));
    return differences(kiln, plan);
  };
  const later = laterChangesOf(kiln);
  const changes = changesOf(kiln);
  for (let n = 0; n < NIGHTS; n += 1) {
    await evening(kiln);
    await (changes[n] ?? later[n % later.length])?.(n);
    expect(await night(), `night ${n}`).toEqual([]);
  }
  expect(new Set(acts)).toEqual(
    new Set([
      ..."web skip,web bake,web held,web deliver,web fail,app skip,app bake,app deliver,app held,needs skip,needs bake".split(
        ",",
      ),
      ..."timed skip,timed bake,bad fail,bad skip,asks skip,asks bake,asks fail,mark,delete,unmark,at work".split(
        ",",
      ),
    ]),
  );

  // The world changes between the plan and the night.
  await evening(kiln);
  const plan = await planned(kiln);
  await script(kiln, 4);
  expect(await differences(kiln, plan)).toContainEqual(
    expect.stringMatching(/^web by timer:nightly: skip is planned .*, bake came .*scripts\/web\.sh/),
  );
}, 400_000);

const READS = [
  "DescribeImagePipelines",
  "DescribeSnapshots",
  "DescribeLaunchTemplates",
  "DescribeLaunchTemplateVersions",
  "DescribeImageSharePermission",
  "DescribeScalingConfigurations",
];

test("a fleet has its next check, and its size at each edge of its schedule, as it then is", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: kiln.cloud.time.now() });
  const hour = new Date(kiln.cloud.time.now()).getUTCHours();
  const two = (at: number): string => String((hour + at) % 24).padStart(2, "0");
  const changes = {
    size: { desired: 2 },
    calendar: { timeZone: "UTC" },
    schedule: [{ days: "daily", from: `${two(2)}:00`, to: `${two(5)}:00`, desired: 4 }],
    idle: POLICY,
  };
  await kiln.upload("fleets/web.yaml", fleetText(changes));
  const { fleets } = await planned(kiln);
  const edges = fleets.filter(({ act }) => act === "size");
  expect(edges.map(({ desired }) => desired)).toEqual([4, 2]);
  expect(fleets.filter(({ act }) => act === "idle-check")).toHaveLength(1);
  for (const { at = "", desired } of edges) {
    await kiln.cloud.settle({ forMs: Date.parse(at) + 1_000 - kiln.cloud.time.now() });
    const { body } = await answered(kiln, kiln.api("GET", "/fleets/web"));
    expect(body["wanted"]).toMatchObject({ desired });
  }
});

test("a plan changes nothing, and its callers need the route", async ({ kiln, expect }) => {
  await begin(kiln);
  // What it reads besides: snapshots, launch templates, and accounts with which an image is shared.
  const disks = [{ snapshotId: "s-none", type: "system" }];
  await kiln.upload("recipes/disk.yaml", recipeText({ ...skipped, source: { disks }, provision: [] }));
  const ImageId = served(kiln);
  await kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName: "other", ImageId });
  await kiln.ecs("ModifyImageSharePermission", {
    ImageId,
    "AddAccount.1": "1111111111111111",
  });
  await evening(kiln);
  const before = kiln.cloud.oss.list("kiln-1234567890123456", "").map(({ key }) => key);
  const images = kiln.cloud.world.images.size;
  const { bakes, retention } = await planned(kiln);
  expect(bakes.find(({ recipe }) => recipe === "disk")).toMatchObject({
    act: "fail",
    why: expect.stringContaining("s-none"),
  });
  expect(retention.map(({ problem }) => problem)).toEqual([undefined]);
  for (const action of READS) expect(kiln.cloud.callLog.count({ action }), action).toBeGreaterThan(0);
  expect(kiln.cloud.oss.list("kiln-1234567890123456", "").map(({ key }) => key)).toEqual(before);
  expect(kiln.cloud.world.images.size).toBe(images);
  expect(kiln.cloud.callLog.count({ status: 403 })).toBe(0);
  const { status, body } = await answered(kiln, kiln.api("POST", "/plan", { cursor: 1 }));
  expect([status, body["error"]]).toEqual([400, expect.stringContaining("cursor")]);
});

test("the plan of 60 recipes and 30 fleets comes in pages, each within the time of the API", async ({
  kiln,
  expect,
}) => {
  for (let n = 0; n < 60; n++)
    kiln.cloud.oss.put(BUCKET, `recipes/r${n}.yaml`, recipeText({ ...skipped, family: `f${n}` }), {
      by: "AppendObject",
    });
  for (let n = 0; n < 30; n++)
    kiln.cloud.oss.put(BUCKET, `fleets/f${n}.yaml`, fleetText({ size: { desired: 1 }, idle: POLICY }), {
      by: "AppendObject",
    });
  await evening(kiln);
  const { bakes, fleets, problems } = await planned(kiln);
  expect(new Set(bakes.map(({ recipe }) => recipe)).size).toBe(60);
  expect(new Set(fleets.map(({ fleet }) => fleet)).size).toBe(30);
  expect(problems).toEqual([]);
  const pages = kiln.cloud.fc.invocations.filter((one) => one.function === "kiln-api");
  expect(Math.max(...pages.map(({ durationMs }) => durationMs))).toBeLessThan(seconds(9));
});
