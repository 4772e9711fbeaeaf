/**
 * Compares the index of runs with their logs, and makes it complete again: after it was deleted, written by half, or could
 * not be written when a run ended.
 *
 * CHECK-INDEX-1. Only keys are compared; a log is read when its run has no entry among all. So a check of 10,000 runs that
 *     finds nothing takes some 50 lists.
 * CHECK-INDEX-2. One check makes so many corrections at most, which ends far from the time limit of the function; the next one
 *     goes on. The newest runs come first.
 * CHECK-INDEX-3. An entry whose run has no log is deleted; of a run with two different entries both are, and made again.
 */
import * as z from "zod/mini";
import { deleteObject, listObjects, LIST_PAGE } from "../../../shared/cloud/oss/objects.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER } from "../../../shared/keys.ts";
import { isRunId } from "../../../shared/names.ts";
import {
  endedRun,
  entryKeys,
  INDEX,
  readEntry,
  writeEntries,
  type EndedRun,
} from "../../../shared/workflow/run-index.ts";
import { isEnded } from "../../../shared/workflow/run-log.ts";
import { knownRun } from "../known-run.ts";

/** The request of the janitor's timer. */
export const CheckIndexRequest = z.strictObject({ v: z.literal(1), request: z.literal("check-index") });

/** Each takes three calls at most. */
const CORRECTIONS_MAX = 1_000;

/** Returns how many runs had an entry, what differed, and how much of it the next check has to do. */
export async function checkIndex(ports: Ports) {
  // In this order: whatever has an entry by now has a log already.
  const keys = new Set<string>();
  await eachKey(FOLDER.runIndex, ports, (key) => keys.add(key));
  const entries = entriesIn(keys);
  const open = new Set<string>();
  await eachKey(FOLDER.open, ports, (key) => open.add(key.slice(FOLDER.open.length)));
  const missing: string[] = [];
  const kept = new Set<string>();
  await eachKey(FOLDER.runs, ports, (key) => {
    const [, run = ""] = LOG.exec(key) ?? [];
    const ended = entries.get(run);
    if (ended !== undefined) for (const each of entryKeys(ended)) kept.add(each);
    else if (isRunId(run) && !open.has(run)) missing.push(run);
  });
  const written = [...kept].filter((key) => !keys.has(key));
  const deleted = [...keys].filter((key) => !kept.has(key));
  const corrections = [
    ...deleted.map((key) => () => deleteObject(ports.cloud, key)),
    ...written.map((key) => () => writeEntries(ports, [key])),
    ...missing.toReversed().map((run) => () => addMissing(run, ports)),
  ];
  await inBatches(corrections.slice(0, CORRECTIONS_MAX), (correct) => correct());
  const found = { deleted: deleted.length, written: written.length, missing: missing.length };
  return { runs: entries.size, ...found, left: Math.max(0, corrections.length - CORRECTIONS_MAX) };
}

/** The runs that the folder of all names, each once. Two entries of one run are none: its log decides. */
function entriesIn(keys: ReadonlySet<string>): ReadonlyMap<string, EndedRun> {
  const entries = new Map<string, EndedRun>();
  const twice = new Set<string>();
  for (const key of keys) {
    const entry = key.startsWith(INDEX.all) ? readEntry(key) : undefined;
    if (entry === undefined) continue;
    if (entries.has(entry.run)) twice.add(entry.run);
    entries.set(entry.run, entry);
  }
  for (const run of twice) entries.delete(run);
  return entries;
}

/** Reads keys page by page, because a whole listing would fill the memory. */
async function eachKey(prefix: string, { cloud }: Ports, act: (key: string) => void): Promise<void> {
  let after = prefix;
  for (;;) {
    const page = await listObjects(cloud, prefix, { most: LIST_PAGE, after });
    for (const { key } of page) act(key);
    if (page.length < LIST_PAGE) return;
    after = page.at(-1)?.key ?? after;
  }
}

const LOG = new RegExp(`^${FOLDER.runs}[0-9-]+/([a-z0-9-]+)\\.jsonl?$`);

async function addMissing(run: string, ports: Ports): Promise<void> {
  const now = await knownRun(run, ports);
  if (now !== undefined && isEnded(now)) await writeEntries(ports, entryKeys(endedRun(run, now)));
}
