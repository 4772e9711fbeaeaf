/** Runs that have ended, put into the bucket with their entries in the index, and questions about them to the API. */
import { minutes } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { entryKeys, type EndedRun } from "../../shared/workflow/run-index.ts";
import { runId, type RunKind } from "../../shared/workflow/run-id.ts";
import { BUCKET, type Deployment } from "./deployment.ts";
import { known } from "./known.ts";
import { logText } from "./records.ts";
import { answered } from "./runs.ts";

/** A history with a name every 40 runs, mostly idle checks, some failures, and a kind that is very rare. */
export function historyOf(count: number, now: number): readonly EndedRun[] {
  return Array.from({ length: count }, (_, index) => {
    const endedAt = now - (index + 1) * minutes(10);
    const kind: RunKind = index % 4_999 === 4_998 ? "rollback" : index % 40 === 7 ? "bake" : "idle";
    const name = index % 40 === 7 ? "shop" : `fleet-${index % 25}`;
    const state = index % 97 === 13 ? "failed" : index % 301 === 5 ? "cancelled" : "done";
    return { run: runId(kind, name, endedAt - minutes(5), [index]), state, endedAt };
  });
}

/** The log of such a run. */
const textOf = ({ state, endedAt }: EndedRun): string =>
  logText(
    {},
    { kind: state, at: endedAt, ...(state === "done" ? { result: {} } : { reason: "it was so" }) },
    { kind: "sent", at: endedAt },
  );

export function putLogs({ cloud }: Deployment, runs: readonly EndedRun[]): void {
  for (const ended of runs) cloud.oss.append(BUCKET, runKey(ended.run), textOf(ended));
}

export function putEntries({ cloud }: Deployment, runs: readonly EndedRun[]): void {
  for (const key of runs.flatMap(entryKeys)) cloud.oss.put(BUCKET, key, "");
}

export interface Page {
  readonly runs: readonly string[];
  readonly next?: string;
  readonly incomplete?: true;
  /** Calls of OSS that the page took. */
  readonly calls: number;
}

/** One page of `GET /runs`. */
export async function pageOf(kiln: Deployment, query: Readonly<Record<string, string>>): Promise<Page> {
  const before = kiln.cloud.callLog.count({ product: "oss" });
  const path = `/runs?${new URLSearchParams(query).toString()}`;
  const { status, body } = await answered(kiln, kiln.api("GET", path));
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  const { runs, next, incomplete } = known<{ runs: { run: string }[]; next?: string; incomplete?: true }>(
    body,
  );
  const calls = kiln.cloud.callLog.count({ product: "oss" }) - before;
  return {
    runs: runs.map(({ run }) => run),
    ...(next !== undefined && { next }),
    ...(incomplete && { incomplete }),
    calls,
  };
}

/** All pages of a question. */
export async function pagesOf(kiln: Deployment, query: Readonly<Record<string, string>>): Promise<Page[]> {
  const pages = [await pageOf(kiln, query)];
  for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next)
    pages.push(await pageOf(kiln, { ...query, cursor: next }));
  return pages;
}
