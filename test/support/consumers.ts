/** Launch templates and scaling configurations that use images. */
import type { Deployment } from "./deployment.ts";
import { HOME } from "./world.ts";

/** A template that sets something of every form: plain, nested, a list, a list of maps. Answers its id. */
export async function richTemplate(kiln: Deployment, region = HOME): Promise<string> {
  const { LaunchTemplateId } = await kiln.ecs<{ LaunchTemplateId: string }>("CreateLaunchTemplate", {
    RegionId: region,
    LaunchTemplateName: "workers",
    ImageId: "m-old",
    InstanceType: "ecs.g7.large",
    UserData: "IyEvYmluL3NoCg==",
    InternetMaxBandwidthOut: 0,
    DeletionProtection: true,
    "SystemDisk.Category": "cloud_essd",
    "SystemDisk.Size": 60,
    "DataDisk.1.Size": 100,
    "DataDisk.1.DeleteWithInstance": false,
    "DataDisk.2.SnapshotId": "s-2",
    "SecurityGroupIds.1": "sg-1",
    "SecurityGroupIds.2": "sg-2",
    "NetworkInterface.1.InstanceType": "Secondary",
    "NetworkInterface.1.SecurityGroupIds.1": "sg-3",
    "ImageOptions.LoginAsNonRoot": true,
    "Tag.1.Key": "team",
    "Tag.1.Value": "web",
  });
  return LaunchTemplateId;
}

const templateOf = ({ cloud }: Deployment, id: string) => {
  const template = cloud.world.templates.get(id);
  if (template === undefined) throw new Error(`there is no ${id}`);
  return template;
};

/** The parameters of the version that launches use, flat. */
export function templateParams(kiln: Deployment, id: string): Readonly<Record<string, string>> {
  const { versions, defaultVersion } = templateOf(kiln, id);
  return versions.find(({ number }) => number === defaultVersion)?.params ?? {};
}

/** Numbers of all versions of a template. */
export const versionsOf = (kiln: Deployment, id: string): number[] =>
  templateOf(kiln, id).versions.map(({ number }) => number);

/** Adds a scaling configuration, as the console makes it. */
export function addConfiguration({ cloud }: Deployment, id: string, names: object, regionId = HOME): void {
  cloud.scaling.configurations.push({
    regionId,
    scalingConfigurationId: id,
    scalingGroupId: "asg-1",
    lifecycleState: "Active",
    ...names,
  });
}

/** The image that a scaling configuration names by its id. */
export const configurationImageOf = ({ cloud }: Deployment, id: string): string | undefined =>
  cloud.scaling.configurations.find((one) => one.scalingConfigurationId === id)?.imageId;
