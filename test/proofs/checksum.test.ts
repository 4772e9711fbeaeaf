/** Checksums beside uploaded disks. */
import { createHash } from "node:crypto";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { runKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { diskFile } from "../support/disk-file.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

const MB = 1024 * 1024;
const UPLOAD = recipeText({ source: { upload: {} }, provision: [], test: { skip: true }, family: "app" });
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");

test("a disk is imported when its MD5 is as the file beside it says, and refused before anything happens when it is not", async ({
  kiln,
  expect,
}) => {
  const source = { upload: {} };
  await kiln.upload(
    "recipes/app.yaml",
    recipeText({ source, provision: [], test: { skip: true }, family: "app" }),
  );
  const put = async (name: string, checksum: string, disk: Buffer) => {
    await kiln.upload(`disks/app/${name}.md5`, checksum);
    await kiln.upload(`disks/app/${name}`, disk);
    await kiln.cloud.settle({ forMs: hours(1) });
    const { state, reason = "" } = kiln.records("bake").at(-1) ?? {};
    return [state, reason];
  };
  const [one, two] = [diskFile("vhd", 1), diskFile("vhd", 2)];
  expect(await put("one.vhd", `${md5(one).toUpperCase()}  one.vhd\n`, one)).toEqual(["done", ""]);
  const [state, reason] = await put("two.vhd", `${md5(one)}  two.vhd`, two);
  expect(state).toBe("failed");
  expect(reason).toContain(
    `disks/app/two.vhd has the MD5 ${md5(two)}, and disks/app/two.vhd.md5 says ${md5(one)}`,
  );
  expect((await put("three.vhd", "see the release page", two))[1]).toContain("has no MD5 of three.vhd");
  expect(ownImages(kiln)).toHaveLength(1);
  expect(kiln.records("check")).toEqual([]);
});

/** A disk of several parts, of which no two are the same. */
function longDisk(mark: number): Buffer {
  const disk = Buffer.alloc(20 * MB + 4096);
  for (let at = 0; at < disk.length; at += 4096) disk.writeUInt32BE(at + mark, at);
  diskFile("qcow2", mark).copy(disk, 0, 0, 512);
  return disk;
}

/** A deployment that takes disks, and what becomes of one: how its bake ends, and the notes of its hashing. */
async function withUploads(kiln: Deployment) {
  await kiln.upload("recipes/app.yaml", UPLOAD);
  await kiln.cloud.settle({ forMs: minutes(2) });
  return async (name: string, checksum: string, disk: Buffer) => {
    await kiln.upload(`disks/app/${name}.sha256`, checksum);
    // A checksum beside its disk begins the same bake as the disk; whichever comes second finds nothing changed.
    await kiln.cloud.settle({ forMs: minutes(1) });
    await kiln.upload(`disks/app/${name}`, disk);
    await kiln.cloud.settle({ forMs: minutes(20) });
    const { run = "", state, reason = "" } = kiln.records("bake-app").at(-1) ?? {};
    const log = kiln.cloud.oss.get(BUCKET, runKey(run)).body.toString();
    const notes = [...log.matchAll(/"note":"([^"]*(?:SHA-256|hashed)[^"]*)"/g)].map(([, note]) => note);
    return { state, reason, notes };
  };
}

/** Parts of disks that are asked for: the formats of all disks are read by another kind of call, at their ends. */
const partsOf = (disk: string) => {
  let asked = 0;
  return (hit: (n: number) => boolean) =>
    ({ key, range = "" }: Readonly<Record<string, string>>): boolean =>
      key === `disks/app/${disk}` && /^bytes=\d+-\d+$/.test(range) && hit(asked++);
};

/** Where each part of a disk begins that was asked for, in MB, in order. */
const asked = ({ cloud }: Deployment, disk: string): number[] =>
  cloud.callLog
    .entries()
    .filter(({ action, params }) => action === "GetObject" && params["key"] === `disks/app/${disk}`)
    .flatMap(({ params }) => /^bytes=(\d+)-\d+$/.exec(params["range"] ?? "")?.slice(1) ?? [])
    .map((from) => Number(from) / MB);

test("a disk of any size is imported when its SHA-256 is as the file beside it says, and refused when it is not", async ({
  kiln,
  expect,
}) => {
  const put = await withUploads(kiln);
  const [one, two] = [longDisk(1), longDisk(2)];
  expect(await put("one.qcow2", `${sha256(one).toUpperCase()} *one.qcow2\r\n`, one)).toEqual({
    state: "done",
    reason: "",
    notes: ["disks/app/one.qcow2 has the SHA-256 that disks/app/one.qcow2.sha256 says"],
  });
  const other = await put("two.qcow2", `SHA256 (two.qcow2) = ${sha256(one)}`, two);
  expect(other).toMatchObject({ state: "failed" });
  expect(other.reason).toContain(
    `disks/app/two.qcow2 has the SHA-256 ${sha256(two)}, and disks/app/two.qcow2.sha256 says ${sha256(one)}`,
  );
  expect((await put("three.qcow2", "see the release page", two)).reason).toContain(
    "disks/app/three.qcow2.sha256 has no SHA-256 of three.qcow2; write one line, <64 hexadecimal digits>  three.qcow2",
  );
  expect(ownImages(kiln)).toHaveLength(1);
  expect(kiln.records("check")).toEqual([]);
});

test("a part whose answer is lost, and a crash, cost no byte before it: the hash goes on where it was", async ({
  kiln,
  expect,
}) => {
  const put = await withUploads(kiln);
  const disk = longDisk(1);
  const { faults } = kiln.cloud;
  const aim = { product: "oss", action: "GetObject" } as const;
  const when = partsOf("one.qcow2");
  // Part 0, then 1, which is lost; the next invocation begins with 1.
  faults.add({ ...aim, kind: "after", when: when((n) => n === 1) });
  const one = await put("one.qcow2", sha256(disk), disk);
  expect(one).toEqual({
    state: "done",
    reason: "",
    notes: [
      "disks/app/one.qcow2: 19 % of its bytes are hashed",
      "disks/app/one.qcow2 has the SHA-256 that disks/app/one.qcow2.sha256 says",
    ],
  });
  expect(asked(kiln, "one.qcow2")).toEqual([0, 4, 4, 8, 12, 16, 20]);
  faults.clear();
  // The crash after part 1 loses part 0 too, because both are read by one invocation.
  faults.add({ ...aim, kind: "crash", when: partsOf("two.qcow2")((n) => n === 1) });
  const other = longDisk(2);
  expect(await put("two.qcow2", sha256(other), other)).toMatchObject({ state: "done" });
  expect(asked(kiln, "two.qcow2")).toEqual([0, 4, 0, 4, 8, 12, 16, 20]);
});

test("a disk that is replaced while it is compared fails its bake, and the new one has a bake of its own", async ({
  kiln,
  expect,
}) => {
  const put = await withUploads(kiln);
  const [disk, other] = [longDisk(1), longDisk(2)];
  const before = () => void kiln.cloud.oss.put(BUCKET, "disks/app/one.qcow2", other);
  const when = partsOf("one.qcow2")((n) => n === 1);
  const end = kiln.cloud.faults.interleave({ product: "oss", action: "GetObject", when, before });
  await put("one.qcow2", sha256(disk), disk);
  end();
  const reasons = kiln.records("bake-app").map(({ reason }) => reason);
  expect(reasons).toContain("disks/app/one.qcow2 was replaced while it was compared; upload it again");
  expect(ownImages(kiln)).toEqual([]);
});

/** Uploaded as tools upload large files. */
const inParts = (kiln: Deployment, key: string, body: Buffer) => {
  kiln.cloud.oss.put(BUCKET, key, body, {
    type: "Multipart",
    etag: `${md5(body).toUpperCase()}-2`,
    by: "CompleteMultipartUpload",
  });
};
const sha512 = (bytes: Buffer) => createHash("sha512").update(bytes).digest("hex");
const WRONG = "0".repeat(64);
/** The bakes of disks, and not the look at the recipe when it is put. */
const bakesOf = (kiln: Deployment) =>
  kiln.records("bake-app").filter(({ by }) => by.startsWith("upload:disks/"));

/** A disk, and the files of checksums that lie beside it in lists. */
const LISTS = [
  ["SHA256SUMS", (_disk: Buffer) => `${WRONG}  other.img\n${WRONG} *app.qcow2\n`, "SHA-256"],
  ["MD5SUMS", () => `${WRONG.slice(32)}  app.qcow2\n`, "MD5"],
  ["SHA512SUMS", () => `${WRONG}${WRONG}  app.qcow2\n`, "SHA-512"],
  ["sha256sum.txt", () => `${WRONG}  ./app.qcow2`, "SHA-256"],
  ["Fedora-Cloud-42-CHECKSUM", () => `# app.qcow2: 1 bytes\nSHA256 (app.qcow2) = ${WRONG}\n`, "SHA-256"],
  // One that is right does not outweigh one that is wrong.
  [
    "CHECKSUM",
    (disk: Buffer) => `SHA512 (app.qcow2) = ${sha512(disk)}\nSHA1 (app.qcow2) = ${WRONG.slice(24)}`,
    "SHA-1",
  ],
] as const;

test.for(LISTS)(
  "a disk that is not the one that %s is of is refused",
  async ([name, text, kind], { kiln, expect }) => {
    const disk = diskFile("qcow2", 1);
    await kiln.upload("recipes/app.yaml", UPLOAD);
    await kiln.upload(`disks/app/${name}`, text(disk));
    await kiln.upload("disks/app/app.qcow2", disk);
    await kiln.cloud.settle({ forMs: hours(1) });
    const bake = bakesOf(kiln).at(-1);
    expect([bake?.state, bake?.reason]).toEqual([
      "failed",
      expect.stringMatching(`disks/app/app.qcow2 has the ${kind} [0-9a-f]+, and disks/app/${name} says 0+;`),
    ]);
    expect(ownImages(kiln)).toEqual([]);
  },
);

test("lists of a release that name the disk with the right checksums let it pass, and each is compared", async ({
  kiln,
  expect,
}) => {
  const disk = diskFile("qcow2", 1);
  await kiln.upload("recipes/app.yaml", UPLOAD);
  const md5s = `${md5(disk)}  app.qcow2\n`;
  for (const [name, text] of [
    ["MD5SUMS", md5s],
    ["SHA256SUMS", `${WRONG}  other.qcow2\n${sha256(disk)}  app.qcow2\n`],
    ["SHA512SUMS", `${sha512(disk)}  app.qcow2\n`],
    ["SHA256SUMS.gpg", "signature"],
  ] as const)
    await kiln.upload(`disks/app/${name}`, text);
  await kiln.upload("disks/app/app.qcow2", disk);
  await kiln.cloud.settle({ forMs: hours(1) });
  const { run = "", state } = bakesOf(kiln).at(-1) ?? {};
  const log = kiln.cloud.oss.get(BUCKET, runKey(run)).body.toString();
  expect(state).toBe("done");
  for (const [kind, list] of [
    ["SHA-256", "SHA256SUMS"],
    ["SHA-512", "SHA512SUMS"],
  ] as const)
    expect(log).toContain(`disks/app/app.qcow2 has the ${kind} that disks/app/${list} says`);
});

test("a checksum that is put after its disk is compared before anything uses the image; one that is right changes nothing", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/app.yaml", UPLOAD);
  await kiln.cloud.settle({ forMs: minutes(3) });
  const put = async (name: string, checksum: string, disk: Buffer) => {
    await kiln.upload(`disks/app/${name}`, disk);
    await kiln.cloud.settle({ forMs: seconds(30) });
    await kiln.upload(`disks/app/${name}.sha256`, checksum);
    await kiln.cloud.settle({ forMs: hours(1) });
    return ownImages(kiln).length;
  };
  const [one, two] = [diskFile("qcow2", 1), diskFile("qcow2", 2)];
  expect(await put("one.qcow2", sha256(two), one)).toBe(0);
  expect(bakesOf(kiln).map(({ state }) => state)).not.toContain("done");
  for (const { reason } of bakesOf(kiln))
    expect(reason).toContain(
      `disks/app/one.qcow2 has the SHA-256 ${sha256(one)}, and disks/app/one.qcow2.sha256 says`,
    );
  expect(kiln.records("promote")).toEqual([]);
  expect(await put("two.qcow2", sha256(two), two)).toBe(1);
  expect(kiln.records("promote").map(({ state }) => state)).toEqual(["done"]);
});

