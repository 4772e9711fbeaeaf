/** Disks go with type and zone: what is sent when a document names none, and what happens where one is refused. */
import { hours } from "../../shared/duration.ts";
import type { RunRecord } from "../support/records.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { leftovers, machines, tagsOf } from "../support/world.ts";

const builder = (changes: Readonly<Record<string, unknown>>) => ({
  source: {
    builder: {
      family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
      instanceTypes: ["ecs.g7.large"],
      vSwitchIds: ["vsw-hangzhou-h"],
      securityGroupId: "sg-default0001",
      ...changes,
    },
  },
});

/** Device, category, level and size of the disks of an instance. */
const disksOf = ({ cloud }: Deployment, id = ""): (string | number | undefined)[][] =>
  cloud.world
    .mustHave(id)
    .diskIds.flatMap((disk) => cloud.world.disks.get(disk) ?? [])
    .map(({ device, category, performanceLevel, sizeGb }) => [device, category, performanceLevel, sizeGb]);

const rented = ({ cloud }: Deployment, role: string) =>
  [...cloud.world.instances.values()].find(({ instanceId }) =>
    cloud.world.tags
      .of("instance", instanceId)
      .some(({ key, value }) => key === "kiln:role" && value === role),
  );

/** Lets the world run until a machine of this role is there. */
async function meet(kiln: Deployment, role: string) {
  await kiln.cloud.settle({ until: () => rented(kiln, role) !== undefined, forMs: hours(2) });
  const found = rented(kiln, role);
  if (found === undefined) throw new Error(`there was no ${role}`);
  return found;
}

const ends = (records: readonly { kind: string; state: string }[]) =>
  records.map(({ kind, state }) => `${kind} ${state}`);

const notesOf = (record: RunRecord | undefined) =>
  record?.steps.filter(({ phase }) => phase === "launch").map(({ note }) => note);

test("a builder and its tester on an ESSD-only type have ESSD disks though the recipe names none", async ({
  kiln,
  expect,
}) => {
  const recipe = builder({ dataDisks: [{ sizeGb: 30 }] });
  await kiln.upload("recipes/web.yaml", recipeText(recipe));
  const expected = [
    ["/dev/xvda", "cloud_essd", "PL0", 40],
    ["/dev/xvdb", "cloud_essd", "PL0", 30],
  ];
  expect(disksOf(kiln, (await meet(kiln, "builder")).instanceId)).toEqual(expected);
  expect(disksOf(kiln, (await meet(kiln, "tester")).instanceId)).toEqual(expected);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(ends(kiln.records())).toEqual(["bake done", "promote done"]);
  expect(leftovers(kiln)).toEqual([]);
});

test("a tester is like its builder: disks, bandwidth and RAM role", async ({ kiln, expect }) => {
  const recipe = builder({
    instanceTypes: ["ecs.g6.large"],
    systemDisk: { category: "cloud_essd", performanceLevel: "PL1", sizeGb: 60 },
    dataDisks: [
      { sizeGb: 500, category: "cloud_essd", performanceLevel: "PL2" },
      { sizeGb: 20, category: "cloud_ssd", device: "/dev/xvdf" },
    ],
    internetMbps: 7,
    ramRole: "kiln-builder",
  });
  await kiln.upload("recipes/web.yaml", recipeText(recipe));
  const made = await meet(kiln, "builder");
  const disks = disksOf(kiln, made.instanceId);
  expect(disks.map(([, ...kind]) => kind)).toEqual([
    ["cloud_essd", "PL1", 60],
    ["cloud_essd", "PL2", 500],
    ["cloud_ssd", undefined, 20],
  ]);
  const tester = await meet(kiln, "tester");
  expect(disksOf(kiln, tester.instanceId)).toEqual(disks);
  expect(tester).toMatchObject({ bandwidthOut: 7, ramRoleName: "kiln-builder", userData: "" });
});

