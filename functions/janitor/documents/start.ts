/** Indexes the documents that a payload names. A run begins for each one that is refused. */
import { seconds } from "../../../shared/duration.ts";
import { nameLike, nameProblems, documentName } from "../../../shared/documents/names.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { indexDocument } from "./index-document.ts";
import { askedBy, type Asked } from "./asked.ts";

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function checkDocuments(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const runs = await inBatches(await askedBy(payload, ports), async (asked) =>
    asked.kind === "document" ? check(asked, ports) : misnamed(asked, ports),
  );
  return runs.flat();
}

async function check(
  { folder, name, by }: Asked & { readonly kind: "document" },
  { cloud }: Ports,
): Promise<readonly RunRequest[]> {
  const indexed = await indexDocument(folder, name, cloud);
  if (indexed?.index.problem === undefined) return [];
  const { key, etag, problem: reason, channels = [] } = indexed.index;
  // One upload is one run, however often it is looked at. Not every answer of OSS shows the milliseconds of its time.
  const writtenAt = Math.floor(indexed.writtenAt / seconds(1));
  const run = runId("check", name, indexed.writtenAt, [cloud.access.bucket, key, etag, writtenAt]);
  if (await hasEnded(run, cloud)) return [];
  return [{ run, by, request: { v: 1, request: "report", key, reason, channels } }];
}

/** A run that has ended is not listed as open once more. */
const hasEnded = async (run: string, cloud: Ports["cloud"]): Promise<boolean> =>
  standing(run, await readRunLog(cloud, run))?.completion !== undefined;

const FALLBACK_NAME = "document";

function misnamed(
  { folder, key, by }: Asked & { readonly kind: "misnamed" },
  { cloud, clock }: Ports,
): readonly RunRequest[] {
  const name = documentName(key);
  const [problem] = nameProblems(name);
  const rule =
    problem === undefined || key.split("/").length > 2
      ? `must lie directly under ${folder}/, with .yaml, .yml or .json in small letters; copy it there`
      : problem.message;
  const run = runId("check", nameLike(name) ?? FALLBACK_NAME, clock.now(), [cloud.access.bucket, key]);
  return [{ run, by, request: { v: 1, request: "report", key, reason: `${key}: ${rule}`, channels: [] } }];
}
