/** Indexes the documents that a payload names. A run begins for each one that is refused. */
import * as z from "zod/mini";
import { apart, logSkipped, mayPass, orWhy } from "../../../shared/apart.ts";
import { days, seconds } from "../../../shared/duration.ts";
import { messageOf } from "../../../shared/errors.ts";
import { nameLike, documentName } from "../../../shared/documents/names.ts";
import { getObject, headObject, putObject, type ObjectInfo } from "../../../shared/cloud/oss/objects.ts";
import { keepComponent } from "../../../shared/components.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { ok } from "../../../shared/result.ts";
import { readJson } from "../../../shared/json.ts";
import { unreadKey } from "../../../shared/keys.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { loadRecipe } from "../../../shared/document-store.ts";
import { isUpload } from "../../../shared/triggers.ts";
import { dueWithdrawal } from "../../promote-family/withdrawal/due.ts";
import { dropNumber } from "../../../shared/size/removed.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { unknownChannels } from "../../../shared/notifications/channel-names.ts";
import type { DocumentIndex } from "../../../shared/document-index.ts";
import { knownChannels } from "./config.ts";
import { indexDocument, repairMarks, sinceOf } from "./index-document.ts";
import { askedBy, type Asked } from "./asked.ts";

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function checkDocuments(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const looks = await apart(await askedBy(payload, ports), (asked) => look(asked, ports), ports);
  return looks.flat();
}

/** One that cannot be looked at is reported like one that is refused, unless the trouble may pass. */
async function look(asked: Asked, ports: Ports): Promise<readonly RunRequest[]> {
  try {
    return await lookAt(asked, ports);
  } catch (error) {
    if (mayPass(error) || asked.kind === "marks") throw error;
    await logSkipped(asked, error, ports);
    return uncheckable(asked, error, ports);
  }
}

/** One run a day: nothing is known of its content. */
async function uncheckable(
  asked: Exclude<Asked, { readonly kind: "marks" }>,
  error: unknown,
  { cloud, clock }: Ports,
): Promise<readonly RunRequest[]> {
  const key = asked.kind === "document" ? `${asked.folder}/${asked.name}` : asked.key;
  const at = Math.floor(clock.now() / days(1)) * days(1);
  const run = runId("check", runName(key), at, [cloud.access.bucket, key, "unchecked", at]);
  if (await hasEnded(run, cloud)) return [];
  const reason = `${key} cannot be checked: ${messageOf(error)}; see that the functions can read the object, or put it once more`;
  return [{ run, by: asked.by, request: { v: 1, request: "report", key, reason, channels: [] } }];
}

async function lookAt(asked: Asked, ports: Ports): Promise<readonly RunRequest[]> {
  switch (asked.kind) {
    case "document":
      return check(asked, ports);
    case "component":
      return component(asked, ports);
    case "unread":
      return unread(asked, ports);
    case "marks":
      await repairMarks(ports.cloud);
      return [];
  }
}

async function check(
  { folder, name, by }: Asked & { readonly kind: "document" },
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const { cloud } = ports;
  if (folder === "fleets") await dropNumber(name, by, ports);
  const indexed = await indexDocument(folder, name, cloud);
  if (indexed === undefined) return [];
  const isChanged = folder === "recipes" && isUpload(by);
  // What cannot be looked up now is left to the night.
  const due = isChanged
    ? await orWhy(`withdrawal of ${name}`, () => withdrawals(name, indexed, by, cloud), ports)
    : ok([]);
  return [...(due.ok ? due.value : []), ...(await report(indexed, name, by, cloud))];
}

/** What a recipe that was put has delivered and does not name any more is withdrawn, whatever becomes of its bake. */
async function withdrawals(
  name: string,
  { key, etag, since = 0 }: DocumentIndex,
  by: string,
  cloud: CloudClient,
): Promise<readonly RunRequest[]> {
  const found = await loadRecipe(cloud, name);
  const cause = { by, at: since, identity: [cloud.access.bucket, key, etag, since / seconds(1)] };
  return "document" in found ? dueWithdrawal(found.document, cause, cloud) : [];
}

async function report(
  indexed: NonNullable<Awaited<ReturnType<typeof indexDocument>>>,
  name: string,
  by: string,
  cloud: CloudClient,
): Promise<readonly RunRequest[]> {
  const found = problemIn(indexed);
  if (found === undefined) return [];
  const { key, etag, since } = indexed;
  const { reason, channels, unknown = [] } = found;
  // One content is one run, however often it is looked at or put again, until the document has another one.
  const identity = [cloud.access.bucket, key, etag, since / seconds(1), ...unknown];
  const run = runId("check", name, since, identity);
  if (await hasEnded(run, cloud)) return [];
  return [{ run, by, request: { v: 1, request: "report", key, reason, channels } }];
}

interface Found {
  readonly reason: string;
  /** Channels of the document that are there. */
  readonly channels: readonly string[];
  /** Channels of the document that are not. */
  readonly unknown?: readonly string[];
}

/** All that is wrong in a document, or the channels it names that the deployment does not have: its runs are refused for neither. */
function problemIn(index: DocumentIndex | undefined): Found | undefined {
  if (index === undefined) return undefined;
  const { key, problem, channels = [], notify = [] } = index;
  if (problem !== undefined) return { reason: problem, channels };
  const known = knownChannels();
  const unknown = known === undefined ? [] : notify.filter((name) => !known.includes(name));
  if (known === undefined || unknown.length === 0) return undefined;
  const reason = `notify: ${unknownChannels(unknown, known)}`;
  return { reason: `${key}: ${reason}`, channels: notify.filter((name) => known.includes(name)), unknown };
}

/** A run that has ended is not listed as open once more. */
const hasEnded = async (run: string, cloud: Ports["cloud"]): Promise<boolean> =>
  standing(run, await readRunLog(cloud, run))?.completion !== undefined;

/** The name of an object as the id of a run takes it. */
const runName = (key: string): string => nameLike(documentName(key)) ?? "document";

/** Keeps the first content of a version, and reports one that is not sound or another one. */
async function component(
  { key, name, version, by }: Asked & { readonly kind: "component" },
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const object = await headObject(ports.cloud, key);
  const reason = object && (await keepComponent({ name, version }, ports));
  return object === undefined || reason === undefined
    ? []
    : unread({ kind: "unread", by, reason, ...object }, ports);
}

/** One content of an object is one run, as for documents. */
async function unread(
  { key, etag, lastModifiedAt, reason, by }: Asked & { readonly kind: "unread" },
  { cloud }: Ports,
): Promise<readonly RunRequest[]> {
  const since = await contentSince({ key, etag, lastModifiedAt }, cloud);
  const run = runId("check", runName(key), since, [cloud.access.bucket, key, etag, since / seconds(1)]);
  if (await hasEnded(run, cloud)) return [];
  return [{ run, by, request: { v: 1, request: "report", key, reason, channels: [] } }];
}

const Seen = z.object({ key: z.string(), etag: z.string(), since: z.number() });

/** Since when an object has its content, as far as the looks show, epoch ms. */
async function contentSince(
  object: Pick<ObjectInfo, "key" | "etag" | "lastModifiedAt">,
  cloud: Ports["cloud"],
): Promise<number> {
  const { key, etag } = object;
  const stored = await getObject(cloud, unreadKey(key));
  const before = Seen.safeParse(stored && readJson(stored.text)).data;
  const since = sinceOf(object, before);
  if (before?.key !== key || before.etag !== etag) {
    const text = JSON.stringify({ key, etag, since });
    await putObject(cloud, unreadKey(key), text, { contentType: "application/json" });
  }
  return since;
}
