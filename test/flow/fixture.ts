/** A fresh Kiln per test, and the few documents most journeys start from. */
import { test as base } from "vitest";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../../shared/journal.ts";
import { deployKiln, type Deployment } from "../deployment.ts";

/** `kiln` is deployed for the test and closed after it; `timers` are the names of those that fire in it. */
export const test = base.extend<{ kiln: Deployment; timers: readonly string[] }>({
  // Most journeys have nothing to do with them, and each would start functions of its own.
  timers: [],
  kiln: async ({ timers }, use) => {
    const kiln = await deployKiln({ fc: { timers } });
    hurry(kiln);
    await use(kiln);
    await kiln.close();
  },
});

/** A cloud on a good day: everything takes its steps, and none of them long enough to be asked about ten times. */
export function hurry({ cloud }: Deployment): void {
  Object.assign(cloud.world.delays, {
    startingMs: seconds(8),
    agentOnlineMs: seconds(8),
    imageMs: seconds(50),
    importMs: minutes(2),
    copyMs: seconds(90),
    snapshotMs: seconds(40),
  });
}

/** A short recipe; `changes` replace or add top-level keys. */
export function recipeText(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    source: {
      builder: {
        family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
        instanceTypes: ["ecs.g7.large", "ecs.c7.large"],
        vSwitchIds: ["vsw-hangzhou-h"],
        securityGroupId: "sg-default0001",
      },
    },
    provision: ["yum install -y nginx", "systemctl enable nginx"],
    family: "web",
    test: { commands: ["systemctl is-active nginx"] },
    ...changes,
  });
}

/** Uploads `recipes/<name>.yaml` and lets the world run until its bake, and what follows it, has ended. */
export async function bakeAndPromote(kiln: Deployment, text: string, name = "web"): Promise<RunRecord[]> {
  const before = new Set(kiln.records().map(({ run }) => run));
  await kiln.upload(`recipes/${name}.yaml`, text);
  const fresh = (): RunRecord[] => kiln.records().filter(({ run }) => !before.has(run));
  const ended = (): boolean => {
    const bake = fresh().find(({ kind }) => kind === "bake");
    if (bake === undefined || !hasEnded(bake)) return false;
    const promotes = bake.state === "done" && bake.result?.["promotes"] !== undefined;
    return !promotes || fresh().some((record) => record.kind === "promote" && hasEnded(record));
  };
  await kiln.cloud.settle({ until: ended, forMs: hours(8) });
  // What is on its way when the record is written: deliveries that lost, releases under way.
  await kiln.cloud.settle({ forMs: minutes(3) });
  return fresh();
}

/** Temporary things that are there, and snapshots no image is made of; a settled world has none. */
export function leftovers({ cloud }: Deployment): string[] {
  const { instances, snapshots, images, tags } = cloud.world;
  const roleOf = (id: string) => tags.of("instance", id).find(({ key }) => key === "kiln:role")?.value ?? "";
  const rented = [...instances.keys()].filter((id) => ["builder", "tester"].includes(roleOf(id)));
  const used = new Set(
    [...images.values()].flatMap(({ disks }) => disks.map(({ snapshotId }) => snapshotId)),
  );
  return [...rented, ...[...snapshots.keys()].filter((id) => !used.has(id))];
}

/** Images of the account itself, oldest first. */
export const ownImages = ({ cloud }: Deployment) =>
  [...cloud.world.images.values()].filter(({ ownerAlias }) => ownerAlias === "self");
