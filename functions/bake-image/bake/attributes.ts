/** The attributes of an image, as its recipe and the parameters of its bake say. */
import type { ImageAttributes } from "../../../shared/cloud/ecs/images.ts";
import { filled, filledTags } from "../../../shared/documents/image-name.ts";
import { OWN_TAGS_MAX, ownTags, ROLE, TAG, type Owner } from "../../../shared/tags.ts";
import { inputTags } from "./digests.ts";
import type { PlannedInput } from "./input.ts";

interface Baking {
  readonly run: string;
  readonly by: string;
  readonly input: PlannedInput;
}

/** The attributes of the image. It joins no family (BAKE-1). */
export function attributesOf({ run, by, input }: Baking, owner: Owner): ImageAttributes {
  const { recipe, document, plan, parameters, commit } = input;
  const own = filledTags(document, parameters);
  // Provenance, and not worth a tag of the user.
  const hasRoom = Object.keys(own).length < OWN_TAGS_MAX.image;
  const { image } = document;
  const given = (text: string): string =>
    document.parameters === undefined ? text : filled(text, parameters);
  const description = image.description ?? document.description;
  return {
    name: plan.imageName,
    version: image.version && given(image.version),
    description: description && given(description),
    platform: image.platform,
    architecture: image.architecture,
    bootMode: image.bootMode,
    detection: image.detection,
    resourceGroupId: image.resourceGroupId,
    tags: ownTags(owner, {
      ...own,
      ...(commit !== undefined && hasRoom && { [TAG.commit]: commit }),
      ...inputTags(plan.inputs),
      [TAG.run]: run,
      [TAG.role]: ROLE.image,
      [TAG.recipe]: recipe,
      [TAG.by]: tagValue(by),
    }),
  };
}

/** CreateImage, Tag.N.Value: 128 characters, no URL, and no `aliyun` or `acs:` at its start. */
const tagValue = (text: string): string =>
  text
    .replaceAll(/https?:\/\//gi, "")
    .replace(/^(?=aliyun|acs:)/i, "by ")
    .slice(0, 128);
