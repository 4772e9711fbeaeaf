/** Bakes of sources other than a builder. */
import { hours, minutes } from "../../../shared/duration.ts";
import { diskFile } from "../../support/disk-file.ts";
import { recipeText } from "../../support/recipes.ts";
import { insistDirectly, upload, waitFor, type Script } from "./ask.ts";
import { golden, NOTIFY, promoted, QUIET, TEST } from "./recipes.ts";

export const fromInstance: Script = {
  name: "bake of an instance",
  async run(simulation, wait) {
    const id = await golden(simulation, wait);
    if (id === undefined) return false;
    simulation.touched.set(id, Number.POSITIVE_INFINITY);
    const source = { instance: { id } };
    const text = recipeText({ source, provision: [], test: TEST, family: "golden", ...NOTIFY, ...QUIET });
    return promoted(simulation, wait, "golden", text);
  },
};

export const fromSnapshot: Script = {
  name: "bake of a snapshot",
  async run(simulation, wait) {
    const InstanceId = await golden(simulation, wait);
    const { kiln } = simulation;
    const snapshotId = await insistDirectly(simulation, wait, async () => {
      const { Disks } = await kiln.ecs<{ Disks: { Disk: { DiskId: string }[] } }>("DescribeDisks", {
        InstanceId,
      });
      const { DiskId } = Disks.Disk[0] ?? {};
      return (await kiln.ecs<{ SnapshotId: string }>("CreateSnapshot", { DiskId })).SnapshotId;
    });
    if (snapshotId === undefined) return false;
    simulation.touched.set(snapshotId, Number.POSITIVE_INFINITY);
    await wait(minutes(10));
    const source = { snapshot: { id: snapshotId } };
    const text = recipeText({ source, provision: [], test: TEST, family: "disk", ...NOTIFY, ...QUIET });
    return promoted(simulation, wait, "disk", text);
  },
};

export const fromUpload: Script = {
  name: "bake of an uploaded disk",
  async run(simulation, wait) {
    const source = { upload: { keepObject: false } };
    const text = recipeText({ source, provision: [], test: TEST, family: "appliance", ...NOTIFY, ...QUIET });
    await upload(simulation, wait, "recipes/appliance.yaml", text);
    for (let n = 0; n < 3; n++) {
      await wait(minutes(30));
      await upload(simulation, wait, `disks/appliance/appliance-${n}.qcow2`, diskFile("qcow2", n));
      const done = () => simulation.kiln.records("promote-appliance-").find(({ state }) => state === "done");
      if ((await waitFor(wait, hours(6), done)) !== undefined) return true;
    }
    return false;
  },
};
