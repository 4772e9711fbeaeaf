/** Ids of runs: the same trigger always makes the same run, so its second delivery is a duplicate. */
import { createHash } from "node:crypto";
import { dayOf } from "../keys.ts";

/** Kinds of runs, the first word of an id, with the function that carries each out. */
export const FUNCTION_OF = {
  check: "janitor",
  spot: "janitor",
  redeliver: "janitor",
  bake: "bake-image",
  unpause: "bake-image",
  promote: "promote-family",
  rollback: "promote-family",
  retire: "promote-family",
  withdraw: "promote-family",
  hold: "promote-family",
  scale: "scale-out",
  alerts: "scale-out",
  size: "scale-out",
  refresh: "scale-out",
  health: "scale-out",
  idle: "stop-idle",
  resume: "stop-idle",
  keep: "stop-idle",
  job: "stop-idle",
  shrink: "stop-idle",
} as const;

export type RunKind = keyof typeof FUNCTION_OF;

/** Every kind of run. */
export const RUN_KINDS: readonly string[] = Object.keys(FUNCTION_OF);

/** The first word of a run's id. */
export const kindOf = (run: string): string => run.slice(0, Math.max(0, run.indexOf("-")));

/** The function of a run, by its folder's name; undefined for a text that is no run id. */
export function functionOf(run: string): string | undefined {
  return new Map<string, string>(Object.entries(FUNCTION_OF)).get(kindOf(run));
}

const HASH_LENGTH = 12;

/**
 * `<kind>-<name>-<yyyymmdd>-<hash>`: the date is that of the trigger, and `identity` is everything that tells
 * this trigger from any other.
 */
export function runId(kind: RunKind, name: string, at: number, identity: readonly unknown[]): string {
  const day = new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
  const hash = createHash("sha256")
    .update(JSON.stringify([kind, name, ...identity]))
    .digest("hex");
  return `${kind}-${name}-${day}-${hash.slice(0, HASH_LENGTH)}`;
}

/** The recipe, family or fleet in a run's id. */
export const subjectOf = (run: string): string => run.split("-").slice(1, -2).join("-");

/** A family's name as it may stand in a run id. Two families may look the same there; their runs still differ. */
export function familyName(family: string): string {
  const plain = family.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
  return (/^[a-z]/.test(plain) ? plain : `f${plain}`).slice(0, 40);
}

/** The promotion of the image of a bake. Of the day of the bake, so that a repeat after midnight is the same run. */
export const deliveryOf = (bake: string, recipe: string, imageId: string): string =>
  runId("promote", recipe, dayOf(bake) ?? 0, [bake, imageId]);

/**
 * The run that launches another machine for a job, when another job takes that of the run `owner`; `at`: when the first run of
 * the job was asked for, epoch ms.
 */
export const replacementOf = (owner: string, fleet: string, at: number): string =>
  runId("scale", fleet, at, ["instead of", owner]);

/** The identity of an attempt of a request, from 0 on. */
export const attemptIdentity = (identity: readonly unknown[], attempt: number): readonly unknown[] =>
  attempt === 0 ? identity : [...identity, "attempt", attempt];
