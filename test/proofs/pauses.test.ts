import { hours } from "../../shared/duration.ts";
import { night } from "../support/bakes.ts";
import { startChannel } from "../support/channel.ts";
import { test } from "../support/deploy.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

test("images that fail their test are counted, too, so that no night adds one for ever", async ({
  deploy,
  expect,
}) => {
  const channel = await startChannel();
  try {
    const kiln = await deploy({
      env: { KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: channel.url } }) },
    });
    const text = recipeText({ test: { commands: ["exit 1"] }, pauseAfter: 2, notify: ["ops"] });
    await kiln.upload("recipes/web.yaml", text);
    await kiln.cloud.settle({ forMs: hours(1) });
    for (let n = 0; n < 4; n++) await night(kiln);
    expect(ownImages(kiln)).toHaveLength(2);
    const reasons = channel.posted.map(({ body }) => String(body["reason"]));
    expect(reasons.filter((reason) => reason.includes("This is failure 2 in a row"))).toHaveLength(1);
  } finally {
    await channel.close();
  }
});
