import { test } from "vitest";
import { checksumsIn } from "../../../../../functions/bake-image/bake/checksum-file.ts";

const HASH = "0123456789abcdef".repeat(4);
const OTHER = "f".repeat(64);
const NAME = "web 1.qcow2";

/** The SHA-256 in the file of a disk. */
function sha256In(text: string, name: string) {
  const said = checksumsIn(text, `${name}.sha256`, name);
  return said.ok ? { ok: true, value: said.value.find(({ kind }) => kind === "SHA-256")?.hash } : said;
}

test("the SHA-256 of a disk is found in the files that programs write", ({ expect }) => {
  const rows = [
    HASH,
    `${HASH}\n`,
    `\uFEFF${HASH.toUpperCase()}\r\n`,
    `${HASH}  ${NAME}\n`,
    `${HASH} *${NAME}\r\n`,
    `${HASH.toUpperCase()}  ./build/${NAME}`,
    `\\${HASH}  ${NAME}`,
    `SHA256 (${NAME}) = ${HASH}`,
    `SHA256(${NAME})= ${HASH}`,
    `SHA2-256(out/${NAME})= ${HASH}\n`,
    `${OTHER}  web.qcow2\n${HASH}  ${NAME}\r\n${OTHER}  web 1.qcow2.gz\n`,
    `# ${NAME}: 4096 bytes\nSHA256 (${NAME}) = ${HASH}\nSHA256 (b) = ${OTHER}`,
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${HASH} *${NAME}\n-----BEGIN PGP SIGNATURE-----\n\niQIz`,
    `${HASH}  ${NAME}\n${HASH} *./${NAME}`,
  ];
  for (const text of rows) expect(sha256In(text, NAME), text).toEqual({ ok: true, value: HASH });
});

test("a file without one SHA-256 of the disk is refused with what to write", ({ expect }) => {
  const rows = [
    ["", "no SHA-256"],
    ["see the release page", "no SHA-256"],
    [HASH.slice(1), "no SHA-256"],
    [`${HASH}0`, "no SHA-256"],
    [`${HASH.slice(1)}  ${NAME}`, "no SHA-256"],
    [`${HASH}${NAME}`, "no SHA-256"],
    [`${HASH}  web.qcow2`, "no SHA-256"],
    [`${HASH}  WEB 1.qcow2`, "no SHA-256"],
    [`SHA512 (${NAME}) = ${HASH}${HASH}`, "no SHA-256"],
    [`${HASH}\n${OTHER}`, "no SHA-256"],
    [`${HASH}\n${OTHER}  web.qcow2`, "no SHA-256"],
    [`${HASH}  ${NAME}\n${OTHER}  ${NAME}`, "different SHA-256 checksums"],
  ] as const;
  for (const [text, why] of rows)
    expect(sha256In(text, NAME), text).toEqual({
      ok: false,
      problem: `has ${why} of ${NAME}; write one line, <64 hexadecimal digits>  ${NAME}, as sha256sum prints it, or delete the file`,
    });
});

const MD5 = "0123456789abcdef".repeat(2);
const SHA512 = "0123456789abcdef".repeat(8);

test("lists of releases hold the checksums of a disk, as distributions write them", ({ expect }) => {
  const disk = "debian.qcow2";
  const rows = [
    ["SHA256SUMS", `${OTHER} *noble.img\n${HASH} *${disk}`, ["SHA-256"]],
    ["MD5SUMS", `${MD5} *${disk}\n`, ["MD5"]],
    ["SHA512SUMS", `${SHA512}  ${disk}\n${SHA512}  other.raw\n`, ["SHA-512"]],
    ["sha256sum.txt", `${HASH}  ${disk}`, ["SHA-256"]],
    [
      "CHECKSUM",
      `# ${disk}: 4096 bytes\nSHA256 (${disk}) = ${HASH}\nSHA512 (${disk}) = ${SHA512}`,
      ["SHA-256", "SHA-512"],
    ],
    ["Fedora-Cloud-42-1.1-x86_64-CHECKSUM", `Hash: SHA256\n\nSHA256 (${disk}) = ${HASH}`, ["SHA-256"]],
    [`${disk}.CHECKSUM`, `SHA256 (${disk}) = ${HASH}`, ["SHA-256"]],
    [
      `${disk}.DIGESTS`,
      `# SHA1 HASH\n${"a".repeat(40)}  ${disk}\n# SHA512 HASH\n${SHA512}  ${disk}`,
      ["SHA-1", "SHA-512"],
    ],
    ["debian.sha256", HASH, ["SHA-256"]],
    ["SHA256SUMS", `${OTHER}  other.qcow2`, []],
    // A hash that stands alone in a list is of no file.
    ["SHA256SUMS", HASH, []],
    ["other.sha256", HASH, []],
  ] as const;
  for (const [file, text, kinds] of rows) {
    const said = checksumsIn(text, file, disk);
    expect(said.ok && said.value.map(({ kind }) => kind), `${file}: ${text}`).toEqual(kinds);
  }
});

test("two checksums of a kind, and the file of one disk without any, are refused with what to write", ({
  expect,
}) => {
  const disk = "debian.qcow2";
  expect(checksumsIn(`${HASH}  ${disk}\n${OTHER}  ${disk}`, "SHA256SUMS", disk)).toMatchObject({
    problem: expect.stringContaining(`has different SHA-256 checksums of ${disk}`),
  });
  for (const [ending, missing] of [
    [
      ".md5",
      "no MD5 of debian.qcow2; write one line, <32 hexadecimal digits>  debian.qcow2, as md5sum prints it",
    ],
    [
      ".sha512",
      "no SHA-512 of debian.qcow2; write one line, <128 hexadecimal digits>  debian.qcow2, as sha512sum",
    ],
    [
      ".CHECKSUM",
      "no checksum of debian.qcow2; write one line, <hexadecimal digits>  debian.qcow2, as sha256sum",
    ],
  ] as const)
    expect(checksumsIn(`${HASH}  other`, `${disk}${ending}`, disk)).toMatchObject({
      problem: expect.stringContaining(missing),
    });
});
