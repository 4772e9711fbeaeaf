/** The requests for checks, and the documents that they and triggers name. */
import { inBatches } from "../../../shared/in-batches.ts";
import type * as z from "zod/mini";
import { readInstead, shadowed, shadowedReason } from "../../../shared/document-index.ts";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { documentNameIn, FOLDER, type DocumentFolder } from "../../../shared/keys.ts";
import { headObject, listObjects } from "../../../shared/cloud/oss/objects.ts";
import { CheckRequest } from "../../../shared/requests/check.ts";
import { OssEvent, triggerOf, uploaderOf } from "../../../shared/triggers.ts";
import { componentIn } from "../../../shared/documents/recipe-components.ts";
import { unreadReason } from "../../../shared/unread.ts";
import { unreadObjects, type Unread } from "./unread.ts";

/** A document or a component to look at, an object that no function reads, or the marks of all recipes. */
export type Asked =
  | { readonly kind: "document"; readonly folder: DocumentFolder; readonly name: string; readonly by: string }
  | ({ readonly kind: "unread"; readonly by: string } & Unread)
  | {
      readonly kind: "component";
      readonly key: string;
      readonly by: string;
      readonly name: string;
      readonly version: string;
    }
  | { readonly kind: "marks" };

/** The documents that a payload names. @throws EventError for a payload that is none of the shapes this function is for */
export async function askedBy(payload: unknown, ports: Ports): Promise<readonly Asked[]> {
  const oss = OssEvent.safeParse(payload);
  if (oss.success) return (await inBatches(oss.data.events, (record) => fromEvent(record, ports))).flat();
  const { asked, trigger } = triggerOf(payload, ports);
  const { key, by = trigger.by } = parse(CheckRequest, asked, "janitor");
  return key === "*" ? all(by, ports) : asAsked(key, by, ports);
}

async function fromEvent(
  { oss }: z.infer<typeof OssEvent>["events"][number],
  ports: Ports,
): Promise<Asked[]> {
  const { key } = oss.object;
  const asked = await asAsked(key, uploaderOf(key), ports);
  if (asked.length === 0) ports.log({ ignored: key, why: "no document" });
  return asked;
}

async function asAsked(key: string, by: string, { cloud }: Ports): Promise<Asked[]> {
  for (const folder of ["recipes", "fleets"] as const) {
    const name = documentNameIn(key, folder);
    if (name === undefined) continue;
    // Others are found by the look at all.
    const first = await readInstead(cloud, folder, key);
    const beside = first === undefined ? [] : await unread(key, shadowedReason(key, first.key), by, cloud);
    return [{ kind: "document", folder, name, by }, ...beside];
  }
  const component = componentIn(key);
  if (component !== undefined) return [{ kind: "component", key, by, ...component }];
  const reason = unreadReason(key);
  return reason === undefined ? [] : unread(key, reason, by, cloud);
}

/** One that is deleted by now is no mistake any more. */
async function unread(key: string, reason: string, by: string, cloud: CloudClient): Promise<Asked[]> {
  const object = await headObject(cloud, key);
  return object === undefined ? [] : [asUnread({ ...object, reason }, by)];
}

const asUnread = (one: Unread, by: string): Asked => ({ kind: "unread", by, ...one });

/** Every document there is or was, and every object that no function reads: an event may be lost. */
async function all(by: string, { cloud, clock }: Ports): Promise<Asked[]> {
  const folders = await Promise.all(
    (["recipes", "fleets"] as const).map(async (folder) => {
      const prefix = `${FOLDER.documentIndex}${folder}/`;
      const indexed = (await listObjects(cloud, prefix)).flatMap(
        ({ key }) => documentNameIn(key.slice(FOLDER.documentIndex.length), folder) ?? [],
      );
      const objects = await listObjects(cloud, `${folder}/`);
      const names = new Set([...objects.flatMap(({ key }) => documentNameIn(key, folder) ?? []), ...indexed]);
      return [
        ...[...names].map((name) => ({ kind: "document", folder, name, by }) as const),
        ...shadowed(folder, objects).map((one) => asUnread(one, by)),
      ];
    }),
  );
  const others = await unreadObjects(cloud, clock.now());
  return [...folders.flat(), ...others.map((one) => asUnread(one, by)), { kind: "marks" }];
}
