/** Triggers and requests that mean a bake, turned into the first event of each run. */
import type * as z from "zod/mini";
import { documentNames, nameOf } from "../../shared/document-store.ts";
import { firstLine } from "../../shared/machine.ts";
import { EventError } from "../../shared/errors.ts";
import { BakeEvent, BakeRequest } from "../../shared/events/bake-image.ts";
import { OssEvent, TimerEvent } from "../../shared/events/triggers.ts";
import { readTimerPayload, type Ports } from "../../shared/handler.ts";
import { runId } from "../../shared/run.ts";

/** `disks/<recipe>/<file>`: an uploaded disk that is to become an image. */
const DISK = /^disks\/([a-z][a-z0-9-]{0,39})\/[^/]+$/;

type Wish = Omit<BakeEvent["job"], "plan"> & {
  readonly by: string;
  /** When it was asked for, by the trigger's own clock: a second delivery must make the same run id. */
  readonly at: number;
  readonly identity: readonly unknown[];
};

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function beginBakes(payload: unknown, ports: Ports): Promise<readonly BakeEvent[]> {
  const timer = TimerEvent.safeParse(payload);
  if (timer.success) {
    const request = BakeRequest.safeParse(readTimerPayload(timer.data.payload));
    if (!request.success) throw new EventError(`timer ${timer.data.triggerName}: its payload is not a bake request`);
    const { triggerName, triggerTime } = timer.data;
    return fromRequest(request.data, `timer:${triggerName}`, triggerTime, Date.parse(triggerTime), ports);
  }
  const oss = OssEvent.safeParse(payload);
  if (oss.success) return oss.data.events.flatMap((record) => fromUpload(record, ports) ?? []);
  const request = BakeRequest.safeParse(payload);
  if (request.success) {
    const { by = "invoke", delivery } = request.data;
    return fromRequest(request.data, by, delivery, ports.clock.now(), ports);
  }
  throw new EventError("bake-image cannot read this event: neither a bake request nor a timer, OSS or own event");
}

async function fromRequest(
  request: BakeRequest,
  by: string,
  identity: string | undefined,
  at: number,
  ports: Ports,
): Promise<BakeEvent[]> {
  const names = request.recipe === "*" ? await documentNames(ports.cloud, "recipes") : [request.recipe];
  const { force = false, parameters = {} } = request;
  // Without an identity of its own, a request made by hand is itself only for this moment.
  const unique = identity ?? String(at);
  return names.map((recipe) => first({ recipe, force, parameters, by, at, identity: [unique] }, ports));
}

function fromUpload(record: z.infer<typeof OssEvent>["events"][number], ports: Ports): BakeEvent | undefined {
  const { key, eTag } = record.oss.object;
  const identity = [key, eTag, record.responseElements.requestId];
  const at = Date.parse(record.eventTime);
  const wish = { force: false, parameters: {}, by: `upload:${key}`.slice(0, 128), at, identity };
  const recipe = nameOf(key, "recipes");
  if (recipe !== undefined) return first({ ...wish, recipe }, ports);
  const disk = DISK.exec(key)?.[1];
  if (disk !== undefined) return first({ ...wish, recipe: disk, upload: { key, etag: eTag } }, ports);
  // A folder marker or a file with another ending: nothing to bake, and nothing lost.
  ports.log({ ignored: key, why: "neither recipes/<name>.yaml nor disks/<recipe>/<file>" });
  return undefined;
}

function first({ by, at, identity, ...job }: Wish, { clock }: Ports): BakeEvent {
  const run = runId("bake", job.recipe, at, identity);
  return { ...firstLine(run, by, clock.now()), phase: "claim", job };
}
