import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kiln } from "../../support/kiln.ts";

test.each([
  ["onJobCompleted: release", true],
  ["onJobCompleted: release\nexpireAfter: 12h", false],
  ["onJobCompleted: release\nidle: { signals: { cpuAverage: 5 } }", false],
  ["onJobCompleted: keep", false],
])("advises to end machines whose job is cancelled before it begins: %s", async (keys, isAdvised) => {
  const root = mkdtempSync(join(tmpdir(), "kiln-advice-"));
  const launch = "launch: { InstanceType: ecs.g7.large, VSwitchId: vsw-1, SecurityGroupId: sg-1 }";
  writeFileSync(join(root, "web.yaml"), `family: web\n${launch}\nlimits: { max: 3 }\n${keys}\n`);
  const { exit, out } = await kiln(["check", "web.yaml"], { root, cwd: root });
  const facts = await kiln(["check", "web.yaml", "--json"], { root, cwd: root });
  rmSync(root, { recursive: true });
  expect([exit, facts.exit]).toEqual([0, 0]);
  expect([out, facts.out].map((text) => text.includes("write idle or expireAfter"))).toEqual([
    isAdvised,
    isAdvised,
  ]);
});
