/** What is written on a disk: it travels from builder to snapshot to image to the next instance. */

export interface GuestOs {
  readonly id: "alinux" | "ubuntu";
  readonly version: string;
  readonly packager: "rpm" | "deb";
  readonly kernel: string;
}

export interface GuestDisk {
  /** Undefined on an empty data disk. */
  readonly os: GuestOs | undefined;
  readonly packages: Set<string>;
  /** Units that start at boot. */
  readonly enabled: Set<string>;
  /** Path → text. A directory is a path that ends in a slash. */
  readonly files: Map<string, string>;
  /** Path → when it was last written, epoch ms; what came with the base image has no entry: it is old. */
  readonly writtenAt: Map<string, number>;
}

/** Who a machine is. An image should leave these empty or absent, or its instances are clones of one another. */
export const IDENTITY = {
  machineId: "/etc/machine-id",
  hostKeys: ["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key"],
  authorizedKeys: "/root/.ssh/authorized_keys",
  history: "/root/.bash_history",
  /** Where cloud-init notes which instance it last set up. */
  instanceId: "/var/lib/cloud/data/instance-id",
  /** And which one before that; `cloud-init clean` makes it forget. */
  previousInstanceId: "/var/lib/cloud/data/previous-instance-id",
} as const;

export function blankDisk(): GuestDisk {
  return { os: undefined, packages: new Set(), enabled: new Set(), files: new Map(), writtenAt: new Map() };
}

/** A fresh system disk: base packages, the cloud's own services, no identity yet. */
export function systemDisk(os: GuestOs): GuestDisk {
  const ssh = os.packager === "deb" ? "ssh" : "sshd";
  return {
    os,
    packages: new Set([
      "bash",
      "coreutils",
      "systemd",
      "openssh-server",
      "cloud-init",
      "curl",
      "grep",
      "chrony",
    ]),
    enabled: new Set([ssh, "cloud-init", "aliyun", "chronyd"]),
    files: new Map([
      ["/etc/os-release", `ID=${os.id}\nVERSION_ID="${os.version}"\n`],
      ["/etc/hostname", "localhost\n"],
      ["/etc/hosts", "127.0.0.1 localhost\n"],
      [IDENTITY.machineId, ""],
    ]),
    writtenAt: new Map(),
  };
}

export function copyDisk(disk: GuestDisk): GuestDisk {
  return {
    os: disk.os,
    packages: new Set(disk.packages),
    enabled: new Set(disk.enabled),
    files: new Map(disk.files),
    writtenAt: new Map(disk.writtenAt),
  };
}
