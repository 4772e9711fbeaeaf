/** A client of the layer on a local cloud, and the parameters most of its tests launch with. */
import { connect, type Access, type CloudClient } from "../../../shared/cloud/client.ts";
import { real } from "../../../shared/ports.ts";
import { test } from "vitest";
import { startCloud, type Cloud } from "../../cloud/index.ts";

/** Parameters of a launch that works in the seeded world. */
export const LAUNCH = {
  InstanceType: "ecs.g7.large",
  VSwitchId: "vsw-hangzhou-h",
  SecurityGroupId: "sg-default0001",
  ImageFamily: "acs:ubuntu_22_04_x64",
  SystemDisk: { Category: "cloud_essd", Size: 40 },
} as const;

/** Connects with the account's own key unless a test says otherwise; `log` collects the lines written. */
export function connected(
  cloud: Cloud,
  changes: Partial<Access> = {},
  log: Readonly<Record<string, unknown>>[] = [],
): CloudClient {
  const { region, accountId, urls, accessKey } = cloud;
  const credentials = { accessKeyId: accessKey.id, accessKeySecret: accessKey.secret };
  const endpoints = { ecs: urls.ecs, cms: urls.cms, fc: urls.fc, oss: urls.oss };
  const access: Access = {
    region,
    accountId,
    credentials,
    endpoints,
    bucket: "kiln",
    stage: "",
    fcSignature: "acs3",
  };
  return connect(
    { ...access, ...changes },
    { clock: { ...real.clock, now: () => cloud.time.now() }, log: (line) => log.push(line) },
  );
}

/** A test with a cloud of its own that has the bucket `kiln`. */
export const onCloud = test.extend<{ cloud: Cloud }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of needed fixtures from the pattern
  cloud: async ({}, use) => {
    const cloud = await startCloud();
    cloud.oss.createBucket("kiln");
    await use(cloud);
    await cloud.close();
  },
});
