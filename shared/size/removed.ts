/**
 * A fleet without a document: the number that was asked for under its name counts no more, whenever the name is used again.
 *
 * REMOVED-FLEET-1. The number is read before the look for the document, and is dropped only as long as it is the newest: one that
 *     was asked for since is of a document that came after the look. No clock is compared.
 * REMOVED-FLEET-2. The API drops it with the document. Of one that is deleted in the bucket the janitor does, at its event, before
 *     it deletes the index: so an event that is lost leaves the index, and the hourly look at all of them finds it.
 */
import { isDeepStrictEqual } from "node:util";
import { findDocument } from "../document-index.ts";
import type { Ports } from "../invocation.ts";
import { standingOf, writeAct } from "./log.ts";
import { runId } from "../workflow/run-id.ts";

/** Drops the number of a fleet that has no document. @throws CloudError */
export async function dropNumber(
  fleet: string,
  by: string,
  ports: Pick<Ports, "cloud" | "clock" | "writer">,
): Promise<void> {
  const { cloud } = ports;
  const { level } = (await standingOf(fleet, ports)).state ?? {};
  if (level === undefined || (await findDocument(cloud, "fleets", fleet)) !== undefined) return;
  const run = runId("size", fleet, level.at, [cloud.access.bucket, "removed", level.at]);
  await writeAct(
    fleet,
    { run, by, act: "document" },
    ({ level: newest, ...state }) => (isDeepStrictEqual(newest, level) ? state : undefined),
    ports,
  );
}
