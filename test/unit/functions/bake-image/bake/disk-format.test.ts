/** The format of an uploaded disk follows from its bytes. */
import { gzipSync } from "node:zlib";
import { test } from "vitest";
import { formatOf } from "../../../../../functions/bake-image/bake/disk-format.ts";
import { diskFile } from "../../../../support/disk-file.ts";

const SECTOR = 512;
const read = (file: Buffer) => formatOf(file.subarray(0, 40_000), file.subarray(-SECTOR));

test.for([
  ["qcow2", "QCOW2"],
  ["vhd", "VHD"],
  ["raw", "RAW"],
] as const)("a disk in %s is %s", ([ending, format], { expect }) => {
  expect(read(diskFile(ending))).toEqual({ ok: true, value: format });
});

test("a VHD that grows is known by the copy at its beginning, a GPT disk by its protective boot sector", ({
  expect,
}) => {
  const growing = Buffer.alloc(4096);
  growing.write("conectix", 0, "latin1");
  expect(read(growing)).toEqual({ ok: true, value: "VHD" });
  const gpt = diskFile("raw");
  gpt.write("EFI PART", SECTOR, "latin1");
  expect(read(gpt)).toEqual({ ok: true, value: "RAW" });
});

test("a data disk needs no boot sector, and other files are refused for it as well", ({ expect }) => {
  const data = (file: Buffer) => formatOf(file.subarray(0, SECTOR), file.subarray(-SECTOR), "data");
  expect(data(Buffer.alloc(4096))).toEqual({ ok: true, value: "RAW" });
  expect(data(diskFile("qcow2"))).toEqual({ ok: true, value: "QCOW2" });
  for (const other of [
    gzipSync(diskFile("raw")),
    Buffer.from("0123abcd  data.raw\n".repeat(50)),
    Buffer.alloc(0),
  ])
    expect(data(other).ok).toBe(false);
});

test("other files are named and refused", ({ expect }) => {
  const starting = (text: string): Buffer => Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(4096)]);
  const problems: readonly (readonly [Buffer, string])[] = [
    [Buffer.from("0123abcd  debian.qcow2\n"), "is a text"],
    [Buffer.from("-----BEGIN PGP SIGNATURE-----\n"), "is a text"],
    [Buffer.alloc(0), "is empty"],
    [gzipSync(diskFile("raw")), "gzip; unpack it"],
    [starting("\u00fd7zXZ\0"), "xz; unpack it"],
    [starting("BZh9"), "bzip2; unpack it"],
    [starting("PK\u0003\u0004"), "ZIP archive; unpack it"],
    [starting("KDMV"), "a VMDK"],
    [starting("vhdxfile"), "a VHDX"],
    [Buffer.alloc(4096), "has no boot sector"],
  ];
  for (const [file, problem] of problems)
    expect(read(file), problem).toEqual({ ok: false, problem: expect.stringContaining(problem) });
});

/** An image of a CD, with the boot sector of a disk when it is a hybrid. */
function cd({ isHybrid }: { readonly isHybrid: boolean }): Buffer {
  const file = Buffer.alloc(64 * 1024);
  file.write("\u0001CD001\u0001", 0x8000, "latin1");
  if (isHybrid) file.writeUInt16BE(0x55aa, SECTOR - 2);
  return file;
}

test("a CD is no system, whatever its name and boot sector say, and may be a data disk", ({ expect }) => {
  const problem = "is an ISO 9660 image, which installs a system and is none";
  for (const isHybrid of [true, false]) {
    expect(read(cd({ isHybrid }))).toEqual({ ok: false, problem });
    expect(formatOf(cd({ isHybrid }), Buffer.alloc(SECTOR), "data")).toEqual({ ok: true, value: "RAW" });
  }
});
