/** Programs that make, move, list and remove files. */
import { complain, has, notSimulated, operands, said, valueOf } from "./answers.ts";
import { resolvePath } from "./files.ts";
import { optionsOf } from "./options.ts";
import type { Io, Program } from "./machine.ts";
import { wrongOwner } from "./owners.ts";

export const FILE_PROGRAMS: Readonly<Record<string, Program>> = {
  touch: (args, io) =>
    each(operands(args), io, (name, path) => {
      if (has(args, "c", "--no-create") && !io.files.exists(path)) return 0;
      if (!io.files.hasFolder(path))
        return complain(io, `touch: cannot touch '${name}': No such file or directory`);
      if (!io.files.isDirectory(path)) io.files.write(path, "", true);
      return 0;
    }),
  mkdir,
  rm,
  rmdir: (args, io) =>
    each(operands(args), io, (name, path) => {
      if (!io.files.isDirectory(path))
        return complain(io, `rmdir: failed to remove '${name}': No such file or directory`);
      if (io.files.list(path).length > 0)
        return complain(io, `rmdir: failed to remove '${name}': Directory not empty`);
      io.files.remove(path);
      return 0;
    }),
  unlink: rm,
  cp: (args, io) => copy("cp", args, io),
  mv: (args, io) => copy("mv", args, io),
  install: (args, io) => {
    const takes = ["-m", "-o", "-g", "--mode", "--owner", "--group"];
    const owner = `${valueOf(args, "-o", "--owner") ?? ""}:${valueOf(args, "-g", "--group") ?? ""}`;
    const wrong = wrongOwner(owner, io);
    if (wrong !== undefined) return complain(io, `install: invalid ${wrong} '${owner}'`);
    if (has(args, "d", "--directory")) return mkdir(["-p", ...operands(args, takes)], io);
    const mode = valueOf(args, "-m", "--mode") ?? "755";
    const target = io.path(operands(args, takes).at(-1) ?? "");
    if (has(args, "D")) mkdir(["-p", "--", target.slice(0, target.lastIndexOf("/")) || "/"], io);
    return copy("install", operandsWithFlags(args, takes), io, mode);
  },
  ln,
  truncate,
  // Nothing shows that the text was written over before the file went.
  shred: (args, io) => {
    const given = optionsOf(args, {
      letters: "ufzn:",
      long: { remove: "u", force: "f", zero: "z", iterations: "n" },
    });
    if (given.unknown !== undefined || !given.has("u")) return notSimulated("shred", args, io);
    return rm(["--", ...given.operands], io);
  },
  chmod,
  ls,
  stat,
  mktemp,
  readlink: (args, io) => linked("readlink", args, io),
  realpath: (args, io) => linked("realpath", ["-f", ...args], io),
  basename: ([path = "", suffix = ""], io) => {
    const base = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
    return said(
      io,
      suffix !== "" && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base,
    );
  },
  dirname: (args, io) => {
    for (const path of args)
      said(io, path.includes("/") ? path.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/" : ".");
    return 0;
  },
  sync: () => 0,
  cmp: (args, io) => compare("cmp", args, io),
  diff: (args, io) => compare("diff", args, io),
};

/** Does something for each path. Returns the last failure. */
function each(names: readonly string[], io: Io, act: (name: string, path: string) => number): number {
  let status = 0;
  for (const name of names) status = act(name, io.path(name)) || status;
  return status;
}

function mkdir(args: readonly string[], io: Io): number {
  const makesParents = has(args, "p", "--parents");
  return each(operands(args, ["-m", "--mode"]), io, (name, path) => {
    if (!makesParents && io.files.exists(path))
      return complain(io, `mkdir: cannot create directory '${name}': File exists`);
    if (io.files.isFile(path)) return complain(io, `mkdir: cannot create directory '${name}': File exists`);
    if (!makesParents && !io.files.hasFolder(path))
      return complain(io, `mkdir: cannot create directory '${name}': No such file or directory`);
    if (io.files.isDirectory(path)) return 0;
    io.files.makeDirectory(path);
    return has(args, "v", "--verbose") ? said(io, `mkdir: created directory '${name}'`) : 0;
  });
}

function rm(args: readonly string[], io: Io): number {
  const isForced = has(args, "f", "--force");
  const isDeep = has(args, "rR", "--recursive");
  return each(operands(args), io, (name, path) => {
    if (!io.files.exists(path) && !io.files.isLink(path))
      return isForced ? 0 : complain(io, `rm: cannot remove '${name}': No such file or directory`);
    if (!isDeep && !io.files.isFile(path) && !io.files.isLink(path))
      return has(args, "d") ? 0 : complain(io, `rm: cannot remove '${name}': Is a directory`);
    const inside = has(args, "v", "--verbose") ? io.files.entries(path).toReversed() : [];
    for (const entry of inside)
      io.out(
        `removed ${entry.endsWith("/") ? "directory " : ""}'${name}${entry.slice(path.length).replace(/\/$/, "")}'\n`,
      );
    io.files.remove(path);
    return 0;
  });
}

/** Leaves flags without values, so that `copy` sees its own. */
const operandsWithFlags = (args: readonly string[], takes: readonly string[]): string[] =>
  args.filter(
    (arg, index) => !takes.includes(arg) && !takes.includes(args[index - 1] ?? "") && !/^-m./.test(arg),
  );

function copy(program: string, args: readonly string[], io: Io, mode?: string): number {
  const { files } = io;
  const given = operands(args, ["-t", "-S"]);
  const folder = valueOf(args, "-t", "--target-directory");
  const named = folder ?? given.pop() ?? "";
  const target = io.path(named);
  const isDeep = program === "mv" || has(args, "rRa", "--recursive", "--archive");
  if (!files.isDirectory(target) && (given.length > 1 || named.endsWith("/") || !files.hasFolder(target)))
    return complain(io, `${program}: target '${named}': No such file or directory`);
  return each(given, io, (name, from) => {
    const problem = cannotCopy(name, from, isDeep, io);
    if (problem !== undefined) return complain(io, `${program}: ${problem}`);
    const isInto = files.isDirectory(target) && !has(args, "T");
    const to = isInto ? target + inside(name, from) : target;
    if (to === from) return complain(io, `${program}: '${name}' and '${named}' are the same file`);
    if (has(args, "n") && files.isFile(to)) return 0;
    if (has(args, "v", "--verbose"))
      io.out(
        `${program === "mv" ? "renamed " : ""}'${name}' -> '${isInto ? named.replace(/\/$/, "") + inside(name, from) : named}'\n`,
      );
    transferAll({ from, to, mode, keepsOwner: program === "mv" || has(args, "ap", "--archive") }, files);
    if (program === "mv") files.remove(from);
    return 0;
  });
}

function cannotCopy(name: string, from: string, isDeep: boolean, { files }: Io): string | undefined {
  if (!files.exists(from)) return `cannot stat '${name}': No such file or directory`;
  return files.isDirectory(from) && !isDeep ? `-r not specified; omitting directory '${name}'` : undefined;
}

interface Copy {
  readonly from: string;
  readonly to: string;
  readonly mode: string | undefined;
  readonly keepsOwner: boolean;
}

/** Copies a file, or a folder with all that is in it. */
function transferAll({ from, to, mode, keepsOwner }: Copy, files: Io["files"]): void {
  for (const path of files.entries(from)) {
    const entry = to + path.slice(from.length);
    transfer(files, path, entry, mode);
    if (keepsOwner) files.keepOwner(path, entry);
  }
}

/** `dir/.` means what is in the folder. */
const inside = (name: string, from: string): string =>
  name.endsWith("/.") ? "" : `/${from.split("/").at(-1) ?? ""}`;

function transfer(files: Io["files"], from: string, to: string, mode: string | undefined): void {
  if (from.endsWith("/")) return files.makeDirectory(to.replace(/\/$/, ""));
  files.write(to, files.read(from) ?? "");
  files.makeExecutable(to, mode === undefined ? files.isExecutable(from) : isRunnable(mode, false));
}

const SIZES: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  KB: 1000,
  MB: 1e6,
};

