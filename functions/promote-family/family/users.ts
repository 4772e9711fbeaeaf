/** Who needs an image of a region: instances, launch templates, image pipelines and scaling configurations. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import {
  instancesByImage,
  pipelinesByImage,
  templatesByImage,
} from "../../../shared/cloud/ecs/image-users.ts";
import { configurationsByImage } from "../../../shared/cloud/ess/scaling-configurations.ts";

/** A function from an image of the region to its users, in words. @throws CloudError when one kind of them cannot be listed */
export async function usersIn(
  region: string,
  cloud: CloudClient,
): Promise<(image: Pick<Image, "id" | "name">) => readonly string[]> {
  const users = [
    await instancesByImage(cloud, region),
    await templatesByImage(cloud, region),
    await pipelinesByImage(cloud, region),
    await configurationsByImage(cloud, region),
  ];
  // Scaling configurations may name it by its name.
  return ({ id, name }) => [id, name].flatMap((by) => users.flatMap((map) => map.get(by) ?? []));
}
