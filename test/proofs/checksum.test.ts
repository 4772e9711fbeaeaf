/** Checksums beside uploaded disks. */
import { createHash } from "node:crypto";
import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { diskFile } from "../support/disk-file.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

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
  expect((await put("three.vhd", "see the release page", two))[1]).toContain("holds no MD5");
  expect(ownImages(kiln)).toHaveLength(1);
  expect(kiln.records("check")).toEqual([]);
});
