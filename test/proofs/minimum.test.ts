import { reservationsKey } from "../../shared/keys.ts";
import { minutes } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { BUCKET } from "../support/deployment.ts";
import { json } from "../support/known.ts";
import { accepted, answered, ended } from "../support/runs.ts";
import { machines, putToSleep } from "../support/world.ts";

const ONE_OFFERING = { InstanceType: "ecs.g7.large", VSwitchId: "vsw-hangzhou-h" };

test("at least N or none: what stock, limits or losses leave short is undone, and its places are free again", async ({
  deploy,
  expect,
}) => {
  for (const via of ["RunInstances", "CreateInstance"]) {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText({ via, launch: ONE_OFFERING, limits: { max: 5 } }));
    kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 2);
    const short = await scaleOut(kiln, { count: 5, min: 3 });
    expect(short).toMatchObject({ state: "failed" });
    expect(short.reason).toContain(
      "at least 3 of 5 are asked for, and there are 2; what was launched is released",
    );
    expect(machines(kiln)).toEqual([]);
    kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 3);
    expect((await scaleOut(kiln, { count: 5, min: 3, key: "enough" })).result).toMatchObject({
      count: 3,
      short: 2,
    });
    const launches = kiln.cloud.world.launched;
    const limited = await scaleOut(kiln, { count: 4, min: 3, key: "limited" });
    expect(limited.reason).toContain("at least 3 of 4 are asked for, and there are 2; limit max 5");
    expect(kiln.cloud.world.launched).toBe(launches);
  }
});

test.for([
  [2, 2],
  [2, 1],
  [25, 21],
  [25, 25],
] as const)(
  "of %i launched for a minimum, %i that the cloud refuses to release are named, and hold up no other",
  async ([launched, refused], { deploy, expect }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText({ launch: ONE_OFFERING, limits: { max: 30 } }));
    kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", launched);
    let stuck: readonly string[] | undefined;
    const ids = () => machines(kiln).map(({ instanceId }) => instanceId);
    kiln.cloud.faults.add({
      product: "ecs",
      action: "DeleteInstance",
      kind: "before",
      fault: new CloudFault(
        400,
        "DependencyViolation.SLBConfiguring",
        "The SLB of the instance is being set.",
      ),
      when: ({ InstanceId }) => (stuck ??= ids().toSorted().slice(0, refused)).includes(String(InstanceId)),
    });
    const { state, reason } = await scaleOut(kiln, { count: 30, min: 28 });
    expect(ids().toSorted()).toEqual(stuck);
    expect(state).toBe("failed");
    expect(reason).toContain(`at least 28 of 30 are asked for, and there are ${launched}`);
    expect(reason).toContain(`${stuck?.[0]}`);
    expect(reason).toContain("cannot be released: DependencyViolation.SLBConfiguring");
    if (launched === refused) expect(reason).not.toContain("is released");
    const lines = kiln.cloud.oss.get(BUCKET, reservationsKey("web"))?.body.toString().trimEnd().split("\n");
    expect(json<object>(lines?.at(-1) ?? "")).toMatchObject({ grants: [{ open: false }] });
  },
);

test("members that were woken for a minimum run on, and the request fails", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ launch: ONE_OFFERING }));
  await scaleOut(kiln, { count: 1 });
  putToSleep(kiln);
  await kiln.cloud.settle({ forMs: minutes(5) });
  kiln.cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 2);
  const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 4, min: 4 });
  expect((await ended(kiln, run)).reason).toContain("at least 4 of 4 are asked for");
  expect(machines(kiln).map(({ status }) => status)).toEqual(["Running"]);
});

test("a minimum above the request, or of subscriptions, is refused", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const paid = { launch: { InstanceChargeType: "PrePaid", Period: 1 }, allowSubscription: true };
  await kiln.upload("fleets/web.yaml", fleetText());
  await kiln.upload("fleets/paid.yaml", fleetText(paid));
  const wrong = { count: 2, min: 3 };
  expect(await answered(kiln, kiln.call("POST", "/fleets/web/scale-out", wrong))).toMatchObject({
    status: 400,
    body: { error: "min: must be at most count" },
  });
  await kiln.invoke("scale-out", { v: 1, request: "scale-out", fleet: "web", ...wrong });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records("scale").map(({ reason }) => reason)).toEqual([
    expect.stringContaining("min is 3, more than the 2"),
  ]);
  expect((await scaleOut(kiln, { count: 2, min: 1 }, "paid")).reason).toContain("min cannot be held");
  expect(machines(kiln)).toEqual([]);
});
