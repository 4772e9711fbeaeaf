/** Programs about users and groups. */
import { groupOf, groupsOf, membershipsOf, nextId, passwdLine, userOf, usersOf } from "./accounts.ts";
import type { Accounts, Group, User } from "./accounts.ts";
import { complain, notSimulated, said } from "./answers.ts";
import type { Io, Program } from "./machine.ts";
import { optionsOf } from "./options.ts";
import type { Given } from "./options.ts";

export const USER_PROGRAMS: Readonly<Record<string, Program>> = {
  useradd: forRoot("useradd", useradd),
  adduser: forRoot("adduser", (args, io) =>
    io.machine.disk.os?.packager === "deb" ? adduser(args, io) : useradd(args, io),
  ),
  userdel: forRoot("userdel", userdel),
  deluser: forRoot("deluser", deluser),
  usermod: forRoot("usermod", usermod),
  groupadd: forRoot("groupadd", groupadd),
  groupdel: forRoot("groupdel", groupdel),
  gpasswd: forRoot("gpasswd", gpasswd),
  id,
  whoami: (args, io) => (args.length > 0 ? notSimulated("whoami", args, io) : said(io, io.shell.user.name)),
  groups: (args, io) => {
    const [name] = args;
    const user = name === undefined ? io.shell.user : find(name, io);
    if (user === undefined) return complain(io, `groups: '${name}': no such user`);
    const names = namesOf(user, io).join(" ");
    return said(io, name === undefined ? names : `${name} : ${names}`);
  },
  getent,
  passwd: forRoot("passwd", passwd),
  chpasswd: forRoot("chpasswd", chpasswd),
  chage: forRoot("chage", (args, io) => {
    const given = optionsOf(args, { letters: "E:I:M:m:W:d:" });
    if (given.unknown !== undefined) return notSimulated("chage", args, io);
    const [name = ""] = given.operands;
    return find(name, io) === undefined
      ? complain(io, `chage: user '${name}' does not exist in /etc/passwd`)
      : 0;
  }),
};

/** Only root may change accounts. */
function forRoot(program: string, run: (args: readonly string[], io: Io) => number): Program {
  return (args, io) =>
    io.shell.user.uid === 0
      ? run(args, io)
      : complain(io, `${program}: Permission denied.`, program.startsWith("group") ? 10 : 1);
}

const textsOf = ({ files }: Io) => ({ get: (path: string) => files.read(path) });
const find = (name: string, io: Io): User | undefined => userOf(textsOf(io), name);
const findGroup = (name: string, io: Io): Group | undefined => groupOf(textsOf(io), name);

const namesOf = (user: User, io: Io): string[] => membershipsOf(textsOf(io), user).map(({ name }) => name);

function change(path: Accounts, io: Io, edit: (line: string) => string): void {
  const lines = (io.files.read(path) ?? "").match(/[^\n]+/g) ?? [];
  io.files.write(
    path,
    lines
      .map((line) => edit(line))
      .filter(Boolean)
      .join("\n") + "\n",
  );
}

const USER_OPTIONS = {
  letters: "mMrNUlou:g:G:d:s:c:p:k:b:e:f:aL",
  long: {
    "create-home": "m",
    "no-create-home": "M",
    system: "r",
    "no-user-group": "N",
    "user-group": "U",
    "no-log-init": "l",
    "non-unique": "o",
    uid: "u",
    gid: "g",
    groups: "G",
    home: "d",
    "home-dir": "d",
    shell: "s",
    comment: "c",
    password: "p",
    skel: "k",
    "base-dir": "b",
    expiredate: "e",
    inactive: "f",
    append: "a",
    lock: "L",
  },
} as const;

function useradd(args: readonly string[], io: Io): number {
  const given = optionsOf(args, USER_OPTIONS);
  if (given.unknown !== undefined) return notSimulated("useradd", args, io);
  const [name, ...more] = given.operands;
  if (name === undefined || more.length > 0) return complain(io, "Usage: useradd [options] LOGIN", 2);
  return refusal(name, given, io) ?? create(name, given, io);
}

/** Why a user cannot be made, as an exit code. */
function refusal(name: string, given: Given, io: Io): number | undefined {
  const say = (text: string, code: number): number => complain(io, `useradd: ${text}`, code);
  if (!/^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$/.test(name)) return say(`invalid user name '${name}'`, 3);
  if (find(name, io) !== undefined) return say(`user '${name}' already exists`, 9);
  const uid = given.value("u");
  if (uid !== undefined && !given.has("o") && usersOf(textsOf(io)).some((user) => String(user.uid) === uid))
    return say(`UID ${uid} is not unique`, 4);
  const missing = unknownGroup(given, io);
  if (missing !== undefined) return say(`group '${missing}' does not exist`, 6);
  if (makesGroup(given) && findGroup(name, io) !== undefined)
    return say(`group ${name} exists - if you want to add this user to that group, use -g.`, 9);
  return undefined;
}

