/** Names of runs: the same trigger always makes the same run, so a second delivery is the first one again. */
import { createHash } from "node:crypto";

/** What a run does; the first word of its id and the folder of nothing else. */
export type RunKind = "bake" | "promote" | "rollback" | "retire" | "scale" | "idle" | "resume" | "keep";

const FUNCTION_OF: Readonly<Record<RunKind, string>> = {
  bake: "bake-image",
  promote: "promote-family",
  rollback: "promote-family",
  retire: "promote-family",
  scale: "scale-out",
  idle: "stop-idle",
  resume: "stop-idle",
  keep: "stop-idle",
};

/** The function that carries a run out, by its folder's name; undefined for what is no run of ours. */
export function functionOf(run: string): string | undefined {
  const kind = run.slice(0, run.indexOf("-"));
  return Object.hasOwn(FUNCTION_OF, kind) ? FUNCTION_OF[kind as RunKind] : undefined;
}

const HASH_LENGTH = 12;

/**
 * `<kind>-<name>-<yyyymmdd>-<hash>`: the date is that of the trigger, the hash of everything that makes
 * this trigger itself and no other.
 */
export function runId(kind: RunKind, name: string, at: number, identity: readonly unknown[]): string {
  const day = new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
  const hash = createHash("sha256")
    .update(JSON.stringify([kind, name, ...identity]))
    .digest("hex");
  return `${kind}-${name}-${day}-${hash.slice(0, HASH_LENGTH)}`;
}

const DAY_OF = /-(\d{4})(\d{2})(\d{2})-[0-9a-f]+$/;

/** Whether a text, such as the value of a tag, can be the id of a run. */
export const isRunId = (text: string): boolean => DAY_OF.test(text);

/** The day in a run's id, as the instant it began; undefined for what is no such id. */
export function dayOf(run: string): number | undefined {
  const [, year, month, day] = DAY_OF.exec(run) ?? [];
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}

/** Object key of a run's record: one folder a day, so that a sweep lists days and not years. */
export function recordKey(run: string): string {
  const day = DAY_OF.exec(run);
  if (!day) throw new RangeError(`not a run id: ${run}`);
  return `runs/${day[1]}-${day[2]}-${day[3]}/${run}.json`;
}

/** What a run is about: the recipe, family or fleet in its id. */
export const subjectOf = (run: string): string => run.split("-").slice(1, -2).join("-");

/** Object key of something too long for the record: a command's output, a list of verdicts. */
export const outputKey = (run: string, name: string): string =>
  recordKey(run).replace(/\.json$/, `/${name}.txt`);

/** A family's name as it may stand in a run id; two families may look the same there, their runs still differ. */
export function familyName(family: string): string {
  const plain = family.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
  return (/^[a-z]/.test(plain) ? plain : `f${plain}`).slice(0, 40);
}
