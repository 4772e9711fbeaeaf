/**
 * Decides which images a rollback deprecates so that a family serves an earlier one. Pure.
 *
 * TARGET-1. The target must be an available and good member; a family is never left empty.
 * TARGET-2. The images that supersede it are deprecated oldest first: the served one goes last, so the family
 *     moves once, straight to its target.
 * TARGET-3. Every region goes back to its copy of the same image, or none changes.
 */
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { PREVIOUS } from "../../../shared/requests/rollback.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Place } from "../family/deprecate.ts";
import { supersedingImages } from "../family/served.ts";
import { isGood } from "../family/status.ts";

export interface RegionMembers {
  readonly region: string;
  readonly members: readonly Image[];
}

/** The target in the home region: `to` by id or name, or the newest good member older than the served one. */
export function homeTarget(
  family: string,
  members: readonly Image[],
  served: string | undefined,
  to: string,
): Result<Image> {
  return to === PREVIOUS ? previousTarget(family, members, served) : namedTarget(family, members, to);
}

function namedTarget(family: string, members: readonly Image[], to: string): Result<Image> {
  const named = members.find(({ id }) => id === to) ?? members.find(({ name }) => name === to);
  if (named === undefined) return problem(`${to} is not in family ${family}; name one of its members`);
  if (named.status !== "Available")
    return problem(
      `${to} is ${named.status}, so family ${family} cannot serve it; make it available first, or name another`,
    );
  return isGood(named) ? ok(named) : problem(`${to} failed its test or was rolled back; name another`);
}

function previousTarget(
  family: string,
  members: readonly Image[],
  served: string | undefined,
): Result<Image> {
  const current = members.find(({ id }) => id === served);
  if (current === undefined)
    return problem(`family ${family} serves nothing, so there is nothing to roll back`);
  const [previous] = members
    .filter((image) => image.id !== current.id && image.createdAt <= current.createdAt)
    .filter((image) => image.status === "Available" && isGood(image))
    .toSorted((a, b) => b.createdAt - a.createdAt);
  return previous === undefined
    ? problem(
        `${current.id} is the only good image family ${family} could serve; deprecating it would leave the family empty. Bake a new one instead`,
      )
    : ok(previous);
}

/** The image to serve and those to deprecate in each region. `others` are the regions besides home that the promotion covered. */
export function decideTargets(
  family: string,
  target: Image,
  home: RegionMembers,
  others: readonly RegionMembers[],
) {
  const targets: Record<string, string> = {};
  const places: Place[] = [];
  for (const { region, members } of [...others, home]) {
    const copy = members.find(({ tags, status }) => tags[TAG.image] === target.id && status === "Available");
    const own = region === home.region ? target : copy;
    if (own === undefined) {
      return problem(
        `family ${family} in ${region} has no available copy of ${target.id}, so it cannot go back there; promote ${target.id} to ${region} first, or name the regions: [${home.region}]`,
      );
    }
    targets[region] = own.id;
    places.push(...supersedingImages(own, members).map(({ id: imageId }) => ({ region, imageId })));
  }
  return ok({ targets, places });
}
