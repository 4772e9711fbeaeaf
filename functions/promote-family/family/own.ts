/** An image as it is right before a change (OWN-3). */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { foreignProblem, owned } from "../../../shared/ownership.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { Place } from "./deprecate.ts";

/** The image, undefined when it is not there. A problem when this deployment did not make it. */
export async function ownImage(
  cloud: CloudClient,
  { region, imageId }: Place,
): Promise<Result<Image | undefined>> {
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  return image === undefined ? ok(undefined) : owned(cloud, { kind: "image", region }, image);
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
