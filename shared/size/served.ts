/** The image that launches of a fleet use. */
import { describeImages, familyImage, type Image } from "../cloud/ecs/images.ts";
import type { Fleet } from "../documents/fleet.ts";
import type { Ports } from "../invocation.ts";
import { readSize } from "./log.ts";
import { isSized } from "./wanted.ts";

/** That of the family, unless a refresh has rolled that one back; undefined when there is none. `isPinned`: its id is to be sent. @throws CloudError */
export async function servedImage(
  fleet: Fleet,
  { cloud }: Pick<Ports, "cloud">,
): Promise<{ readonly image: Image | undefined; readonly isPinned?: true }> {
  const image = await familyImage(cloud, fleet.family);
  if (image === undefined || !isSized(fleet)) return { image };
  const { held } = await readSize(fleet.name, { cloud });
  if (held?.bad !== image.id) return { image };
  const [before] = await describeImages(cloud, { ids: [held.use] });
  return { image: before, isPinned: true };
}
