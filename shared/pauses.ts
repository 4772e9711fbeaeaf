/**
 * Recipes whose timers and uploads are paused after failures in a row. A log under `state/`, whose newest line counts.
 *
 * PAUSE-1. A failure is a bake that a timer or an upload started, or the promotion of its image, that failed. An image
 *     that a caller lets bake and that is promoted, or one that an upload or a timer lets bake, ends the row.
 * PAUSE-2. The count is about one content of the document: another one begins at zero.
 * PAUSE-3. Each run writes at most one line, which it finds again when it is asked a second time.
 * PAUSE-4. A log that cannot be read pauses.
 */
import * as z from "zod/mini";
import { findDocument } from "./document-index.ts";
import { utcMinute } from "./duration.ts";
import { EventError } from "./errors.ts";
import type { Ports } from "./invocation.ts";
import { pauseKey } from "./keys.ts";
import { appendOnce, readLog, TAIL_BYTES } from "./workflow/log.ts";

const Line = z.object({
  at: z.int(),
  run: z.string(),
  failures: z.int(),
  paused: z.boolean(),
  /** Of the document (PAUSE-2). */
  etag: z.string(),
});
type Line = z.infer<typeof Line>;

type PausePorts = Pick<Ports, "cloud" | "clock" | "writer">;

const etagOf = async (recipe: string, { cloud }: Pick<Ports, "cloud">): Promise<string> =>
  (await findDocument(cloud, "recipes", recipe))?.etag ?? "";

const NEXT = (recipe: string): string =>
  `put a new version of recipes/${recipe}.yaml, bake it by hand, or resume it (npm run kiln -- resume ${recipe})`;

/** Why timers and uploads of a recipe are paused; undefined when they are not. @throws CloudError */
export async function pauseOf(recipe: string, ports: Pick<Ports, "cloud">): Promise<string | undefined> {
  try {
    const { lines } = await readLog(ports.cloud, pauseKey(recipe), Line, TAIL_BYTES);
    const newest = lines.at(-1)?.line;
    if (newest?.paused !== true || newest.etag !== (await etagOf(recipe, ports))) return undefined;
    return `recipe ${recipe} is paused since ${utcMinute(newest.at)}, after ${newest.failures} failures in a row, the last of ${newest.run}; ${NEXT(recipe)}`;
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    // PAUSE-4.
    return `recipe ${recipe} is paused, because its failures are not known: ${error.message}`;
  }
}

/**
 * Counts a failure. Returns a sentence when it is the one that pauses the recipe.
 * @param after failures in a row; 0 never pauses
 */
export async function noteFailure(
  recipe: string,
  run: string,
  after: number,
  ports: PausePorts,
): Promise<string | undefined> {
  const etag = await etagOf(recipe, ports);
  const line = await writeLine(recipe, run, ports, (newest) => {
    const failures = newest?.etag === etag ? newest.failures + 1 : 1;
    return { failures, paused: after > 0 && failures >= after, etag };
  });
  return line?.paused === true && line.failures === after
    ? `This is failure ${after} in a row: timers and uploads of ${recipe} are paused; ${NEXT(recipe)}`
    : undefined;
}

/** Ends the row of failures: an image is made, or an operator says so. */
export async function endFailures(recipe: string, run: string, ports: PausePorts): Promise<void> {
  await writeLine(recipe, run, ports, (newest) =>
    newest === undefined || newest.failures === 0
      ? undefined
      : { failures: 0, paused: false, etag: newest.etag },
  );
}

/** The line of a run: the one it wrote before, or a new one; undefined when there is nothing to say. */
const writeLine = (
  recipe: string,
  run: string,
  ports: PausePorts,
  next: (newest: Line | undefined) => Omit<Line, "at" | "run"> | undefined,
): Promise<Line | undefined> =>
  appendOnce(ports, { key: pauseKey(recipe), schema: Line, run }, (newest) => {
    const fields = next(newest);
    return fields && { at: ports.clock.now(), run, ...fields };
  });