/** `truncate -s [+-]size[K|M|G] file …`: what is added is zeros. */
function truncate(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "cs:", long: { size: "s", "no-create": "c" } });
  const size = given.value("s");
  if (given.unknown !== undefined) return notSimulated("truncate", args, io);
  if (size === undefined) return complain(io, "truncate: you must specify either '--size' or '--reference'");
  const [, sign = "", digits = "", unit = ""] = /^([+-]?)(\d+)([KMG]?B?)$/.exec(size) ?? [];
  const bytes = Number(digits) * (SIZES[unit] ?? Number.NaN);
  if (digits === "" || Number.isNaN(bytes)) return notSimulated("truncate", args, io);
  return each(given.operands, io, (name, path) => {
    if (given.has("c") && !io.files.isFile(path)) return 0;
    if (!io.files.hasFolder(path))
      return complain(io, `truncate: cannot open '${name}' for writing: No such file or directory`);
    const text = Buffer.from(io.files.read(path) ?? "");
    const wanted = Math.max(0, sign === "" ? bytes : text.length + (sign === "+" ? bytes : -bytes));
    const added = Math.max(0, wanted - text.length);
    io.shell.bounds.spend(added);
    io.files.write(path, text.subarray(0, wanted).toString("utf8") + "\0".repeat(added));
    return 0;
  });
}

