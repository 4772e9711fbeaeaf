/**
 * The acts of a fleet: who resized, paused or stopped it, and what reconciling handed on. A log whose newest line is the whole state.
 *
 * SIZE-LOG-1. A line is written by one run, once; a repeat finds it.
 * SIZE-LOG-2. A log that cannot be read pauses the fleet.
 */
import * as z from "zod/mini";
import { loadFleet } from "../document-store.ts";
import { hours, utcMinute } from "../duration.ts";
import { EventError } from "../errors.ts";
import type { Ports } from "../invocation.ts";
import { sizeKey } from "../keys.ts";
import { appendOnce, readLog, TAIL_BYTES } from "../workflow/log.ts";
import { isSized, isStillLowered, Level, levelOf, wantedOf, type Wanted } from "./wanted.ts";

const Paused = z.object({ at: z.int(), by: z.string(), why: z.string() });

/** What is done with the members once the document is gone, and how. */
const Removal = z.object({
  action: z.enum(["stop", "release"]),
  optOutTag: z.string(),
  stoppedMode: z.enum(["StopCharging", "KeepCharging"]),
});
export type Removal = z.infer<typeof Removal>;

/** So long a document may be missing before its members end. */
export const REMOVAL_GRACE_MS = hours(1);

/** The run to which a change is handed on, when, and how many before it came to nothing. */
const Child = z.object({
  run: z.string(),
  at: z.int(),
  vain: z.int(),
  kind: z.enum(["launch", "end", "refresh"]),
  count: z.int(),
  /** The number that it was to lead to, and how many were missing then; less than 0: too many. */
  wanted: z.optional(z.int()),
  missing: z.optional(z.int()),
});
export type Child = z.infer<typeof Child>;

const State = z.object({
  level: z.optional(Level),
  paused: z.optional(Paused),
  /** Members that a user stopped. The stop of each has lowered the level, except of those in `beside`. */
  byUser: z.optional(z.array(z.string())),
  beside: z.optional(z.array(z.string())),
  /** When members that Kiln had stopped were started by a user, later than `from`, epoch ms: each start has raised the level. */
  byHand: z.optional(z.object({ from: z.int(), starts: z.record(z.string(), z.int()) })),
  /** Members that were on their way down, and not by Kiln, while others were launched in their place. */
  going: z.optional(z.array(z.string())),
  /** That of the last sound document; absent: they are kept. */
  onRemoval: z.optional(Removal),
  /** An image that a refresh has rolled back: launches use the other one as long as the family serves it. */
  held: z.optional(
    z.object({ bad: z.string(), use: z.string(), at: z.int(), run: z.string(), why: z.string() }),
  ),
  /** How often in a row members failed their health probe, by id. */
  failing: z.optional(z.record(z.string(), z.int())),
  /** A member was replaced while none was well, and none has been since. */
  healthTrial: z.optional(z.literal(true)),
  child: z.optional(Child),
  /** The last launch of missing members beside a refresh, which stays the child. */
  meanwhile: z.optional(Child),
});
/** The state of a fleet after all of its acts. */
export type SizeState = z.infer<typeof State>;

const Line = z.object({
  at: z.int(),
  run: z.string(),
  by: z.string(),
  act: z.enum([
    "resize",
    "scale-in",
    "scale-out",
    "resume",
    "stopped",
    "pause",
    "unpause",
    "reconcile",
    "refresh",
    "health",
    "document",
  ]),
  state: State,
});
type Line = z.infer<typeof Line>;

/** One run at a time stops members of a fleet, or the caps of two would add up; reconciling waits for it. */
export const idleLock = (fleet: string): string => `idle-${fleet}`;

/** Who acts, in which run. */
export type Act = Pick<Line, "run" | "by" | "act">;

type LogPorts = Pick<Ports, "cloud" | "clock" | "writer">;

/** The state of a fleet. @throws CloudError; EventError for an object that is no such log */
export async function readSize(fleet: string, { cloud }: Pick<Ports, "cloud">): Promise<SizeState> {
  const { lines } = await readLog(cloud, sizeKey(fleet), Line, TAIL_BYTES);
  return lines.at(-1)?.line.state ?? {};
}

/** Writes an act, unless `change` returns nothing. Returns the state after it. @throws as `appendOnce` */
export async function writeAct(
  fleet: string,
  act: Act,
  change: (state: SizeState, now: number) => SizeState | undefined,
  ports: LogPorts,
): Promise<SizeState | undefined> {
  const log = { key: sizeKey(fleet), schema: Line, run: act.run };
  const line = await appendOnce(ports, log, (newest) => {
    const at = ports.clock.now();
    const state = change(newest?.state ?? {}, at);
    return state && { ...act, at, state };
  });
  return line?.state;
}

/** The state of a fleet, and why nothing may change in it (SIZE-LOG-2). @throws CloudError */
export async function standingOf(
  fleet: string,
  ports: Pick<Ports, "cloud">,
): Promise<{ readonly state?: SizeState; readonly paused?: string }> {
  try {
    const state = await readSize(fleet, ports);
    return { state, ...(state.paused && { paused: pausedText(fleet, state.paused) }) };
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    return { paused: `fleet ${fleet} is paused, because its log cannot be read: ${error.message}` };
  }
}

/** Why nothing may change in a fleet; undefined when it is not paused. Read before each change. @throws CloudError */
export const pauseOf = async (fleet: string, ports: Pick<Ports, "cloud">): Promise<string | undefined> =>
  (await standingOf(fleet, ports)).paused;

const pausedText = (fleet: string, { at, by, why }: z.infer<typeof Paused>): string =>
  `fleet ${fleet} is paused by ${by} since ${utcMinute(at)}${why === "" ? "" : ` (${why})`}; npm run kiln -- unpause ${fleet}`;

/**
 * Changes how many members a fleet is to have; nothing for a fleet without size. Returns the new number, whether the act
 * was written, and by how much it has raised the number, which the fleet's max bounds.
 * @param to of the number now
 */
export async function setDesired(
  fleet: string,
  act: Act & {
    readonly lowers?: true;
    /** One that leaves the number as it is is not written. */
    readonly onlyChange?: boolean;
  },
  to: (wanted: Wanted) => number,
  ports: LogPorts,
): Promise<(Wanted & { readonly written: boolean; readonly raised?: number | undefined }) | undefined> {
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded || !isSized(loaded.document)) return undefined;
  const { document } = loaded;
  const { lowers, onlyChange = lowers, ...written } = act;
  let unchanged: Wanted | undefined;
  const state = await writeAct(
    fleet,
    written,
    (before, at) => {
      const wanted = wantedOf(document, before.level, at);
      const isLowered = lowers ?? (act.act !== "resize" && isStillLowered(document, before.level, at));
      const change = { desired: to(wanted), at, by: act.by, ...(isLowered && { lowered: isLowered }) };
      const level = levelOf(document, wanted, change);
      unchanged = wanted;
      // It counts every member that runs then.
      const counted = act.act === "resume" && { byHand: { from: at, starts: {} } };
      const raised = level.desired - wanted.desired;
      return raised === 0 && onlyChange === true
        ? undefined
        : { ...before, level: { ...level, raised }, ...counted };
    },
    ports,
  );
  if (state === undefined) return unchanged && { ...unchanged, written: false };
  return {
    ...wantedOf(document, state.level, ports.clock.now()),
    written: true,
    raised: state.level?.raised,
  };
}
