/** Users and groups of the base systems and of packages: there without a line in the files of this machine. */
import { packageOf } from "./packages.ts";
import type { Io } from "./machine.ts";

const EVERYWHERE =
  "root:0 daemon:2 bin:1 adm:4 lp:7 mail:8 games:20 nobody:65534 sshd:74 tss:59 polkitd:995 nogroup:65534";

const USERS: Readonly<Record<"rpm" | "deb", string>> = {
  rpm: "sync:5 shutdown:6 halt:7 operator:11 ftp:14 dbus:81 chrony:994 systemd-coredump:999",
  deb: "sys:3 man:6 news:9 uucp:10 proxy:13 www-data:33 backup:34 list:38 irc:39 _apt:42 syslog:101 messagebus:102 systemd-network:998 systemd-resolve:991 systemd-timesync:996",
};

const GROUPS: Readonly<Record<"rpm" | "deb", string>> = {
  rpm: "wheel:10 ftp:50 dbus:81 chrony:994",
  deb: "sudo:27 staff:50 plugdev:46 crontab:990 syslog:102 man:12 news:9 uucp:10 proxy:13 www-data:33 backup:34",
};
const GROUPS_EVERYWHERE =
  "sys:3 tty:5 disk:6 kmem:9 audio:63 video:44 users:100 utmp:43 cdrom:11 floppy:19 tape:33 dialout:18 shadow:42 src:40 systemd-journal:190";

/** Programs whose packages make a user of that name, and a group. */
const OF_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  nginx: ["nginx"],
  apache: ["httpd"],
  mysql: ["mysqld", "mariadb"],
  redis: ["redis-server"],
  postgres: ["psql"],
  docker: ["docker"],
};

const pairs = (text: string): [string, string][] =>
  text.split(" ").map((entry) => {
    const [name = "", id = ""] = entry.split(":");
    return [name, id];
  });

/** Names and ids that a machine has besides those in `/etc/passwd` or `/etc/group`. */
export function standing(path: "/etc/passwd" | "/etc/group", { machine: { disk } }: Io): [string, string][] {
  const kind = disk.os?.packager ?? "rpm";
  const own = path === "/etc/passwd" ? [USERS[kind]] : [GROUPS[kind], GROUPS_EVERYWHERE];
  const made = Object.entries(OF_PACKAGES).filter(
    ([name, programs]) =>
      (path === "/etc/group" || name !== "docker") &&
      programs.some((program) => packageOf(disk, program) !== undefined),
  );
  // A package may make a user of its own name.
  const named = [...disk.packages].map((name): [string, string] => [name, "980"]);
  return [
    ...named,
    ...made.map(([name], index): [string, string] => [name, String(985 - index)]),
    ...[EVERYWHERE, ...own].flatMap(pairs),
  ];
}
