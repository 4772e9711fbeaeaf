/** Triggers and requests that mean a bake, turned into the first event of each run. */
import type * as z from "zod/mini";
import { putObject } from "../../shared/cloud/oss.ts";
import { documentNames, nameOf, loadRecipe } from "../../shared/document-store.ts";
import { firstLine } from "../../shared/machine.ts";
import type { BakeEvent } from "../../shared/events/bake-image.ts";
import { BakeRequest } from "../../shared/events/bake-request.ts";
import { OssEvent, TimerEvent } from "../../shared/events/triggers.ts";
import { parse, readTimerPayload, type Ports } from "../../shared/handler.ts";
import { runId } from "../../shared/run.ts";

/** `disks/<recipe>/<file>`: an uploaded disk that is to become an image. */
const DISK = /^disks\/([a-z][a-z0-9-]{0,39})\/[^/]+$/;

/** Meant to be a recipe, whatever is wrong with its name. */
const DOCUMENT = /^recipes\/.*\.(?:ya?ml|json)$/i;
const NAMING = "a recipe lies directly under recipes/, its name a-z, 0-9 and - (at most 40, a-z first)";

type Wish = Omit<BakeEvent["job"], "plan"> & {
  readonly by: string;
  readonly run?: string;
  readonly dryRun?: boolean;
  /** When it was asked for, by the trigger's own clock: a second delivery must make the same run id. */
  readonly at: number;
  readonly identity: readonly unknown[];
};

/** @throws EventError for a payload that is none of the shapes this function is for. */
export async function beginBakes(payload: unknown, ports: Ports): Promise<readonly BakeEvent[]> {
  const timer = TimerEvent.safeParse(payload);
  if (timer.success) {
    const { triggerName, triggerTime } = timer.data;
    const request = parse(
      BakeRequest,
      readTimerPayload(timer.data.payload),
      `bake-image (timer ${triggerName})`,
    );
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

async function fromRequest(request: BakeRequest, by: string, at: number, ports: Ports): Promise<BakeEvent[]> {
  const { recipe, force = false, parameters = {}, dryRun = false, run } = request;
  const names = recipe === "*" ? await nightlyRecipes(ports) : [recipe];
  return names.map((name) => {
    const identity = [at, by, ...(dryRun ? ["dryRun"] : [])];
    const wish = { recipe: name, force, parameters, dryRun, by, at, identity };
    return first(run === undefined || recipe === "*" ? wish : { ...wish, run }, ports);
  });
}

/** Recipes that want to be looked at every night. One that cannot be read is baked, so that its run says why. */
async function nightlyRecipes({ cloud }: Ports): Promise<string[]> {
  const names = await documentNames(cloud, "recipes");
  const wanted: string[] = [];
  for (const name of names) {
    const found = await loadRecipe(cloud, name);
    // An upload is baked when it is put; there is nothing new about it at night.
    const wants =
      "problem" in found || (found.document.rebake.nightly && found.document.source.kind !== "upload");
    if (wants) wanted.push(name);
  }
  return wanted;
}

async function fromUpload(
  record: z.infer<typeof OssEvent>["events"][number],
  ports: Ports,
): Promise<BakeEvent | undefined> {
  const { key, eTag } = record.oss.object;
  const identity = [key, eTag, record.responseElements.requestId];
  const at = Date.parse(record.eventTime);
  const wish = { force: false, parameters: {}, by: `upload:${key}`.slice(0, 128), at, identity };
  const recipe = nameOf(key, "recipes");
  if (recipe !== undefined) return first({ ...wish, recipe }, ports);
  const disk = DISK.exec(key)?.[1];
  if (disk !== undefined) return first({ ...wish, recipe: disk, upload: { key, etag: eTag } }, ports);
  if (DOCUMENT.test(key)) {
    // Thrown, it would hold up the other records of this event; unsaid, its writer would wait for ever.
    const failure = `failures/${record.eventTime}-${record.responseElements.requestId}.json`;
    const problem = `${key} bakes nothing: ${NAMING}; rename the object`;
    await putObject(ports.cloud, failure, JSON.stringify({ problem }), { contentType: "application/json" });
    ports.log({ warning: problem, kept: failure });
    return undefined;
  }
  // A folder marker or a file with another ending: nothing to bake, and nothing lost.
  ports.log({ ignored: key, why: "neither recipes/<name>.yaml nor disks/<recipe>/<file>" });
  return undefined;
}

function first({ by, at, identity, run, dryRun, ...job }: Wish, { clock }: Ports): BakeEvent {
  const id = run ?? runId("bake", job.recipe, at, identity);
  return { ...firstLine(id, by, clock.now()), phase: dryRun ? "rehearse" : "claim", job };
}
