/** One cleanup: resumes lost runs, adopts, releases orphans, deletes old entries of numbered logs. */
import * as z from "zod/mini";
import { messageOf } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { adopt, findUnadopted } from "./adoption.ts";
import { findLostRuns, resume } from "../lost-runs/lost-runs.ts";
import { deleteOldEntries } from "./old-entries.ts";
import { findOrphans, isEndless, ownLeftovers, release, report, type Leftovers } from "./orphans.ts";

/** The request of the janitor's timer. */
export const CleanupRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("cleanup"),
  dryRun: z.optional(z.boolean()),
});

/**
 * Returns what was found and done. Resources of a run without a record are left alone and named under `unknown`.
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
  const lost = await findLostRuns(ports);
  await each(
    lost,
    ({ run }) => run,
    (record) => resume(record, ports),
  );
  const unadopted = await findUnadopted(ports);
  await each(
    unadopted.adoptable,
    ({ ids }) => ids.join(", "),
    (batch) => adopt(batch, ports),
  );
  const others = dryRun ? unadopted.left : unadopted.unknown;
  const found = await findOrphans(together(await ownLeftovers(ports.cloud), others), ports);
  const idOf = ({ id }: { readonly id: string }): string => id;
  await each(
    found.filter((finding) => finding.release),
    idOf,
    (orphan) => release(orphan, ports),
  );
  await each(found.filter(isEndless), idOf, (finding) => report(finding, ports));
  const forgotten = await deleteOldEntries(ports, dryRun);
  const unknown = found.filter((finding) => finding.unknown);
  const adopted = unadopted.adoptable.reduce((sum, { ids }) => sum + ids.length, 0);
  return { dryRun, lost: lost.map(({ run }) => run), adopted, found, unknown, failures, forgotten };
}

const together = (a: Leftovers, b: Leftovers): Leftovers => ({
  instances: [...a.instances, ...b.instances],
  images: [...a.images, ...b.images],
  snapshots: [...a.snapshots, ...b.snapshots],
});
