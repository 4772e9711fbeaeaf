/**
 * The hold of a family: while it stands, no image is promoted into the family without an operator. A log under `state/`,
 * whose newest line counts.
 *
 * HOLD-1. It holds in all regions of the family. It ends at its instant, when an operator lifts it, or with the undo of
 *     the rollback that set it, which brings back the hold that stood before.
 * HOLD-2. A promotion that follows a bake tests its image and leaves it waiting. One that an operator asks for goes on.
 * HOLD-3. A rollback, a rejected approval and the promotion of an image below a newer one of its family or recipe set it: the last decision of an
 *     operator stands until the next one.
 * HOLD-4. A log that cannot be read holds.
 */
import * as z from "zod/mini";
import { utcMinute } from "./duration.ts";
import { EventError } from "./errors.ts";
import type { Ports } from "./invocation.ts";
import { holdKey } from "./keys.ts";
import { appendOnce, readLog, TAIL_BYTES } from "./workflow/log.ts";

const standing = {
  at: z.int(),
  /** The run that wrote it: a repeat finds its own line. */
  run: z.string(),
  by: z.string(),
  why: z.string(),
  /** Epoch ms; absent until it is lifted. */
  until: z.optional(z.int()),
};

const Line = z.object({
  ...standing,
  held: z.boolean(),
  /** The run that set it first, when an undo brings it back. */
  setBy: z.optional(z.string()),
});
type Line = z.infer<typeof Line>;

/** A hold that stands; `run` set it. */
export const Hold = z.object(standing);
export type Hold = z.infer<typeof Hold>;

const setterOf = ({ run, setBy = run }: Line): string => setBy;

type HoldPorts = Pick<Ports, "cloud" | "clock" | "writer">;

/** The hold of a family, as the cloud knows its name; undefined when nothing holds it. @throws CloudError */
export async function holdOf(
  family: string,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<Hold | undefined> {
  try {
    const { lines } = await readLog(ports.cloud, holdKey(family), Line, TAIL_BYTES);
    const newest = lines.at(-1)?.line;
    if (newest === undefined || !newest.held) return undefined;
    const hold = Hold.parse({ ...newest, run: setterOf(newest) });
    return (hold.until ?? Number.POSITIVE_INFINITY) > ports.clock.now() ? hold : undefined;
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    // HOLD-4.
    return { at: 0, run: "", by: "unknown", why: error.message };
  }
}

/** A hold as a sentence. */
export const heldText = (family: string, { by, why, until }: Hold): string =>
  `family ${family} is held by ${by}${until === undefined ? "" : ` until ${utcMinute(until)}`}: ${why}`;

/** Sets or lifts the hold of a family; done before by the same run, it changes nothing. @throws as `appendOnce` */
export async function writeHold(
  family: string,
  line: Omit<Line, "at"> & Partial<Line>,
  ports: HoldPorts,
  only: (newest: Line | undefined) => boolean = () => true,
): Promise<void> {
  const log = { key: holdKey(family), schema: Line, run: line.run };
  await appendOnce(ports, log, (newest) => (only(newest) ? { at: ports.clock.now(), ...line } : undefined));
}

/** Puts `before` in the place of the hold that `undone` set, or lifts it without one; a later hold stays. */
export function bringBackHold(
  family: string,
  { undone, before }: { readonly undone: string; readonly before: Hold | undefined },
  { run, by }: Pick<Line, "run" | "by">,
  ports: HoldPorts,
): Promise<void> {
  // A cancelled rollback has written a line already, and a run finds its own again.
  const writer = `undo of ${undone} by ${run}`;
  const line =
    before === undefined
      ? { run: writer, by, held: false, why: `${undone} is undone` }
      : { ...before, run: writer, setBy: before.run, held: true };
  return writeHold(family, line, ports, (newest) => newest !== undefined && setterOf(newest) === undone);
}
