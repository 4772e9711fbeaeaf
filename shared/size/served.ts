/** The image that launches of a fleet use. */
import { describeImages, familyImage, type Image } from "../cloud/ecs/images.ts";
import type { Fleet } from "../documents/fleet.ts";
import type { Ports } from "../invocation.ts";
import { readSize } from "./log.ts";
import { isSized } from "./wanted.ts";

/** That of the family, unless a refresh has rolled that one back; undefined when there is none. @throws CloudError */
export async function servedImage(fleet: Fleet, { cloud }: Pick<Ports, "cloud">): Promise<Image | undefined> {
  const image = await familyImage(cloud, fleet.family);
  if (image === undefined || !isSized(fleet)) return image;
  const { held } = await readSize(fleet.name, { cloud });
  return held?.bad === image.id ? (await describeImages(cloud, { ids: [held.use] }))[0] : image;
}
