/** Programs that read and write files. */
import { createHash } from "node:crypto";
import { complain, said } from "./shell-programs.ts";
import type { Io, Program } from "./machine.ts";

export const FILE_PROGRAMS: Readonly<Record<string, Program>> = {
  cat: (args, io) => each(args, io, "cat", (text) => io.out(text)),
  head: (args, io) =>
    each(plain(args), io, "head", (text) => io.out(lines(text).slice(0, count(args)).join(""))),
  tail: (args, io) =>
    each(plain(args), io, "tail", (text) => io.out(lines(text).slice(-count(args)).join(""))),
  wc: (args, io) =>
    each(plain(args), io, "wc", (text) =>
      io.out(`${args.includes("-c") ? text.length : lines(text).length}\n`),
    ),
  sort: (args, io) => each(plain(args), io, "sort", (text) => io.out(lines(text).toSorted().join(""))),
  sha256sum: (args, io) =>
    each(plain(args), io, "sha256sum", (text, name) =>
      io.out(`${createHash("sha256").update(text).digest("hex")}  ${name}\n`),
    ),
  grep,
  egrep: grep,
  sed,
  tee: (args, io) => {
    for (const name of plain(args)) io.files.write(io.path(name), io.stdin, args.includes("-a"));
    io.out(io.stdin);
    return 0;
  },
  touch: (args, io) => {
    for (const name of plain(args)) io.files.write(io.path(name), "", true);
    return 0;
  },
  mkdir: (args, io) => {
    for (const name of plain(args)) io.files.makeDirectory(io.path(name));
    return 0;
  },
  rm: (args, io) => {
    const isForced = args.some((arg) => /^-\w*f/.test(arg));
    const isDeep = args.some((arg) => /^-\w*[rR]/.test(arg));
    let status = 0;
    for (const name of plain(args)) {
      const path = io.path(name);
      if (!io.files.exists(path))
        status = isForced ? status : complain(io, `rm: cannot remove '${name}': No such file or directory`);
      else if (!isDeep && !io.files.isFile(path))
        status = complain(io, `rm: cannot remove '${name}': Is a directory`);
      else io.files.remove(path);
    }
    return status;
  },
  rmdir: (args, io) => {
    for (const name of plain(args)) io.files.remove(io.path(name));
    return 0;
  },
  cp: (args, io) => copy(args, io, false),
  install: (args, io) => (args.includes("-d") ? FILE_PROGRAMS["mkdir"]!(args, io) : copy(args, io, false)),
  mv: (args, io) => copy(args, io, true),
  ln: (args, io) => copy(args, io, false),
  truncate: (args, io) => {
    for (const name of plain(args).filter((arg) => !/^\d+$/.test(arg))) io.files.write(io.path(name), "");
    return 0;
  },
  shred: (args, io) => FILE_PROGRAMS["rm"]!(args, io),
  chmod: () => 0,
  chown: () => 0,
  ls: (args, io) => {
    const names = plain(args);
    let status = 0;
    for (const name of names.length === 0 ? ["."] : names) {
      const path = io.path(name);
      if (io.files.isFile(path)) io.out(`${name}\n`);
      else if (io.files.isDirectory(path))
        io.out(
          io.files
            .list(path)
            .map((entry) => `${entry}\n`)
            .join(""),
        );
      else status = complain(io, `ls: cannot access '${name}': No such file or directory`, 2);
    }
    return status;
  },
  stat: (args, io) => {
    const isTime = args.includes("%Y");
    let status = 0;
    for (const name of plain(args).filter((arg) => arg !== "%Y")) {
      const path = io.path(name);
      if (!isTime) io.out(`guest: not simulated: stat ${args.join(" ")}\n`);
      else if (io.files.exists(path)) io.out(`${Math.floor(io.files.writtenAt(path) / 1000)}\n`);
      else status = complain(io, `stat: cannot statx '${name}': No such file or directory`);
    }
    return status;
  },
  basename: (args, io) => said(io.out, (args[0] ?? "").split("/").at(-1) ?? ""),
  dirname: (args, io) => said(io.out, (args[0] ?? "").split("/").slice(0, -1).join("/") || "."),
};

