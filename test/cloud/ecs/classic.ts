/**
 * The classic network: instances without VPC and vSwitch, whose addresses the cloud chooses. Accounts that had it keep it,
 * and new ones cannot get it. https://help.aliyun.com/document_detail/25435.html
 */
import { typeOf } from "./instance-types.ts";
import { publishImage } from "./public-images.ts";
import type { VSwitch } from "./records.ts";
import type { World } from "./world.ts";

const DISKS = ["cloud", "cloud_efficiency", "cloud_ssd"] as const;
/** A type of the first generation, and an image of its time. */
const TYPE = typeOf("ecs.s2.large", { cpu: 2, memoryGb: 4, hourlyPrice: 0.4 });
const IMAGE = "ubuntu1404_64_40G_cloudinit_20160727.raw";

/** Makes the account one of those that kept it, with a security group in each region. */
export function openClassicNetwork(world: World): void {
  world.account.classicNetwork = true;
  world.types.set(TYPE.id, { ...TYPE, diskCategories: DISKS });
  publishImage(world, "", { imageId: IMAGE, createdAt: Date.UTC(2016, 6, 27) });
  for (const regionId of world.regions.keys()) {
    const securityGroupId = `sg-classic-${regionId}`;
    const group = { securityGroupId, regionId, vpcId: "", name: "classic", description: "" };
    world.securityGroups.set(securityGroupId, { ...group, createdAt: world.now(), rules: [] });
  }
}

/** Where an instance without a vSwitch goes: the zone asked for, or the region's first. */
export function classicPlace(world: World, regionId: string, zoneId: string | undefined): VSwitch {
  const zone = zoneId ?? world.regions.get(regionId)?.zones[0] ?? "";
  const known = world.classicZones.get(zone);
  if (known !== undefined) return known;
  const place: VSwitch = {
    vSwitchId: "",
    vpcId: "",
    regionId,
    zoneId: zone,
    name: "",
    cidr: "10.160.0.0/12",
    taken: new Set(),
    status: "Available",
  };
  world.classicZones.set(zone, place);
  return place;
}
