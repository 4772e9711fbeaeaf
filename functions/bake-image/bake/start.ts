/** Turns triggers and requests into the first events of bakes. */
import type * as z from "zod/mini";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import { documentNames, loadRecipe } from "../../../shared/document-store.ts";
import { parse, readTimerPayload, type Ports } from "../../../shared/invocation.ts";
import { documentNameIn, failureKey, recipeOfDisk } from "../../../shared/keys.ts";
import { BakeRequest } from "../../../shared/requests/bake.ts";
import { OssEvent, TimerEvent } from "../../../shared/triggers.ts";
import { firstEnvelope } from "../../../shared/workflow/envelope.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { DryRun } from "./dry-run.ts";
import type { RequestInput } from "./input.ts";
import type { Lock } from "./lock.ts";

/** An object that is meant as a recipe, whatever is wrong with its name. */
const DOCUMENT = /^recipes\/.*\.(?:ya?ml|json)$/i;
const NAMING = "a recipe lies directly under recipes/, its name a-z, 0-9 and - (at most 40, a-z first)";

/** One bake to start. */
interface Start {
  readonly input: RequestInput;
  readonly by: string;
  readonly run?: string | undefined;
  readonly dryRun?: boolean;
  /** Time of the trigger, epoch ms, and everything that tells it from others: a second delivery is the same run. */
  readonly at: number;
  readonly identity: readonly unknown[];
}

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function startBakes(payload: unknown, ports: Ports): Promise<readonly (Lock | DryRun)[]> {
  const timer = TimerEvent.safeParse(payload);
  if (timer.success) {
    const { triggerName, triggerTime, payload: text } = timer.data;
    const request = parse(BakeRequest, readTimerPayload(text), `bake-image (timer ${triggerName})`);
    return fromRequest(request, `timer:${triggerName}`, Date.parse(triggerTime), ports);
  }
  const oss = OssEvent.safeParse(payload);
  if (oss.success) {
    const events = await Promise.all(oss.data.events.map((record) => fromUpload(record, ports)));
    return events.filter((event) => event !== undefined);
  }
  const request = parse(BakeRequest, payload, "bake-image");
  return fromRequest(request, request.by ?? "invoke", ports.clock.now(), ports);
}

async function fromRequest(request: BakeRequest, by: string, at: number, ports: Ports) {
  const { force = false, parameters = {}, dryRun = false } = request;
  const all = request.recipe === "*";
  const names = all ? await nightlyRecipes(ports) : [request.recipe];
  const run = all ? undefined : request.run;
  const identity = [at, by, ...(dryRun ? ["dryRun"] : [])];
  return names.map((recipe) =>
    firstEvent({ input: { recipe, force, parameters }, by, run, dryRun, at, identity }, ports),
  );
}

/** Recipes with a nightly bake. One that cannot be read is baked too, so that its run reports why. */
async function nightlyRecipes({ cloud }: Ports): Promise<string[]> {
  const nightly: string[] = [];
  for (const name of await documentNames(cloud, "recipes")) {
    const found = await loadRecipe(cloud, name);
    // An uploaded disk is baked when it is uploaded.
    const bakes =
      "problem" in found || (found.document.rebake.nightly && found.document.source.kind !== "upload");
    if (bakes) nightly.push(name);
  }
  return nightly;
}

async function fromUpload(record: z.infer<typeof OssEvent>["events"][number], ports: Ports) {
  const { eventTime, responseElements, oss } = record;
  const { key, eTag: etag } = oss.object;
  const { requestId } = responseElements;
  const start = {
    by: `upload:${key}`.slice(0, 128),
    at: Date.parse(eventTime),
    identity: [key, etag, requestId],
  };
  const input = { force: false, parameters: {} };
  const recipe = documentNameIn(key, "recipes");
  if (recipe !== undefined) return firstEvent({ ...start, input: { ...input, recipe } }, ports);
  const ofDisk = recipeOfDisk(key);
  if (ofDisk !== undefined)
    return firstEvent({ ...start, input: { ...input, recipe: ofDisk, upload: { key, etag } } }, ports);
  if (!DOCUMENT.test(key)) {
    // A folder marker or a file with another ending.
    ports.log({ ignored: key, why: "neither recipes/<name>.yaml nor disks/<recipe>/<file>" });
    return undefined;
  }
  // An error would hold up the other records of this event.
  const kept = failureKey(`${eventTime}-${requestId}`);
  const problem = `${key} bakes nothing: ${NAMING}; rename the object`;
  await putObject(ports.cloud, kept, JSON.stringify({ problem }), { contentType: "application/json" });
  ports.log({ warning: problem, kept });
  return undefined;
}

function firstEvent({ input, by, at, identity, run, dryRun }: Start, { clock }: Ports): Lock | DryRun {
  const id = run ?? runId("bake", input.recipe, at, identity);
  return { ...firstEnvelope(id, by, clock.now()), phase: dryRun ? "dry-run" : "lock", input };
}
