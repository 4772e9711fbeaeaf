/** Whose files are: `chown` and `chgrp`. Modes do not exist, but for "may be run" and "all may write". */
import { groupOf, userOf } from "./accounts.ts";
import { complain, notSimulated } from "./answers.ts";
import type { Io, Program } from "./machine.ts";
import { optionsOf } from "./options.ts";

export const OWNERS: Readonly<Record<string, Program>> = {
  chown: (args, io) => owned("chown", args, io),
  chgrp: (args, io) => owned("chgrp", args, io),
};

const OPTIONS = {
  letters: "RhvcfHLPr:",
  long: {
    recursive: "R",
    "no-dereference": "h",
    verbose: "v",
    changes: "c",
    silent: "f",
    quiet: "f",
    reference: "r",
  },
};

function owned(program: "chown" | "chgrp", args: readonly string[], io: Io): number {
  const given = optionsOf(args, OPTIONS);
  const isUnknown = given.unknown !== undefined || ["v", "c", "r"].some((letter) => given.has(letter));
  if (isUnknown) return notSimulated(program, args, io);
  const [owner = "", ...paths] = given.operands;
  if (paths.length === 0) return complain(io, `${program}: missing operand`);
  const wrong = wrongOwner(program === "chgrp" ? `:${owner}` : owner, io);
  if (wrong !== undefined) return complain(io, `${program}: invalid ${wrong}: '${owner}'`);
  const [user = ""] = program === "chgrp" ? [] : owner.split(/[:.]/);
  let status = 0;
  for (const name of paths) {
    const problem = problemOf(name, io);
    if (problem !== undefined) status = complain(io, `${program}: ${problem}`);
    else if (user !== "") give(io.path(name), nameOf(user, io), given.has("R"), io);
  }
  return status;
}

function problemOf(name: string, { files, path, shell }: Io): string | undefined {
  if (!files.exists(path(name)) && !files.isLink(path(name)))
    return `cannot access '${name}': No such file or directory`;
  return shell.user.uid === 0 ? undefined : `changing ownership of '${name}': Operation not permitted`;
}

function give(path: string, user: string, isDeep: boolean, { files }: Io): void {
  const inside = isDeep ? files.entries(path) : [];
  for (const each of [path, ...inside]) files.own(each.replace(/(.)\/$/, "$1"), user);
}

/** A number is the name of its user, where there is one. */
const nameOf = (user: string, { files }: Io): string =>
  /^\d+$/.test(user)
    ? ((files.read("/etc/passwd") ?? "")
        .split("\n")
        .find((line) => line.split(":")[2] === user)
        ?.split(":")[0] ?? user)
    : user;

/** Which of `user:group` does not exist. A package may make accounts of its own name that the machine does not know. */
export function wrongOwner(owner: string, io: Io): "user" | "group" | undefined {
  const texts = { get: (path: string) => io.files.read(path) };
  const mayBe = (name: string): boolean =>
    name === "" || /^\+?\d+$/.test(name) || io.machine.disk.packages.has(name);
  const isUser = (name: string): boolean => mayBe(name) || userOf(texts, name) !== undefined;
  if (!owner.includes(":") && isUser(owner)) return undefined;
  const [, user = "", group = ""] = /^([^:]*?)(?:[:.]([^:]*))?$/.exec(owner) ?? [];
  if (!isUser(user)) return "user";
  return mayBe(group) || groupOf(texts, group) !== undefined ? undefined : "group";
}
