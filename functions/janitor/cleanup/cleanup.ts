/** One cleanup: releases what runs that have ended left behind. */
import * as z from "zod/mini";
import { messageOf } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { findOrphans, release } from "./orphans.ts";

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
  const found = await findOrphans(ports);
  for (const orphan of dryRun ? [] : found.filter((finding) => finding.release)) {
    // One failure must not stop the rest.
    await release(orphan, ports).catch((error: unknown) =>
      failures.push(`${orphan.id}: ${messageOf(error)}`),
    );
  }
  return { dryRun, found, unknown: found.filter((finding) => finding.unknown), failures };
}
