/** The simulated machine of an instance: its disk, its metadata service and its power button. */
import { blankDisk } from "../machine/disk.ts";
import type { Machine } from "../machine/machine.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

/** The running machine of an instance, as its programs see it. */
export function machineOf(world: World, instance: Instance): Machine {
  const system = instance.diskIds.map((id) => world.disks.get(id)).find((disk) => disk?.type === "system");
  const disk = system?.content ?? blankDisk();
  const guest = instance.guest;
  return {
    instanceId: instance.instanceId,
    architecture: instance.type.architecture,
    disk,
    active: guest?.active ?? new Set(),
    failed: guest?.failed ?? new Set(),
    hostName: () => (disk.files.get("/etc/hostname") ?? instance.hostName).trim(),
    cloudInit: () => instance.guest?.cloudInit ?? "running",
    download: (url, headers) => world.kernel.download(url, headers),
    metadata: (path) => metadataOf(world, instance, path),
    needsMetadataToken: instance.httpTokens === "required",
    token: () => world.kernel.id(""),
    now: () => world.now(),
    print: () => undefined,
    unsupported: (command) => world.noteUnsupported(instance, command),
    linger: (processes) => world.assistant.linger(instance, processes),
    powerOff: () => world.life.powerOff(instance),
    reboot: () => world.life.reboot(instance),
  };
}

/** The metadata service, as far as scripts usually ask it. */
function metadataOf(world: World, instance: Instance, path: string): string | undefined {
  const answers: Readonly<Record<string, string>> = {
    "meta-data/instance-id": instance.instanceId,
    "meta-data/region-id": instance.regionId,
    "meta-data/zone-id": instance.zoneId,
    "meta-data/image-id": instance.imageId,
    "meta-data/hostname": instance.hostName,
    "meta-data/private-ipv4": instance.privateIp,
    "meta-data/mac": instance.macAddress,
    "meta-data/owner-account-id": world.kernel.accountId,
    "meta-data/instance/instance-type": instance.type.id,
    "user-data": Buffer.from(instance.userData, "base64").toString("utf8"),
  };
  return answers[path.replace(/\/$/, "")];
}
