/** One bake per source: builder, instance, snapshot, disks, upload. */
import { hours, minutes } from "../../../shared/duration.ts";
import { readExample } from "../examples.ts";
import { nothingLeft } from "../leftovers.ts";
import { ownImages, servedBy, type Stage } from "../stage.ts";
import { promotionScenes } from "./promotions.ts";
import {
  act,
  broken,
  held,
  hold,
  onKiln,
  pending,
  type Scene,
  see,
  type Step,
  type Story,
} from "../story.ts";
import type { Deployment } from "../../support/deployment.ts";
import { diskFile } from "../../support/disk-file.ts";

const PLACE = { VSwitchId: "vsw-hangzhou-h", SecurityGroupId: "sg-default0001" } as const;

/** Who makes an image by hand has to do what a builder's last command does. */
const PREPARE = `mkdir -p /srv/data
echo precious > /srv/data/file
cloud-init clean --logs
truncate -s 0 /etc/machine-id
rm -f /etc/ssh/ssh_host_*
`;

/** What a person prepared before Kiln came: a machine with a data disk, and snapshots of both disks. */
interface Prepared {
  instanceId: string;
  systemSnapshotId: string;
  dataSnapshotId: string;
}

export const bakesStory: Story = {
  name: "bakes",
  title: "One image from each kind of source, and what becomes of images",
  beginsAt: (dayAt) => dayAt + hours(2),
  open: onKiln(() => {
    const prepared: Prepared = { instanceId: "", systemSnapshotId: "", dataSnapshotId: "" };
    return [
      preparation(prepared),
      bakeScene("builder: a temporary machine", "web", "web", () => readExample("recipes/web.yaml")),
      {
        ...bakeScene("instance: set up by a user", "from-instance", "legacy-app", () =>
          readExample("recipes/from-instance.yaml").replace("i-golden0001", prepared.instanceId),
        ),
        after: hold("the machine itself runs again", ({ cloud }) => {
          const status = cloud.world.instances.get(prepared.instanceId)?.status;
          return status === "Running" ? held() : broken(`${prepared.instanceId} is ${status ?? "gone"}`);
        }),
      },
      bakeScene("snapshot: a system disk as it was", "from-snapshot", "restored", () =>
        readExample("recipes/from-snapshot.yaml").replace("s-system0001", prepared.systemSnapshotId),
      ),
      bakeScene("disks: a system disk, a data disk and an empty one", "from-disks", "database", () =>
        readExample("recipes/from-disks.yaml")
          .replace("s-system0001", prepared.systemSnapshotId)
          .replace("s-data0001", prepared.dataSnapshotId),
      ),
      uploadScene(),
      LEFT,
      ...promotionScenes(),
    ].map(flatten) satisfies readonly Scene[];
  }),
};

const LEFT: Scene = {
  title: "The end state",
  steps: [
    hold("five images, each served by its family", async ({ cloud }) => {
      const families = ownImages(cloud).map(({ family }) => family);
      const served = await Promise.all(families.map((family) => servedBy(cloud, family)));
      const wrong = ownImages(cloud).filter(({ imageId }, index) => served[index] !== imageId);
      if (families.length !== 5) return broken(`there are ${families.length} images`);
      return wrong.length === 0
        ? held(families.join(", "))
        : broken(wrong.map(({ family }) => family).join(", "));
    }),
    hold("no builder, test instance, temporary snapshot or lock", ({ cloud }) => nothingLeft(cloud)),
  ],
};

type SceneWithMore = Scene & { readonly after?: Step };

const flatten = ({ after, ...scene }: SceneWithMore): Scene =>
  after === undefined ? scene : { ...scene, steps: [...scene.steps, after] };

/** Upload of a recipe, its bake, its promotion, and what the family then answers. */
function bakeScene(title: string, recipe: string, family: string, text: () => string): Scene {
  return {
    title,
    link: { to: "bake-image", by: { kind: "oss", key: `recipes/${recipe}.yaml` } },
    steps: [
      act(`recipes/${recipe}.yaml is uploaded`, async ({ kiln }) => {
        await kiln.upload(`recipes/${recipe}.yaml`, text());
        return held();
      }),
      ...watchRuns(recipe, family),
    ],
  };
}

function uploadScene(): Scene {
  const recipe = "from-upload";
  return {
    title: "upload: a disk file becomes an image",
    link: { to: "bake-image", by: { kind: "oss", key: `disks/${recipe}/debian-13-arm64.qcow2` } },
    steps: [
      act(`recipes/${recipe}.yaml is uploaded`, async ({ kiln }) => {
        // Its second region, its approval and its channel have scenes of their own.
        const text = readExample(`recipes/${recipe}.yaml`).replace(/\npromote:[\s\S]*$/, "\n");
        await kiln.upload(`recipes/${recipe}.yaml`, text);
        return held("without its promote and notify blocks, which other scenes show");
      }),
      see("Kiln says that it waits for the disk", minutes(5), ({ kiln }) => {
        const [record] = kiln.records(`bake-${recipe}`);
        return record?.state === "done" ? held(String(record.result?.["note"])) : pending("no word yet");
      }),
      act(`disks/${recipe}/debian-13-arm64.qcow2 is uploaded`, async ({ kiln }) => {
        await kiln.upload(`disks/${recipe}/debian-13-arm64.qcow2`, diskFile("qcow2"));
        return held();
      }),
      ...watchRuns(recipe, "debian-arm", 2),
    ],
  };
}

