/** `check --online`: documents in files against a cloud that has nothing of Kiln. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/commands.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { recipeText } from "../support/recipes.ts";

interface Finding {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const builder = (changes: object) => ({
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

test("the cloud's refusals of a recipe and a fleet are found before they are put, and sound ones are priced", async ({
  cloud,
  command,
  root,
  expect,
}) => {
  const asked = async (kind: "recipe" | "fleet", text: string) => {
    const file = join(root, "web.yaml");
    writeFileSync(file, text);
    const { code, out } = await command(`check-online --${kind} ${file} --json`);
    const [found] = json<Finding[]>(out.join(""));
    return { code, problems: found?.problems.join() ?? "", notes: found?.notes.join() ?? "" };
  };
  expect(await asked("recipe", recipeText())).toMatchObject({
    code: 0,
    problems: "",
    notes: expect.stringContaining("the cloud would launch its builder"),
  });
  for (const [changes, problem] of [
    [{ family: "acs:nothing" }, /acs:nothing has no image/],
    [{ instanceTypes: ["ecs.g7.largee"] }, /ecs\.g7\.largee/],
    [{ vSwitchIds: ["vsw-none"] }, /vsw-none/],
    [{ securityGroupId: "sg-none" }, /sg-none|security group/i],
  ] as const)
    expect(await asked("recipe", recipeText(builder(changes))), JSON.stringify(changes)).toMatchObject({
      code: 1,
      problems: expect.stringMatching(problem),
    });
  expect((await asked("fleet", fleetText())).notes).toContain("serves no image yet");
  cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: cloud.time.now() });
  expect(await asked("fleet", fleetText())).toMatchObject({
    code: 0,
    problems: "",
    notes: expect.stringMatching(/would launch its members,a member costs [\d.]+ an hour/),
  });
  const wrong = fleetText({ launch: { InstanceType: ["ecs.g7.largee"] } });
  expect(await asked("fleet", wrong)).toMatchObject({ code: 1, problems: expect.stringContaining("largee") });
  expect(cloud.world.instances.size).toBe(0);
});
