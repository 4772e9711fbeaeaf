/** Changes by hand of operators: to members, builders, test instances and images. */
import { machines, ownImages, served, tagOf, tagsOf } from "../support/world.ts";
import type { Simulation } from "./simulation.ts";

/** One of the instances that `may` picks, by chance. */
export function anyOf(
  { kiln, draw }: Simulation,
  may: (tags: Record<string, string>, status: string) => boolean,
) {
  const some = machines(kiln).filter(({ instanceId, status }) => may(tagsOf(kiln, instanceId), status));
  return some[Math.floor(draw() * some.length)];
}

const oneOf = <T>({ draw }: Simulation, all: readonly T[]): T | undefined =>
  all[Math.floor(draw() * all.length)];

/** Touches one thing. */
export function operate(simulation: Simulation): void {
  const chance = simulation.draw();
  if (chance < 0.6) touchMember(simulation);
  else if (chance < 0.85) touchTemporary(simulation);
  else touchImage(simulation);
}

function touchMember(simulation: Simulation): void {
  const { kiln, draw, touched } = simulation;
  const { world, time } = kiln.cloud;
  const status = draw() < 0.5 ? "Running" : "Stopped";
  const one = anyOf(simulation, (tags, now) => "kiln:fleet" in tags && now === status)?.instanceId;
  if (one === undefined) return;
  touched.set(one, time.now());
  const acts = [
    () => (status === "Running" ? world.stop(one) : world.start(one)),
    () => world.release(one),
    () => world.tag(one, { "kiln:keep": "true" }),
    () => world.protect(one),
    () => world.tag(one, { owner: "operations" }),
  ];
  oneOf(simulation, acts)?.();
}

/** A builder or a test instance: its run goes on, or fails and cleans up. */
function touchTemporary(simulation: Simulation): void {
  const { world } = simulation.kiln.cloud;
  const isTemporary = (tags: Record<string, string>, status: string): boolean =>
    (tags["kiln:role"] === "builder" || tags["kiln:role"] === "tester") && status === "Running";
  const one = anyOf(simulation, isTemporary)?.instanceId;
  if (one === undefined) return;
  const acts = [
    () => world.stop(one),
    () => world.release(one),
    () => world.vanish(one),
    () => world.tag(one, { owner: "operations" }),
  ];
  oneOf(simulation, acts)?.();
}

/** An image that no family serves: one under promotion, or an old one. */
function touchImage(simulation: Simulation): void {
  const { kiln, touched } = simulation;
  const { world, time } = kiln.cloud;
  const isFree = ({ regionId, imageId, family, status }: ReturnType<typeof ownImages>[number]): boolean =>
    status === "Available" &&
    tagOf(kiln, imageId, "kiln:recipe") === "web" &&
    (family === "" || served(kiln, regionId, family) !== imageId);
  const image = oneOf(simulation, ownImages(kiln).filter(isFree));
  if (image === undefined) return;
  const { imageId, disks } = image;
  const remove = (): void => {
    world.removeImage(imageId);
    // Whoever deletes an image by hand decides about its snapshots as well.
    for (const { snapshotId = "" } of disks) touched.set(snapshotId, time.now());
  };
  const acts = [remove, () => world.deprecateImage(imageId)];
  oneOf(simulation, acts)?.();
}