/** `nth` is which bake of the recipe is watched, counted from 1. */
function watchRuns(recipe: string, family: string, nth = 1): readonly Step[] {
  const record = ({ kiln }: Stage, kind: string, place: number) => kiln.records(`${kind}-${recipe}`)[place];
  return [
    see("its image is made", hours(3), (stage) => {
      const bake = record(stage, "bake", nth - 1);
      if (bake?.state === "failed") return broken(bake.reason ?? "it failed");
      if (bake?.state !== "done") return pending(bake?.note ?? bake?.phase ?? "no run yet");
      return held(`${String(bake.result?.["imageId"])} ${String(bake.result?.["imageName"])}`);
    }),
    see("it is tested on a fresh machine and promoted", hours(2), (stage) => {
      const promote = record(stage, "promote", 0);
      if (promote?.state === "failed") return broken(promote.reason ?? "it failed");
      if (promote?.state !== "done") return pending(promote?.note ?? promote?.phase ?? "no run yet");
      return held(String(promote.result?.["proved"]));
    }),
    hold(`family ${family} answers with it`, async ({ cloud }) => {
      const served = await servedBy(cloud, family);
      return served === undefined ? broken(`${family} answers with nothing`) : held(served);
    }),
  ];
}

async function launchGolden(kiln: Deployment): Promise<string> {
  const { InstanceIdSets } = await kiln.ecs<{ InstanceIdSets: { InstanceIdSet: string[] } }>("RunInstances", {
    ...PLACE,
    ImageFamily: "acs:alibaba_cloud_linux_3_2104_lts_x64",
    InstanceType: "ecs.g7.large",
    "SystemDisk.Category": "cloud_essd",
    "DataDisk.1.Size": 20,
    "DataDisk.1.Category": "cloud_essd",
  });
  return InstanceIdSets.InstanceIdSet[0] ?? "";
}

/** System disk first. */
async function snapshotDisks(kiln: Deployment, instanceId: string): Promise<[string, string]> {
  const { Disks } = await kiln.ecs<{ Disks: { Disk: { DiskId: string; Type: string }[] } }>("DescribeDisks", {
    InstanceId: instanceId,
  });
  const snapshot = async (type: string): Promise<string> => {
    const disk = Disks.Disk.find(({ Type }) => Type === type);
    return (await kiln.ecs<{ SnapshotId: string }>("CreateSnapshot", { DiskId: disk?.DiskId })).SnapshotId;
  };
  return [await snapshot("system"), await snapshot("data")];
}

function preparation(prepared: Prepared): Scene {
  return {
    title: "What was there before: a machine set up by hand, and snapshots of its disks",
    steps: [
      act("a user launches an instance with a data disk", async ({ kiln }) => {
        kiln.cloud.world.addResourceGroup("rg-images0001");
        prepared.instanceId = await launchGolden(kiln);
        return held(prepared.instanceId);
      }),
      see("it runs and answers", minutes(10), ({ cloud }) => {
        const machine = cloud.world.instances.get(prepared.instanceId);
        const online = machine?.guest !== undefined && machine.guest.agentOnlineAt <= cloud.time.now();
        return online ? held() : pending(machine?.status ?? "not there yet");
      }),
      act("the person puts something on it, and makes it forget who it is", async ({ kiln }) => {
        await kiln.ecs("RunCommand", {
          Type: "RunShellScript",
          CommandContent: PREPARE,
          "InstanceId.1": prepared.instanceId,
        });
        return held();
      }),
      see("the command is over", minutes(5), ({ cloud }) => {
        const states = cloud.world.invocations.flatMap(({ executions }) =>
          executions.map(({ status }) => status),
        );
        return states.includes("Success") ? held() : pending(states.join(", "));
      }),
      act("the person takes snapshots of both disks", async ({ kiln }) => {
        [prepared.systemSnapshotId, prepared.dataSnapshotId] = await snapshotDisks(kiln, prepared.instanceId);
        return held(prepared.systemSnapshotId, prepared.dataSnapshotId);
      }),
      see("the snapshots are accomplished", minutes(30), ({ cloud }) => {
        const open = [...cloud.world.snapshots.values()].filter(({ status }) => status !== "accomplished");
        return open.length === 0 ? held() : pending(`${open.length} to go`);
      }),
    ],
  };
}
