/** Snapshots: images are made from them, and leave them behind. */
import { DeleteSnapshot, DescribeSnapshots } from "./actions.ts";
import * as z from "zod/mini";
import { done, instant, percent, tagList, toTags, wireTags } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { goneIsDone } from "./gone.ts";
import { batches, byToken } from "./pages.ts";

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  /** progressing, accomplished or failed. */
  readonly status: string;
  /** 0 to 100. */
  readonly progress: number | undefined;
  readonly createdAt: number;
  /** image, disk, image_disk or none: the resources that still need it. */
  readonly usage: string;
  readonly diskId: string;
  /** Of the disk it was taken from; an image's disk may not be smaller. */
  readonly sizeGb: number;
  /** system or data. */
  readonly diskKind: string;
  readonly tags: Readonly<Record<string, string>>;
}

export type SnapshotFilter =
  | { readonly ids: readonly string[] }
  | { readonly tags: Readonly<Record<string, string>> }
  /** `underWay`: only those that are being made. */
  | { readonly instanceId: string; readonly underWay?: true };

const optional = z.optional(z.string());
const wireSnapshot = () =>
  z.looseObject({
    SnapshotId: z.string(),
    SnapshotName: optional,
    Status: optional,
    Progress: optional,
    CreationTime: optional,
    Usage: optional,
    SourceDiskId: optional,
    SourceDiskType: optional,
    // Text in the schema, GiB.
    SourceDiskSize: z.optional(z.coerce.number()),
    Tags: wireTags(),
  });
const pageAnswer = () =>
  z.looseObject({
    Snapshots: z.looseObject({ Snapshot: z.array(wireSnapshot()) }),
    NextToken: optional,
  });

/** All snapshots that fit; ids that do not exist are simply not in the answer. */
export async function describeSnapshots(
  client: CloudClient,
  filter: SnapshotFilter,
  region?: string,
): Promise<Snapshot[]> {
  if ("tags" in filter) return pagesOf(client, { Tag: tagList(filter.tags) }, region);
  if ("instanceId" in filter) {
    const { instanceId: InstanceId, underWay } = filter;
    return pagesOf(client, { InstanceId, ...(underWay && { Status: "progressing" }) }, region);
  }
  const found: Snapshot[] = [];
  for (const batch of batches(filter.ids, 100)) {
    found.push(...(await pagesOf(client, { SnapshotIds: JSON.stringify(batch) }, region)));
  }
  return found;
}

/** Deletes a snapshot no image needs; one that is gone is a success. `force`: although disks were made from it. */
export async function deleteSnapshot(
  client: CloudClient,
  snapshotId: string,
  options: { readonly force?: boolean; readonly region?: string } = {},
): Promise<void> {
  const params = { SnapshotId: snapshotId, Force: options.force };
  const call = { action: DeleteSnapshot, params, region: options.region };
  await goneIsDone(send(client, call, done));
}

async function pagesOf(
  client: CloudClient,
  params: Readonly<Record<string, unknown>>,
  region: string | undefined,
): Promise<Snapshot[]> {
  const action = "DescribeSnapshots";
  const wire = await byToken(action, async (NextToken) => {
    const asked = { ...params, MaxResults: 100, NextToken };
    const page = await send(client, { action: DescribeSnapshots, params: asked, region }, pageAnswer);
    return { items: page.Snapshots.Snapshot, nextToken: page.NextToken };
  });
  return wire.map((snapshot) => ({
    id: snapshot.SnapshotId,
    name: snapshot.SnapshotName ?? "",
    status: snapshot.Status ?? "",
    progress: percent(snapshot.Progress),
    createdAt: instant(snapshot.CreationTime) ?? 0,
    usage: snapshot.Usage ?? "none",
    diskId: snapshot.SourceDiskId ?? "",
    sizeGb: snapshot.SourceDiskSize ?? 0,
    diskKind: snapshot.SourceDiskType ?? "",
    tags: toTags(snapshot.Tags),
  }));
}
