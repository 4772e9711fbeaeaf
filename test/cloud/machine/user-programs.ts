/** Programs about users and groups: who is there, not who may do what. */
import { standing } from "./accounts.ts";
import { complain, has, operands, said, valueOf } from "./answers.ts";
import type { Io, Program } from "./machine.ts";

export const USER_PROGRAMS: Readonly<Record<string, Program>> = {
  useradd: (args, io) => addUser("useradd", args, io),
  adduser: (args, io) => addUser("adduser", args, io),
  userdel: removeUser,
  deluser: removeUser,
  usermod,
  groupadd: (args, io) => {
    const [name = ""] = operands(args, ["-g", "--gid"]);
    if (ids("/etc/group", io).has(name))
      return has(args, "f") ? 0 : complain(io, `groupadd: group '${name}' already exists`, 9);
    io.files.write("/etc/group", `${name}:x:${next("/etc/group", io)}:\n`, true);
    return 0;
  },
  id,
  whoami: (_, io) => said(io, "root"),
  groups: (args, io) => said(io, args[0] === undefined ? "root" : `${args[0]} : ${args[0]}`),
  getent,
  passwd: (args, io) => existing(operands(args, ["-n", "-x"])[0] ?? "root", "passwd", io),
  chpasswd: (_, io) => {
    const names = io.input
      .rest()
      .split("\n")
      .flatMap((line) => (line.includes(":") ? [line.split(":")[0] ?? ""] : []));
    return Math.max(0, ...names.map((name) => existing(name, "chpasswd", io)));
  },
  chage: () => 0,
  chown: (args, io) => owned("chown", args, io),
  chgrp: (args, io) => owned("chgrp", args, io),
};

type Accounts = "/etc/passwd" | "/etc/group";

/** Names and their ids, those of the base system included. */
const known = (path: Accounts, io: Io): Map<string, string> =>
  new Map([...standing(path, io), ...ids(path, io)]);

/** Names and their ids in a file. */
function ids(path: Accounts, { files }: Io): Map<string, string> {
  const rows = (files.read(path) ?? "").split("\n").map((line) => line.split(":"));
  return new Map([
    ["root", "0"],
    ...rows.flatMap(([name = "", , number = ""]) =>
      name === "" ? [] : [[name, number] as [string, string]],
    ),
  ]);
}

const next = (path: Accounts, io: Io): number =>
  Math.max(999, ...[...ids(path, io).values()].map(Number)) + 1;

function existing(name: string, program: string, io: Io): number {
  return known("/etc/passwd", io).has(name) ? 0 : complain(io, `${program}: user '${name}' does not exist`);
}

const TAKES = [
  "-u",
  "-g",
  "-G",
  "-d",
  "-s",
  "-c",
  "-p",
  "-k",
  "-b",
  "-e",
  "-f",
  "--uid",
  "--gid",
  "--groups",
  "--home",
  "--home-dir",
  "--shell",
  "--comment",
  "--gecos",
  "--ingroup",
  "--password",
];

function addUser(program: string, args: readonly string[], io: Io): number {
  const [name = "", group] = operands(args, TAKES);
  // `adduser name group` of Debian
  if (program === "adduser" && group !== undefined) return join(name, [group], io);
  if (ids("/etc/passwd", io).has(name)) return complain(io, `${program}: user '${name}' already exists`, 9);
  const home = valueOf(args, "-d", "--home-dir") ?? `/home/${name}`;
  const shell = valueOf(args, "-s", "--shell") ?? "/bin/bash";
  const id = valueOf(args, "-u", "--uid") ?? String(next("/etc/passwd", io));
  io.files.write("/etc/passwd", `${name}:x:${id}:${id}::${home}:${shell}\n`, true);
  if (!ids("/etc/group", io).has(name)) io.files.write("/etc/group", `${name}:x:${id}:\n`, true);
  if (makesHome(program, args, io)) io.files.makeDirectory(home);
  return join(name, (valueOf(args, "-G", "--groups") ?? "").split(",").filter(Boolean), io);
}

