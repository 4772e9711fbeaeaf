/** A fleet whose size is kept, while callers, users and the cloud change it in random order. */
import { hours, minutes, seconds } from "../../../shared/duration.ts";
import { fleetText } from "../../support/fleets.ts";
import { POLICY } from "../../support/idle.ts";
import { AWAKE } from "../invariants/instances.ts";
import { letIdle } from "../invariants/load.ts";
import { CREW } from "../invariants/size.ts";
import { membersOf, type Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import { ask, upload, waitFor, type Script } from "./ask.ts";

const LAG_MS = seconds(75);
const ACTS = 14;
/** Longer than anything that stands in the way of the size, faults included. */
const SETTLED_MS = hours(40);

type Act = (simulation: Simulation, wait: Wait) => Promise<unknown> | void;

const document = (max: number): string =>
  fleetText({
    family: "base",
    launch: { SpotStrategy: "SpotAsPriceGo", SpotDuration: 0 },
    limits: { max },
    size: { min: 2, desired: 3 },
    idle: POLICY,
    refresh: { onPromotion: "refresh" },
  });

async function limit(simulation: Simulation, wait: Wait, max: number): Promise<void> {
  if (await upload(simulation, wait, `fleets/${CREW}.yaml`, document(max)))
    simulation.crew.limits.push({ at: simulation.kiln.cloud.time.now(), max });
}

const post =
  (action: string, body: (draw: () => number) => object): Act =>
  (simulation, wait) =>
    ask(simulation, wait, `/fleets/${CREW}/${action}`, { ...body(simulation.draw) });

/** Something happens to one of the members in a state. */
const toOne =
  (status: string, what: (simulation: Simulation, id: string) => void): Act =>
  (simulation) => {
    const some = membersOf(simulation.kiln, CREW).filter((one) => one.status === status);
    const one = some[Math.floor(simulation.draw() * some.length)];
    if (one !== undefined) what(simulation, one.instanceId);
  };

const byHand =
  (act: "start" | "stop") =>
  ({ kiln: { cloud }, touched }: Simulation, id: string): void => {
    touched.set(id, cloud.time.now());
    cloud.world[act](id);
  };

function promote({ kiln: { cloud }, calls }: Simulation): void {
  cloud.world.publishImage("base", { imageId: `m-base-c${calls.made++}` });
}

const ids = (simulation: Simulation): string[] =>
  membersOf(simulation.kiln, CREW).map(({ instanceId }) => instanceId);

const idle = (simulation: Simulation): void => {
  const busy = ids(simulation).filter((id) => !simulation.idleSince.has(id));
  letIdle(simulation, busy);
};

const KINDS: readonly Act[] = [
  post("scale-out", (draw) => ({ count: 1 + Math.floor(draw() * 2) })),
  post("scale-in", () => ({ count: 1 })),
  post("resize", (draw) => ({ to: Math.floor(draw() * 6) })),
  post("refresh", () => ({})),
  toOne("Running", byHand("stop")),
  toOne("Stopped", byHand("start")),
  toOne("Running", ({ kiln }, id) => kiln.cloud.world.reclaim(id)),
  toOne("Running", ({ kiln }, id) => kiln.cloud.world.vanish(id)),
  promote,
  idle,
  (simulation, wait) => limit(simulation, wait, 3),
  (simulation, wait) => limit(simulation, wait, 5),
  ({ kiln }) => kiln.cloud.world.lag(LAG_MS),
];

async function anyAct(simulation: Simulation, wait: Wait): Promise<void> {
  const act = KINDS[Math.floor(simulation.draw() * KINDS.length)];
  await act?.(simulation, wait);
  await wait(minutes(2 + simulation.draw() * 28));
}

export const size: Script = {
  name: "keep a size",
  async run(simulation, wait) {
    const { kiln } = simulation;
    await limit(simulation, wait, 5);
    for (let n = 0; n < ACTS; n++) await anyAct(simulation, wait);
    if (simulation.scenario !== "lists lag") kiln.cloud.world.lag(0);
    await limit(simulation, wait, 5);
    await ask(simulation, wait, `/fleets/${CREW}/resize`, { to: 4 });
    idle(simulation);
    return (await waitFor(wait, SETTLED_MS, () => isSettled(simulation))) ?? false;
  },
};

/** As many run as are wanted, after the last request. */
const isSettled = ({ kiln, crew }: Simulation): true | undefined => {
  const up = membersOf(kiln, CREW).filter(({ status }) => AWAKE.has(status)).length;
  return crew.desired.length > 0 && up === crew.desired.at(-1)?.desired ? true : undefined;
};