test("an image that brings data disks is built on and tested, and `test` names disks where there is no builder", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.world.addDataDisk("aliyun_3_x64_20G_alibase_20260927.vhd", { device: "/dev/xvdb", sizeGb: 25 });
  await kiln.upload(
    "recipes/web.yaml",
    recipeText(builder({ dataDisks: [{ sizeGb: 30, category: "cloud_auto" }] })),
  );
  const expected = [
    ["/dev/xvda", "cloud_essd", "PL0", 40],
    ["/dev/xvdb", "cloud_essd", "PL0", 25],
    ["/dev/xvdc", "cloud_auto", undefined, 30],
  ];
  const first = await meet(kiln, "builder");
  expect(disksOf(kiln, first.instanceId)).toEqual(expected);
  expect(disksOf(kiln, (await meet(kiln, "tester")).instanceId)).toEqual(expected);
  await kiln.cloud.settle({ forMs: hours(1) });
  const [snapshotId] = kiln.cloud.world.snapshots.keys();
  const source = {
    disks: [
      { type: "system", snapshotId },
      { type: "data", sizeGb: 30 },
    ],
  };
  const place = { vSwitchIds: "vsw-hangzhou-h", securityGroupId: "sg-default0001" };
  const own = { systemDisk: { category: "cloud_efficiency" }, dataDisks: [{ category: "cloud_ssd" }] };
  const recipe = {
    source,
    provision: [],
    family: "other",
    test: { instanceTypes: "ecs.g5.large", ...place, ...own },
  };
  await kiln.upload("recipes/other.yaml", recipeText(recipe));
  expect(disksOf(kiln, (await meet(kiln, "tester")).instanceId)).toEqual([
    ["/dev/xvda", "cloud_efficiency", undefined, 40],
    ["/dev/xvdb", "cloud_ssd", undefined, 30],
  ]);
});

/** Offerings in the order they are tried: a type that takes no ESSD, a zone that sells none, a full vSwitch, a good one. */
const LADDER = {
  types: ["ecs.g5.large", "ecs.g7.large"],
  vSwitches: ["vsw-hangzhou-h", "vsw-hangzhou-i", "vsw-hangzhou-j"],
  refusals: [
    "ecs.g5.large in vsw-hangzhou-h: InvalidSystemDiskCategory.ValueNotSupported",
    "ecs.g5.large in vsw-hangzhou-i: InvalidSystemDiskCategory.ValueNotSupported",
    "ecs.g5.large in vsw-hangzhou-j: InvalidSystemDiskCategory.ValueNotSupported",
    "ecs.g7.large in vsw-hangzhou-h: OperationDenied.ZoneSystemCategoryNotMatch",
    "ecs.g7.large in vsw-hangzhou-i: QuotaExceeded.PrivateIpAddress",
  ],
};

/** A note without the place in the document that it names. */
const codeOf = (note = ""): string => note.replace(/ \([^)]*\)$/, "");

function spoil({ cloud: { world } }: Deployment): void {
  const good = { vSwitchId: "vsw-hangzhou-j", zoneId: "cn-hangzhou-j", cidr: "172.16.128.0/18" };
  world.addVSwitch("vsw-hangzhou-i", good);
  world.closeDisk("cloud_essd", "cn-hangzhou-h");
  world.fillVSwitch("vsw-hangzhou-i");
}

test("a type, a zone and a vSwitch that refuse are passed over by builder and tester, and nothing is left", async ({
  kiln,
  expect,
}) => {
  spoil(kiln);
  const text = recipeText(builder({ instanceTypes: LADDER.types, vSwitchIds: LADDER.vSwitches }));
  const runs = await bakeAndPromote(kiln, text);
  expect(ends(runs)).toEqual(["bake done", "promote done"]);
  for (const run of runs) expect(notesOf(run)?.slice(0, -1).map(codeOf), run.kind).toEqual(LADDER.refusals);
  expect(leftovers(kiln)).toEqual([]);
});

