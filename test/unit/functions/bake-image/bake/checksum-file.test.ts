import { test } from "vitest";
import { sha256In } from "../../../../../functions/bake-image/bake/checksum-file.ts";

const HASH = "0123456789abcdef".repeat(4);
const OTHER = "f".repeat(64);
const NAME = "web 1.qcow2";

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
