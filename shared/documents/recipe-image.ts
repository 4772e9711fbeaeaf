/** `image`: name and attributes of the image (CreateImage). */
import * as z from "zod/mini";
import { mapOf } from "../map-of.ts";
import { closed, orEmpty, rule, text } from "./fields.ts";
import { DEFAULT_IMAGE_NAME } from "./image-name.ts";
import { description, resourceGroupId } from "./names.ts";
import { ARCHITECTURES, BOOT_MODES, PLATFORMS } from "./platforms.ts";
import { IMAGE_TAGS, tagCountProblem, tagFindings } from "./tags.ts";

const Tags = mapOf(z.string(), z.string(), "cannot be the key of a tag; choose another").check(
  // A value that is no text keeps nothing from the other tags.
  rule<Record<string, unknown>>([], (tags) => {
    const many = tagCountProblem(Object.keys(tags).length, IMAGE_TAGS);
    const single = Object.entries(tags).flatMap(([key, value]) =>
      tagFindings(key, typeof value === "string" ? value : "", IMAGE_TAGS, [key]),
    );
    return many === undefined ? single : [{ at: [], message: many }, ...single];
  }),
);

/** As it is on the image. What is written may hold parameters, so the rule is checked with the whole document. */
export const Version = text(/^[A-Za-z0-9._-]{1,40}$/, "be 1 to 40 letters, digits, . _ or -, in quotes");

/** The name's rules need the recipe's name, so they are checked with the whole document. */
export const Image = closed(
  {
    name: z._default(z.string(), DEFAULT_IMAGE_NAME),
    version: z.exactOptional(z.string()),
    description: z.exactOptional(description()),
    tags: orEmpty(Tags, {}),
    resourceGroupId: z.exactOptional(resourceGroupId()),
    platform: z.exactOptional(z.enum(PLATFORMS)),
    architecture: z.exactOptional(z.enum(ARCHITECTURES)),
    bootMode: z.exactOptional(z.enum(BOOT_MODES)),
    /** CreateImage.DetectionStrategy; the cloud has only this one. */
    detection: z.exactOptional(z.enum(["Standard"])),
  },
  {
    family:
      "does not belong here; write family: at the top of the recipe, the image joins it when it passed its test",
  },
);
