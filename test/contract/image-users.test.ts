/** Changes of launch templates and scaling configurations, as the cloud refuses them. */
import { test } from "vitest";
import { openApi } from "./clients.ts";
import { inCloud, read } from "./ecs-caller.ts";

const VERSIONS = "LaunchTemplateVersionSets.LaunchTemplateVersionSet";

test("a version holds what its call says, one is the default, and that one is not deleted", async ({
  expect,
}) => {
  await inCloud(async ({ ask, refusal }) => {
    const named = { LaunchTemplateName: "base" };
    await ask("CreateLaunchTemplate", { ...named, ImageId: "m-1", InstanceType: "ecs.g7.large" });
    await ask("CreateLaunchTemplateVersion", { ...named, ImageId: "m-2", VersionDescription: "second" });
    await ask("ModifyLaunchTemplateDefaultVersion", { ...named, DefaultVersionNumber: 2 });
    const shown = read<object[]>(await ask("DescribeLaunchTemplateVersions", named), VERSIONS);
    expect(shown).toMatchObject([
      { VersionNumber: 1, DefaultVersion: false },
      { VersionNumber: 2, DefaultVersion: true, VersionDescription: "second" },
    ]);
    expect(shown[1]).not.toHaveProperty("LaunchTemplateData.InstanceType");
    const both = { ...named, "DeleteVersion.1": 2, "DeleteVersion.2": 1 };
    expect(await refusal("DeleteLaunchTemplateVersion", both)).toBe("400 InvalidParameter");
    await ask("DeleteLaunchTemplateVersion", { ...named, "DeleteVersion.1": 1 });
    const left = read(await ask("DescribeLaunchTemplateVersions", named), VERSIONS);
    expect(left).toMatchObject([{ VersionNumber: 2 }]);
    expect(await refusal("ModifyLaunchTemplateDefaultVersion", { ...named, DefaultVersionNumber: 1 })).toBe(
      "400 InvalidLaunchTemplateVersion.NotFound",
    );
    for (let n = 3; n <= 31; n++) await ask("CreateLaunchTemplateVersion", named);
    expect(await refusal("CreateLaunchTemplateVersion", named)).toBe("403 LaunchTemplateVersionLimitExceed");
  });
});

test("a scaling configuration takes an image of its region, and none beside a family", async ({ expect }) => {
  await inCloud(async ({ cloud, ask }) => {
    const named = { regionId: cloud.region, scalingGroupId: "asg-1", lifecycleState: "Active" } as const;
    cloud.scaling.configurations.push(
      { ...named, scalingConfigurationId: "asc-1", imageId: "m-old" },
      { ...named, scalingConfigurationId: "asc-2", imageFamily: "web" },
    );
    const images = await ask("DescribeImages", { PageSize: 1 });
    const imageId = read<string>(images, "Images.Image.0.ImageId");
    const change = async (ScalingConfigurationId: string, ImageId: string) => {
      const query = { ScalingConfigurationId, ImageId };
      const call = { action: "ModifyScalingConfiguration", version: "2014-08-28", query };
      return openApi(cloud.urls.ess, cloud.accessKey, call).then(
        () => cloud.scaling.configurations.map((one) => one.imageId),
        (refused: { readonly code?: string }) => refused.code,
      );
    };
    expect(await change("asc-1", imageId)).toEqual([imageId, undefined]);
    expect(await change("asc-1", "m-none")).toBe("InvalidImageId.NotFound");
    expect(await change("asc-none", imageId)).toBe("InvalidScalingConfigurationId.NotFound");
    expect(await change("asc-2", imageId)).toBe("InvalidParameter");
  });
});
