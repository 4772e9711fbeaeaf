/**
 * Which image was made of which, as the tags of images say. Pure.
 *
 * LINEAGE-1. A copy names its original, and a baked image the base of its bake: an image, a snapshot, an instance or an
 *     uploaded file. Nothing else is evidence: names and times are not.
 * LINEAGE-2. A chain that does not reach a public image or an uploaded file says where it is cut, and why.
 */
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { ROLE, TAG } from "../../../shared/tags.ts";

/** An image and its region. */
export interface PlacedImage {
  readonly image: Image;
  readonly region: string;
}

/** What an image was made of. `text`: a source that is no image, or why the image is not known. */
export type Origin =
  | { readonly kind: "image"; readonly id: string }
  | { readonly kind: "root" | "cut"; readonly text: string };

/** @param images all that this deployment made, to find the owner of a snapshot */
export function originOf({ image }: PlacedImage, images: readonly PlacedImage[]): Origin {
  const { id, owner, tags } = image;
  const original = tags[TAG.image];
  if (tags[TAG.role] === ROLE.copy && original !== undefined) return { kind: "image", id: original };
  const [, base = ""] = /^from (.+)$/.exec(tags[TAG.base] ?? "") ?? [];
  if (base !== "") return originIn(base, image, images);
  if (owner === "system") return { kind: "root", text: `${id} is a public image` };
  const whose = owner === "self" ? "this account" : `the owner ${owner}`;
  return { kind: "cut", text: `${id} is of ${whose} and has no ${TAG.base} tag: it was not made by Kiln` };
}

/** The text after `from` is the identity of a base: functions/bake-image/bake/base.ts. */
function originIn(base: string, { id }: Image, images: readonly PlacedImage[]): Origin {
  const [first = ""] = base.split(" ");
  if (/ in bake-/.test(base)) return { kind: "cut", text: `${id} was made of the instance ${first}` };
  if (/^(?:s-|empty\b)/.test(base)) return snapshotOrigin(base, id, images);
  if (/^"?[0-9A-Fa-f]{32}(?:-\d+)?"?(?: [0-9a-f]{16})?$/.test(base))
    return { kind: "root", text: `${id} was imported from an uploaded file, whose ETag is ${first}` };
  return { kind: "image", id: first };
}

function snapshotOrigin(base: string, id: string, images: readonly PlacedImage[]): Origin {
  const ids = base.split(" ").filter((one) => one.startsWith("s-"));
  const owner = images
    .filter(({ image }) => image.id !== id && ids.some((one) => image.snapshotIds.includes(one)))
    .toSorted((a, b) => a.image.createdAt - b.image.createdAt)[0];
  return owner === undefined
    ? { kind: "cut", text: `${id} was made of ${base}, and no image of this deployment has such a snapshot` }
    : { kind: "image", id: owner.image.id };
}

/** All that was made of an image, in any number of steps: nearer ones first. */
export function descendantsOf(id: string, images: readonly PlacedImage[]): readonly PlacedImage[] {
  const made = new Map<string, PlacedImage[]>();
  for (const placed of images) {
    const origin = originOf(placed, images);
    if (origin.kind === "image") made.set(origin.id, [...(made.get(origin.id) ?? []), placed]);
  }
  const found = new Map<string, PlacedImage>();
  for (let near = [id]; near.length > 0;) {
    const next = near.flatMap((one) => made.get(one) ?? []).filter(({ image }) => !found.has(image.id));
    for (const placed of next) found.set(placed.image.id, placed);
    near = [...new Set(next.map(({ image }) => image.id))];
  }
  found.delete(id);
  return [...found.values()];
}
