/** The requests for checks, and the documents that they and triggers name. */
import type * as z from "zod/mini";
import { documentNames } from "../../../shared/document-store.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { documentNameIn, FOLDER, isMeantAsDocument, type DocumentFolder } from "../../../shared/keys.ts";
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { CheckRequest } from "../../../shared/requests/check.ts";
import { OssEvent, triggerOf, uploaderOf } from "../../../shared/triggers.ts";

/** A document to look at, or an object whose name none can have. */
export type Asked =
  | { readonly kind: "document"; readonly folder: DocumentFolder; readonly name: string; readonly by: string }
  | { readonly kind: "misnamed"; readonly folder: DocumentFolder; readonly key: string; readonly by: string };

/** The documents that a payload names. @throws EventError for a payload that is none of the shapes this function is for */
export async function askedBy(payload: unknown, ports: Ports): Promise<readonly Asked[]> {
  const oss = OssEvent.safeParse(payload);
  if (oss.success) return oss.data.events.flatMap((record) => fromEvent(record, ports));
  const { asked, trigger } = triggerOf(payload, ports);
  const { key, by = trigger.by } = parse(CheckRequest, asked, "janitor");
  return key === "*" ? all(by, ports) : asAsked(key, by);
}

function fromEvent({ eventName, oss }: z.infer<typeof OssEvent>["events"][number], { log }: Ports): Asked[] {
  const { key } = oss.object;
  const found = asAsked(key, uploaderOf(key));
  // A misnamed object that is deleted is no mistake any more.
  const asked = eventName.includes("ObjectRemoved") ? found.filter(({ kind }) => kind === "document") : found;
  if (asked.length === 0) log({ ignored: key, why: "no document" });
  return asked;
}

function asAsked(key: string, by: string): Asked[] {
  const folder = (["recipes", "fleets"] as const).find((one) => key.startsWith(`${one}/`));
  if (folder === undefined) return [];
  const name = documentNameIn(key, folder);
  if (name !== undefined) return [{ kind: "document", folder, name, by }];
  return isMeantAsDocument(key, folder) ? [{ kind: "misnamed", folder, key, by }] : [];
}

/** Every document there is or was: an event may be lost. */
async function all(by: string, { cloud }: Ports): Promise<Asked[]> {
  const folders = await Promise.all(
    (["recipes", "fleets"] as const).map(async (folder) => {
      const prefix = `${FOLDER.documentIndex}${folder}/`;
      const indexed = (await listObjects(cloud, prefix)).flatMap(
        ({ key }) => documentNameIn(key.slice(FOLDER.documentIndex.length), folder) ?? [],
      );
      const names = new Set([...(await documentNames(cloud, folder)), ...indexed]);
      return [...names].map((name) => ({ kind: "document", folder, name, by }) as const);
    }),
  );
  return folders.flat();
}
