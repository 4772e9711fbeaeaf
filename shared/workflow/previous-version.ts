/**
 * What the version before the run log left in the bucket and in the queues: records of runs, locks, reservations and
 * events. Nothing of it is written any more; this file goes when no deployment of that version is left.
 */
import * as z from "zod/mini";
import type { CloudClient } from "../cloud/client.ts";
import { getObject, listObjects } from "../cloud/oss/objects.ts";
import { readJson } from "../json.ts";
import { runKey } from "../keys.ts";
import { RunId } from "../names.ts";
import { deliveryOf } from "./run-id.ts";
import type { Line } from "./run-log.ts";

const Fields = z.record(z.string(), z.unknown());

const Record = z.object({
  state: z.enum(["queued", "running", "done", "failed"]),
  by: z.string(),
  beganAt: z.string(),
  updatedAt: z.string(),
  result: z.optional(Fields),
  reason: z.optional(z.string()),
});

/** JSON of the object under `key` by `schema`; undefined for everything else. */
async function readAs<T>(client: CloudClient, key: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  const object = await getObject(client, key);
  return object && schema.safeParse(readJson(object.text)).data;
}

/** The lines that the record of a run amounts to; none without one. */
export async function previousLines(client: CloudClient, run: string): Promise<readonly Line[]> {
  const record = await readAs(client, runKey(run).replace(/l$/, ""), Record);
  if (record === undefined) return [];
  const { state, by, result = {}, reason = "" } = record;
  const [began, at] = [Date.parse(record.beganAt), Date.parse(record.updatedAt)];
  const first: Line = { seq: 0, w: "", at: began, kind: "input", by, due: at, input: {} };
  const sent: Line = { seq: 2, w: "", at, kind: "sent" };
  if (state === "done") return [first, { seq: 1, w: "", at, kind: state, result }, sent];
  if (state === "failed") return [first, { seq: 1, w: "", at, kind: state, reason, result }, sent];
  return [first];
}

/** The newest entry of a numbered log: its numbers count down, so it is the first of its folder. */
async function newestEntry<T>(client: CloudClient, folder: string, schema: z.ZodMiniType<T>) {
  const [newest] = await listObjects(client, folder, { most: 1 });
  return newest && readAs(client, newest.key, schema);
}

const Lock = z.object({ run: RunId, at: z.int(), released: z.boolean() });

export const previousLock = (client: CloudClient, subject: string) =>
  newestEntry(client, `claims/${subject}/`, Lock);

export const previousReservations = <T>(client: CloudClient, fleet: string, grant: z.ZodMiniType<T>) =>
  newestEntry(client, `ledger/${fleet}/`, z.object({ grants: z.array(grant) }));

/** An event, a cancellation or the end of a run under way. `event`: the fields of its phase, and those of every event. */
const Event = z.looseObject({
  v: z.literal(1),
  run: RunId,
  phase: z.string(),
  by: z.string(),
  startedAt: z.int(),
  phaseStartedAt: z.int(),
  input: Fields,
});
const ENVELOPE = new Set([
  "v",
  "run",
  "seq",
  "runAt",
  "startedAt",
  "phaseStartedAt",
  "attempt",
  "by",
  "history",
  "phase",
  "input",
]);
const Request = z.looseObject({ v: z.literal(1), request: z.string(), run: RunId, by: z.string() });
const Cancellation = z.looseObject({
  v: z.literal(1),
  request: z.literal("cancel"),
  reason: z.string(),
  event: Event,
});
const Send = z.object({ to: z.string(), taskId: z.string(), event: Fields });
const End = z.looseObject({
  v: z.literal(1),
  request: z.literal("end"),
  event: z.looseObject({ run: RunId, by: z.string() }),
  completion: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("done"), result: Fields, send: z.array(Send) }),
    z.object({ kind: z.literal("failed"), reason: z.string(), send: z.array(Send) }),
  ]),
});
/** The promotion that a bake asks for; its run was made of the bake. */
const Promotion = z.looseObject({
  v: z.literal(1),
  request: z.literal("promote"),
  recipe: z.string(),
  imageId: z.string(),
  delivery: RunId,
  by: z.string(),
});

/** A run goes on from here. */
export interface PreviousRun {
  readonly kind: "event";
  readonly run: string;
  readonly by: string;
  readonly phase: string;
  readonly since: number;
  readonly input: z.infer<typeof Fields>;
  readonly state: z.infer<typeof Fields>;
  /** The run is cancelled: there it is this event that goes on, and no other. */
  readonly cancelled?: string;
}

export type PreviousEvent =
  | PreviousRun
  /** A request that a caller has been answered with the run of. */
  | {
      readonly kind: "request";
      readonly run: string;
      readonly by: string;
      readonly request: Readonly<Record<string, unknown>>;
    }
  /** The end of a run, with everything that it sends. */
  | {
      readonly kind: "end";
      readonly run: string;
      readonly by: string;
      readonly completion: z.infer<typeof End>["completion"];
    };

/** Reads an event of the version before; undefined for any other payload. */
export function readPrevious(payload: unknown): PreviousEvent | undefined {
  const event = Event.safeParse(payload).data;
  if (event !== undefined) return runOf(event);
  const cancellation = Cancellation.safeParse(payload).data;
  if (cancellation !== undefined) return { ...runOf(cancellation.event), cancelled: cancellation.reason };
  const ended = End.safeParse(payload).data;
  if (ended !== undefined) return { kind: "end", ...idOf(ended.event), completion: ended.completion };
  const promotion = Promotion.safeParse(payload).data;
  if (promotion !== undefined) {
    const { by, ...request } = promotion;
    const run = deliveryOf(request.delivery, request.recipe, request.imageId);
    return { kind: "request", run, by, request };
  }
  const { run, by, ...request } = Request.safeParse(payload).data ?? {};
  return run === undefined || by === undefined ? undefined : { kind: "request", run, by, request };
}

const idOf = ({ run, by }: { readonly run: string; readonly by: string }) => ({ run, by });

function runOf(event: z.infer<typeof Event>): PreviousRun {
  const { phase, phaseStartedAt: since, input } = event;
  const state = Object.fromEntries(
    Object.entries(event).filter(([key]) => !ENVELOPE.has(key) && key !== "phase" && key !== "input"),
  );
  return { kind: "event", ...idOf(event), phase, since, input, state };
}
