/**
 * The index of runs that have ended: empty objects, whose keys say when, how and which. OSS lists keys in order, so the
 * newest ends of all runs, of one subject, or of those that failed are the beginning of one folder.
 *
 * RUN-INDEX-1. It decides nothing. An entry names a run, and everything that is shown of it comes from its log.
 * RUN-INDEX-2. Keys are made of the end of a log alone, so an entry that is written again is the same one.
 * RUN-INDEX-3. Whoever concludes a run tries to write its entries once. The janitor compares all of them with the logs,
 *     writes those that are missing and deletes those without a log (functions/janitor/index).
 * RUN-INDEX-4. While entries are known to be missing, an object at the beginning of `all` says so, and a search says it too.
 * RUN-INDEX-5. Runs at work have no entry; they have an object under `open/` (BEGIN-1).
 */
import { inBatches } from "../in-batches.ts";
import { putObject } from "../cloud/oss/objects.ts";
import type { Ports } from "../invocation.ts";
import { FAR, FOLDER } from "../keys.ts";
import { messageOf } from "../errors.ts";
import { RUN } from "../names.ts";
import { subjectOf } from "./run-id.ts";
import type { Ended } from "./run-log.ts";
import type { Completion } from "./workflow.ts";

/** The end of a run, as an entry says it. */
export interface EndedRun {
  readonly run: string;
  readonly state: Completion["kind"];
  /** Epoch ms of the line that ends it. */
  readonly endedAt: number;
}

/** The end of a run as its log says it. */
export const endedRun = (run: string, { completion, endedAt }: Ended): EndedRun => ({
  run,
  state: completion.kind,
  endedAt,
});

/** Folders, each with the entries of some runs. */
export const INDEX = {
  all: `${FOLDER.runIndex}all/`,
  /** Runs that failed or were cancelled. */
  failed: `${FOLDER.runIndex}failed/`,
  of: (subject: string): string => `${FOLDER.runIndex}of/${subject}/`,
} as const;

/** There while the janitor has not yet written all that is missing. Its key is before those of entries. */
export const INCOMPLETE = `${INDEX.all}!incomplete`;

const LETTERS = { done: "d", failed: "f", cancelled: "c" } as const;
const STATES = { d: "done", f: "failed", c: "cancelled" } as const;

/** The part of a key behind its folder. The newest end has the smallest number. */
const nameOf = ({ run, state, endedAt }: EndedRun): string =>
  `${String(FAR - endedAt).padStart(13, "0")}-${LETTERS[state]}-${run}`;

const NAME = new RegExp(`(?:^|/)(\\d{13})-([dfc])-(${RUN})$`);

/** The run that a key of the index, or its part behind the folder, names; undefined for any other text. */
export function readEntry(key: string): EndedRun | undefined {
  const [, number, letter, run] = NAME.exec(key) ?? [];
  if (run === undefined || (letter !== "d" && letter !== "f" && letter !== "c")) return undefined;
  return { run, state: STATES[letter], endedAt: FAR - Number(number) };
}

/** The keys of the entries of a run. */
export function entryKeys(ended: EndedRun): readonly string[] {
  const folders = [
    INDEX.all,
    INDEX.of(subjectOf(ended.run)),
    ...(ended.state === "done" ? [] : [INDEX.failed]),
  ];
  return folders.map((folder) => `${folder}${nameOf(ended)}`);
}

/** Writes entries. @throws CloudError */
export const writeEntries = ({ cloud }: Pick<Ports, "cloud">, keys: readonly string[]): Promise<unknown> =>
  inBatches(keys, (key) => putObject(cloud, key, "", { contentType: "text/plain" }));

/** Writes the entries of a run that has ended, if the bucket takes them: an end must not wait for its index. */
export async function tryToIndex(ended: EndedRun, ports: Ports): Promise<void> {
  await writeEntries(ports, entryKeys(ended)).catch((error: unknown) => {
    ports.log({ warning: "not in the index, the janitor adds it", run: ended.run, error: messageOf(error) });
  });
}
