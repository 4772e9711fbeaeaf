/** What packages bring along, as far as a guest cares. */
import type { GuestDisk } from "./disk.ts";

interface Contents {
  readonly commands?: readonly string[];
  readonly units?: readonly string[];
}

const KNOWN: Readonly<Record<string, Contents>> = {
  nginx: { units: ["nginx"] },
  httpd: { units: ["httpd"], commands: ["httpd", "apachectl"] },
  apache2: { units: ["apache2"], commands: ["apache2", "apachectl"] },
  caddy: { units: ["caddy"] },
  "docker-ce": { units: ["docker", "containerd"], commands: ["docker"] },
  "docker.io": { units: ["docker"], commands: ["docker"] },
  docker: { units: ["docker"], commands: ["docker"] },
  "redis-server": { units: ["redis-server"], commands: ["redis-server", "redis-cli"] },
  redis: { units: ["redis"], commands: ["redis-server", "redis-cli"] },
  "mysql-server": { units: ["mysqld"], commands: ["mysqld", "mysql"] },
  mariadb: { units: ["mariadb"], commands: ["mariadb"] },
  postgresql: { units: ["postgresql"], commands: ["psql"] },
  "openssh-server": { units: ["sshd", "ssh"], commands: ["sshd", "ssh-keygen"] },
  cronie: { units: ["crond"], commands: ["crontab"] },
  chrony: { units: ["chronyd"], commands: ["chronyc"] },
  python3: { commands: ["python3"] },
  nodejs: { commands: ["node", "npm"] },
  "cloud-init": { units: ["cloud-init"], commands: ["cloud-init"] },
  coreutils: { commands: ["cat", "cp", "mv", "rm", "ls", "mkdir", "touch", "date", "id", "sha256sum"] },
  systemd: {
    units: ["systemd-journald", "systemd-timesyncd"],
    commands: ["systemctl", "journalctl", "hostnamectl"],
  },
};

/** Whether the machine knows what a package brings, and so that no base image has it unless it is listed. */
export const isKnownPackage = (name: string): boolean => Object.hasOwn(KNOWN, name);

export function unitsOf(name: string): readonly string[] {
  return KNOWN[name]?.units ?? [];
}

/** The installed package a command belongs to. */
export function packageOf(disk: GuestDisk, command: string): string | undefined {
  for (const name of disk.packages) if ((KNOWN[name]?.commands ?? [name]).includes(command)) return name;
  return undefined;
}

/** A unit exists when a package brings it, a file describes it, or it is the cloud's own. */
export function unitExists(disk: GuestDisk, unit: string): boolean {
  if (unit === "aliyun" || disk.enabled.has(unit)) return true;
  const folders = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
  if (folders.some((folder) => disk.files.has(`${folder}/${unit}.service`))) return true;
  for (const name of disk.packages) if (name === unit || unitsOf(name).includes(unit)) return true;
  return false;
}

/** A name no repository has: how a recipe's mistake is rehearsed. */
export function isUnknownPackage(name: string): boolean {
  return !/^[a-z0-9][\w.+:-]*$/i.test(name) || /^(no-?such|non-?existent|never-|missing-)/i.test(name);
}
