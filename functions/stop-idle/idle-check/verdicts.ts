/** The verdicts of a check: stored once in the bucket, and counted for the record. */
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { getObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { parse } from "../../../shared/invocation.ts";
import { verdictsKey } from "../../../shared/keys.ts";
import { Verdict } from "./decide.ts";
import type { Summary } from "./input.ts";

/** Stores the verdicts of a run. A second delivery of its survey goes on with those of the first. */
export async function storeVerdicts(
  cloud: CloudClient,
  run: string,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> {
  const key = verdictsKey(run);
  const options = { contentType: "application/json", ifAbsent: true };
  const { written } = await putObject(cloud, key, JSON.stringify(verdicts), options);
  const earlier = written ? undefined : await getObject(cloud, key);
  return earlier === undefined ? verdicts : parse(z.array(Verdict), JSON.parse(earlier.text), key);
}

/** How many members there are, and how many have each kind of verdict. */
export function summarize(verdicts: readonly Verdict[], running: number): Summary {
  const summary: Summary = { instances: verdicts.length, running };
  const count = (name: string) => (summary[name] = (summary[name] ?? 0) + 1);
  for (const { act, why, risks = [] } of verdicts) {
    count(act === "keep" ? `kept: ${why}` : act);
    if (act !== "keep" && risks.length > 0) count("with risks");
  }
  return summary;
}