const unknownGroup = (given: Given, io: Io): string | undefined =>
  [...wordsOf(given.value("g")), ...wordsOf(given.value("G"))].find(
    (group) => findGroup(group, io) === undefined,
  );

const makesGroup = (given: Given): boolean => !given.has("g") && !given.has("N");

function create(name: string, given: Given, io: Io): number {
  const isSystem = given.has("r");
  const isDeb = io.machine.disk.os?.packager === "deb";
  const user = newUser(name, given, io);
  if (makesGroup(given)) io.files.write("/etc/group", `${name}:x:${user.gid}:\n`, true);
  io.files.write("/etc/passwd", passwdLine(user), true);
  // The distributions of the rpm family make a home without being asked.
  if (given.has("m") || (!isDeb && !isSystem && !given.has("M"))) makeHome(user, io);
  join(name, wordsOf(given.value("G")), io);
  return 0;
}

const wordsOf = (list = ""): string[] => list.split(",").filter(Boolean);

function newUser(name: string, given: Given, io: Io): User {
  const texts = textsOf(io);
  const isSystem = given.has("r");
  const uids = usersOf(texts).map((user) => user.uid);
  const gids = groupsOf(texts).map((group) => group.gid);
  const uid = Number(given.value("u") ?? nextId(uids, isSystem));
  const own = gids.includes(uid) ? nextId(gids, isSystem) : uid;
  const usual = io.machine.disk.os?.packager === "deb" ? "/bin/sh" : "/bin/bash";
  const other = findGroup(given.value("g") ?? "users", io);
  return {
    name,
    uid,
    gid: makesGroup(given) || other === undefined ? own : other.gid,
    comment: given.value("c") ?? "",
    home: given.value("d") ?? homeFor(name, given),
    shell: given.value("s") ?? usual,
  };
}

const homeFor = (name: string, given: Given): string => `${given.value("b") ?? "/home"}/${name}`;

function makeHome({ home, name }: User, io: Io): void {
  if (!io.files.isDirectory(home)) io.files.makeDirectory(home);
  io.files.own(home, name);
}

/** Puts a user into groups that exist. */
function join(name: string, groups: readonly string[], io: Io): void {
  const names = new Set(groups.map((group) => findGroup(group, io)?.name ?? ""));
  change("/etc/group", io, (line) => {
    const [group = "", password, gid, members = ""] = line.split(":");
    const before = members.split(",").filter(Boolean);
    if (!names.has(group) || before.includes(name)) return line;
    return [group, password, gid, [...before, name].join(",")].join(":");
  });
}

function part(name: string, groups: (group: string) => boolean, io: Io): void {
  change("/etc/group", io, (line) => {
    const [group = "", password, gid, members = ""] = line.split(":");
    const left = members.split(",").filter((member) => member !== "" && member !== name);
    return groups(group) ? [group, password, gid, left.join(",")].join(":") : line;
  });
}

const ADDUSER_OPTIONS = {
  letters: "SDGqu:g:d:s:c:MF",
  long: {
    system: "S",
    "disabled-password": "D",
    "disabled-login": "D",
    group: "G",
    quiet: "q",
    uid: "u",
    ingroup: "g",
    gid: "g",
    home: "d",
    shell: "s",
    gecos: "c",
    comment: "c",
    "no-create-home": "M",
    "force-badname": "F",
  },
} as const;

/** Debian's own program: it makes a home, and asks for a password unless an option forbids it. */
function adduser(args: readonly string[], io: Io): number {
  const given = optionsOf(args, ADDUSER_OPTIONS);
  const [name = "", group] = given.operands;
  if (group !== undefined) return joinOne(name, group, io);
  const isSystem = given.has("S");
  if (given.unknown !== undefined || name === "" || (!isSystem && !given.has("D")))
    return notSimulated("adduser", args, io);
  if (find(name, io) !== undefined)
    return isSystem ? 0 : complain(io, `adduser: The user \`${name}' already exists.`);
  return useradd([...translated(given), name], io);
}

/** The options of `useradd` that mean the same. */
function translated(given: Given): string[] {
  const isSystem = given.has("S");
  const shell = given.value("s") ?? (isSystem ? "/usr/sbin/nologin" : "/bin/bash");
  const main = given.value("g") ?? (isSystem && !given.has("G") ? "nogroup" : undefined);
  const kept = ["u", "d", "c"].flatMap((letter) =>
    given.has(letter) ? [`-${letter}`, given.value(letter) ?? ""] : [],
  );
  return [
    ...(isSystem ? ["-r"] : []),
    given.has("M") ? "-M" : "-m",
    "-s",
    shell,
    ...kept,
    ...(main === undefined ? [] : ["-g", main]),
  ];
}

