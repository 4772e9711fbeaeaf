/**
 * Changes during a bake: the newest one waits, and older ones that wait end. A queue of one.
 *
 * NEWEST-1. The logs of the runs under `open/` decide. One that is not listed yet waits too, and finds nothing changed.
 * NEWEST-2. Only an object that can become an image replaces a disk that waits. A data disk, a text and a deleted object do not.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, openKey } from "../../../shared/keys.ts";
import { isChange } from "../../../shared/triggers.ts";
import { REQUEST, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { subjectOf } from "../../../shared/workflow/run-id.ts";
import { dataDiskNote } from "./data-disks.ts";
import { readDiskFormat } from "./disk-format.ts";

const Uploaded = z.looseObject({
  uploadedAt: z.optional(z.int()),
  upload: z.optional(z.looseObject({ key: z.string() })),
  ifChanged: z.optional(z.boolean()),
});

/**
 * How much a run bakes: one about an uploaded disk, which only another disk replaces; one that bakes as the recipe says; one
 * that looks for changed inputs, which the one before does too.
 */
function scopeOf({ input }: WorkflowEvent): number {
  const { upload, ifChanged } = Uploaded.safeParse(input).data ?? {};
  if (upload !== undefined) return 2;
  return ifChanged === true ? 0 : 1;
}

/** When the object was uploaded; a version before did not say. */
const uploadedAt = ({ input, startedAt }: WorkflowEvent): number =>
  Uploaded.safeParse(input).data?.uploadedAt ?? startedAt;

/** Whether a change stands for an older one. Orders uploads of one millisecond, too. */
function isNewer(one: WorkflowEvent, than: WorkflowEvent): boolean {
  const [mine, other] = [scopeOf(one), scopeOf(than)];
  if (mine < other) return false;
  // One that waits reads later than any change before.
  if (mine > other && other === 0) return true;
  return uploadedAt(one) === uploadedAt(than) ? one.run > than.run : uploadedAt(one) > uploadedAt(than);
}

/** The run of a newer change of the same recipe that has not begun its bake, and that stands for this one. */
export async function newerUpload(
  event: WorkflowEvent & { readonly input: { readonly recipe: string } },
  { cloud }: Ports,
): Promise<string | undefined> {
  const { recipe } = event.input;
  for (const { key } of await listObjects(cloud, openKey(`bake-${recipe}-`))) {
    const run = key.slice(FOLDER.open.length);
    if (run === event.run || subjectOf(run) !== recipe) continue;
    const now = standing(run, await readRunLog(cloud, run));
    if (now === undefined || now.completion !== undefined || now.event.cancelled !== undefined) continue;
    const isWaiting = now.event.phase === REQUEST || now.event.phase === event.phase;
    if (!isWaiting || !isChange(now.event.by) || !isNewer(now.event, event)) continue;
    if (await canBake(recipe, now.event, cloud)) return run;
  }
  return undefined;
}

/** NEWEST-2. */
async function canBake(recipe: string, { input }: WorkflowEvent, cloud: CloudClient): Promise<boolean> {
  const key = Uploaded.safeParse(input).data?.upload?.key;
  if (key === undefined) return true;
  const found = await loadRecipe(cloud, recipe);
  const source = "document" in found ? found.document.source : undefined;
  if (source !== undefined && dataDiskNote(source, key) !== undefined) return false;
  const expected = source?.kind === "upload" ? source.format : undefined;
  return (await readDiskFormat(key, { use: "system", expected }, cloud)).ok;
}
