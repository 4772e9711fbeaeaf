/** Users and groups: the lines of `/etc/passwd` and `/etc/group`, and those that the systems and packages begin with. */

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export const ROOT: User = {
  name: "root",
  uid: 0,
  gid: 0,
  comment: "root",
  home: "/root",
  shell: "/bin/bash",
};

/** The kinds of packages stand for the families of systems. */
type Kind = "rpm" | "deb";

/** `name:uid:gid:home`, without a shell. */
const USERS: Readonly<Record<Kind, string>> = {
  rpm: "bin:1:1:/bin daemon:2:2:/sbin adm:3:4:/var/adm lp:4:7:/var/spool/lpd mail:8:12:/var/spool/mail operator:11:0:/root games:12:100:/usr/games ftp:14:50:/var/ftp nobody:65534:65534:/ dbus:81:81:/ systemd-coredump:999:997:/ polkitd:998:996:/ tss:59:59:/dev/null sshd:74:74:/var/empty/sshd chrony:994:994:/var/lib/chrony",
  deb: "daemon:1:1:/usr/sbin bin:2:2:/bin sys:3:3:/dev games:5:60:/usr/games man:6:12:/var/cache/man lp:7:7:/var/spool/lpd mail:8:8:/var/mail news:9:9:/var/spool/news uucp:10:10:/var/spool/uucp proxy:13:13:/bin www-data:33:33:/var/www backup:34:34:/var/backups list:38:38:/var/list irc:39:39:/run/ircd _apt:42:65534:/nonexistent nobody:65534:65534:/nonexistent systemd-network:998:998:/ systemd-timesync:996:996:/ messagebus:101:101:/nonexistent systemd-resolve:991:991:/ syslog:103:104:/nonexistent tss:106:108:/var/lib/tpm sshd:109:65534:/run/sshd polkitd:990:990:/",
};

const GROUPS: Readonly<Record<Kind, string>> = {
  rpm: "bin:1 daemon:2 sys:3 adm:4 tty:5 disk:6 lp:7 mem:8 kmem:9 wheel:10 cdrom:11 mail:12 man:15 dialout:18 floppy:19 games:20 utmp:22 tape:33 utempter:35 kvm:36 video:39 ftp:50 lock:54 tss:59 audio:63 sshd:74 dbus:81 users:100 systemd-journal:190 nobody:65534 chrony:994 ssh_keys:995 polkitd:996 systemd-coredump:997 render:998 input:999",
  deb: "daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15 dialout:20 fax:21 voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37 list:38 irc:39 src:40 shadow:42 utmp:43 video:44 sasl:45 plugdev:46 staff:50 games:60 users:100 messagebus:101 syslog:104 tss:108 netdev:112 nogroup:65534 polkitd:990 systemd-resolve:991 render:992 kvm:993 input:995 systemd-timesync:996 crontab:997 systemd-network:998 systemd-journal:999",
};

const nologin = (kind: Kind): string => (kind === "rpm" ? "/sbin/nologin" : "/usr/sbin/nologin");

const lineOf = ({ name, uid, gid, comment, home, shell }: User): string =>
  `${name}:x:${uid}:${gid}:${comment}:${home}:${shell}\n`;

/** The files of a new system. */
export function baseAccounts(kind: Kind): Readonly<Record<Accounts, string>> {
  const users = USERS[kind].split(" ").map((entry) => {
    const [name = "", uid, gid, home = "/"] = entry.split(":");
    return lineOf({ name, uid: Number(uid), gid: Number(gid), comment: name, home, shell: nologin(kind) });
  });
  const groups = GROUPS[kind].split(" ").map((entry) => `${entry.replace(":", ":x:")}:\n`);
  return { "/etc/passwd": lineOf(ROOT) + users.join(""), "/etc/group": `root:x:0:\n${groups.join("")}` };
}

export type Accounts = "/etc/passwd" | "/etc/group";

