/** The fixture of all flow tests: Kiln on a local cloud, deployed for one test and closed after it. */
import { appendFileSync } from "node:fs";
import { test as base } from "vitest";
import { days } from "../../shared/duration.ts";
import { type DeployOptions, type Deployment, deployKiln, deployTwo, hurry } from "./deployment.ts";

/** A file that gets a line for each deployment of a test: the actions that its roles used (`npm run policies`). */
const USES_FILE = process.env["KILN_USES_FILE"];

interface Test {
  readonly name: string;
  readonly file: { readonly filepath: string };
}

async function end({ cloud }: Deployment, { name, file }: Test): Promise<void> {
  const line = { file: file.filepath, test: name, uses: cloud.ram.uses() };
  if (USES_FILE !== undefined) appendFileSync(USES_FILE, `${JSON.stringify(line)}\n`);
  await cloud.close();
}

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
  kiln: async ({ timers, task }, use) => {
    const kiln = await deployKiln({ fc: { timers } });
    hurry(kiln);
    await use(kiln);
    await end(kiln, task);
  },
  two: async ({ timers, task }, use) => {
    const both = await deployTwo({ fc: { timers } });
    hurry(both[0]);
    await use(both);
    await end(both[0], task);
  },
  deploy: async ({ task }, use) => {
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
    for (const kiln of deployed) await end(kiln, task);
  },
});
