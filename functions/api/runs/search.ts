/**
 * A page of runs: those at work first, then those that have ended, the newest end first.
 *
 * SEARCH-1. A page reads a bounded number of objects, whatever the history holds: at most LISTS_MAX pages of keys and
 *     the logs of as many runs as the page may have. A page may hold fewer runs than asked for and still have a `next`.
 * SEARCH-2. Keys only propose runs. What a run is, its log says; one without a log is left out, and so is one of another
 *     family whose name looks the same in keys.
 * SEARCH-3. A last page says when the index is known to lack ended runs: its janitor has marked it, or it is empty although the
 *     first run has ended.
 */
import { basename } from "node:path";
import { headObject, listObjects, LIST_PAGE } from "../../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, openKey } from "../../../shared/keys.ts";
import { isRunId } from "../../../shared/names.ts";
import { INCOMPLETE, INDEX, readEntry } from "../../../shared/workflow/run-index.ts";
import { familyName, kindOf, subjectOf } from "../../../shared/workflow/run-id.ts";
import type { Search } from "../routes.ts";
import { rowsOf, type RunRow } from "./rows.ts";

const LISTS_MAX = 4;

/** The place between the runs at work, whose cursors begin with a letter, and the others. */
const BEGIN_OF_ENDED = "0";

export interface RunPage {
  readonly runs: readonly RunRow[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
  /** The index is being rebuilt, so ended runs may be missing (SEARCH-3). */
  readonly incomplete?: true;
}

/** @throws CloudError */
export async function findRuns(search: Search, ports: Ports): Promise<RunPage> {
  const { state, name } = search;
  const spelt = { ...search, ...(name !== undefined && { name: familyName(name) }) };
  const { runs, next } = await candidates(spelt, ports);
  const rows = await rowsOf(runs, ports);
  const wanted = rows.filter(
    (row) => (state === undefined || row.state === state) && (name === undefined || row.subject === name),
  );
  return { runs: wanted, ...(next !== undefined && { next }) };
}

/** A page for a reader, who takes the last one for the whole answer (SEARCH-3). @throws CloudError */
export async function runPage(search: Search, ports: Ports): Promise<RunPage> {
  const page = await findRuns(search, ports);
  return page.next !== undefined || isOfOpen(search) || !(await isIncomplete(ports))
    ? page
    : { ...page, incomplete: true };
}

/** SEARCH-3. An index without entries is that of a new deployment as long as its first run is at work. */
export async function isIncomplete({ cloud }: Ports): Promise<boolean> {
  const [first] = await listObjects(cloud, INDEX.all, { most: 1 });
  if (first !== undefined) return first.key === INCOMPLETE;
  // Its log comes before its outputs, and its day before later ones.
  const [log] = await listObjects(cloud, `${FOLDER.runs}2`, { most: 1 });
  return log !== undefined && (await headObject(cloud, openKey(basename(log.key, ".jsonl")))) === undefined;
}

/** The keys of one folder, and the runs that they propose. */
interface Part {
  readonly folder: string;
  /** Beginning of the keys that are listed. */
  readonly prefix: string;
  readonly runOf: (tail: string) => string | undefined;
  /** Whether all that fit came before. */
  readonly isOver: (tail: string) => boolean;
  /** Whether the search ends with this part. */
  readonly isLast: boolean;
}

async function candidates(search: Search, ports: Ports) {
  const { limit, state, cursor = state === undefined || isAtWork(state) ? "" : BEGIN_OF_ENDED } = search;
  const runs = new Set<string>();
  let after = cursor;
  for (let lists = 0; lists < LISTS_MAX; lists++) {
    const part = isOfEnded(after) ? endedPart(search, ports) : openPart(search);
    const tails = await tailsOf(part, after, ports);
    for (const tail of tails) {
      if (part.isOver(tail)) return { runs: [...runs] };
      after = tail;
      const run = part.runOf(tail);
      if (run !== undefined) runs.add(run);
      if (runs.size === limit) return { runs: [...runs], next: after };
    }
    if (tails.length === LIST_PAGE) continue;
    if (part.isLast) return { runs: [...runs] };
    after = BEGIN_OF_ENDED;
  }
  return { runs: [...runs], next: after };
}

/** A page of the keys of a part, without its folder. */
async function tailsOf(
  { folder, prefix }: Part,
  after: string,
  { cloud }: Ports,
): Promise<readonly string[]> {
  const keys = await listObjects(cloud, prefix, { most: LIST_PAGE, after: `${folder}${after}` });
  return keys.map(({ key }) => key.slice(folder.length));
}

const isAtWork = (state: Search["state"]): boolean => state === "queued" || state === "running";
const isOfOpen = ({ atWork, state }: Search): boolean => atWork === true || isAtWork(state);
const isOfEnded = (cursor: string): boolean => /^\d/.test(cursor);

const fits = ({ kind, name }: Search, run: string): boolean =>
  (kind === undefined || kindOf(run) === kind) && (name === undefined || subjectOf(run) === name);

function openPart(search: Search): Part {
  const { kind = "", name = "" } = search;
  const known = kind === "" ? "" : `${kind}-${name}`;
  return {
    folder: FOLDER.open,
    prefix: `${FOLDER.open}${known}`,
    runOf: (tail) => (isRunId(tail) && fits(search, tail) ? tail : undefined),
    isOver: () => false,
    isLast: isOfOpen(search),
  };
}

/** The folder with the fewest entries beside those that fit. */
function endedPart(search: Search, { clock }: Ports): Part {
  const { state, name, since } = search;
  const folder =
    name !== undefined ? INDEX.of(name) : state === undefined || state === "done" ? INDEX.all : INDEX.failed;
  const from = since === undefined ? 0 : since < 0 ? clock.now() + since : since;
  return {
    folder,
    prefix: folder,
    runOf: (tail) => {
      const entry = readEntry(tail);
      const isWanted =
        entry !== undefined && (state === undefined || entry.state === state) && fits(search, entry.run);
      return isWanted ? entry.run : undefined;
    },
    isLast: true,
    isOver: (tail) => (readEntry(tail)?.endedAt ?? Number.POSITIVE_INFINITY) < from,
  };
}
