/** The steps of a promotion, as they show in the world. */
import { minutes } from "../../../shared/duration.ts";
import { commandsOf, machines, servedBy } from "../stage.ts";
import { broken, held, hold, pending, see, type Step } from "../story.ts";
import type { Baking } from "./bake.ts";

/** Test machine, tests, release, membership, and the family's own answer. */
export function watchPromotion(baking: Baking, family: string): readonly Step[] {
  let tester: string | undefined;
  return [
    see("a new instance boots from the image", minutes(20), ({ cloud }) => {
      const [machine] = machines(cloud, "tester");
      if (machine === undefined) return pending("no test machine yet");
      tester = machine.instanceId;
      if (machine.imageId !== baking.image?.imageId) return broken(`${tester} is made of ${machine.imageId}`);
      if (machine.autoReleaseAt === undefined) return broken(`${tester} was created without AutoReleaseTime`);
      return held(`${tester}, ${machine.type.id} in ${machine.zoneId}`);
    }),
    see("it passes the recipe's tests and is released", minutes(60), ({ cloud }) => {
      const commands = commandsOf(cloud, tester ?? "");
      const doing = commands.at(-1);
      if (cloud.world.instances.has(tester ?? "")) {
        return pending(doing ? `${doing.name}: ${doing.status}` : `${tester} boots`);
      }
      const failed = commands.filter(({ status }) => status !== "Success");
      if (failed.length > 0) return broken(failed.map(({ name, status }) => `${name}: ${status}`).join(", "));
      if (commands.length === 0) return broken("it was released without a test");
      return held(...commands.map(({ name, exitCode }) => `${name} (exit code ${exitCode})`));
    }),
    see(`the image joins the family ${family}`, minutes(30), () =>
      baking.image?.family === family ? held() : pending(`${baking.image?.imageId} is in no family`),
    ),
    hold(`asked for ${family}, the cloud answers with it (DescribeImageFromFamily)`, async ({ cloud }) => {
      const served = await servedBy(cloud, family);
      return served === baking.image?.imageId ? held(served ?? "") : broken(`it answers with ${served}`);
    }),
  ];
}
