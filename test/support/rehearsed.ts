/** Dry runs, and the proof that they change nothing. */
import { deepStrictEqual } from "node:assert/strict";
import { BUCKET, type Deployment } from "./deployment.ts";
import type { RunRecord } from "./records.ts";
import { request } from "./runs.ts";

/** Everything a run could change; a dry run may only write its record. */
function worldOf(kiln: Deployment): unknown {
  const { instances, snapshots, images, tasks, tags } = kiln.cloud.world;
  const tagged = (type: string, id: string) => tags.of(type, id).map(({ key, value }) => `${key}=${value}`);
  return {
    images: [...images.values()].map(({ imageId, name, family, status, description, sharedWith }) => [
      [imageId, name, family, status, description],
      [...sharedWith.keys()],
      tagged("image", imageId),
    ]),
    instances: [...instances.values()].map(({ instanceId, status }) => [
      instanceId,
      status,
      tagged("instance", instanceId),
    ]),
    snapshots: [...snapshots.keys()].map((id) => [id, tagged("snapshot", id)]),
    tasks: [...tasks.keys()],
    bucket: kiln.cloud.oss
      .list(BUCKET, "")
      .filter(({ key }) => !/^(?:runs|index|deliveries)\//.test(key))
      .map(({ key }) => [key, kiln.cloud.oss.get(BUCKET, key)?.body.toString()]),
  };
}

export type Body = Readonly<Record<string, unknown>>;

/** The dry run of a request; the world before and after it must be the same. */
export async function rehearsed(kiln: Deployment, path: string, body: Body = {}): Promise<RunRecord> {
  const before = worldOf(kiln);
  const runs = kiln.records().length;
  const record = await request(kiln, path, { ...body, dryRun: true });
  deepStrictEqual(worldOf(kiln), before);
  deepStrictEqual(kiln.records().length, runs + 1);
  return record;
}