test("a corrected checksum starts the bake of its disk, once", async ({ kiln, expect }) => {
  const disk = diskFile("qcow2", 1);
  await kiln.upload("recipes/app.yaml", UPLOAD);
  await kiln.upload("disks/app/app.qcow2.sha256", WRONG);
  await kiln.upload("disks/app/app.qcow2", disk);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(bakesOf(kiln).at(-1)?.reason).toContain("upload the file again, or correct its checksum");
  for (const name of ["app.qcow2.sha256", "SHA256SUMS"]) {
    await kiln.upload(`disks/app/${name}`, `${sha256(disk)}  app.qcow2\n`);
    await kiln.cloud.settle({ forMs: hours(1) });
    expect(ownImages(kiln), name).toHaveLength(1);
  }
  expect(bakesOf(kiln).at(-1)?.result).toMatchObject({ skipped: true });
  expect(kiln.records("promote").map(({ state }) => state)).toEqual(["done"]);
});

test("the MD5 of a disk that was uploaded in parts is compared by reading it", async ({ kiln, expect }) => {
  const [one, two] = [diskFile("qcow2", 1), diskFile("qcow2", 2)];
  await kiln.upload("recipes/app.yaml", UPLOAD);
  const put = async (name: string, said: string, disk: Buffer) => {
    await kiln.upload(`disks/app/${name}.md5`, `${said}  ${name}\n`);
    inParts(kiln, `disks/app/${name}`, disk);
    await kiln.cloud.settle({ forMs: hours(1) });
    const { state, reason } = bakesOf(kiln).at(-1) ?? {};
    return [state, reason];
  };
  expect(await put("one.qcow2", md5(two), one)).toEqual([
    "failed",
    expect.stringContaining(
      `disks/app/one.qcow2 has the MD5 ${md5(one)}, and disks/app/one.qcow2.md5 says ${md5(two)}`,
    ),
  ]);
  expect(await put("two.qcow2", md5(two), two)).toEqual(["done", undefined]);
});
