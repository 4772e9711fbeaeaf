/** The bakes that triggers and plain invocations ask for. */
import type * as z from "zod/mini";
import { componentIn } from "../../../shared/documents/recipe-components.ts";
import { readInstead } from "../../../shared/document-index.ts";
import { messageOf } from "../../../shared/errors.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { digest, documentNameIn, recipeOfDisk } from "../../../shared/keys.ts";
import { taskId } from "../../../shared/names.ts";
import { BakeRequest } from "../../../shared/requests/bake.ts";
import { diskBeside, type Beside } from "./checksum.ts";
import { slotOf } from "./gather.ts";
import { nightlyRecipes, requestedBake } from "./nightly.ts";
import { scheduledBakes, ScheduleRequest } from "./scheduled.ts";
import { ResumeRequest } from "../resume/workflow.ts";
import { send } from "../../../shared/send.ts";
import { OssEvent, triggerOf, uploaderOf, type Trigger } from "../../../shared/triggers.ts";
import { besideDisk, isChecksumFile, unreadReason } from "../../../shared/unread.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import { componentUsed, objectUsed, recipesUsing } from "../../../shared/recipe-marks.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function startBakes(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const oss = OssEvent.safeParse(payload);
  if (oss.success) {
    await checkUploads(oss.data, ports);
    const runs = await inBatches(oss.data.events, (record) => fromUpload(record, ports));
    return runs.flat();
  }
  const { asked, trigger } = triggerOf(payload, ports);
  if (ScheduleRequest.safeParse(asked).success) return scheduledBakes(ports);
  const resuming = ResumeRequest.safeParse(asked);
  if (resuming.success) return [resumed(resuming.data, trigger)];
  const { recipe, by = trigger.by, ...request } = parse(BakeRequest, asked, "bake-image");
  const recipes = recipe === "*" ? await nightlyRecipes(by, ports) : [{ recipe }];
  return recipes.map((each) => ({
    run: requestedBake(each.recipe, trigger, by),
    by,
    request: { ...request, ...each },
  }));
}

function resumed({ by, ...request }: z.infer<typeof ResumeRequest>, trigger: Trigger): RunRequest {
  const run = runId("unpause", request.recipe, trigger.at, trigger.identity);
  return { run, by: by ?? trigger.by, request };
}

/**
 * Has uploaded recipes checked, indexed and reported. A bake does not wait for it, and the nightly check of all
 * documents repairs a lost event.
 */
async function checkUploads({ events }: z.infer<typeof OssEvent>, ports: Ports): Promise<void> {
  for (const { oss, responseElements } of events) {
    const { key } = oss.object;
    const isChecked = documentNameIn(key, "recipes") !== undefined || componentIn(key) !== undefined;
    if (!isChecked && unreadReason(key) === undefined) continue;
    const event = { v: 1, request: "check", key, by: uploaderOf(key) };
    const id = taskId.check(digest(`${key} ${responseElements.requestId}`));
    await send({ to: "janitor", taskId: id, event }, ports).catch((error: unknown) => {
      ports.log({ warning: `${key} is not checked before the night`, error: messageOf(error) });
    });
  }
}

/** Folders of objects that recipes name. Each has a trigger in s.yaml. */
const NAMED = ["scripts/", "files/", "inputs/"] as const;

type Record = z.infer<typeof OssEvent>["events"][number];

async function fromUpload(record: Record, ports: Ports): Promise<readonly RunRequest[]> {
  const { cloud, log } = ports;
  const { eventTime, responseElements, oss } = record;
  const { key, eTag: etag } = oss.object;
  const named = documentNameIn(key, "recipes");
  const ofDisk = recipeOfDisk(key);
  const recipe = named ?? ofDisk;
  const counting = await readInstead(cloud, "recipes", key);
  if (counting !== undefined) {
    // The janitor reports it.
    log({ ignored: key, why: `${counting.key} has the same name and counts` });
    return [];
  }
  if (recipe !== undefined) {
    const identity = [cloud.access.bucket, key, etag, responseElements.requestId];
    const uploadedAt = Date.parse(eventTime);
    const upload = ofDisk !== undefined && { upload: { key, etag } };
    const request = { v: 1, request: "bake", recipe, uploadedAt, ...upload };
    const run = runId("bake", recipe, uploadedAt, identity);
    return [{ run, by: uploaderOf(key), request }];
  }
  if (NAMED.some((folder) => key.startsWith(folder))) return fromNamed(key, objectUsed(key), ports);
  if (isChecksumFile(key)) {
    const disk = await diskBeside(key, cloud);
    if (disk !== undefined) return [fromChecksum(record, disk, ports)];
  }
  const component = componentIn(key);
  if (component !== undefined) return fromNamed(key, componentUsed(component.name), ports);
  // What is a mistake is reported by the janitor.
  log({ ignored: key, why: besideDisk(key) ?? unreadReason(key) ?? "no function reads it" });
  return [];
}

/** The bake of a disk whose checksum is put or corrected (CHECKSUM-4). */
function fromChecksum(
  { eventTime, responseElements, oss }: Record,
  { recipe, key, etag }: Beside,
  { cloud }: Ports,
): RunRequest {
  const uploadedAt = Date.parse(eventTime);
  const identity = [cloud.access.bucket, oss.object.key, oss.object.eTag, responseElements.requestId];
  return {
    run: runId("bake", recipe, uploadedAt, identity),
    by: uploaderOf(oss.object.key),
    request: { v: 1, request: "bake", recipe, uploadedAt, upload: { key, etag }, ifChanged: true },
  };
}

/** The recipes that name an object, each once for all of its objects that are put in the same slot (GATHER-1). */
async function fromNamed(key: string, used: string, { cloud, clock }: Ports): Promise<readonly RunRequest[]> {
  const now = clock.now();
  const slot = slotOf(now);
  return (await recipesUsing(cloud, used)).map((recipe) => ({
    run: runId("bake", recipe, slot, [cloud.access.bucket, "objects", slot]),
    by: uploaderOf(key),
    request: { v: 1, request: "bake", recipe, uploadedAt: now, ifChanged: true },
  }));
}