/** Files that hold the accounts. */
interface Texts {
  readonly get: (path: string) => string | undefined;
}

const rows = (files: Texts, path: Accounts): string[][] =>
  (files.get(path) ?? "").split("\n").flatMap((line) => (line.includes(":") ? [line.split(":")] : []));

export const usersOf = (files: Texts): User[] =>
  rows(files, "/etc/passwd").map(([name = "", , uid, gid, comment = "", home = "", shell = ""]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell,
  }));

export const groupsOf = (files: Texts): Group[] =>
  rows(files, "/etc/group").map(([name = "", , gid, members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter(Boolean),
  }));

/** A user by name. */
export const userOf = (files: Texts, name: string): User | undefined =>
  usersOf(files).find((user) => user.name === name);

/** A group by its name or its number. */
export const groupOf = (files: Texts, named: string): Group | undefined =>
  groupsOf(files).find(({ name, gid }) => name === named || String(gid) === named);

/** The groups of a user, its own first. */
export function membershipsOf(files: Texts, user: User): Group[] {
  const groups = groupsOf(files);
  const own = groups.find(({ gid }) => gid === user.gid) ?? {
    name: String(user.gid),
    gid: user.gid,
    members: [],
  };
  return [own, ...groups.filter(({ gid, members }) => gid !== user.gid && members.includes(user.name))];
}

/** The next free id: of people from 1000 up, of the system from 999 down. */
export function nextId(taken: readonly number[], isSystem: boolean): number {
  if (!isSystem) return Math.max(999, ...taken.filter((id) => id < 60_000)) + 1;
  let id = 999;
  while (taken.includes(id)) id--;
  return id;
}

/** Users and groups that packages make, by the package: a name alone is both. */
const OF_PACKAGES: Readonly<Record<string, Partial<Record<Kind, string>>>> = {
  nginx: { rpm: "nginx:/var/lib/nginx" },
  httpd: { rpm: "apache:/usr/share/httpd" },
  "mysql-server": { rpm: "mysql:/var/lib/mysql", deb: "mysql:/nonexistent" },
  mariadb: { rpm: "mysql:/var/lib/mysql" },
  "mariadb-server": { rpm: "mysql:/var/lib/mysql", deb: "mysql:/nonexistent" },
  redis: { rpm: "redis:/var/lib/redis" },
  "redis-server": { deb: "redis:/var/lib/redis" },
  postgresql: { rpm: "postgres:/var/lib/pgsql", deb: "postgres:/var/lib/postgresql" },
  "postgresql-server": { rpm: "postgres:/var/lib/pgsql" },
  caddy: { rpm: "caddy:/var/lib/caddy", deb: "caddy:/var/lib/caddy" },
  docker: { rpm: "docker" },
  "docker-ce": { rpm: "docker", deb: "docker" },
  "docker.io": { deb: "docker" },
};

/** Adds the users and groups of a package that was installed. */
export function addAccountsOf(files: Map<string, string>, name: string, kind: Kind): void {
  const entry = OF_PACKAGES[name]?.[kind];
  if (entry === undefined) return;
  const [account = "", home] = entry.split(":");
  const gid =
    groupOf(files, account)?.gid ??
    nextId(
      groupsOf(files).map((group) => group.gid),
      true,
    );
  if (groupOf(files, account) === undefined) append(files, "/etc/group", `${account}:x:${gid}:\n`);
  if (home === undefined || userOf(files, account) !== undefined) return;
  const uid = nextId(
    usersOf(files).map((user) => user.uid),
    true,
  );
  const user = { name: account, uid, gid, comment: "", home, shell: nologin(kind) };
  append(files, "/etc/passwd", lineOf(user));
}

const append = (files: Map<string, string>, path: Accounts, line: string): void =>
  void files.set(path, (files.get(path) ?? "") + line);

/** A line of `/etc/passwd`. */
export const passwdLine = lineOf;
