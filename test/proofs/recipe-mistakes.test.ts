import { minutes } from "../../shared/duration.ts";
import { night } from "../support/bakes.ts";
import { startChannel } from "../support/channel.ts";
import { test } from "../support/deploy.ts";
import { recipeText } from "../support/recipes.ts";

test("mistakes of a recipe are reported once: put again unchanged, and in every night; they count for no pause", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  const channels = { default: { kind: "json", url: `${channel.url}/default` } };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  const bad = recipeText({ provison: ["true"] });
  for (let n = 0; n < 4; n++) {
    await kiln.upload("recipes/web.yaml", bad);
    await kiln.cloud.settle({ forMs: minutes(1) });
    await night(kiln);
  }
  expect(kiln.records("check")).toHaveLength(1);
  expect(channel.posted).toHaveLength(1);
  expect(kiln.records("bake").map(({ state }) => state)).toEqual(Array(8).fill("failed"));
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kiln.records("bake").at(-1)?.state).not.toBe("failed");
  await channel.close();
});
