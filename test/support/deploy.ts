/** The fixture of all flow tests: Kiln on a local cloud, deployed for one test and closed after it. */
import { test as base } from "vitest";
import { days } from "../../shared/duration.ts";
import { type DeployOptions, type Deployment, deployKiln, deployTwo, hurry } from "./deployment.ts";

interface Fixtures {
  /** Kiln with an empty bucket. */
  readonly kiln: Deployment;
  /** Two deployments of Kiln in one account and region, each with an empty bucket. */
  readonly two: readonly [first: Deployment, second: Deployment];
  /** Deploys Kiln with options, beside a family `web` that serves m-web-1. */
  readonly deploy: (options?: DeployOptions) => Promise<Deployment>;
  /** Names of the timers that fire for `kiln`. */
  readonly timers: readonly string[];
}

export const test = base.extend<Fixtures>({
  // Few tests need timers, and each would start functions.
  timers: [],
  kiln: async ({ timers }, use) => {
    const kiln = await deployKiln({ fc: { timers } });
    hurry(kiln);
    await use(kiln);
    await kiln.close();
  },
  two: async ({ timers }, use) => {
    const both = await deployTwo({ fc: { timers } });
    hurry(both[0]);
    await use(both);
    await both[0].close();
  },
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  deploy: async ({}, use) => {
    const deployed: Deployment[] = [];
    await use(async (options) => {
      const kiln = await deployKiln({ ...options, fc: { timers: [], ...options?.fc } });
      deployed.push(kiln);
      hurry(kiln);
      // A day old, so that any image of today is newer.
      const createdAt = kiln.cloud.time.now() - days(1);
      kiln.cloud.world.publishImage("web", { imageId: "m-web-1", createdAt });
      return kiln;
    });
    for (const kiln of deployed) await kiln.close();
  },
});
