/** The first minutes of a machine: who it becomes, and what its user data does. */
import { blankDisk, IDENTITY } from "./guest-disk.ts";
import type { Machine } from "./guest-machine.ts";
import type { Instance } from "./records.ts";
import type { World } from "./world.ts";

const LOG = "/var/log/cloud-init-output.log";

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
    hostName: () => (disk.files.get("/etc/hostname") ?? instance.hostName).trim(),
    isCloudInitDone: () => instance.guest?.cloudInitDoneAt !== undefined,
    metadata: (path) => metadataOf(world, instance, path),
    needsMetadataToken: instance.httpTokens === "required",
    token: () => world.kernel.id(""),
    now: () => world.now(),
    print: () => undefined,
    powerOff: () => world.life.powerOff(instance),
    reboot: () => world.life.reboot(instance),
  };
}

/**
 * Sets a new instance up: identity where the image left none, its own name, the account's key.
 * Answers the script in the user data, if there is one.
 */
export function firstBoot(world: World, instance: Instance, machine: Machine): string | undefined {
  const { files, writtenAt } = machine.disk;
  const write = (path: string, text: string): void => {
    files.set(path, text);
    writtenAt.set(path, machine.now());
  };
  // Source: cloud-init, "data directory": it notes the instance before this one, or that there was none.
  write(
    IDENTITY.previousInstanceId,
    `${files.get(IDENTITY.instanceId)?.trim() ?? "NO_PREVIOUS_INSTANCE_ID"}\n`,
  );
  write(IDENTITY.instanceId, instance.instanceId);
  write("/etc/hostname", `${instance.hostName}\n`);
  // Systemd and sshd make what is missing and leave alone what is there: clones come from images that kept it.
  if ((files.get(IDENTITY.machineId) ?? "").trim() === "") write(IDENTITY.machineId, `${machine.token()}\n`);
  for (const path of IDENTITY.hostKeys) {
    if (!files.has(path)) write(path, `private key ${machine.token()}\n`);
    if (!files.has(`${path}.pub`)) write(`${path}.pub`, `public key ${machine.token()}\n`);
  }
  const key = instance.keyPairName === undefined ? undefined : world.keyPairs.get(instance.keyPairName);
  if (key !== undefined) {
    const before = files.get(IDENTITY.authorizedKeys) ?? "";
    if (!before.includes(key)) write(IDENTITY.authorizedKeys, `${before}${key}\n`);
  }
  if (instance.userData === "") return undefined;
  const script = Buffer.from(instance.userData, "base64").toString("utf8");
  machine.print = (text) => {
    files.set(LOG, (files.get(LOG) ?? "") + text);
  };
  if (script.startsWith("#!")) return script;
  machine.print(
    `guest: not simulated: user data that is no script (${script.slice(0, 20).split("\n")[0]})\n`,
  );
  return undefined;
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
