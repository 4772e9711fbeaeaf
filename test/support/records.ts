/** Runs as tests read them: the record that a log in the bucket amounts to. */
import { runKey } from "../../shared/keys.ts";
import { recordOf, standing, type Line, type RunLog, type RunRecord } from "../../shared/workflow/run-log.ts";
import { json } from "./known.ts";

export type { RunRecord } from "../../shared/workflow/run-log.ts";

/** Whether a run has ended, well or not. */
export const hasEnded = ({ state }: RunRecord): boolean => state !== "queued" && state !== "running";

type Find = (key: string) => Buffer | undefined;

/** The log of a run, with the positions of its lines. */
export function logIn(run: string, find: Find): RunLog {
  const text = find(runKey(run))?.toString() ?? "";
  let end = 0;
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const position = end;
      end += Buffer.byteLength(line) + 1;
      return { line: json<Line>(line), position };
    });
  return { lines, end };
}

/** Records of logs as they are now, by the content of the object: tests ask for them after every event. */
const records = new WeakMap<Buffer, RunRecord | undefined>();

export function recordIn(run: string, find: Find): RunRecord | undefined {
  const content = find(runKey(run));
  if (content === undefined) return undefined;
  if (!records.has(content))
    records.set(
      content,
      recordOf(
        run,
        logIn(run, () => content),
      ),
    );
  return records.get(content);
}

/** The next event of a run that has not ended. */
export const eventIn = (run: string, find: Find) => standing(run, logIn(run, find))?.event;

/** The envelope of an early event of a run, as its log would give it. */
export const envelopeOf = (run: string, by: string, now: number) =>
  ({
    v: 2,
    run,
    seq: 1,
    position: 1,
    runAt: now,
    startedAt: now,
    phaseStartedAt: now,
    attempt: 0,
    by,
  }) as const;

/** The text of a log that a test puts into the bucket: a request, and the lines that follow it. */
export const logText = (input: object, ...lines: readonly object[]): string =>
  [{ kind: "input", by: "test", due: 0, input }, ...lines]
    .map((line, seq) => `${JSON.stringify({ seq, at: 0, w: "test", ...line })}\n`)
    .join("");
