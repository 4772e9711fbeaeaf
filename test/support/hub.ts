/** The fixture of tests with GitHub: Kiln beside it, closed after the test. */
import { test as base } from "./deploy.ts";
import { fleetText, type FleetChanges } from "./fleets.ts";
import { deployWithGithub, type Hub, type HubOptions } from "./github.ts";
import { answered } from "./runs.ts";

interface Fixtures {
  readonly hub: (wanted?: HubOptions, fleet?: FleetChanges) => Promise<Hub>;
}

export const test = base.extend<Fixtures>({
  hub: async ({ deploy }, use) => {
    const hubs: Hub[] = [];
    await use(async (wanted, fleet) => {
      const hub = await deployWithGithub(deploy, wanted);
      hubs.push(hub);
      await hub.kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 40 }, ...fleet }));
      return hub;
    });
    for (const { github } of hubs) await github.close();
  },
});

/** Jobs that change together; answers the status of each delivery. */
export const jobsOf = (
  { kiln, job }: Hub,
  ids: readonly number[],
  ...more: readonly [action?: string, fields?: object]
) => Promise.all(ids.map((id) => answered(kiln, job(id, ...more))));
