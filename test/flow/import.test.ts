import { hours, minutes } from "../../shared/duration.ts";
import { diskFile } from "../support/disk-file.ts";
import { test } from "../support/deploy.ts";
import { recipeText } from "../support/recipes.ts";
import { ownImages } from "../support/world.ts";

test("the upload of the system disk imports all disks that the recipe names, and a changed one makes another image", async ({
  kiln,
  expect,
}) => {
  const dataDisks = ["data.raw", { file: "logs.img", sizeGb: 100 }];
  await kiln.upload(
    "recipes/app.yaml",
    recipeText({ source: { upload: { dataDisks } }, provision: [], test: { skip: true }, family: "app" }),
  );
  const put = async (file: string, bytes: Buffer) => {
    await kiln.upload(`disks/app/${file}`, bytes);
    await kiln.cloud.settle({ forMs: hours(1) });
    return kiln.records("bake-app").at(-1);
  };
  await kiln.cloud.settle({ forMs: minutes(2) });
  const early = await put("system.qcow2", diskFile("qcow2"));
  expect(early?.reason).toBe(
    "source.upload.dataDisks: the bucket has no disks/app/data.raw; upload it, then disks/app/system.qcow2 again",
  );
  const data = await put("data.raw", Buffer.alloc(4096));
  expect(data?.result?.["note"]).toMatch(/^disks\/app\/data\.raw is a data disk/);
  await put("logs.img", diskFile("qcow2"));
  expect(ownImages(kiln)).toEqual([]);
  await put("system.qcow2", diskFile("qcow2"));
  const [image] = ownImages(kiln);
  expect(
    image?.disks.map(({ device, format, type, sizeGb }) => `${device} ${format} ${type} ${sizeGb}`),
  ).toEqual(["/dev/xvda QCOW2 system 20", "/dev/xvdb RAW data 5", "/dev/xvdc QCOW2 data 100"]);
  expect(image?.family).toBe("app");
  const same = await put("system.qcow2", diskFile("qcow2"));
  expect(same?.result?.["note"]).toMatch(/^nothing changed/);
  await put("data.raw", Buffer.alloc(8192));
  await put("system.qcow2", diskFile("qcow2"));
  expect(ownImages(kiln)).toHaveLength(2);
});
