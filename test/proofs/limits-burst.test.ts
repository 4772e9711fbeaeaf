import { test } from "../support/deploy.ts";
import { fleetText } from "../support/fleets.ts";
import { burst } from "../support/runs.ts";
import { machines } from "../support/world.ts";

test(
  "two hundred parallel and repeated webhooks end in the exact count",
  { timeout: 90_000 },
  async ({ deploy, expect }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 500 } }));
    const bodies = Array.from({ length: 40 }, (_, n) => ({ count: 1 + (n % 2), key: `job-${n}` }));
    const runs = await burst(kiln, bodies, 5, 50);
    expect(runs).toHaveLength(40);
    expect(runs.map((run) => kiln.record(run)?.state)).toEqual(Array.from({ length: 40 }, () => "done"));
    expect(machines(kiln)).toHaveLength(60);
  },
);
