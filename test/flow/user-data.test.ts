import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { test } from "../support/deploy.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { machines } from "../support/world.ts";

const SCRIPT = `#!/bin/sh\n# ${randomBytes(22_000).toString("base64")}\n`;
const ZIPPED = gzipSync(SCRIPT);

test("user data in gzip reaches the machine byte by byte, from an object and from the document", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("scripts/boot.gz", ZIPPED);
  const short = gzipSync("#!/bin/sh\necho short\n");
  const cases = [
    [{ object: "scripts/boot.gz" }, ZIPPED],
    [{ base64: short.toString("base64").replaceAll(/.{20}/g, "$&\n") }, short],
    [{ text: "#!/bin/sh\n" }, Buffer.from("#!/bin/sh\n")],
  ] as const;
  for (const [n, [UserData, bytes]] of cases.entries()) {
    await kiln.upload("fleets/web.yaml", fleetText({ launch: { UserData } }));
    expect((await scaleOut(kiln, { count: 1, key: String(n) })).reason).toBeUndefined();
    expect(machines(kiln)[n]?.userData).toBe(bytes.toString("base64"));
  }
});

test("an object with Base64 in it, or with nothing, is refused", async ({ deploy, expect }) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { UserData: { object: "scripts/boot" } } }));
  for (const [key, content, why] of [
    ["text", Buffer.from(SCRIPT.slice(0, 900)).toString("base64"), "is Base64 already"],
    ["gzip", ZIPPED.subarray(0, 900).toString("base64"), "is Base64 already"],
    ["empty", "", "must not be empty"],
  ] as const) {
    await kiln.upload("scripts/boot", content);
    expect((await scaleOut(kiln, { count: 1, key })).reason).toContain(why);
  }
  expect(machines(kiln)).toEqual([]);
});