function joinOne(name: string, group: string, io: Io): number {
  if (find(name, io) === undefined) return complain(io, `adduser: The user \`${name}' does not exist.`);
  if (findGroup(group, io) === undefined)
    return complain(io, `adduser: The group \`${group}' does not exist.`);
  join(name, [group], io);
  return 0;
}

function userdel(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "rf", long: { remove: "r", force: "f" } });
  if (given.unknown !== undefined) return notSimulated("userdel", args, io);
  const [name = ""] = given.operands;
  const user = find(name, io);
  if (user === undefined) return complain(io, `userdel: user '${name}' does not exist`, 6);
  drop(user, given.has("r"), io);
  return 0;
}

function drop(user: User, removesHome: boolean, io: Io): void {
  change("/etc/passwd", io, (line) => (line.startsWith(`${user.name}:`) ? "" : line));
  part(user.name, () => true, io);
  const isUsed = usersOf(textsOf(io)).some(({ gid }) => gid === user.gid);
  change("/etc/group", io, (line) => (!isUsed && line.startsWith(`${user.name}:`) ? "" : line));
  if (removesHome) io.files.remove(user.home);
}

function deluser(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "rq", long: { "remove-home": "r", quiet: "q" } });
  if (given.unknown !== undefined) return notSimulated("deluser", args, io);
  const [name = "", group] = given.operands;
  const user = find(name, io);
  if (user === undefined) return complain(io, `fatal: The user \`${name}' does not exist.`, 2);
  if (group === undefined) drop(user, given.has("r"), io);
  else if (findGroup(group, io) === undefined)
    return complain(io, `fatal: The group \`${group}' does not exist.`, 3);
  else part(name, (each) => each === group, io);
  return 0;
}

function usermod(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { ...USER_OPTIONS, letters: "aoLUmu:g:G:d:s:c:p:e:f:" });
  if (given.unknown !== undefined || (given.has("m") && given.has("d")))
    return notSimulated("usermod", args, io);
  const [name = ""] = given.operands;
  if (find(name, io) === undefined) return complain(io, `usermod: user '${name}' does not exist`, 6);
  const missing = unknownGroup(given, io);
  if (missing !== undefined) return complain(io, `usermod: group '${missing}' does not exist`, 6);
  const main = given.value("g");
  const gid = main === undefined ? undefined : findGroup(main, io)?.gid.toString();
  const rest = ["c", "d", "s"].map((letter) => given.value(letter));
  const changed = [undefined, undefined, given.value("u"), gid, ...rest];
  change("/etc/passwd", io, (line) => {
    const fields = line.split(":");
    return fields[0] === name ? fields.map((field, index) => changed[index] ?? field).join(":") : line;
  });
  if (given.has("G") && !given.has("a")) part(name, () => true, io);
  join(name, wordsOf(given.value("G")), io);
  return 0;
}

function groupadd(args: readonly string[], io: Io): number {
  const given = optionsOf(args, {
    letters: "frog:",
    long: { force: "f", system: "r", "non-unique": "o", gid: "g" },
  });
  if (given.unknown !== undefined) return notSimulated("groupadd", args, io);
  const [name] = given.operands;
  if (name === undefined) return complain(io, "Usage: groupadd [options] GROUP", 2);
  const groups = groupsOf(textsOf(io));
  if (groups.some((group) => group.name === name))
    return given.has("f") ? 0 : complain(io, `groupadd: group '${name}' already exists`, 9);
  const wanted = given.value("g");
  const isTaken = wanted !== undefined && !given.has("o") && groups.some(({ gid }) => String(gid) === wanted);
  if (isTaken && !given.has("f")) return complain(io, `groupadd: GID '${wanted}' already exists`, 4);
  const free = nextId(
    groups.map(({ gid }) => gid),
    given.has("r"),
  );
  io.files.write("/etc/group", `${name}:x:${isTaken ? free : (wanted ?? free)}:\n`, true);
  return 0;
}

function groupdel(args: readonly string[], io: Io): number {
  const [name = ""] = args;
  const group = groupsOf(textsOf(io)).find((each) => each.name === name);
  if (args.length !== 1 || name.startsWith("-")) return notSimulated("groupdel", args, io);
  if (group === undefined) return complain(io, `groupdel: group '${name}' does not exist`, 6);
  const owner = usersOf(textsOf(io)).find(({ gid }) => gid === group.gid);
  if (owner !== undefined)
    return complain(io, `groupdel: cannot remove the primary group of user '${owner.name}'`, 8);
  change("/etc/group", io, (line) => (line.startsWith(`${name}:`) ? "" : line));
  return 0;
}

