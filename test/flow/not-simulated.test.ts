/** Commands that machines do not simulate are in the run's kept output and in the summary of the rehearsal. */
import { renderSummary, summarise } from "../rehearsal/summary.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";

test("a bake that meets unknown commands says so in its kept output and at the end", async ({
  kiln,
  expect,
}) => {
  const text = recipeText({
    provision: ["yum install -y nginx", "perl -e 'print 1' > /dev/null 2>&1", "perl -e 'print 1'"],
    family: undefined,
    test: undefined,
  });
  const [bake] = await bakeAndPromote(kiln, text);
  expect(bake).toMatchObject({ state: "done" });
  const kept = kiln.cloud.oss.list(BUCKET).map(({ body }) => body.toString());
  expect(kept.filter((output) => output.includes("guest: not simulated: perl"))).toHaveLength(2);
  const executions = kiln.cloud.world.invocations.flatMap((invocation) => invocation.executions);
  expect(executions.filter(({ unsupported }) => unsupported.length === 1)).toHaveLength(2);
  const summary = await summarise(kiln.cloud, 0, 0);
  expect(summary.notSimulated.reduce((sum, { times }) => sum + times, 0)).toBe(2);
  expect(renderSummary(summary)).toMatch(/not simulated +perl -e 'print 1'/);
});

test("a script without a first line is read by dash on Ubuntu, by bash on Alibaba Cloud Linux", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/seen.sh", 'set -euo pipefail\n[[ "$HOME" == /root ]] && touch /etc/seen');
  const provision = [{ script: "scripts/seen.sh" }];
  const bare = { provision, family: undefined, test: undefined };
  const [alinux] = await bakeAndPromote(kiln, recipeText(bare), "alinux");
  expect(alinux).toMatchObject({ state: "done" });
  const source = {
    builder: {
      family: "acs:ubuntu_24_04_x64",
      instanceTypes: ["ecs.g7.large"],
      vSwitchIds: ["vsw-hangzhou-h"],
      securityGroupId: "sg-default0001",
    },
  };
  const [ubuntu] = await bakeAndPromote(kiln, recipeText({ ...bare, source }), "ubuntu");
  expect(ubuntu).toMatchObject({ state: "failed" });
  expect(ubuntu?.reason).toContain("Illegal option -o pipefail");
  await kiln.upload("scripts/seen.sh", '#!/bin/bash -eu\n[[ "$HOME" == /root ]] && touch /etc/seen');
  const [named] = await bakeAndPromote(kiln, recipeText({ ...bare, source }), "named");
  expect(named).toMatchObject({ state: "done" });
});
