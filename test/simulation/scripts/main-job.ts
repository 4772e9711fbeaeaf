/** The main job of every simulation. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hours, minutes } from "../../../shared/duration.ts";
import { fleetText } from "../../support/fleets.ts";
import { POLICY } from "../../support/idle.ts";
import { letIdleWithGaps } from "../invariants/load.ts";
import { ABROAD, membersOf, type Accepted, type Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import {
  areStopped,
  ask,
  endOf,
  get,
  insist,
  noteAccepted,
  post,
  upload,
  waitFor,
  type Script,
} from "./ask.ts";
import { sendForged } from "./forged.ts";
import { promoted } from "./recipes.ts";

const EXAMPLES = join(import.meta.dirname, "../../../examples");
/** The account that images of the main job are shared with. */
const PARTNER = "1000000000000001";

/** The main job: an image of the example is baked, tested, promoted to two regions, launched, stopped and started again. */
export const main: Script = {
  name: "bake, scale out, stop, wake",
  async run(simulation, wait) {
    const text = readFileSync(join(EXAMPLES, "recipes/web.yaml"), "utf8");
    const spot = simulation.scenario === "spot reclaim";
    const launch = spot ? { SpotStrategy: "SpotAsPriceGo", SpotDuration: 0 } : {};
    const fleet = fleetText({ launch, limits: { max: 6 }, wake: true, idle: POLICY });
    await upload(simulation, wait, "fleets/web.yaml", fleet);
    const recipe = `${text}\nnotify: [{ channel: ops }]\npromote: { regions: [${ABROAD}], accounts: ['${PARTNER}'] }\n`;
    if (!(await promoted(simulation, wait, "web", recipe))) return false;
    const count = simulation.scenario === "concurrent requests" ? 20 : 1;
    await sendForged(simulation, wait);
    const first = await ask(simulation, wait, "/fleets/web/scale-out", { count: 3 });
    const many = await burst(simulation, wait, count);
    if (first === undefined) return false;
    for (const accepted of [first, ...many]) await endOf(simulation, wait, accepted);
    const [, ...idle] = membersOf(simulation.kiln, "web").map(({ instanceId }) => instanceId);
    letIdleWithGaps(simulation, idle);
    await waitFor(wait, hours(10), () => areStopped(simulation, idle));
    return get(simulation, wait, "/fleets/web/scale-out", { count: 1 });
  },
};

/** So many requests for one instance each, all at once, and those that were accepted. */
async function burst(simulation: Simulation, wait: Wait, count: number): Promise<Accepted[]> {
  const one = (_: unknown, n: number) =>
    post(simulation, "/fleets/web/scale-out", { count: 1, key: `burst-${n}` }).catch(() => undefined);
  const posted = await insist(wait, () => Promise.all(Array.from({ length: count }, one)));
  const accepted = (posted ?? []).flatMap((answer) =>
    answer?.status === 202
      ? [noteAccepted(simulation, { run: String(answer.body["run"]), count: 1, fleet: "web" })]
      : [],
  );
  await wait(minutes(1));
  return accepted;
}