test("a type, a zone and a vSwitch that refuse are passed over by a fleet", async ({ deploy, expect }) => {
  const kiln = await deploy();
  spoil(kiln);
  for (const via of ["RunInstances", "CreateInstance"]) {
    const launch = { InstanceType: LADDER.types, VSwitchId: LADDER.vSwitches };
    await kiln.upload("fleets/web.yaml", fleetText({ launch, via }));
    const record = await scaleOut(kiln, { count: 1, key: via });
    expect(record.result, via).toMatchObject({ count: 1 });
    const notes = record.steps.filter(({ phase }) => phase === "launch" || phase === "create");
    expect(notes.map(({ note }) => codeOf(note)).slice(0, 5), via).toEqual(LADDER.refusals);
  }
  expect(machines(kiln).map(({ status, vSwitchId }) => [status, vSwitchId])).toEqual([
    ["Running", "vsw-hangzhou-j"],
    ["Running", "vsw-hangzhou-j"],
  ]);
});

const NONE = { instanceTypes: ["ecs.g5.large", "ecs.t5-lc1m2.small"], spot: true };
const REFUSED = ["ecs.g5.large", "ecs.t5-lc1m2.small"]
  .flatMap((type) => [`${type} in vsw-hangzhou-h (spot)`, `${type} in vsw-hangzhou-h`])
  .map((offering) => `${offering}: InvalidSystemDiskCategory.ValueNotSupported`);

test("where no offering works a bake ends with the code of each, and owns nothing", async ({
  kiln,
  expect,
}) => {
  const [bake] = await bakeAndPromote(kiln, recipeText(builder(NONE)));
  expect(bake?.state).toBe("failed");
  for (const line of REFUSED) expect(bake?.reason).toContain(line);
  expect(kiln.cloud.world.instances.size).toBe(0);
});

test("a promotion whose tester has no offering ends with the code of each, and its image joins nothing", async ({
  kiln,
  expect,
}) => {
  const tests = { instanceTypes: ["ecs.g5.large", "ecs.t5-lc1m2.small"] };
  const [bake, promote] = await bakeAndPromote(kiln, recipeText({ ...builder({ spot: true }), test: tests }));
  expect([bake?.state, promote?.state]).toEqual(["done", "failed"]);
  for (const line of REFUSED) expect(promote?.reason).toContain(line);
  expect(kiln.cloud.world.served("cn-hangzhou", "web")).toBe(undefined);
  expect(leftovers(kiln)).toEqual([]);
});

test("a fleet without an offering ends with the code of each", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const launch = {
    InstanceType: ["ecs.g5.large", "ecs.t5-lc1m2.small"],
    VSwitchId: "vsw-hangzhou-h",
    SpotStrategy: "SpotAsPriceGo",
  };
  await kiln.upload("fleets/web.yaml", fleetText({ launch }));
  const record = await scaleOut(kiln, { count: 1 });
  expect(record.state).toBe("failed");
  for (const line of REFUSED) expect(record.reason).toContain(line);
  expect(machines(kiln)).toEqual([]);
});

// oxlint-disable-next-line max-lines-per-function -- one scenario, in its order
test("a fleet names its disks, those its image brings included, where document and template do not", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const template = (LaunchTemplateName: string, disks: object) =>
    kiln.ecs("CreateLaunchTemplate", { LaunchTemplateName, InstanceType: "ecs.g7.large", ...disks });
  await template("bare", { "SystemDisk.Size": 70 });
  await template("auto", { "SystemDisk.Category": "cloud_auto", "SystemDisk.Size": 80 });
  await template("data", { "DataDisk.1.Size": 90, "DataDisk.1.Category": "cloud_auto" });
  const bare = { InstanceType: undefined, VSwitchId: "vsw-hangzhou-h" };
  const essd = (size: number, device = "/dev/xvda") => [device, "cloud_essd", "PL0", size];
  const rows: Readonly<
    Record<string, readonly [launch: Readonly<Record<string, unknown>>, disks: readonly unknown[]]>
  > = {
    plain: [{ VSwitchId: "vsw-hangzhou-h" }, [essd(40)]],
    sized: [{ SystemDisk: { Size: 50 }, DataDisk: [{ Size: 60 }] }, [essd(50), essd(60, "/dev/xvdb")]],
    own: [{ SystemDisk: { Category: "cloud_essd", Size: 50 } }, [["/dev/xvda", "cloud_essd", "PL1", 50]]],
    "from-bare": [{ ...bare, LaunchTemplateName: "bare" }, [essd(70)]],
    "from-auto": [{ ...bare, LaunchTemplateName: "auto" }, [["/dev/xvda", "cloud_auto", undefined, 80]]],
    "over-auto": [
      { ...bare, LaunchTemplateName: "auto", SystemDisk: { Category: "cloud_essd" } },
      [["/dev/xvda", "cloud_essd", "PL1", 80]],
    ],
    "from-data": [
      { ...bare, LaunchTemplateName: "data" },
      [essd(40), ["/dev/xvdb", "cloud_auto", undefined, 90]],
    ],
  };
  for (const [name, [launch, disks]] of Object.entries(rows)) {
    await kiln.upload(`fleets/${name}.yaml`, fleetText({ launch }));
    const { result, reason } = await scaleOut(kiln, { count: 1 }, name);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
    const [id] = (result?.["running"] ?? []) as string[];
    expect(reason, name).toBe(undefined);
    expect(disksOf(kiln, id), name).toEqual(disks);
  }
  kiln.cloud.world.publishImage("web", { imageId: "m-web-2" });
  kiln.cloud.world.addDataDisk("m-web-2", { device: "/dev/xvdb", sizeGb: 35 });
  const { result } = await scaleOut(kiln, { count: 1, key: "with-data" }, "plain");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  expect(disksOf(kiln, ((result?.["running"] ?? []) as string[])[0])).toEqual([
    essd(40),
    essd(35, "/dev/xvdb"),
  ]);
});

