/** Programs that ask which packages are there. */
import { complain, notSimulated, said } from "./answers.ts";
import type { Io, Program } from "./machine.ts";
import { optionsOf } from "./options.ts";

export const PACKAGE_QUERIES: Readonly<Record<string, Program>> = { rpm, dpkg, "dpkg-query": dpkgQuery };

const listed = ({ machine }: Io, line: (name: string) => string): string =>
  [...machine.disk.packages].map((name) => line(name)).join("\n");

function rpm(args: readonly string[], io: Io): number {
  const given = optionsOf(args, { letters: "qaQ", long: { query: "q", all: "a", quiet: "Q" } });
  if (given.unknown !== undefined || !given.has("q")) return notSimulated("rpm", args, io);
  if (given.has("a") && given.operands.length === 0)
    return said(
      io,
      listed(io, (name) => `${name}-1.0-1`),
    );
  if (given.operands.length === 0) return complain(io, "rpm: no arguments given for query");
  return each(given.operands, io, {
    found: (name) => (given.has("Q") ? "" : `${name}-1.0-1\n`),
    missing: (name) => io.out(given.has("Q") ? "" : `package ${name} is not installed\n`),
  });
}

interface Ways {
  readonly found: (name: string) => string;
  readonly missing: (name: string) => void;
}

/** Each package by name. Returns 1 when one is missing. */
function each(names: readonly string[], io: Io, { found, missing }: Ways): number {
  let status = 0;
  for (const name of names) {
    if (io.machine.disk.packages.has(name)) io.out(found(name));
    else {
      missing(name);
      status = 1;
    }
  }
  return status;
}

const ROW = (name: string): string => `ii  ${name.padEnd(14)} 1.0-1        amd64        ${name}\n`;

function dpkg(args: readonly string[], io: Io): number {
  const [verb = "", ...names] = args;
  if (verb === "--print-architecture" && names.length === 0)
    return said(io, io.machine.architecture === "arm64" ? "arm64" : "amd64");
  if (names.some((name) => /^-|[*?/]/.test(name))) return notSimulated("dpkg", args, io);
  if (/^(?:-l|--list)$/.test(verb)) {
    const all = names.length === 0 ? [...io.machine.disk.packages].toSorted() : names;
    const missing = (name: string): void => io.err(`dpkg-query: no packages found matching ${name}\n`);
    return each(all, io, { found: ROW, missing });
  }
  if (!/^(?:-s|--status)$/.test(verb) || names.length === 0) return notSimulated("dpkg", args, io);
  return each(names, io, {
    found: (name) => `Package: ${name}\nStatus: install ok installed\n`,
    missing: (name) =>
      io.err(`dpkg-query: package '${name}' is not installed and no information is available\n`),
  });
}

/** The format of a list of all packages with their versions, of which the machine knows none. */
const ALL = String.raw`-f=\${db:Status-Abbrev}\${Package} \${Version}\n`.replaceAll(String.raw`\$`, "$");

function dpkgQuery(args: readonly string[], io: Io): number {
  if (args.length === 2 && args[0] === "-W" && args[1] === ALL)
    return said(
      io,
      listed(io, (name) => `ii ${name} 1.0-1`),
    );
  const given = optionsOf(args, { letters: "Wsf:", long: { show: "W", showformat: "f", status: "s" } });
  if (given.unknown !== undefined || given.operands.length === 0) return notSimulated("dpkg-query", args, io);
  if (given.has("s")) return dpkg(["-s", ...given.operands], io);
  const format = (given.value("f") ?? "").replace(/^=/, "");
  const isKnown = !/\$\{(?!Status\}|Package\}|binary:Package\}|db:Status-Abbrev\})/.test(format);
  if (!given.has("W") || format === "" || !isKnown) return notSimulated("dpkg-query", args, io);
  return each(given.operands, io, {
    found: (name) =>
      format
        .replaceAll("${Status}", "install ok installed")
        .replaceAll("${db:Status-Abbrev}", "ii ")
        .replaceAll(/\$\{(?:binary:)?Package\}/g, name)
        .replaceAll(String.raw`\n`, "\n"),
    missing: (name) => io.err(`dpkg-query: no packages found matching ${name}\n`),
  });
}
