/** Objects beside the disk files of a recipe, which are no disks that an image can begin with. */
import { createHash } from "node:crypto";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { startChannel } from "../support/channel.ts";
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

const RECIPE = recipeText({
  source: { upload: { dataDisks: ["data.qcow2"] } },
  provision: [],
  test: { skip: true },
  family: "app",
  pauseAfter: 2,
  notify: "ops",
});

/** The content of a checksum file, of the kind that its name says; other objects have that of an MD5. */
function checksumFor(name: string, disk: Buffer): string {
  const kind =
    /sha(?:256|512)/i.exec(name)?.[0].toLowerCase() ?? (name.startsWith("CHECKSUM") ? "sha256" : "md5");
  return `${createHash(kind).update(disk).digest("hex")}  two.vhd\n`;
}

/** An installer that boots from a stick as well. */
function hybridCd(): Buffer {
  const file = Buffer.alloc(64 * 1024);
  file.writeUInt16BE(0x55aa, 510);
  file.write("\u0001CD001", 0x8000, "latin1");
  return file;
}

/** Objects that are disks by their names alone. */
const NO_DISKS: readonly (readonly [name: string, bytes: Buffer | string])[] = [
  ["notes.img", "a text"],
  ["empty.raw", ""],
  ["three.raw", "abc"],
  ["zeros.RAW", Buffer.alloc(4096)],
  ["installer.img", hybridCd()],
  ["packed.img", Buffer.from("1f8b0800000000000003", "hex")],
];

test(
  "a disk that waits is baked, whatever that is no system disk is put beside it, and the recipe is not paused",
  { timeout: 90_000 },
  async ({ deploy, expect }) => {
    const channel = await startChannel();
    const ops = { kind: "json", url: `${channel.url}/ops` };
    const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify({ ops }) } });
    await kiln.upload("recipes/app.yaml", RECIPE);
    await kiln.cloud.settle({ forMs: minutes(3) });
    const put = async (file: string, bytes: Buffer | string) => {
      await kiln.upload(`disks/app/${file}`, bytes);
      await kiln.cloud.settle({ forMs: seconds(20) });
    };
    await put("data.qcow2", diskFile("qcow2"));
    await put("one.vhd", diskFile("vhd", 1));
    await put("two.vhd", diskFile("vhd", 2));
    for (const name of BESIDE) await put(name, checksumFor(name, diskFile("vhd", 2)));
    // Disks by their names, and one that the recipe names as a data disk.
    for (const [name, bytes] of NO_DISKS) await put(name, bytes);
    await put("data.qcow2", diskFile("qcow2", 2));
    await kiln.cloud.settle({ forMs: hours(2) });
    const bakes = kiln.records("bake").map(({ by, state }) => `${by} ${state}`);
    expect(bakes.filter((one) => /(?:one|two)\.vhd \w+$/.test(one))).toEqual([
      "upload:disks/app/one.vhd done",
      "upload:disks/app/two.vhd done",
    ]);
    expect(bakes.filter((one) => one.endsWith("failed"))).toEqual([]);
    const reasons = channel.posted.map(({ body }) => String(body["reason"]));
    for (const [name] of NO_DISKS)
      expect(reasons.filter((one) => one.startsWith(`disks/app/${name} `))).toHaveLength(1);
    expect(ownImages(kiln)).toHaveLength(2);
    const reports = kiln.records("check").map(({ reason }) => String(reason).split(":")[0] ?? "");
    expect(reports).toEqual(["disks/app/two.vmdk"]);
    await put("three.vhd", diskFile("vhd", 3));
    await kiln.cloud.settle({ forMs: hours(2) });
    expect(ownImages(kiln)).toHaveLength(3);
    await channel.close();
  },
);
