/** What a run says of itself: the object of all verdicts, and the few numbers of the record. */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { getObject, putObject } from "../../shared/cloud/oss.ts";
import { outputKey } from "../../shared/run.ts";
import type { Verdict } from "./decide.ts";

/** Ids and sentences beyond this are in the bucket only; a record is read by people. */
export const MOST_TOLD = 50;

export const verdictsKey = (run: string): string => outputKey(run, "verdicts").replace(/txt$/, "json");

/** Writes the verdicts of a run once: a second delivery of its survey goes on with the first one's. */
export async function keepVerdicts(
  cloud: CloudClient,
  run: string,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> {
  const key = verdictsKey(run);
  const options = { contentType: "application/json", ifAbsent: true };
  const { written } = await putObject(cloud, key, JSON.stringify(verdicts), options);
  if (written) return verdicts;
  const earlier = await getObject(cloud, key);
  return earlier === undefined ? verdicts : (JSON.parse(earlier.text) as Verdict[]);
}

/** How many instances there are, and why those that are left alone are. */
export function summarize(verdicts: readonly Verdict[], running: number): Readonly<Record<string, number>> {
  const summary: Record<string, number> = { instances: verdicts.length, running };
  const count = (name: string) => (summary[name] = (summary[name] ?? 0) + 1);
  for (const { act, why, risks = [] } of verdicts) {
    count(act === "keep" ? `kept: ${why}` : act);
    if (act !== "keep" && risks.length > 0) count("with risks");
  }
  return summary;
}

/** The first of many, and how many more there are. */
export const told = (lines: readonly string[], all = lines.length): readonly string[] =>
  all <= MOST_TOLD ? lines : [...lines.slice(0, MOST_TOLD), `and ${all - MOST_TOLD} more`];