/** The distributions of the rpm family and Debian's `adduser` make a home without being asked. */
function makesHome(program: string, args: readonly string[], { machine }: Io): boolean {
  if (has(args, "m", "--create-home")) return true;
  if (has(args, "rM", "--system", "--no-create-home")) return false;
  return machine.disk.os?.packager === "rpm" || program === "adduser";
}

function removeUser(args: readonly string[], io: Io): number {
  const [name = ""] = operands(args);
  const status = existing(name, "userdel", io);
  for (const path of ["/etc/passwd", "/etc/group"])
    io.files.write(path, (io.files.read(path) ?? "").replaceAll(new RegExp(`^${name}:.*\n`, "gm"), ""));
  if (has(args, "r", "--remove", "--remove-home")) io.files.remove(`/home/${name}`);
  return status;
}

function usermod(args: readonly string[], io: Io): number {
  const name = operands(args, TAKES).at(-1) ?? "";
  const groups =
    (args.find((arg) => /^-a?G/.test(arg)) && args[args.findIndex((arg) => /^-a?G$/.test(arg)) + 1]) ?? "";
  return existing(name, "usermod", io) || join(name, groups.split(",").filter(Boolean), io);
}

function join(name: string, groups: readonly string[], io: Io): number {
  for (const group of groups) {
    const number = known("/etc/group", io).get(group);
    if (number === undefined) return complain(io, `usermod: group '${group}' does not exist`, 6);
    const text = io.files.read("/etc/group") ?? "";
    const row = new RegExp(`^(${group}:x:\\d*:)(.*)$`, "m");
    const changed = row.test(text)
      ? text.replace(
          row,
          (_, head: string, members: string) =>
            head + [...members.split(",").filter(Boolean), name].join(","),
        )
      : `${text}${group}:x:${number}:${name}\n`;
    io.files.write("/etc/group", changed);
  }
  return 0;
}

function id(args: readonly string[], io: Io): number {
  const [name = "root"] = operands(args);
  const number = known("/etc/passwd", io).get(name);
  if (number === undefined) return complain(io, `id: '${name}': no such user`);
  if (has(args, "n")) return said(io, name);
  if (has(args, "ug")) return said(io, number);
  return said(io, `uid=${number}(${name}) gid=${number}(${name}) groups=${number}(${name})`);
}

function getent([database = "", ...names]: readonly string[], io: Io): number {
  if (database !== "passwd" && database !== "group") return io.shell.notSimulated(`getent ${database}`);
  const path = `/etc/${database}` as const;
  const accounts = known(path, io);
  if (!names.every((name) => accounts.has(name))) return 2;
  for (const name of names) io.out(`${name}:x:${accounts.get(name) ?? ""}:\n`);
  return 0;
}

/** No file has an owner here, but owners and files exist or not. */
function owned(program: "chown" | "chgrp", args: readonly string[], io: Io): number {
  const isCopied = args.some((arg) => arg.startsWith("--reference"));
  const [owner = "", ...paths] = isCopied ? ["", ...operands(args)] : operands(args);
  const wrong = program === "chgrp" ? wrongOwner(`:${owner}`, io) : wrongOwner(owner, io);
  if (!isCopied && wrong !== undefined) return complain(io, `${program}: invalid ${wrong}: '${owner}'`);
  const missing = paths.find((path) => !io.files.exists(io.path(path)));
  return missing === undefined
    ? 0
    : complain(io, `${program}: cannot access '${missing}': No such file or directory`);
}

/** Which of `user:group` does not exist. */
export function wrongOwner(owner: string, io: Io): "user" | "group" | undefined {
  const isThere = (path: Accounts, name: string): boolean =>
    name === "" || /^\+?\d+$/.test(name) || known(path, io).has(name);
  if (!owner.includes(":") && isThere("/etc/passwd", owner)) return undefined;
  const [, user = "", group = ""] = /^([^:]*?)(?:[:.]([^:]*))?$/.exec(owner) ?? [];
  if (!isThere("/etc/passwd", user)) return "user";
  return isThere("/etc/group", group) ? undefined : "group";
}
