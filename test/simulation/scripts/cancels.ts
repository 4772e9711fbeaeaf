/** Cancelled runs: a bake, a promotion or a scale-out, at any moment of it. */
import { hours, minutes } from "../../../shared/duration.ts";
import { fleetText } from "../../support/fleets.ts";
import { recipeText } from "../../support/recipes.ts";
import { ABROAD, type Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import { ask, endOf, insist, post, upload, waitFor, type Script } from "./ask.ts";
import { golden, NOTIFY, quick, QUIET } from "./recipes.ts";

/** Begins a run that can be cancelled. */
type Begin = (simulation: Simulation, wait: Wait) => Promise<string | undefined>;

const runOf = (simulation: Simulation, wait: Wait, begins: string): Promise<string | undefined> =>
  waitFor(wait, hours(12), () => simulation.kiln.records(begins)[0]?.run);

const bake: Begin = async (simulation, wait) => {
  await upload(simulation, wait, "recipes/never.yaml", recipeText({ family: "never", ...NOTIFY, ...QUIET }));
  return runOf(simulation, wait, "bake-never-");
};

const promotion: Begin = async (simulation, wait) => {
  const id = await golden(simulation, wait);
  if (id === undefined) return undefined;
  simulation.touched.set(id, Number.POSITIVE_INFINITY);
  const promote = { regions: [ABROAD], accounts: ["1000000000000001"] };
  await upload(simulation, wait, "recipes/called-off.yaml", quick(id, 1, { family: "called-off", promote }));
  return runOf(simulation, wait, "promote-called-off-");
};

const scaleOut: Begin = async (simulation, wait) => {
  const text = fleetText({ family: "base", limits: { max: 2 }, notify: ["ops"] });
  await upload(simulation, wait, "fleets/brief.yaml", text);
  return (await ask(simulation, wait, "/fleets/brief/scale-out", { count: 2 }))?.run;
};

export const cancel: Script = {
  name: "cancel",
  async run(simulation, wait) {
    const { draw } = simulation;
    const begin = [bake, promotion, promotion, scaleOut][Math.floor(draw() * 4)] ?? bake;
    const run = await begin(simulation, wait);
    if (run === undefined) return false;
    await wait(draw() * minutes(begin === scaleOut ? 1 : 4));
    const answer = await insist(wait, () => post(simulation, `/runs/${run}/cancel`, {}));
    const end = await endOf(simulation, wait, { run });
    // A run that ended before is refused.
    return end?.state === "cancelled" || (answer?.status === 409 && end !== undefined);
  },
};
