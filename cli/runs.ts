/** Runs as the API answers them. */
import type { RunDetails } from "../functions/api/runs/run.ts";
import type { RunRow } from "../functions/api/runs/rows.ts";
import { isRunId } from "../shared/names.ts";
import { ANSWER } from "./answers.ts";
import type { Client } from "./client.ts";
import { CommandError, EXIT } from "./command.ts";
import { localMinute } from "./format.ts";
import { t } from "./language.ts";

export type { RunDetails, RunRow };

/** Pages that a search reads at most: a page may hold fewer runs than it asks for. */
const PAGES_MAX = 30;

/** The newest runs that fit, at most `most`. */
export async function searchRuns(
  client: Client,
  query: Readonly<Record<string, string | undefined>>,
  most: number,
) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
  const runs: RunRow[] = [];
  let { cursor } = query;
  for (let page = 1; ; page++) {
    params.set("limit", String(Math.min(100, most - runs.length)));
    if (cursor !== undefined) params.set("cursor", cursor);
    const found = await client.get(ANSWER.runs, `/runs?${params.toString()}`);
    runs.push(...found.runs);
    cursor = found.next;
    if (cursor === undefined || runs.length >= most || page === PAGES_MAX)
      return {
        runs,
        next: cursor,
        serverAt: found.serverAt,
        ...(found.incomplete && { incomplete: true }),
      };
  }
}

/** The command that goes on where a search has stopped (PAGES_MAX); undefined for one that has found enough, or looked at all. */
export function unsearched(
  query: Readonly<Record<string, string | undefined>>,
  { runs, next }: { readonly runs: readonly RunRow[]; readonly next?: string | undefined },
  most: number,
): string | undefined {
  if (next === undefined || runs.length >= most) return undefined;
  const words = Object.entries({ ...query, cursor: next }).map(([name, value]) =>
    value === undefined ? "" : ` --${name} ${value}`,
  );
  return `npm run kiln -- runs${words.join("")}`;
}

/** What a list is to say of a search in an index that lacks runs. */
export const REBUILT =
  "the index of runs is being rebuilt, so runs that have ended may be missing; ask again in half an hour";

/** @throws CommandError for a text that is no id of a run */
export function readRun(client: Client, run: string) {
  return client.get(ANSWER.run, `/runs/${runIn(run)}`);
}

/** The id of a run on a command line. @throws CommandError for another text */
export function runIn(text: string): string {
  if (isRunId(text)) return text;
  throw new CommandError(
    EXIT.usage,
    `${text} is not the id of a run, such as bake-web-20260105-0123456789ab; npm run kiln -- runs lists them`,
  );
}

/** Whether a run has ended. */
export const hasEnded = ({ state }: Pick<RunRow, "state">): boolean =>
  state !== "queued" && state !== "running";

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Whether a promotion asks, or has asked, for approval: the image, its family, and the facts of its question. */
export const questionOf = ({ input, steps }: Pick<RunDetails, "input" | "steps">) => ({
  family: textOf(input["family"]),
  imageId: textOf(input["imageId"]),
  // The first look of the phase behind it takes the place of its note.
  facts: steps.findLast(({ phase }) => phase === "ask")?.note,
});

/** The command that an output is of, where its run says so. */
export const commandOf = ({ commands }: Pick<RunDetails, "commands">, output: string): string | undefined =>
  commands[Number(/-(\d+)$/.exec(output)?.[1])];

/** A run that can still be changed. @throws CommandError for one that is not there, or has ended */
export async function openRun(run: string, client: Client): Promise<RunDetails> {
  const found = await readRun(client, run);
  if (!hasEnded(found)) return found;
  const { state, updatedAt } = found;
  throw new CommandError(
    EXIT.failed,
    t("{run} has ended already: {state} at {at}; nothing was changed", {
      run,
      state,
      at: localMinute(Date.parse(updatedAt)),
    }),
  );
}

/** Where a run is, for a question about it. */
export const standingOf = ({ run, by, phase, note = "" }: RunDetails): string =>
  t("{run}, started by {by}, is at {phase} {note}", { run, by, phase, note }).trim();