test("a type that cannot have the fleet's disks does not stand in the way of its price ceiling", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const launch = { InstanceType: ["ecs.g5.large", "ecs.c7.large"], VSwitchId: "vsw-hangzhou-h" };
  // c7 is 0.49 and its disk of 20 GiB 0.014; with a disk of 1000 GiB at PL1 it would be 1.89.
  await kiln.upload("fleets/web.yaml", fleetText({ launch, limits: { maxPricePerHour: 1.1 } }));
  expect((await scaleOut(kiln, { count: 3 })).result).toMatchObject({ count: 2, short: 1 });
  const large = { ...launch, SystemDisk: { Category: "cloud_essd", Size: 1000 } };
  await kiln.upload("fleets/large.yaml", fleetText({ launch: large, limits: { maxPricePerHour: 4 } }));
  expect((await scaleOut(kiln, { count: 3 }, "large")).result).toMatchObject({ count: 2, short: 1 });
});

/** Codes of RunInstances that another type, zone, vSwitch or disk may avoid; some of them are in no table of ours. */
const ELSEWHERE: readonly (readonly [status: number, code: string])[] = [
  [403, "OperationDenied.ZoneSystemCategoryNotMatch"],
  [403, "OperationDenied.ZoneNotAllowed"],
  [400, "InvalidVpcZone.NotSupported"],
  [400, "InvalidSystemDiskCategory.ValueNotSupported"],
  [400, "InvalidDiskCategory.Mismatch"],
  [400, "InvalidDiskCategory.ValueNotSupported"],
  [403, "InvalidDiskCategory.NotSupported"],
  [400, "InvalidDataDiskCategory.ValueNotSupported"],
  [403, "CategoryNotSupported"],
  [400, "OperationDenied.NoVlan"],
  [403, "InvalidVSwitchId.IpInvalid"],
  [400, "InvalidDataDiskSize.ValueNotSupported"],
  [400, "InvalidParameter.Conflict"],
  [400, "InvalidPerformanceLevel.ValueNotSupported"],
  [403, "InstanceDiskCategoryLimitExceed"],
  [403, "OperationDenied.SomeNewZoneRule"],
  [404, "InvalidVSwitchId.NotFound"],
  [403, "IncorrectVSwitchStatus"],
  [404, "InvalidZoneId.NotFound"],
  [400, "InvalidSystemDiskSize.ValueNotSupported"],
  [400, "InvalidParameter.Mismatch"],
  [403, "InvalidParameter.NotMatch"],
  [400, "InvalidParameter.CreditSpecification"],
  [403, "OperationDenied"],
  [400, "LackResource"],
  [403, "InvalidOperation.Ipv6NotSupport"],
  [400, "IoOptimized.NotSupported"],
];

