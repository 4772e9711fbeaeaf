/** The results of a run so far, carried from phase to phase until the record is written. */
import * as z from "zod/mini";
import type { Refused } from "../../shared/cloud/ecs/each.ts";

/** The most members one run changes. More ids do not fit into an event; the next run finds the rest. */
export const MEMBERS_MAX = 1000;

/** The most lines of one list in a record, which operators read. */
export const LISTED_MAX = 50;

export const Ids = z.array(z.string());

/** Members that were left out: a line for each of the first, and the count of all. */
export const refusalFields = { refused: Ids, refusals: z.int() };
export const noRefusals = { refused: [], refusals: 0 };

interface Refusals {
  readonly refused: readonly string[];
  readonly refusals: number;
}

/** Adds refusals to a tally. */
export function withRefusals<T extends Refusals>(tally: T, more: readonly Refused[]): T {
  const lines = more.map(({ id, code, message }) => `${id}: ${code} ${message}`.slice(0, 300));
  const refused = [...tally.refused, ...lines].slice(0, LISTED_MAX);
  return { ...tally, refused, refusals: tally.refusals + more.length };
}

/** The first lines of a list, and how many more there are. */
export const listed = (lines: readonly string[], all = lines.length): readonly string[] =>
  all <= LISTED_MAX ? lines : [...lines.slice(0, LISTED_MAX), `and ${all - LISTED_MAX} more`];

export const listedRefusals = ({ refused, refusals }: Refusals) => listed(refused, refusals);

/** Fields of a result without its empty lists. */
export const nonEmpty = (lists: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(lists).filter(([, lines]) => lines.length > 0));
