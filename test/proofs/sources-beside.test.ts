/** Objects beside the disk files of a recipe, which are no disks that an image can begin with. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { diskFile } from "../support/disk-file.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

const BESIDE = [
  "CHECKSUM",
  "CHECKSUMS",
  "SHA256SUMS",
  "two.vhd.md5sum",
  "two.vhd.sha512sum",
  "two.vhd.sha256.txt",
  "two.b2",
  "two.vhd.crc32",
  "two.vhd.asc",
  "build.log",
  "manifest.json",
  "two.vmdk",
];

test(
  "a disk that waits is baked, whatever that is no system disk is put beside it, and the recipe is not paused",
  { timeout: 90_000 },
  async ({ kiln, expect }) => {
    await kiln.upload(
      "recipes/app.yaml",
      recipeText({
        source: { upload: { dataDisks: ["data.qcow2"] } },
        provision: [],
        test: { skip: true },
        family: "app",
      }),
    );
    await kiln.cloud.settle({ forMs: minutes(3) });
    const put = async (file: string, bytes: Buffer | string) => {
      await kiln.upload(`disks/app/${file}`, bytes);
      await kiln.cloud.settle({ forMs: seconds(20) });
    };
    await put("data.qcow2", diskFile("qcow2"));
    await put("one.vhd", diskFile("vhd", 1));
    await put("two.vhd", diskFile("vhd", 2));
    for (const name of BESIDE) await put(name, `d41d8cd98f00b204e9800998ecf8427e  two.vhd ${name}`);
    // Disks by their names: a text, and one that the recipe names as a data disk.
    await put("notes.img", "a text");
    await put("data.qcow2", diskFile("qcow2", 2));
    await kiln.cloud.settle({ forMs: hours(2) });
    const bakes = kiln.records("bake").map(({ by, state }) => `${by} ${state}`);
    expect(bakes.filter((one) => /one\.|two\./.test(one))).toEqual([
      "upload:disks/app/one.vhd done",
      "upload:disks/app/two.vhd done",
    ]);
    expect(bakes.filter((one) => one.endsWith("failed"))).toEqual(["upload:disks/app/notes.img failed"]);
    expect(ownImages(kiln)).toHaveLength(2);
    const reports = kiln.records("check").map(({ reason }) => String(reason).split(":")[0] ?? "");
    expect(reports.toSorted()).toEqual(BESIDE.map((name) => `disks/app/${name}`).toSorted());
    await put("three.vhd", diskFile("vhd", 3));
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(ownImages(kiln)).toHaveLength(3);
  },
);
