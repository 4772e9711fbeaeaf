/** What is written on a disk: it travels from builder to snapshot to image to the next instance. */
import { baseAccounts } from "./accounts.ts";

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
  /** Paths of files that may be run as programs. */
  readonly executable: Set<string>;
  /** Symbolic links: path → target. */
  readonly links: Map<string, string>;
  /** Path → the user whose it is; `*` where all may write. Everything else is root's. */
  readonly owners: Map<string, string>;
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
  return {
    os: undefined,
    packages: new Set(),
    enabled: new Set(),
    files: new Map(),
    writtenAt: new Map(),
    executable: new Set(),
    links: new Map(),
    owners: new Map(),
  };
}

/** Files that scripts usually edit. */
const BASE_FILES: Readonly<Record<string, string>> = {
  "/etc/fstab": "/dev/vda1 / ext4 defaults 1 1\n",
  "/etc/sysctl.conf": "",
  "/etc/environment": "",
  "/etc/profile":
    'for i in /etc/profile.d/*.sh; do\n  if [ -r "$i" ]; then\n    . "$i"\n  fi\ndone\nunset i\n',
  "/etc/security/limits.conf": "",
  "/etc/resolv.conf": "nameserver 100.100.2.136\n",
  "/etc/ssh/sshd_config": "PermitRootLogin yes\nPasswordAuthentication yes\n",
  "/root/.bashrc": "",
};

function releaseOf({ id, version }: GuestOs): string {
  if (id === "ubuntu") {
    const codename = { "24.04": "noble", "22.04": "jammy", "20.04": "focal" }[version] ?? "noble";
    return `PRETTY_NAME="Ubuntu ${version} LTS"\nNAME="Ubuntu"\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=${codename}\n`;
  }
  return `NAME="Alibaba Cloud Linux"\nID="alinux"\nID_LIKE="rhel fedora centos anolis"\nVERSION_ID="${version}"\nPRETTY_NAME="Alibaba Cloud Linux ${version}"\n`;
}

/** Where `sudo` finds programs: the rpm family leaves /usr/local out. */
const SUDOERS = {
  rpm: 'Defaults env_reset\nDefaults secure_path = "/sbin:/bin:/usr/sbin:/usr/bin"\nroot ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n',
  deb: 'Defaults env_reset\nDefaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"\nroot ALL=(ALL:ALL) ALL\n%admin ALL=(ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n',
} as const;

const sudoersOf = ({ packager }: GuestOs): string => SUDOERS[packager];

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
      "sudo",
      ...(os.packager === "rpm" ? ["kernel", "rpm", "dnf", "yum"] : ["apt", "dpkg"]),
    ]),
    enabled: new Set([ssh, "cloud-init", "aliyun", "chronyd"]),
    files: new Map([
      ["/etc/os-release", releaseOf(os)],
      ["/etc/hostname", "localhost\n"],
      ["/etc/hosts", "127.0.0.1 localhost\n"],
      [IDENTITY.machineId, ""],
      ...Object.entries(BASE_FILES),
      ...Object.entries(baseAccounts(os.packager)),
      ["/etc/sudoers", sudoersOf(os)],
      os.packager === "rpm"
        ? ["/etc/selinux/config", "SELINUX=disabled\nSELINUXTYPE=targeted\n"]
        : ["/etc/debian_version", "trixie/sid\n"],
    ]),
    writtenAt: new Map(),
    executable: new Set(),
    links: new Map(),
    owners: new Map(),
  };
}

export function copyDisk(disk: GuestDisk): GuestDisk {
  return {
    os: disk.os,
    packages: new Set(disk.packages),
    enabled: new Set(disk.enabled),
    files: new Map(disk.files),
    writtenAt: new Map(disk.writtenAt),
    executable: new Set(disk.executable),
    links: new Map(disk.links),
    owners: new Map(disk.owners),
  };
}
