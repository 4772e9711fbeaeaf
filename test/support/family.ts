/** A family as operators see it. */
import type { Deployment } from "./deployment.ts";
import { known } from "./known.ts";
import { answered } from "./runs.ts";
import { tagOf } from "./world.ts";

interface Shown {
  readonly hold?: { readonly by: string; readonly why: string; readonly until?: string };
  readonly previous: readonly { readonly imageId: string; readonly promotion?: string }[];
}

/** The family `web`, from the API. */
export async function shown(kiln: Deployment): Promise<Shown> {
  const { body } = await answered(kiln, kiln.api("GET", "/families/web"));
  return known<Shown>(body);
}

/** The promotion status of an image, one word. */
export const promotionOf = (kiln: Deployment, imageId: string): string | undefined =>
  tagOf(kiln, imageId, "kiln:promotion")?.split(" ")[0];
