/**
 * Which images must step back so that a family serves an earlier one. Pure.
 *
 * R1. The image to go back to must be a member, available and good; a family is never emptied.
 * R2. What outranks it is deprecated oldest first: the one that is served goes last, so that the family moves
 *     once, straight to its goal, however many lie between.
 * R3. Every region goes back to its copy of the same image, or none is touched.
 */
import type { Image } from "../../shared/cloud/image.ts";
import { TAG } from "../../shared/labels.ts";
import { outranking } from "./plan.ts";
import { isGood } from "./standing.ts";

export interface RegionMembers {
  readonly region: string;
  readonly members: readonly Image[];
}

export type Aim =
  | {
      readonly kind: "roll";
      /** Region → image to be served there. */
      readonly targets: Readonly<Record<string, string>>;
      /** Oldest first within each region. */
      readonly steps: readonly { readonly region: string; readonly imageId: string }[];
    }
  | { readonly kind: "refuse"; readonly reason: string };

/** The image at home to go back to: the one asked for by id or name, else the newest good one older than what is served. */
export function homeTarget(
  family: string,
  members: readonly Image[],
  served: string | undefined,
  to: string | undefined,
): Image | string {
  if (to !== undefined) {
    const asked = members.find(({ id }) => id === to) ?? members.find(({ name }) => name === to);
    if (asked === undefined) return `${to} is not in family ${family}; name one of its members`;
    if (asked.status !== "Available") {
      return `${to} is ${asked.status}, so family ${family} cannot serve it; bring it back first, or name another`;
    }
    return isGood(asked) ? asked : `${to} failed its gate or was rolled back itself; name another`;
  }
  const current = members.find(({ id }) => id === served);
  if (current === undefined) return `family ${family} serves nothing, so there is nothing to roll back`;
  const older = members.filter(
    (image) =>
      image.id !== current.id &&
      image.status === "Available" &&
      image.createdAt <= current.createdAt &&
      isGood(image),
  );
  return (
    older.toSorted((a, b) => b.createdAt - a.createdAt)[0] ??
    `${current.id} is the only good image family ${family} could serve; deprecating it would leave the family empty. Bake a new one instead`
  );
}

/** What to deprecate where. `others` are the regions besides home that the promotion covered. */
export function aimAt(
  family: string,
  target: Image,
  home: RegionMembers,
  others: readonly RegionMembers[],
): Aim {
  const targets: Record<string, string> = { [home.region]: target.id };
  const steps: { region: string; imageId: string }[] = [];
  for (const { region, members } of [...others, home]) {
    const own =
      region === home.region
        ? target
        : members.find((image) => image.tags[TAG.image] === target.id && image.status === "Available");
    if (own === undefined) {
      return {
        kind: "refuse",
        reason: `family ${family} in ${region} has no available copy of ${target.id}, so it cannot go back there; promote ${target.id} to ${region} first, or name the regions: [${home.region}]`,
      };
    }
    targets[region] = own.id;
    steps.push(...outranking(own, members).map(({ id }) => ({ region, imageId: id })));
  }
  return { kind: "roll", targets, steps };
}
