/**
 * The two dialects of paging.
 *
 * PAGING-1. By number: PageNumber from 1, PageSize with a limit, TotalCount counts everything.
 * PAGING-2. By token: MaxResults is pulled into its range; the token is opaque and absent or empty at the end;
 *     TotalCount means nothing there.
 */
import { invalid } from "./params.ts";
import type { Params } from "./params.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly members: {
    readonly TotalCount: number;
    readonly PageNumber: number;
    readonly PageSize: number;
  };
}

export interface Limits {
  readonly usual?: number;
  readonly max: number;
}

/** PAGING-1. @throws CloudFault 400 InvalidParameter for a page outside of its limits. */
export function pageByNumber<T>(params: Params, items: Iterable<T>, limits: Limits): Page<T> {
  const number = params.int("PageNumber", { min: 1, max: 1_000_000 }) ?? 1;
  const size = params.int("PageSize", { min: 1, max: limits.max }) ?? limits.usual ?? 10;
  const all = [...items];
  return {
    items: all.slice((number - 1) * size, number * size),
    members: { TotalCount: all.length, PageNumber: number, PageSize: size },
  };
}

export function usesTokens(params: Params): boolean {
  return params.has("MaxResults") || params.has("NextToken");
}

/** PAGING-2. Items must come in the order of `seq`. */
export function pageByToken<T extends { readonly seq: number }>(
  params: Params,
  items: Iterable<T>,
  keep: (item: T) => boolean,
  range: { readonly min: number; readonly usual: number; readonly max: number } = {
    min: 10,
    usual: 10,
    max: 100,
  },
): { readonly items: readonly T[]; readonly nextToken: string } {
  const wanted = params.int("MaxResults") ?? range.usual;
  const size = Math.min(Math.max(wanted, range.min), range.max);
  const after = readToken(params);
  const found: T[] = [];
  for (const item of items) {
    if (item.seq <= after || !keep(item)) continue;
    if (found.length === size) return { items: found, nextToken: writeToken(found.at(-1)!.seq) };
    found.push(item);
  }
  return { items: found, nextToken: "" };
}

/** What was picked by id, in the order pages need. */
export function inOrder<T extends { readonly seq: number }>(items: readonly T[]): T[] {
  return [...new Set(items)].toSorted((a, b) => a.seq - b.seq);
}

export function readToken(params: Params): number {
  const token = params.text("NextToken");
  if (token === undefined) return -1;
  const text = /^[A-Za-z0-9+/]+=*$/.test(token) ? Buffer.from(token, "base64").toString("utf8") : "";
  const match = /^from:(\d+)$/.exec(text);
  if (match === null) throw invalid("NextToken");
  return Number(match[1]);
}

export function writeToken(seq: number): string {
  return Buffer.from(`from:${seq}`).toString("base64");
}
