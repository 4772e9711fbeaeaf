/**
 * Forged events: valid in form, of runs that do not exist. Whoever may invoke a function can send them, so
 * none of them may buy, change or delete anything.
 */
import { expect } from "vitest";
import { minutes } from "../../shared/duration.ts";
import { functionOf } from "../../shared/workflow/run-id.ts";
import { runKey } from "../../shared/keys.ts";
import { BUCKET, type Deployment } from "./deployment.ts";
import { envelopeOf, logText } from "./records.ts";
import { launchTagged } from "./world.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The tag of another deployment in the account. */
export const OTHER = { "kiln:deployment": "kiln-dev-1234567890123456" };

/** Why Kiln leaves something as it is. */
export const NO_RUN = /does not carry the tag kiln:run = /;
export const NO_DEPLOYMENT = /does not carry the tag kiln:deployment = kiln-1234567890123456, so Kiln leaves/;

/** Everything that an event could buy, change or delete. */
function everything({ cloud }: Deployment): unknown {
  const { instances, images, snapshots, tasks, tags, invocations } = cloud.world;
  const own = [...images.values()].filter(({ ownerAlias }) => ownerAlias === "self");
  return {
    instances: [...instances.values()].map(({ instanceId: id, status, type, bootCount, autoReleaseAt }) => [
      [id, status, type.id, bootCount, autoReleaseAt],
      tags.of("instance", id),
    ]),
    images: own.map(({ regionId, imageId: id, status, family, sharedWith }) => [
      [regionId, id, status, family],
      [...sharedWith.keys()],
      tags.of("image", id),
    ]),
    snapshots: [...snapshots.keys()].map((id) => [id, tags.of("snapshot", id)]),
    tasks: [...tasks.values()].map(({ taskId, status }) => [taskId, status]),
    commands: invocations.length,
    disks: cloud.oss.list(BUCKET, "disks/").map(({ key }) => key),
  };
}

export interface Forgery extends Fields {
  readonly run: string;
  readonly phase: string;
}

let forgeries = 0;

/** An event of a run of its own, in time, and the log that fits it: who can write both must not get further. */
export function forge({ cloud }: Deployment, kind: string, phase: string, rest: Fields): Forgery {
  const run = `${kind}-web-20260105-${String(++forgeries).padStart(12, "0")}`;
  const at = cloud.time.now();
  const { input, ...set } = rest;
  const step = { kind: "next", due: at, phase, set, input };
  const text = logText({}, step).replaceAll('"at":0', `"at":${at}`);
  cloud.oss.append(BUCKET, runKey(run), text);
  const place = { seq: 2, position: Buffer.byteLength(text) };
  return { ...envelopeOf(run, "invoke", at), ...place, phase, ...rest };
}

/** Sends an event and lets it have every effect that it can have. Answers how its run ended. */
export async function deliver(kiln: Deployment, event: Forgery): Promise<string> {
  await kiln.invoke(`kiln-${functionOf(event.run)}`, event);
  await kiln.cloud.settle({ forMs: minutes(45) });
  const record = kiln.record(event.run);
  return record?.reason ?? JSON.stringify(record?.result);
}

/** As `deliver`; fails if anything is different afterwards. */
export async function deliverInVain(kiln: Deployment, event: Forgery): Promise<string> {
  const before = everything(kiln);
  const reason = await deliver(kiln, event);
  expect(everything(kiln), `${event.run} ${event.phase}: ${reason}`).toEqual(before);
  return reason;
}

/**
 * A user's instance, and one of another deployment with the tags of Kiln. `claim` gives the latter the id of a run:
 * timers make runs of the same id in both.
 */
export async function strangers(kiln: Deployment, tags: Readonly<Record<string, string>>) {
  const mine = await launchTagged(kiln, {});
  const theirs = await launchTagged(kiln, { ...tags, ...OTHER });
  await kiln.cloud.settle({ forMs: minutes(2) });
  return { mine, theirs, claim: (run: string) => kiln.cloud.world.tag(theirs, { "kiln:run": run }) };
}

let pictures = 0;

/** An image of an instance that Kiln did not make. */
export async function pictureOf(
  kiln: Deployment,
  instanceId: string,
  tags: Readonly<Record<string, string>> = {},
): Promise<string> {
  const Tag = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const params = { InstanceId: instanceId, ImageName: `picture-${++pictures}`, Tag };
  const { ImageId } = await kiln.ecs<{ ImageId: string }>("CreateImage", params);
  await kiln.cloud.settle({ forMs: minutes(10) });
  return ImageId;
}

export const tagImage = (kiln: Deployment, imageId: string, key: string, value: string): Promise<unknown> =>
  kiln.ecs("TagResources", {
    ResourceType: "image",
    "ResourceId.1": imageId,
    "Tag.1.Key": key,
    "Tag.1.Value": value,
  });