function plain(args: readonly string[]): string[] {
  return args.filter((arg, index) => !arg.startsWith("-") && !/^-[nm]$/.test(args[index - 1] ?? ""));
}

function count(args: readonly string[]): number {
  const flag = args.findIndex((arg) => arg === "-n");
  const short = args.find((arg) => /^-n?\d+$/.test(arg))?.replace(/^-n?/, "");
  return Number(short ?? (flag === -1 ? 10 : args[flag + 1]));
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Each file named, or what came through the pipe. */
function each(
  names: readonly string[],
  io: Io,
  program: string,
  use: (text: string, name: string) => void,
): number {
  const files = names.filter((name) => !name.startsWith("-") || name === "-");
  if (files.length === 0 || files[0] === "-") {
    use(io.stdin, "-");
    return 0;
  }
  let status = 0;
  for (const name of files) {
    const text = io.files.read(io.path(name));
    if (text === undefined) status = complain(io, `${program}: ${name}: No such file or directory`);
    else use(text, name);
  }
  return status;
}

function grep(args: readonly string[], io: Io): number {
  const flags = args.filter((arg) => /^-\w+$/.test(arg)).join("");
  const [pattern = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
  const matcher = new RegExp(
    flags.includes("F") ? pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) : pattern,
    flags.includes("i") ? "i" : "",
  );
  const isDeep = /[rR]/.test(flags);
  const files = isDeep ? names.flatMap((name) => io.files.below(io.path(name))) : names;
  if (isDeep && files.length === 0) return 1;
  let found = 0;
  const status = each(files, io, "grep", (text, name) => {
    const hits = lines(text).filter((line) => matcher.test(line.replace(/\n$/, "")) !== flags.includes("v"));
    found += hits.length;
    if (/[qlc]/.test(flags.replaceAll("-", ""))) {
      if (flags.includes("l") && hits.length > 0) io.out(`${name}\n`);
      else if (flags.includes("c")) io.out(`${hits.length}\n`);
    } else {
      io.out(hits.map((line) => (files.length > 1 ? `${name}:${line}` : line)).join(""));
    }
  });
  if (found > 0) return 0;
  return status === 0 ? 1 : 2;
}

/** Only the substitution of a text: `sed [-i] 's/a/b/g' file`. */
function sed(args: readonly string[], io: Io): number {
  const [script = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
  const match = /^s([/|#,])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1(g?)$/.exec(script);
  if (match === null) return said(io.out, `guest: not simulated: sed ${args.join(" ")}`);
  const matcher = new RegExp(match[2] ?? "", `m${match[4] ?? ""}`);
  const replacement = (match[3] ?? "").replaceAll(/\\(\d)/g, "$$$1").replaceAll(String.raw`\/`, "/");
  return each(names, io, "sed", (text, name) => {
    const changed = lines(text)
      .map((line) => line.replace(matcher, replacement))
      .join("");
    if (args.some((arg) => arg.startsWith("-i"))) io.files.write(io.path(name), changed);
    else io.out(changed);
  });
}

function copy(args: readonly string[], io: Io, moves: boolean): number {
  const names = plain(args).filter((arg) => !/^0?[0-7]{3}$/.test(arg));
  const target = io.path(names.at(-1) ?? "");
  let status = 0;
  for (const name of names.slice(0, -1)) {
    const from = io.path(name);
    if (!io.files.exists(from)) {
      status = complain(io, `cannot stat '${name}': No such file or directory`);
      continue;
    }
    const to = io.files.isDirectory(target) ? `${target}/${from.split("/").at(-1)}` : target;
    for (const path of io.files.below(from))
      io.files.write(to + path.slice(from.length), io.files.read(path) ?? "");
    if (moves) io.files.remove(from);
  }
  return status;
}
