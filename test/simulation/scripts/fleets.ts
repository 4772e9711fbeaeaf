/** Scripts about fleets: scale-out by CreateInstance, keep, resume. */
import { hours, minutes } from "../../../shared/duration.ts";
import { fleetText } from "../../support/fleets.ts";
import { POLICY } from "../../support/idle.ts";
import { tagsOf } from "../../support/world.ts";
import { letIdle } from "../invariants/load.ts";
import { membersOf } from "../simulation.ts";
import { follow, get, insist, upload, waitFor, type Script } from "./ask.ts";

export const createInstance: Script = {
  name: "scale-out by CreateInstance",
  async run(simulation, wait) {
    const text = fleetText({ family: "base", via: "CreateInstance", limits: { max: 3 } });
    await upload(simulation, wait, "fleets/single.yaml", text);
    return get(simulation, wait, "/fleets/single/scale-out", { count: 2 });
  },
};

const KEEP = new URLSearchParams({ decision: "keep" });

export const keep: Script = {
  name: "keep",
  async run(simulation, wait) {
    const { channel, kiln } = simulation;
    const idle = { ...POLICY, notice: "2h", notify: ["ops"] };
    await upload(
      simulation,
      wait,
      "fleets/kept.yaml",
      fleetText({ family: "base", limits: { max: 2 }, idle }),
    );
    if (!(await get(simulation, wait, "/fleets/kept/scale-out", { count: 2 }))) return false;
    const ids = membersOf(kiln, "kept").map(({ instanceId }) => instanceId);
    letIdle(simulation, ids);
    const link = await waitFor(wait, hours(8), () => {
      const links = channel.posted.flatMap(({ body }) => Object.entries(body.links?.keep ?? {}));
      return links.find(([id]) => ids.includes(id))?.[1];
    });
    if (link === undefined) return false;
    const status = await insist(wait, () => follow(simulation, link, KEEP));
    await wait(minutes(10));
    return status === 202 && ids.some((id) => "kiln:keep" in tagsOf(kiln, id));
  },
};

/** Closed for two hours soon after the beginning, which is 16:00 in Shanghai. */
const UP = { timeZone: "Asia/Shanghai", hours: ["Mon-Sun 08:00-16:30", "Mon-Sun 20:00-23:00"] };

/** Whether the fleet `night` is up. */
export function isNightUp(at: number): boolean {
  const { timeZone } = UP;
  const clock = new Date(at).toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  return UP.hours.some((span) => {
    const [from = "", to = ""] = span.match(/\d\d:\d\d/g) ?? [];
    return from <= clock && clock < to;
  });
}

export const resume: Script = {
  name: "resume",
  async run(simulation, wait) {
    const idle = { ...POLICY, grace: "15m", upDuring: UP, resume: true };
    const text = fleetText({ family: "base", limits: { max: 2 }, idle });
    await upload(simulation, wait, "fleets/night.yaml", text);
    if (!(await get(simulation, wait, "/fleets/night/scale-out", { count: 2 }))) return false;
    letIdle(
      simulation,
      membersOf(simulation.kiln, "night").map(({ instanceId }) => instanceId),
    );
    await wait(hours(2));
    const asked = await get(simulation, wait, "/fleets/night/stop");
    await wait(hours(3));
    // They were stopped at half past four and are up again from eight.
    const members = membersOf(simulation.kiln, "night");
    return asked && members.length > 0 && members.every(({ status }) => status === "Running");
  },
};
