/** Recipes of the scripts, and the way of their images into a family. */
import { hours, minutes } from "../../../shared/duration.ts";
import { recipeText } from "../../support/recipes.ts";
import { hasEnded } from "../../support/records.ts";
import { launchTagged } from "../../support/world.ts";
import type { Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import { ask, insistDirectly, upload, waitFor } from "./ask.ts";

export const NOTIFY = { notify: [{ channel: "ops" }] };
export const QUIET = { rebake: { nightly: false } };

/** Without a builder, the image test names its own instance type, vSwitch and security group. */
export const TEST = {
  commands: ["true"],
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  // Instances that an operator set up are not generalized.
  hygiene: { waive: ["machine-id", "ssh-host-keys", "cloud-init"] },
};

/**
 * Uploads a recipe and waits until its image is promoted; after a failed bake it asks again, as an operator does.
 * Whether one more image was promoted.
 */
export async function promoted(
  simulation: Simulation,
  wait: Wait,
  name: string,
  text: string,
): Promise<boolean> {
  const done = (): number =>
    simulation.kiln.records(`promote-${name}-`).filter(({ state }) => state === "done").length;
  const before = done();
  await upload(simulation, wait, `recipes/${name}.yaml`, text);
  for (let n = 0; n < 4; n++) {
    await wait(minutes(5));
    await waitFor(wait, hours(40), () => {
      const runs = [
        ...simulation.kiln.records(`bake-${name}-`),
        ...simulation.kiln.records(`promote-${name}-`),
      ];
      return runs.every(hasEnded) ? true : undefined;
    });
    if (done() > before) return true;
    if (!text.includes('"upload"')) await ask(simulation, wait, `/recipes/${name}/bake`, { force: true });
  }
  return false;
}

/** An instance that a user set up, for sources that need one. */
export async function golden(simulation: Simulation, wait: Wait): Promise<string | undefined> {
  const id = await insistDirectly(simulation, wait, () => launchTagged(simulation.kiln, {}));
  await wait(minutes(2));
  return id;
}

/** A release without a builder and without an image test. */
export const quick = (id: string, n: number, more: object = {}): string =>
  recipeText({
    source: { instance: { id, stop: false } },
    provision: [],
    test: { skip: true },
    family: "quick",
    description: `number ${n}`,
    ...NOTIFY,
    ...QUIET,
    ...more,
  });

export async function quickReleases(
  simulation: Simulation,
  wait: Wait,
  count: number,
  more: object,
): Promise<boolean> {
  const id = await golden(simulation, wait);
  if (id === undefined) return false;
  simulation.touched.set(id, Number.POSITIVE_INFINITY);
  for (let n = 1; n <= count; n++)
    if (!(await promoted(simulation, wait, "quick", quick(id, n, more)))) return false;
  return true;
}