function gpasswd(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "a:d:", long: { add: "a", delete: "d" } });
  const [group = ""] = given.operands;
  const name = given.value("a") ?? given.value("d");
  if (given.unknown !== undefined || name === undefined) return notSimulated("gpasswd", args, io);
  if (findGroup(group, io) === undefined)
    return complain(io, `gpasswd: group '${group}' does not exist in /etc/group`);
  if (find(name, io) === undefined) return complain(io, `gpasswd: user '${name}' does not exist`, 3);
  if (given.has("a")) join(name, [group], io);
  else part(name, (each) => each === group, io);
  return said(
    io,
    `${given.has("a") ? "Adding" : "Removing"} user ${name} ${given.has("a") ? "to" : "from"} group ${group}`,
  );
}

function id(args: readonly string[], io: Io): number {
  const given = optionsOf(args, {
    letters: "ugGnr",
    long: { user: "u", group: "g", groups: "G", name: "n", real: "r" },
  });
  if (given.unknown !== undefined || given.operands.length > 1) return notSimulated("id", args, io);
  const [name] = given.operands;
  const user =
    name === undefined
      ? io.shell.user
      : usersOf(textsOf(io)).find((each) => each.name === name || String(each.uid) === name);
  if (user === undefined) return complain(io, `id: '${name}': no such user`);
  const groups = membershipsOf(textsOf(io), user);
  const show = (group: Group): string => (given.has("n") ? group.name : String(group.gid));
  if (given.has("u")) return said(io, given.has("n") ? user.name : String(user.uid));
  if (given.has("g")) return said(io, groups.slice(0, 1).map(show).join(""));
  if (given.has("G")) return said(io, groups.map(show).join(" "));
  if (given.has("n")) return complain(io, "id: cannot print only names or real IDs in default format");
  const both = (group: Group | undefined): string => `${group?.gid}(${group?.name})`;
  return said(
    io,
    `uid=${user.uid}(${user.name}) gid=${both(groups[0])} groups=${groups.map(both).join(",")}`,
  );
}

function getent([database = "", ...names]: readonly string[], io: Io): number {
  if (database !== "passwd" && database !== "group")
    return io.shell.notSimulated(["getent", database, ...names].join(" "));
  const lines = (io.files.read(`/etc/${database}`) ?? "").match(/[^\n]+/g) ?? [];
  const found = (name: string): string | undefined =>
    lines.find((line) => {
      const [first, , number] = line.split(":");
      return first === name || (/^\d+$/.test(name) && number === name);
    });
  let status = 0;
  for (const line of names.length === 0 ? lines : names.map((name) => found(name))) {
    if (line === undefined) status = 2;
    else io.out(`${line}\n`);
  }
  return status;
}

function passwd(args: readonly string[], io: Io): number {
  const given = optionsOf(args, {
    letters: "ludeqfn:x:w:iS",
    long: { lock: "l", unlock: "u", delete: "d", expire: "e", quiet: "q", stdin: "i", status: "S" },
  });
  const isDeb = io.machine.disk.os?.packager === "deb";
  if (given.has("i") && isDeb) return complain(io, "passwd: unrecognized option '--stdin'", 6);
  if (given.unknown !== undefined || given.has("S")) return notSimulated("passwd", args, io);
  const [name = "root"] = given.operands;
  if (find(name, io) === undefined)
    return complain(
      io,
      isDeb ? `passwd: user '${name}' does not exist` : `passwd: Unknown user name '${name}'.`,
    );
  const isAsked = !Array.from("ludenxw").some((letter) => given.has(letter));
  if (isAsked && io.input.rest().trim() === "")
    return complain(io, "passwd: Authentication token manipulation error", isDeb ? 10 : 1);
  return 0;
}

function chpasswd(args: readonly string[], io: Io): number {
  const given = optionsOf(args, {
    letters: "emc:s:",
    long: { encrypted: "e", md5: "m", "crypt-method": "c", "sha-rounds": "s" },
  });
  if (given.unknown !== undefined) return notSimulated("chpasswd", args, io);
  let status = 0;
  for (const [index, line] of io.input.rest().split("\n").entries()) {
    const [name = "", password] = line.split(":");
    if (line === "") continue;
    if (password === undefined) status = complain(io, `chpasswd: line ${index + 1}: missing new password`);
    else if (find(name, io) === undefined)
      status = complain(io, `chpasswd: line ${index + 1}: user '${name}' does not exist`);
  }
  return status;
}
