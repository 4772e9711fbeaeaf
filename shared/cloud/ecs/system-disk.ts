/** A snapshot of the system disk of an instance. */
import * as z from "zod/mini";
import { tagList } from "../answers.ts";
import { queryAction, send, type CloudClient } from "../client.ts";

const CreateSnapshot = /* @__PURE__ */ queryAction("CreateSnapshot", "ecs");
const DescribeDisks = /* @__PURE__ */ queryAction("DescribeDisks", "ecs");

const disksAnswer = () =>
  z.looseObject({
    Disks: z.looseObject({ Disk: z.array(z.looseObject({ DiskId: z.string() })) }),
  });
const snapshotAnswer = () => z.looseObject({ SnapshotId: z.string() });

/** The id of the system disk; undefined when the instance is not there. */
export async function systemDiskOf(client: CloudClient, instanceId: string): Promise<string | undefined> {
  const params = {
    RegionId: client.access.region,
    InstanceId: instanceId,
    DiskType: "system",
    MaxResults: "10",
  };
  const { Disks } = await send(client, { action: DescribeDisks, params }, disksAnswer);
  return Disks.Disk[0]?.DiskId;
}

/** Begins a snapshot and answers its id. */
export async function createSnapshot(
  client: CloudClient,
  diskId: string,
  tags: Readonly<Record<string, string>>,
  clientToken: string,
): Promise<string> {
  const params = {
    RegionId: client.access.region,
    DiskId: diskId,
    Tag: tagList(tags),
    ClientToken: clientToken,
  };
  return (await send(client, { action: CreateSnapshot, params }, snapshotAnswer)).SnapshotId;
}
