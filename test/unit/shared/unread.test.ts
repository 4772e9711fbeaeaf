import { test, type ExpectStatic } from "vitest";
import { reasonInChinese } from "../../../shared/chinese/reasons.ts";
import { recipeOfDisk } from "../../../shared/keys.ts";
import { besideDisk, isChecksumFile, unreadReason } from "../../../shared/unread.ts";

test("objects that a function reads, or that a document may name, are no mistake", ({ expect }) => {
  for (const key of [
    "recipes/web.yaml",
    "recipes/web.json",
    "fleets/night-shift.yml",
    "disks/appliance/appliance.qcow2",
    "disks/appliance/disk of ours.RAW",
    "scripts/setup.yaml",
    "config/nginx.json",
    "packages/app-1.2.tar.gz",
    "version.txt",
    "files/fleets.json",
    "files/recipes/web.yaml",
    "images/logo.png",
    "recipes/",
    "recipes/README.md",
    "fleets/.gitkeep",
    "runs/2026-01-05/bake-web-20260105-0123456789ab.jsonl",
    "index/recipes/web.json",
    "open/bake-web-20260105-0123456789ab",
    "locks/idle-web.jsonl",
    "reservations/web.jsonl",
    "stock/ecs.g7.large",
  ])
    expect(unreadReason(key), key).toBeUndefined();
});

/** The key, the place and the endings of files are all that stays. */
function inChinese(reason: string, expect: ExpectStatic): void {
  const said = reasonInChinese(reason);
  expect(said, reason).toMatch(/\p{Script=Han}/u);
  expect(said.slice(said.indexOf("：")), reason).not.toMatch(/(?<![\w./"-])[a-z]{2,} [a-z]{2,}/);
}

test("every other object has a reason that names it, and the place where it belongs", ({ expect }) => {
  const rows: readonly (readonly [key: string, place: RegExp])[] = [
    ["recipe/web.yaml", /move it to recipes\/$/],
    ["Recipes/web.yaml", /move it to recipes\/$/],
    ["fleet/web.yml", /move it to fleets\/$/],
    ["disk/web/web.qcow2", /move it to disks\/<recipe>\/$/],
    ["images/my.vhd", /move it to disks\/<recipe>\/$/],
    ["backup/2026/app.qcow2", /move it to disks\/<recipe>\/$/],
    ["kiln/fleets/web.yaml", /move it to fleets\/$/],
    ["web.yaml", /move it to recipes\/ or fleets\/$/],
    ["appliance.vhd", /move it to disks\/<recipe>\/$/],
    ["recipes/web.YAML", /copy it to recipes\/web\.yaml/],
    ["recipes/web.Yml", /copy it to recipes\/web\.yaml/],
    ["recipes/web.txt", /copy it to recipes\/web\.yaml/],
    ["recipes/web", /copy it to recipes\/web\.yaml/],
    ["recipes/web.yaml.bak", /copy it to recipes\/web\.yaml/],
    ["recipes/team/web.yaml", /directly under recipes\/.*copy it to recipes\/web\.yaml/],
    ["recipes/Web Server.yaml", /rename the file to web-server\.yaml/],
    ["recipes/99.yaml", /with a letter first .*; rename the file$/],
    ["component/nginx/1.2.0.yaml", /move it to components\/$/],
    ["Script/setup.sh", /move it to scripts\/$/],
    ["input/app.tar.gz", /move it to inputs\/$/],
    ["file/nginx.conf", /move it to files\/$/],
    ["components/nginx.yaml", /a component lies at components/],
    ["fleets/9.toml", /copy it to fleets\/name\.yaml/],
    ["disks/appliance.qcow2", /directly in disks\/<recipe>\//],
    ["disks/appliance/2026/appliance.qcow2", /directly in disks\/<recipe>\//],
    ["disks/Appliance/appliance.qcow2", /directly in disks\/<recipe>\//],
  ];
  for (const [key, place] of rows) {
    const reason = unreadReason(key) ?? "";
    expect(reason.startsWith(`${key}: `), `${key}: ${reason}`).toBe(true);
    expect(reason, key).toMatch(place);
    inChinese(reason, expect);
  }
});

/** Objects that lie beside disks. */
const BESIDE = [
  "a.md5",
  "a.qcow2.sha1",
  "a.SHA512",
  "a.sig",
  "a.raw.asc",
  "SHA256SUMS",
  "md5sum.txt",
  "SHA1SUMS.gpg",
  "CHECKSUM",
  "CHECKSUMS",
  "Cloud-41-x86_64-CHECKSUM",
  "a.vhd.md5sum",
  "a.vhd.sha512sum",
  "a.sha256sum",
  "a.vhd.sha256.txt",
  "a.b2",
  "a.vhd.crc32",
  "b2sums",
  "a.img.blake2b",
  "a.raw.minisig",
  "build.log",
  "build.log.1",
  "manifest.json",
  "release notes.txt",
];
/** Objects that may be meant as disks. */
const OTHERS = ["app.vmdk", "app.qcow2.gz", "app.vhdx", "app", "app.iso", "app.vhd.part1"];

test("what lies beside a disk starts no bake, and is a mistake only where it may be meant as a disk", ({
  expect,
}) => {
  for (const name of BESIDE) {
    const key = `disks/web/${name}`;
    expect(recipeOfDisk(key), name).toBeUndefined();
    expect(unreadReason(key), name).toBeUndefined();
    expect(besideDisk(key), name).toMatch(
      isChecksumFile(key) ? /a bake of the disk beside it compares it$/ : /starts no bake$/,
    );
    expect(unreadReason(`disks/${name}`), name).toBeUndefined();
  }
  for (const name of OTHERS) {
    const key = `disks/web/${name}`;
    expect(recipeOfDisk(key), name).toBeUndefined();
    expect(besideDisk(key), name).toBeUndefined();
    inChinese(unreadReason(key) ?? "", expect);
    expect(unreadReason(key), name).toMatch(/starts no bake; .* \.raw, \.img, \.vhd or/);
  }
  for (const name of ["a.qcow2", "a.RAW", "sha.vhd", "md5.img", "a-CHECKSUM.Img", "sha256sums.qcow2"]) {
    expect(recipeOfDisk(`disks/web/${name}`), name).toBe("web");
    expect(unreadReason(`disks/web/${name}`), name).toBeUndefined();
  }
  for (const name of ["SHA1SUMS.gpg", "a.b2", "build.log", "a.raw.minisig", "b2sums"])
    expect(isChecksumFile(`disks/web/${name}`), name).toBe(false);
  for (const name of [
    "a.qcow2.md5",
    "a.RAW.sha256",
    "SHA256SUMS",
    "sha512sum.txt",
    "CHECKSUM",
    "Cloud-41-x86_64-CHECKSUM",
  ]) {
    expect(unreadReason(`disks/web/${name}`), name).toBeUndefined();
    expect(besideDisk(`disks/web/${name}`), name).toMatch(/a bake .* compares it/);
  }
  for (const key of ["app.vmdk", "app.VHDX", "images/app.qcow2.xz"])
    expect(unreadReason(key), key).toMatch(/move it to disks\/<recipe>\//);
});
