/** The image of a bake as it is right before a change. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { describeImages, type Image } from "../../../shared/cloud/ecs/images.ts";
import { ownedByRun } from "../../../shared/ownership.ts";
import type { Result } from "../../../shared/result.ts";

/** The image, undefined when it is not listed. A problem when its tags say that `run` did not make it. */
export async function ownImage(
  cloud: CloudClient,
  run: string,
  id: string,
): Promise<Result<Image | undefined>> {
  const [image] = await describeImages(cloud, { ids: [id] });
  return ownedByRun(cloud, { kind: "image" }, image, run);
}
