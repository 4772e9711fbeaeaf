import { expect, test } from "vitest";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import { withTemplate } from "../../../../shared/limits/template.ts";

const fleetOf = (launch: object = {}) =>
  parseFleet(
    "web",
    JSON.stringify({ family: "web", limits: { max: 2 }, launch: { LaunchTemplateName: "base", ...launch } }),
  );
const version = (data: Record<string, unknown> | undefined) => ({
  version: 7,
  description: "",
  isDefault: true,
  data,
  disks: undefined,
});

test("a run stays with the version that it found, whatever the default becomes", () => {
  expect(withTemplate(fleetOf(), version({}))).toMatchObject({
    value: { launch: { LaunchTemplateVersion: 7, InstanceChargeType: "PostPaid", SpotStrategy: "NoSpot" } },
  });
});

test("a payment that the cloud does not show has to be written", () => {
  expect(withTemplate(fleetOf(), version(undefined))).toMatchObject({
    ok: false,
    problem: expect.stringContaining("write launch.InstanceChargeType and launch.SpotStrategy"),
  });
  const written = fleetOf({ InstanceChargeType: "PostPaid", SpotStrategy: "NoSpot" });
  expect(withTemplate(written, version(undefined))).toMatchObject({ ok: true });
});

test("fields that are not set come empty and decide nothing", () => {
  const empty = { InstanceChargeType: "", SpotStrategy: "", SpotPriceLimit: 0, Tags: {} };
  expect(withTemplate(fleetOf(), version(empty))).toMatchObject({
    ok: true,
    value: { ladder: ["onDemand"] },
  });
});

test("the tags of both together leave room for those of Kiln", () => {
  const InstanceTag = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: "v" }));
  expect(withTemplate(fleetOf(), version({ Tags: { InstanceTag } }))).toMatchObject({
    problem: expect.stringContaining("together have 11 tags, at most 10 are left"),
  });
});