function ln(args: readonly string[], io: Io): number {
  const { files } = io;
  const [target = "", named] = operands(args);
  const base = target.split("/").at(-1) ?? "";
  const at = io.path(named ?? base);
  const isInto = files.isDirectory(at) && !files.isLink(at) && !has(args, "nT");
  const path = isInto ? `${at}/${base}` : at;
  const isTaken = files.exists(path) || files.isLink(path);
  if (isTaken && !has(args, "f", "--force"))
    return complain(io, `ln: failed to create link '${path}': File exists`);
  if (has(args, "s", "--symbolic")) {
    files.link(path, target);
    return 0;
  }
  const from = io.path(target);
  if (!files.isFile(from)) return complain(io, `ln: failed to access '${target}': No such file or directory`);
  transfer(files, from, path, undefined);
  return 0;
}

/** `755`, `+x`, `u=rwx,go=r` */
function isRunnable(mode: string, before: boolean): boolean {
  if (/^[0-7]+$/.test(mode)) return Array.from(mode.slice(-3)).some((digit) => Number(digit) % 2 === 1);
  let may = before;
  for (const part of mode.split(",")) {
    const [, sign, letters = ""] = /^[ugoa]*([-+=])([rwxXst]*)$/.exec(part) ?? [];
    if (letters.includes("x")) may = sign !== "-";
    else if (sign === "=" && /^(a|u)?=/.test(part)) may = false;
  }
  return may;
}

/** `777`, `o+w`, `a+rw`: a group counts as all. */
const letsAllWrite = (mode: string): boolean =>
  /^[0-7]?[0-7](?:[2367][0-7]|[0-7][2367])$/.test(mode) ||
  /(?:^|,)(?:[ugo]*[go][ugo]*|a|)[+=][rxX]*w/.test(mode);

function chmod(args: readonly string[], io: Io): number {
  const words = args.filter((arg) => !/^-[Rvcf]+$|^--/.test(arg));
  const [mode = "", ...names] = words;
  return each(names, io, (name, path) => {
    if (!io.files.exists(path))
      return complain(io, `chmod: cannot access '${name}': No such file or directory`);
    if (io.shell.user.uid !== 0 && io.files.owner(path) !== io.shell.user.name)
      return complain(io, `chmod: changing permissions of '${name}': Operation not permitted`);
    const paths = has(args, "R", "--recursive") ? io.files.below(path) : [path];
    if (letsAllWrite(mode)) for (const one of [path, ...paths]) io.files.own(one, "*");
    for (const one of paths)
      if (io.files.isFile(one)) io.files.makeExecutable(one, isRunnable(mode, io.files.isExecutable(one)));
    return 0;
  });
}

