/** What an account has before anybody called anything: regions, a network, types, public images. */
import { typeOf } from "./instance-types.ts";
import { publishImage } from "./public-images.ts";
import type { World } from "./world.ts";

const REGIONS: Readonly<Record<string, string>> = {
  "cn-hangzhou": "华东1（杭州）",
  "cn-shanghai": "华东2（上海）",
  "cn-beijing": "华北2（北京）",
  "cn-shenzhen": "华南1（深圳）",
  "cn-hongkong": "中国香港",
  "ap-southeast-1": "新加坡",
};
const FOUNDED_AT = Date.UTC(2024, 0, 1);
const ZONES = ["h", "i", "j", "k"];

/** CNY per hour, pay-as-you-go, rounded: what matters is that they differ. */
const TYPES: readonly (readonly [id: string, cpu: number, memoryGb: number, hourlyPrice: number])[] = [
  ["ecs.g7.large", 2, 8, 0.62],
  ["ecs.g7.xlarge", 4, 16, 1.24],
  ["ecs.g7.2xlarge", 8, 32, 2.48],
  ["ecs.c7.large", 2, 4, 0.49],
  ["ecs.c7.xlarge", 4, 8, 0.98],
  ["ecs.r7.large", 2, 16, 0.83],
  ["ecs.g6.large", 2, 8, 0.5],
  ["ecs.g6.xlarge", 4, 16, 1],
  ["ecs.c6.large", 2, 4, 0.39],
  ["ecs.g5.large", 2, 8, 0.45],
  ["ecs.g8i.large", 2, 8, 0.65],
  ["ecs.t5-lc1m2.small", 1, 2, 0.12],
  ["ecs.t6-c1m1.large", 2, 2, 0.11],
  ["ecs.t6-c1m2.large", 2, 4, 0.19],
  ["ecs.e-c1m1.large", 2, 2, 0.14],
  ["ecs.e-c1m2.large", 2, 4, 0.21],
  ["ecs.i3.xlarge", 4, 32, 2.1],
  ["ecs.g8y.large", 2, 8, 0.45],
  ["ecs.c8y.large", 2, 4, 0.35],
];

/** The public images of the seed: family, id, days before the start of the world, architecture. */
const PUBLIC: readonly (readonly [
  family: string,
  imageId: string,
  ageDays: number,
  architecture: "x86_64" | "arm64",
])[] = [
  ["acs:alibaba_cloud_linux_3_2104_lts_x64", "aliyun_3_x64_20G_alibase_20260728.vhd", 90, "x86_64"],
  ["acs:alibaba_cloud_linux_3_2104_lts_x64", "aliyun_3_x64_20G_alibase_20260927.vhd", 30, "x86_64"],
  ["acs:alibaba_cloud_linux_3_2104_lts_arm64", "aliyun_3_arm64_20G_alibase_20260927.vhd", 30, "arm64"],
  ["acs:ubuntu_22_04_x64", "ubuntu_22_04_x64_20G_alibase_20260901.vhd", 45, "x86_64"],
  ["acs:ubuntu_24_04_x64", "ubuntu_24_04_x64_20G_alibase_20260901.vhd", 45, "x86_64"],
];

/** Fills a new world. Ids of the network are fixed: `vsw-hangzhou-h`, `vpc-hangzhou`, `sg-default0001`. */
export function seedWorld(world: World): void {
  const home = world.kernel.region;
  const names = { ...REGIONS, ...(home in REGIONS ? {} : { [home]: home }) };
  for (const [regionId, localName] of Object.entries(names)) {
    world.regions.set(regionId, { regionId, localName, zones: ZONES.map((zone) => `${regionId}-${zone}`) });
    seedNetwork(world, regionId, regionId === home);
  }
  for (const [id, cpu, memoryGb, hourlyPrice] of TYPES)
    world.types.set(id, typeOf(id, { cpu, memoryGb, hourlyPrice }));
  for (const [family, imageId, ageDays, architecture] of PUBLIC) {
    const createdAt = world.now() - ageDays * 86_400_000;
    publishImage(world, family, { imageId, architecture, createdAt });
  }
  world.keyPairs.set("default", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDefaultKeyOfTheAccount default");
}

function seedNetwork(world: World, regionId: string, isHome: boolean): void {
  const short = regionId.slice(regionId.indexOf("-") + 1);
  const vpcId = `vpc-${short}`;
  const founded = { description: "", createdAt: FOUNDED_AT };
  const cidr = "172.16.0.0/12";
  const routerId = `vrt-${short}`;
  world.vpcs.set(vpcId, { vpcId, regionId, name: short, cidr, routerId, status: "Available", ...founded });
  ["h", "i"].forEach((zone, index) => {
    const vSwitchId = `vsw-${short}-${zone}`;
    world.vSwitches.set(vSwitchId, {
      vSwitchId,
      vpcId,
      regionId,
      zoneId: `${regionId}-${zone}`,
      name: `${short}-${zone}`,
      cidr: `172.16.${index * 64}.0/18`,
      taken: new Set(),
      status: "Available",
    });
  });
  const securityGroupId = isHome ? "sg-default0001" : `sg-default-${short}`;
  world.securityGroups.set(securityGroupId, {
    securityGroupId,
    regionId,
    vpcId,
    name: "default",
    ...founded,
    rules: [],
  });
}
