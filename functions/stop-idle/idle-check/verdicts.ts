/** The verdicts of a check: stored once in the bucket, and counted for the record. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { digest, outputKey } from "../../../shared/keys.ts";
import type { Verdict } from "./decide.ts";
import type { Summary } from "./input.ts";

/** Stores the verdicts of a run, under a name that their content gives; returns the key. */
export async function storeVerdicts(
  cloud: CloudClient,
  run: string,
  verdicts: readonly Verdict[],
): Promise<string> {
  const text = JSON.stringify(verdicts);
  const key = outputKey(run, `verdicts-${digest(text)}.json`);
  await putObject(cloud, key, text, { contentType: "application/json" });
  return key;
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
