import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { diskFile } from "../support/disk-file.ts";
import { quickRelease, recipeText, release } from "../support/recipes.ts";
import { HOME, imagesIn, leftovers, served } from "../support/world.ts";

const BUILDER = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  dataDisks: [{ sizeGb: 40 }],
};

const keysIn = (kiln: Deployment, region: string) =>
  imagesIn(kiln, region).flatMap(({ disks }) => disks.map(({ key }) => key));

test("an encrypted family is encrypted on every disk in every region, each with the key of its region", async ({
  kiln,
  expect,
}) => {
  const { promotion } = await release(kiln, 1, {
    source: { builder: BUILDER },
    encrypt: { [HOME]: "key-1" },
    promote: {
      accounts: ["1000000000000010"],
      regions: [{ region: "cn-shanghai", kmsKeyId: "key-2" }],
    },
  });
  expect(promotion?.state).toBe("done");
  expect([keysIn(kiln, HOME), keysIn(kiln, "cn-shanghai")]).toEqual([
    ["key-1", "key-1"],
    ["key-2", "key-2"],
  ]);
});

test("the copies of an upload, whose home stays plain, are encrypted with a key or with the service key of their region", async ({
  kiln,
  expect,
}) => {
  await kiln.upload(
    "recipes/app.yaml",
    recipeText({
      source: { upload: {} },
      provision: [],
      test: { skip: true },
      promote: {
        regions: [
          { region: "cn-shanghai", encrypted: true },
          { region: "cn-beijing", kmsKeyId: "key-2" },
        ],
      },
    }),
  );
  await kiln.upload("disks/app/app.vhd", diskFile("vhd"));
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(kiln.records("promote").map(({ state }) => state)).toEqual(["done"]);
  // The service key has no id.
  expect([keysIn(kiln, HOME), keysIn(kiln, "cn-shanghai"), keysIn(kiln, "cn-beijing")]).toEqual([
    [undefined],
    [""],
    ["key-2"],
  ]);
});

test("an image that is not encrypted as its recipe asks joins its family in no region", async ({
  kiln,
  expect,
}) => {
  const made = await quickRelease(kiln, 1, { encrypt: true });
  expect(made.promotion?.reason).toMatch(`${made.imageId} in ${HOME} is not encrypted on all its disks`);
  // A cloud that takes the parameter and does not act on it.
  kiln.cloud.faults.interleave({
    product: "ecs",
    action: "DescribeImages",
    before: () => {
      for (const image of imagesIn(kiln, "cn-shanghai"))
        Object.assign(image, { disks: image.disks.map((disk) => ({ ...disk, key: undefined })) });
    },
  });
  const regions = [{ region: "cn-shanghai", kmsKeyId: "key-2" }];
  const copied = await quickRelease(kiln, 2, { promote: { regions } });
  expect(copied.promotion?.reason).toMatch(/m-\w+ in cn-shanghai is not encrypted on all its disks/);
  expect([served(kiln), served(kiln, "cn-shanghai")]).toEqual([undefined, undefined]);
  expect(imagesIn(kiln, "cn-shanghai")).toEqual([]);
  expect(leftovers(kiln)).toEqual([]);
});
