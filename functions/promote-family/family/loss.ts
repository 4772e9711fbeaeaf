/**
 * A family that an image would leave, because the image is in one family at a time.
 *
 * LOSS-1. A held family keeps its images, whoever asks.
 * LOSS-2. No family is left empty: in each region it serves another image afterwards.
 * LOSS-3. A family that serves another image afterwards is named, before and after.
 */
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { heldText, holdOf } from "../../../shared/holds.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";
import { TAG } from "../../../shared/tags.ts";
import { homeOf, servedIn } from "./served.ts";

interface Leaving {
  readonly imageId: string;
  /** The family that the image is in; empty or undefined for none. */
  readonly from: string | undefined;
  readonly to: string;
  /** Where the image goes, besides home. */
  readonly regions: readonly string[];
}

/** What the family serves afterwards where it serves the image now, a sentence for each region. A problem when the image stays. */
export async function lossOf(
  { imageId, from, to, regions }: Leaving,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<Result<readonly string[]>> {
  if (from === undefined || from === "" || from === to) return ok([]);
  const stays = (why: string) =>
    problem(`${imageId} stays in its family: ${why}; make another image for ${to} with force: true`);
  const hold = await holdOf(from, ports);
  if (hold !== undefined) return stays(heldText(from, hold));
  const home = homeOf(ports);
  const losses: string[] = [];
  for (const region of [home, ...regions]) {
    const members = await describeImages(ports.cloud, { family: from }, region);
    const { [region]: served } = await servedIn(from, [region], ports);
    const leaves = members.find(({ id }) => id === served);
    if (leaves === undefined || !isOf(leaves, imageId)) continue;
    const next = nextAfter(leaves, members);
    if (next === undefined) return stays(`family ${from} would serve nothing in ${region} without it`);
    losses.push(`family ${from} in ${region} serves ${next.id} instead`);
  }
  return ok(losses);
}

const isOf = ({ id, tags }: Image, imageId: string): boolean => id === imageId || tags[TAG.image] === imageId;

const nextAfter = ({ id }: Image, members: readonly Image[]): Image | undefined =>
  members
    .filter((image) => image.id !== id && image.status === "Available")
    .toSorted((a, b) => b.createdAt - a.createdAt)[0];
