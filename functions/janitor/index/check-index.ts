/**
 * Compares the index of runs with their logs, and makes it complete again: after it was deleted, written by half, or could
 * not be written when a run ended.
 *
 * CHECK-INDEX-1. Only keys are compared; a log is read when its run has no entry among all. So a check of 10,000 runs that
 *     finds nothing takes some 50 lists, and the logs of CHECK-INDEX-4.
 * CHECK-INDEX-2. One check makes so many corrections at most, which ends far from the time limit of the function; the next one
 *     goes on. The newest runs come first.
 * CHECK-INDEX-3. An entry in any folder counts. One whose run has no log is deleted; of a run with two different entries its log
 *     decides. What is missing is added before anything is deleted, so that no search finds less in between.
 * CHECK-INDEX-4. Keys cannot show that the one entry of a run says something else than its log. So each check reads the logs
 *     of some entries, others each time, and of those whose run is marked as at work.
 */
import * as z from "zod/mini";
import { deleteObject, listObjects, LIST_PAGE, putObject } from "../../../shared/cloud/oss/objects.ts";
import { minutes } from "../../../shared/duration.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER } from "../../../shared/keys.ts";
import { isRunId } from "../../../shared/names.ts";
import {
  endedRun,
  entryKeys,
  INCOMPLETE,
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

/** Logs that a check reads beside (CHECK-INDEX-4): those of 10,000 runs in less than a day. */
const PROVED_MAX = 300;

/** Returns how many runs had an entry, what differed, and how much of it the next check has to do. */
export async function checkIndex(ports: Ports) {
  // In this order: whatever has an entry by now has a log already.
  const keys = new Set<string>();
  await eachKey(FOLDER.runIndex, ports, (key) => keys.add(key));
  const wasIncomplete = keys.delete(INCOMPLETE);
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
  const doubtful = doubtfulOf(missing, keys);
  const undecided = new Set([...doubtful.values()].flat());
  const deleted = [...keys].filter((key) => !kept.has(key) && !undecided.has(key));
  const corrections = [
    ...written.map((key) => () => writeEntries(ports, [key])),
    ...missing.toReversed().map((run) => () => correct(run, doubtful.get(run) ?? [], ports)),
    ...deleted.map((key) => () => deleteObject(ports.cloud, key)),
  ];
  const left = Math.max(0, corrections.length - CORRECTIONS_MAX);
  if (left > 0 && !wasIncomplete) await putObject(ports.cloud, INCOMPLETE, "", { contentType: "text/plain" });
  await inBatches(corrections.slice(0, CORRECTIONS_MAX), (make) => make());
  if (left === 0 && wasIncomplete) await deleteObject(ports.cloud, INCOMPLETE);
  const wrong = await inBatches(provedNow(entries, open, ports), (entry) =>
    correct(entry.run, entryKeys(entry), ports),
  );
  const found = {
    wrong: wrong.filter(Boolean).length,
    deleted: deleted.length,
    written: written.length,
    missing: missing.length,
  };
  return { runs: entries.size, ...found, left };
}

/** The runs that entries name, each once. Two different entries of one run are none: its log decides. */
function entriesIn(keys: ReadonlySet<string>): ReadonlyMap<string, EndedRun> {
  const entries = new Map<string, EndedRun>();
  const twice = new Set<string>();
  for (const key of keys) {
    const entry = readEntry(key);
    if (entry === undefined) continue;
    const { state, endedAt } = entries.get(entry.run) ?? entry;
    if (state !== entry.state || endedAt !== entry.endedAt) twice.add(entry.run);
    entries.set(entry.run, entry);
  }
  for (const run of twice) entries.delete(run);
  return entries;
}

/** The keys of runs whose logs have to decide. */
function doubtfulOf(runs: readonly string[], keys: ReadonlySet<string>): ReadonlyMap<string, string[]> {
  const found = new Map(runs.map((run) => [run, [] as string[]]));
  for (const key of keys) found.get(readEntry(key)?.run ?? "")?.push(key);
  return found;
}

/** The entries whose turn it is. A check comes every half hour. */
function provedNow(
  entries: ReadonlyMap<string, EndedRun>,
  open: ReadonlySet<string>,
  { clock }: Ports,
): readonly EndedRun[] {
  const parts = Math.ceil(entries.size / PROVED_MAX);
  const turn = Math.floor(clock.now() / minutes(30)) % parts;
  const isDue = (run: string): boolean =>
    open.has(run) || Number.parseInt(run.slice(-HASHED), 16) % parts === turn;
  return [...entries.values()].filter(({ run }) => isDue(run)).slice(0, 2 * PROVED_MAX);
}

/** Digits at the end of a run's id, which are evenly spread. */
const HASHED = 8;

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

/**
 * Compares the keys that a run has with its log: writes those that the log asks for, then deletes those that say something else.
 * Answers whether any differed.
 */
async function correct(run: string, keys: readonly string[], ports: Ports): Promise<boolean> {
  const now = await knownRun(run, ports);
  if (now === undefined) return false;
  const right = isEnded(now) ? entryKeys(endedRun(run, now)) : [];
  const wrong = keys.filter((key) => !right.includes(key));
  if (wrong.length === 0 && keys.length === right.length) return false;
  await writeEntries(ports, right);
  for (const key of wrong) await deleteObject(ports.cloud, key);
  return true;
}
