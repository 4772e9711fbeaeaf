/** K8: the index of runs names every run that has ended, with its state, and nothing else. */
import { FOLDER } from "../../shared/keys.ts";
import { entryKeys, INDEX, readEntry } from "../../shared/workflow/run-index.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { hasEnded } from "../support/records.ts";

/** The differences between the index of runs and the logs. A run under `open/` may have its entries or not. */
export function indexDifferences(kiln: Deployment): string[] {
  const keysIn = (folder: string): string[] => kiln.cloud.oss.list(BUCKET, folder).map(({ key }) => key);
  const open = new Set(keysIn(FOLDER.open).map((key) => key.slice(FOLDER.open.length)));
  const ended = new Map(
    kiln
      .records()
      .filter((record) => hasEnded(record) && !open.has(record.run))
      .map(({ run, state }) => [run, state]),
  );
  const found = new Set(keysIn(FOLDER.runIndex));
  const wanted = new Set<string>();
  const differences: string[] = [];
  for (const key of found) {
    const entry = key.startsWith(INDEX.all) ? readEntry(key) : undefined;
    if (entry === undefined) continue;
    for (const each of entryKeys(entry)) wanted.add(each);
    if (!open.has(entry.run) && ended.get(entry.run) !== entry.state)
      differences.push(`the index says that ${entry.run} is ${entry.state}`);
    ended.delete(entry.run);
  }
  for (const run of ended.keys()) differences.push(`the index leaves out ${run}`);
  for (const key of wanted) if (!found.has(key)) differences.push(`the index leaves out ${key}`);
  for (const key of found)
    if (!wanted.has(key)) differences.push(`the index has ${key}, which no run explains`);
  return differences;
}