test("each refusal that another offering may avoid leads builder and fleet to the next one", async ({
  deploy,
  expect,
}) => {
  // All of them at once.
  const kiln = await deploy({ env: { KILN_BAKES_AT_ONCE: String(ELSEWHERE.length) } });
  const { cloud } = kiln;
  const runs: string[] = [];
  for (const [n, [status, code]] of ELSEWHERE.entries()) {
    cloud.faults.add({
      product: "ecs",
      action: "RunInstances",
      kind: "before",
      when: (params) => params["InstanceType"] === "ecs.g7.large" && Object.values(params).includes(`r${n}`),
      fault: new CloudFault(status, code, `The cloud's own words about ${code}.`),
    });
    const types = { instanceTypes: ["ecs.g7.large", "ecs.c7.large"] };
    await kiln.upload(`recipes/r${n}.yaml`, recipeText({ ...builder(types), test: { skip: true } }));
    await kiln.upload(`fleets/r${n}.yaml`, fleetText({ launch: { VSwitchId: "vsw-hangzhou-h" } }));
    runs.push((await accepted(kiln, `/fleets/r${n}/scale-out`, { count: 1 })).run);
  }
  const builders = () =>
    new Map(
      machines(kiln).flatMap(({ instanceId, type }) => {
        const tags = tagsOf(kiln, instanceId);
        return tags["kiln:role"] === "builder" ? [[tags["kiln:recipe"], type.id] as const] : [];
      }),
    );
  await cloud.settle({ until: () => builders().size === ELSEWHERE.length, forMs: hours(1) });
  const built = builders();
  for (const [n, [, code]] of ELSEWHERE.entries()) {
    expect(built.get(`r${n}`), code).toBe("ecs.c7.large");
    const scaled = await ended(kiln, runs[n] ?? "");
    expect(scaled.result, code).toMatchObject({ count: 1 });
    expect(notesOf(scaled)?.[0]).toMatch(`ecs.g7.large in vsw-hangzhou-h: ${code}`);
  }
});

/** Codes that every offering would be answered with. */
const EVERYWHERE: readonly (readonly [status: number, code: string])[] = [
  [403, "Forbidden.RAM"],
  [403, "InvalidAccountStatus.NotEnoughBalance"],
  [404, "PaymentMethodNotFound"],
  [403, "SecurityRisk.3DVerification"],
  [401, "InvalidRamRole.NotEcsRole"],
  [404, "InvalidImageId.NotFound"],
  [404, "InvalidSecurityGroupId.NotFound"],
  [403, "InvalidParameter.KMSKeyId.KMSUnauthorized"],
];

test("a refusal that no offering can avoid ends the launch at the first, and one without words of ours keeps the cloud's", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  const { cloud } = kiln;
  const types = { instanceTypes: ["ecs.g7.large", "ecs.c7.large"] };
  for (const [n, [status, code]] of [...EVERYWHERE, [400, "Brand.New"] as const].entries()) {
    const fault = new CloudFault(status, code, `The cloud's own words about ${code}.`);
    const when = (params: Readonly<Record<string, string>>) => Object.values(params).includes(`r${n}`);
    cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "before", when, fault });
    await kiln.upload(`recipes/r${n}.yaml`, recipeText({ ...builder(types), test: { skip: true } }));
  }
  await cloud.settle({ forMs: hours(1) });
  for (const [n, [, code]] of EVERYWHERE.entries()) {
    const [bake] = kiln.records(`bake-r${n}-`);
    expect([bake?.state, bake?.reason], code).toEqual(["failed", expect.stringContaining(code)]);
    expect(bake?.reason).toContain(`The cloud's own words about ${code}.`);
    expect(notesOf(bake), code).toHaveLength(1);
  }
  const [unlisted] = kiln.records(`bake-r${EVERYWHERE.length}-`);
  for (const type of types.instanceTypes)
    expect(unlisted?.reason).toContain(
      `${type} in vsw-hangzhou-h: Brand.New (The cloud's own words about Brand.New.)`,
    );
  expect(machines(kiln)).toEqual([]);
});
