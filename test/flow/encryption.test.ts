import { test } from "../support/deploy.ts";
import { quickRelease, release } from "../support/recipes.ts";
import { HOME, imagesIn, leftovers, served } from "../support/world.ts";

const BUILDER = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
  dataDisks: [{ sizeGb: 40 }],
};

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
  const keys = (region: string) => imagesIn(kiln, region).flatMap(({ disks }) => disks.map(({ key }) => key));
  expect([keys(HOME), keys("cn-shanghai")]).toEqual([
    ["key-1", "key-1"],
    ["key-2", "key-2"],
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
