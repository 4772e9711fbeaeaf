/** One cleanup: adopts what the version before made, and releases what runs that have ended left behind. */
import * as z from "zod/mini";
import { messageOf } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { adopt, findUnadopted } from "./adoption.ts";
import { withoutRecipe } from "./without-recipe.ts";
import { findOrphans, ownLeftovers, release, type Leftovers } from "./orphans.ts";

/** The request of the janitor's timer. */
export const CleanupRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("cleanup"),
  dryRun: z.optional(z.boolean()),
});

/**
 * Returns what was found and done. Resources of a run without a log are left alone and named under `unknown`.
 * A dry run only finds.
 */
export async function cleanUp({ dryRun = false }: z.infer<typeof CleanupRequest>, ports: Ports) {
  const failures: string[] = [];
  const each = async <T>(items: readonly T[], idOf: (item: T) => string, act: (item: T) => Promise<void>) => {
    for (const item of dryRun ? [] : items) {
      // One failure must not stop the rest.
      await act(item).catch((error: unknown) => failures.push(`${idOf(item)}: ${messageOf(error)}`));
    }
  };
  const unadopted = await findUnadopted(ports);
  await each(
    unadopted.adoptable,
    ({ ids }) => ids.join(", "),
    (batch) => adopt(batch, ports),
  );
  const others = dryRun ? unadopted.left : unadopted.unknown;
  const own = await ownLeftovers(ports.cloud);
  const found = await findOrphans(together(own, others), ports);
  await each(
    found.filter((finding) => finding.release),
    ({ id }) => id,
    (orphan) => release(orphan, ports),
  );
  const unknown = found.filter((finding) => finding.unknown);
  const adopted = unadopted.adoptable.reduce((sum, { ids }) => sum + ids.length, 0);
  const goneRecipes = await withoutRecipe(own.images, ports);
  return { dryRun, adopted, found, unknown, failures, ...(goneRecipes.length > 0 && { goneRecipes }) };
}

const together = (a: Leftovers, b: Leftovers): Leftovers => ({
  instances: [...a.instances, ...b.instances],
  images: [...a.images, ...b.images],
  snapshots: [...a.snapshots, ...b.snapshots],
});
