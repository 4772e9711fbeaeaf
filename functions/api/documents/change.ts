/**
 * Changes of documents: validated, then stored whole.
 *
 * CHANGE-1. OSS writes an object only over another one (a PutObject knows no If-Match), so whoever changes a document here
 *     holds its lock between the look at its etag and the write. An upload past the API knows no lock.
 *     https://www.alibabacloud.com/help/en/oss/developer-reference/putobject
 * CHANGE-2. An invalid document is not stored. A document whose name is wrong has no route.
 * CHANGE-3. A version of a component is written once (COMPONENT-1). A repeat of the same content is a success.
 */
import { COMMIT_HEADER, isCommit } from "../../../shared/commit.ts";
import { DOCUMENT_TEXT_MAX_BYTES } from "../../../shared/budget.ts";
import { documentKeys } from "../../../shared/document-index.ts";
import { firstContent } from "../../../shared/components.ts";
import { deleteObject, getObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import { DocumentError, type Problem } from "../../../shared/errors.ts";
import { answer, type HttpAnswer } from "../../../shared/http/answer.ts";
import type { Call } from "../../../shared/http/call.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { redactedShort } from "../../../shared/redact.ts";
import type { StoredFolder } from "../../../shared/keys.ts";
import { dropNumber } from "../../../shared/size/removed.ts";
import { whileLocked, type Found, type Seen } from "./lock.ts";
import { noteOn } from "./stored.ts";

/** A document to be stored or deleted, and the headers that say what must be there before. */
export interface Change extends Pick<Call, "headers"> {
  readonly method: "PUT" | "DELETE";
  readonly folder: StoredFolder;
  readonly name: string;
  readonly text: string;
  /** The delivery id of the request (VERIFY-4). */
  readonly delivery: string;
}

/** @throws CloudError when it is not known whether the change is made. */
export async function changeDocument(change: Change, ports: Ports): Promise<HttpAnswer> {
  const { folder, name, method, text, headers } = change;
  const empty = CONDITIONS.find(
    (header) => headers[header] !== undefined && etagsIn(headers[header]).length === 0,
  );
  if (empty !== undefined) return answer(400, { error: `${empty} names no etag; ${EMPTY}` });
  const commit = headers[COMMIT_HEADER];
  if (commit !== undefined && !isCommit(commit))
    return answer(400, { error: `${COMMIT_HEADER} must be the id of a git commit, or left out` });
  const problems = method === "PUT" ? await problemsOf(folder, name, text) : [];
  if (problems.length > 0) return invalid(`${folder}/${name}`, problems);
  return whileLocked(change, ports, {
    left: (before, there) => leftBy(change, { before, there }, ports),
    make: (found) => apply(change, found, ports),
  });
}

/** Problems of an answer, and characters of each path and message: a text of 32 KB may have thousands. */
const [SHOWN_MAX, SHOWN_CHARACTERS] = [50, 400];

function invalid(document: string, problems: readonly Problem[]): HttpAnswer {
  const shown = problems.slice(0, SHOWN_MAX).map((problem) => ({
    ...problem,
    path: redactedShort(problem.path, SHOWN_CHARACTERS),
    message: redactedShort(problem.message, SHOWN_CHARACTERS),
  }));
  const more = problems.length - shown.length;
  const error = `${document} is not valid${more > 0 ? `; ${more} more problems are not listed, npm run kiln -- check FILE lists all` : ""}`;
  return answer(422, { error, problems: shown, ...(more > 0 && { more }) });
}

const CONDITIONS = ["if-match", "if-none-match"] as const;
/** A condition that was lost on its way must not become none. */
const EMPTY = "send the etag that GET answers, or leave the header out to change whatever is there";

async function problemsOf(folder: StoredFolder, name: string, text: string): Promise<readonly Problem[]> {
  const bytes = Buffer.byteLength(text);
  if (bytes > DOCUMENT_TEXT_MAX_BYTES) {
    const message = `has ${bytes} bytes, more than the ${DOCUMENT_TEXT_MAX_BYTES} that it may have; move scripts into objects under scripts/`;
    return [{ path: "", message }];
  }
  try {
    const { explanations } = await import("../../../shared/documents/explanations.ts");
    if (folder === "components")
      (await import("../../../shared/documents/component.ts")).parseComponent(
        `components/${name}.yaml`,
        text,
        explanations,
      );
    else if (folder === "recipes")
      (await import("../../../shared/documents/recipe.ts")).parseRecipe(name, text, explanations);
    else (await import("../../../shared/documents/fleet.ts")).parseFleet(name, text, explanations);
    return [];
  } catch (error) {
    if (error instanceof DocumentError) return error.problems;
    throw error;
  }
}

/** The key that a change of this document writes or deletes. */
const keyOf = ({ folder, name }: Change, before: Seen): string => before?.key ?? `${folder}/${name}.yaml`;

/** The document as an earlier try of this change has left it; undefined unless it was made. */
async function leftBy(change: Change, { before, there }: Found, { cloud }: Ports): Promise<Seen | undefined> {
  const key = keyOf(change, before);
  const now = there.find((object) => object.key === key);
  if (change.method === "DELETE") return before !== null && now === undefined ? null : undefined;
  if (now === undefined || now.etag === before?.etag) return undefined;
  const { text } = (await getObject(cloud, key, DOCUMENT_TEXT_MAX_BYTES)) ?? {};
  return text === change.text ? { key, etag: now.etag } : undefined;
}

async function apply(change: Change, { before, there, now }: Found, ports: Ports): Promise<HttpAnswer> {
  const { cloud } = ports;
  const { method, folder, name, text, headers } = change;
  const key = keyOf(change, before);
  const others = there.map((object) => object.key).filter((one) => one !== key);
  const unmet = preconditionProblem(headers, before);
  if (unmet !== undefined) return answer(412, { error: unmet, ...(before && { etag: before.etag }) });
  if (method === "DELETE") {
    if (before === null) return answer(404, { error: `there is no ${folder}/${name}` });
    if (now === undefined) await deleteObject(cloud, key);
    if (folder === "fleets") await dropNumber(name, "api", ports);
    return answer(200, { deleted: key, ...noteOnLeft(others) });
  }
  const note = noteOn(documentKeys(folder, name).filter((one) => one === key || others.includes(one)));
  if (now) return answer(200, { ...now, created: before === null, ...note });
  if (folder === "components" && !(await isFirst(name, { text, before }, cloud)))
    return answer(409, {
      error: `component ${name} is there with another content, and a version is written once; choose a new version`,
    });
  const commit = headers[COMMIT_HEADER];
  // Bytes, because a text would lose what looks like a secret of this function.
  const { etag } = await putObject(cloud, key, Buffer.from(text), {
    contentType: "application/yaml",
    commit,
  });
  return answer(200, { key, etag, created: before === null, ...note });
}

/** Of the objects that have the name of a document that was deleted. */
const noteOnLeft = ([next, ...more]: readonly string[]) =>
  next === undefined
    ? {}
    : {
        note: `${next} has the same name and is read from now on${more.length > 0 ? `, and ${more.join(" and ")} is there as well` : ""}; send DELETE again to delete it too`,
      };

/** CHANGE-3. */
async function isFirst(
  name: string,
  { text, before }: { readonly text: string; readonly before: Seen },
  cloud: Ports["cloud"],
): Promise<boolean> {
  const first = await firstContent(name, cloud);
  const there = before && (await getObject(cloud, before.key, DOCUMENT_TEXT_MAX_BYTES));
  return [first?.text, there?.text].every((written) => written === undefined || written === text);
}

/** Why the change is not made: the document is another one than the caller has seen. */
function preconditionProblem(headers: Call["headers"], before: Seen): string | undefined {
  const expected = etagsIn(headers["if-match"]);
  const forbidden = etagsIn(headers["if-none-match"]);
  if (expected.length > 0 && (before === null || !(expected.includes("*") || expected.includes(before.etag))))
    return before === null
      ? "there is no such document any more; leave If-Match out to create it"
      : "the document has changed since; read it again, and repeat your change with its etag";
  const isThere = before !== null && (forbidden.includes("*") || forbidden.includes(before.etag));
  return isThere ? "there is such a document already; send its etag as If-Match to replace it" : undefined;
}

const etagsIn = (header = ""): readonly string[] =>
  header
    .split(",")
    .map((tag) => tag.trim().replace(/^(?:W\/)?"|"$/g, ""))
    .filter((tag) => tag !== "");
