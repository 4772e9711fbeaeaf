/** Scripts about families: rollback, retention, approval. */
import { days, hours } from "../../../shared/duration.ts";
import { hasEnded } from "../../support/records.ts";
import { HOME, launchTagged, ownImages, served } from "../../support/world.ts";
import { RETENTION } from "../invariants/images.ts";
import type { Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import { follow, get, insist, insistDirectly, upload, waitFor, type Script } from "./ask.ts";
import { forgedLinksDoNothing } from "./forged.ts";
import { golden, quick, quickReleases } from "./recipes.ts";

export const rollback: Script = {
  name: "rollback and undo",
  async run(simulation, wait) {
    if (!(await quickReleases(simulation, wait, 2, {}))) return false;
    const now = () => served(simulation.kiln, HOME, "quick");
    const newest = now();
    if (!(await get(simulation, wait, "/families/quick/rollback", { to: "previous" }))) return false;
    if (now() === newest) simulation.problems.add("K5: quick serves the same image after its rollback");
    if (!(await get(simulation, wait, "/families/quick/rollback", { undo: true }))) return false;
    if (now() !== newest)
      simulation.problems.add("K5: quick serves another image after the undo of its rollback");
    return true;
  },
};

export const retention: Script = {
  name: "retention",
  async run(simulation, wait) {
    // A rollback whose undo did not come through holds the family.
    if (!(await get(simulation, wait, "/families/quick/unhold"))) return false;
    if (!(await quickReleases(simulation, wait, 3, { retention: RETENTION }))) return false;
    const members = () => ownImages(simulation.kiln).filter(({ family }) => family === "quick");
    const isUsed = await use(simulation, wait, members()[0]?.imageId ?? "");
    simulation.kiln.cloud.world.ageImages(days(2));
    if (!(await get(simulation, wait, "/recipes/quick/retire"))) return false;
    await wait(hours(1.5));
    const isRetired = await get(simulation, wait, "/recipes/quick/retire");
    // Of the three, the served one stays, and the one before it.
    return isRetired && (isUsed ? members().length === 3 : members().length < 3);
  },
};

/** By chance an operator begins to use an image: an instance runs from it, or another account does. */
async function use(simulation: Simulation, wait: Wait, ImageId: string): Promise<boolean> {
  const { kiln, draw } = simulation;
  const chance = draw();
  if (chance < 0.25) {
    const id = await insistDirectly(simulation, wait, () => launchTagged(kiln, {}, { ImageId }));
    if (id !== undefined) simulation.touched.set(id, Number.POSITIVE_INFINITY);
  } else if (chance < 0.5) {
    const share = { ImageId, "AddAccount.1": "1000000000000002" };
    await insistDirectly(simulation, wait, () => kiln.ecs("ModifyImageSharePermission", share));
  }
  return chance < 0.5;
}

export const approval: Script = {
  name: "approval",
  async run(simulation, wait) {
    const { channel, draw, kiln, problems } = simulation;
    const id = await golden(simulation, wait);
    if (id === undefined) return false;
    simulation.touched.set(id, Number.POSITIVE_INFINITY);
    const text = quick(id, 1, { family: "asked", promote: { approval: { within: "20h" } } });
    await upload(simulation, wait, "recipes/asked.yaml", text);
    const link = await waitFor(wait, hours(40), () => {
      const asked = channel.posted.find(({ body }) => body.kind === "approval");
      return asked?.body.links?.approve;
    });
    if (link === undefined) return false;
    if (served(kiln, HOME, "asked") !== undefined)
      problems.add("K9: asked serves an image without an approval");
    await forgedLinksDoNothing(simulation, wait, link);
    const decision = draw() < 0.8 ? "approve" : "reject";
    await insist(wait, () => follow(simulation, link, new URLSearchParams({ decision })));
    const ended = await waitFor(wait, hours(30), () =>
      simulation.kiln.records("promote-asked-").find(hasEnded),
    );
    if (decision === "reject" && served(kiln, HOME, "asked") !== undefined)
      problems.add("K9: asked serves an image that was rejected");
    return ended?.state === (decision === "approve" ? "done" : "failed");
  },
};