function ls(args: readonly string[], io: Io): number {
  if (has(args, "lsi")) return notSimulated("ls", args, io);
  const { files } = io;
  const given = operands(args);
  const names = given.length === 0 ? ["."] : given;
  let status = 0;
  const shown: string[] = [];
  for (const name of names) {
    const path = io.path(name);
    if (files.isFile(path) || (has(args, "d") && files.isDirectory(path))) shown.unshift(name);
    else if (!files.isDirectory(path))
      status = complain(io, `ls: cannot access '${name}': No such file or directory`, 2);
    else if (!files.mayEnter(path))
      status = complain(io, `ls: cannot open directory '${name}': Permission denied`, 2);
    else {
      if (names.length > 1) shown.push(`${shown.length > 0 ? "\n" : ""}${name}:`);
      shown.push(...files.list(path).filter((entry) => has(args, "aA") || !entry.startsWith(".")));
    }
  }
  if (shown.length > 0) io.out(`${shown.join("\n")}\n`);
  return status;
}

/** `stat -c format`, as far as a file has what is asked for. */
function stat(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "c:L", long: { format: "c", printf: "p", dereference: "L" } });
  const format = given.value("c");
  const { files } = io;
  const facts: Readonly<Record<string, (path: string, name: string) => string>> = {
    "%Y": (path) => String(Math.floor(files.writtenAt(path) / 1000)),
    "%s": (path) => String(Buffer.byteLength(files.read(path) ?? "")),
    "%n": (_, name) => name,
    "%U": (path) => files.owner(path),
    "%F": (path) => kindOf(path, files),
    "%%": () => "%",
  };
  const asked: readonly string[] = format?.match(/%./g) ?? [];
  const isUnknown = asked.some(
    (each) =>
      facts[each] === undefined ||
      (each === "%s" && given.operands.some((name) => files.isDirectory(io.path(name)))),
  );
  if (format === undefined || given.unknown !== undefined || given.has("p") || isUnknown)
    return notSimulated("stat", args, io);
  if (asked.includes("%U") && given.operands.some((name) => files.owner(io.path(name)) === "*"))
    return notSimulated("stat", args, io);
  return each(given.operands, io, (name, path) =>
    files.exists(path) || files.isLink(path)
      ? said(
          io,
          format.replaceAll(/%./g, (each) => facts[each]?.(path, name) ?? each),
        )
      : complain(io, `stat: cannot statx '${name}': No such file or directory`),
  );
}

function kindOf(path: string, files: Io["files"]): string {
  if (files.isLink(path)) return "symbolic link";
  if (files.isDirectory(path)) return "directory";
  return files.read(path) === "" ? "regular empty file" : "regular file";
}

function mktemp(args: readonly string[], io: Io): number {
  const [template = "tmp.XXXXXXXXXX"] = operands(args, ["-p", "--tmpdir"]);
  const folder = template.includes("/") && !has(args, "t") ? "" : `${valueOf(args, "-p") ?? "/tmp"}/`;
  const word = io.machine.token().replaceAll(/\W/g, "");
  const path = io.path(
    folder + template.replace(/X{3,}/, (marks) => `${"x".repeat(marks.length)}${word}`.slice(-marks.length)),
  );
  if (has(args, "d", "--directory")) io.files.makeDirectory(path);
  else io.files.write(path, "");
  return said(io, path);
}

function linked(program: string, args: readonly string[], io: Io): number {
  const isFollowed = has(args, "fem");
  return each(operands(args), io, (name, path) => {
    const target = io.files.target(path);
    if (target === undefined && !isFollowed) return 1;
    if (program === "realpath" && !io.files.exists(path))
      return complain(io, `realpath: ${name}: No such file or directory`);
    const shown =
      target === undefined ? path : isFollowed ? resolvePath(path.replace(/\/[^/]*$/, ""), target) : target;
    return said(io, shown);
  });
}

/** Whether two files are the same; where they differ is not simulated. */
function compare(program: string, args: readonly string[], io: Io): number {
  const [first, second] = operands(args).map((name) =>
    name === "-" ? io.input.rest() : io.files.read(io.path(name)),
  );
  if (first === undefined || second === undefined)
    return complain(io, `${program}: No such file or directory`, 2);
  if (first === second) return 0;
  if (has(args, "qs", "--brief", "--silent", "--quiet")) return 1;
  notSimulated(program, args, io);
  return 1;
}
