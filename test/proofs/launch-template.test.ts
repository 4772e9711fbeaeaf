import { test } from "../support/deploy.ts";
import { fleetText, scaleOut, type FleetChanges } from "../support/fleets.ts";
import { machines, tagsOf } from "../support/world.ts";

const NAMED = { LaunchTemplateName: "base" };
const SPOT = { SpotStrategy: "SpotWithPriceLimit", SpotPriceLimit: 0.5 };
const MONTH = { InstanceChargeType: "PrePaid", Period: 1, PeriodUnit: "Month" };
const ALLOWED = { allowSubscription: true };

/** A template, a fleet that names it, and how its member is paid: charge type and spot strategy, or why there is none. */
const PAYMENTS: readonly (readonly [what: string, template: object, fleet: FleetChanges, paid: string])[] = [
  ["neither says anything", {}, {}, "PostPaid NoSpot"],
  ["the template says spot", { SpotStrategy: "SpotAsPriceGo" }, {}, "PostPaid SpotAsPriceGo"],
  ["the template limits the price", SPOT, {}, "PostPaid SpotWithPriceLimit"],
  ["the fleet says on-demand", SPOT, { launch: { SpotStrategy: "NoSpot" } }, "PostPaid NoSpot"],
  ["the fleet names on-demand alone", SPOT, { ladder: ["onDemand"] }, "PostPaid NoSpot"],
  ["the fleet names spot, the template too", SPOT, { ladder: ["spot"] }, "PostPaid SpotWithPriceLimit"],
  ["only the fleet names spot", {}, { ladder: ["spot"] }, "ladder names spot alone"],
  ["the template is a subscription, allowed", MONTH, ALLOWED, "PrePaid NoSpot"],
  ["the template is a subscription", MONTH, {}, "write allowSubscription: true to allow it"],
  [
    "an allowed subscription expires",
    MONTH,
    { ...ALLOWED, expireAfter: "2h" },
    "expireAfter must not be used",
  ],
  ["the fleet is pay-as-you-go", MONTH, { launch: { InstanceChargeType: "PostPaid" } }, "PostPaid NoSpot"],
];

for (const [what, template, changes, paid] of PAYMENTS)
  test(`a launch template decides the payment that the fleet leaves out: ${what}`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    await kiln.ecs("CreateLaunchTemplate", { ...NAMED, ...template });
    await kiln.upload("fleets/web.yaml", fleetText({ ...changes, launch: { ...NAMED, ...changes.launch } }));
    const { reason } = await scaleOut(kiln, { count: 1 });
    const [member] = machines(kiln);
    const found = member === undefined ? reason : `${member.chargeType} ${member.spot.strategy}`;
    expect(found).toContain(paid);
  });

test("tags of a template are kept, unless the fleet or Kiln sets them", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const Tag = ["team", "stage", "kiln:fleet"].map((Key) => ({ Key, Value: "template" }));
  await kiln.ecs("CreateLaunchTemplate", { ...NAMED, Tag });
  const launch = { ...NAMED, Tag: [{ Key: "stage", Value: "fleet" }] };
  await kiln.upload("fleets/web.yaml", fleetText({ launch }));
  await scaleOut(kiln, { count: 1 });
  const tags = tagsOf(kiln, machines(kiln)[0]?.instanceId ?? "");
  expect(tags).toMatchObject({ team: "template", stage: "fleet", "kiln:fleet": "web" });
});
