/** An image as it is right before a change (OWN-3). */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { foreignProblem, owned } from "../../../shared/ownership.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { isForeign, TAG } from "../../../shared/tags.ts";
import type { Place } from "./deprecate.ts";

/** The image, undefined when it is not there. A problem when this deployment did not make it. */
export async function ownImage(
  cloud: CloudClient,
  { region, imageId }: Place,
): Promise<Result<Image | undefined>> {
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  return image === undefined ? ok(undefined) : owned(cloud, { kind: "image", region }, image);
}

/** The problem of a family that may serve an image of another deployment: it is the other's family then. */
export function foreignFamilyProblem(
  family: string,
  members: readonly Image[],
  cloud: CloudClient,
): string | undefined {
  const foreign = members.find((image) => image.status !== "Deprecated" && isForeign(cloud, image));
  if (foreign === undefined) return undefined;
  const owner = foreign.tags[TAG.deployment];
  return `family ${family} belongs to deployment ${owner}: ${foreign.id} is its image; give the recipe another family, deploy with a KILN_STAGE of its own, or hand ${foreign.id} over by setting its tag ${TAG.deployment} to ${cloud.access.bucket}`;
}

/** The first reason not to change one of `images`; changes nothing. */
export async function firstForeign(
  images: readonly Image[],
  cloud: CloudClient,
): Promise<string | undefined> {
  for (const image of images) {
    const foreign = await foreignProblem(cloud, image);
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}
