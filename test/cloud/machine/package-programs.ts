/** Package managers: what they install is there, and its units with it. */
import { addAccountsOf } from "./accounts.ts";
import { complain, has, notSimulated, operands, said } from "./answers.ts";
import { isUnknownPackage, unitsOf } from "./packages.ts";
import type { Io, Program, Run } from "./machine.ts";

/** How long one package takes to download and install; an estimate. */
const INSTALL_MS = 20_000;

export const PACKAGE_PROGRAMS: Readonly<Record<string, Program>> = {
  dnf: (args, io) => packager("dnf", args, io),
  yum: (args, io) => packager("yum", args, io),
  "apt-get": (args, io) => packager("apt-get", args, io),
  apt: (args, io) => packager("apt", args, io),
  rpm: (args, io) =>
    args.join(" ") === "-qa"
      ? said(
          io,
          listed(io, (name) => `${name}-1.0-1`),
        )
      : args[0]?.startsWith("-q") && !has(args, "afl")
        ? query(args.slice(1), io, "package %s is not installed")
        : notSimulated("rpm", args, io),
  "dpkg-query": (args, io) =>
    args[0] === "-W" && args[1] === "-f=${db:Status-Abbrev}${Package} ${Version}\\n" && args.length === 2
      ? said(
          io,
          listed(io, (name) => `ii ${name} 1.0-1`),
        )
      : notSimulated("dpkg-query", args, io),
  dpkg: (args, io) => {
    if (args[0] === "-s" || args[0] === "--status")
      return query(args.slice(1), io, "dpkg-query: package '%s' is not installed");
    if (args[0] === "--print-architecture")
      return said(io, io.machine.architecture === "arm64" ? "arm64" : "amd64");
    return notSimulated("dpkg", args, io);
  },
};

function* packager(name: string, args: readonly string[], io: Io): Run {
  const kind = name.startsWith("apt") ? "deb" : "rpm";
  const { disk } = io.machine;
  if (disk.os?.packager !== kind) return complain(io, `${io.shell.name}: ${name}: command not found`, 127);
  if (io.shell.user.uid !== 0) return denied(kind, io);
  const [verb = "", ...names] = operands(args, ["-o", "-c", "-t", "--enablerepo", "--disablerepo"]);
  if (asks(verb, kind, names, io) && !isAgreed(args, kind, io)) return complain(io, "Operation aborted.");
  if (INSTALLS.has(verb)) return yield* install(kind, names, io);
  if (REMOVALS.has(verb)) return remove(names, io);
  if (UPDATES.has(verb)) return yield* update(io);
  if (verb === "clean" || verb === "autoclean") return said(io, "0 files removed");
  return notSimulated(name, args, io);
}

const denied = (kind: "rpm" | "deb", io: Io): number =>
  kind === "rpm"
    ? complain(io, "Error: This command has to be run with superuser privileges.")
    : complain(io, "E: Could not open a lock file - open (13: Permission denied), are you root?", 100);

const INSTALLS: ReadonlySet<string> = new Set(["install", "reinstall"]);
const REMOVALS: ReadonlySet<string> = new Set(["remove", "erase", "purge", "autoremove"]);
const UPDATES: ReadonlySet<string> = new Set([
  "update",
  "upgrade",
  "makecache",
  "dist-upgrade",
  "check-update",
]);

function* update(io: Io): Run {
  yield INSTALL_MS;
  return said(io, "Complete!");
}

/** Whether the program would change packages, about which it asks. */
function asks(verb: string, kind: "rpm" | "deb", names: readonly string[], { machine }: Io): boolean {
  const changes = (isThere: boolean): boolean =>
    names.some((name) => machine.disk.packages.has(name) === isThere && !isUnknownPackage(name));
  if (verb === "update") return kind === "rpm";
  if (verb === "upgrade" || verb === "dist-upgrade" || verb === "reinstall") return true;
  return verb === "install" ? changes(false) : REMOVALS.has(verb) && changes(true);
}

const CONFIGURED = /^\s*assumeyes\s*=\s*(?:1|true|yes)|APT::Get::Assume-Yes\s+"?(?:1|true|yes)/im;

/**
 * A script has no terminal: without -y the program reads its answer from the input, and its end means no.
 * https://dnf.readthedocs.io/en/latest/command_ref.html, https://manpages.debian.org/stable/apt/apt-get.8.en.html
 */
function isAgreed(args: readonly string[], kind: "rpm" | "deb", { files, input }: Io): boolean {
  const isFlag = (arg: string): boolean =>
    /^(?:-[a-pr-zA-Z]*y[a-zA-Z]*|--assume-?yes|--yes)$/.test(arg) ||
    (kind === "deb" && /^(?:-qq|-q=2|(?:-o)?APT::Get::Assume-Yes="?(?:1|true|yes)"?)$/i.test(arg)) ||
    /^-q+y|^-yq/.test(arg);
  if (args.some(isFlag)) return true;
  const paths = [
    "/etc/dnf/dnf.conf",
    "/etc/yum.conf",
    "/etc/apt/apt.conf",
    ...files.below("/etc/apt/apt.conf.d"),
  ];
  if (paths.some((path) => CONFIGURED.test(files.read(path) ?? ""))) return true;
  return /^\s*y(?:es)?\s*$/im.test(input.line()?.text ?? "");
}

function remove(names: readonly string[], io: Io): number {
  const { disk, active } = io.machine;
  for (const name of names) {
    disk.packages.delete(name);
    for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.delete(unit));
  }
  return said(io, "Complete!");
}

function* install(kind: "rpm" | "deb", names: readonly string[], io: Io): Run {
  const { disk, active } = io.machine;
  for (const raw of names) {
    if (raw.includes("/")) {
      notSimulated(kind === "rpm" ? "rpm -i" : "dpkg -i", [raw], io);
      continue;
    }
    const name = raw.replace(/=.*$|\.(x86_64|aarch64|noarch)$|:(amd64|arm64)$/, "");
    if (isUnknownPackage(name)) {
      return kind === "rpm"
        ? complain(io, `Error: Unable to find a match: ${name}`)
        : complain(io, `E: Unable to locate package ${name}`, 100);
    }
    if (disk.packages.has(name)) {
      io.out(`Package ${name} is already installed.\n`);
      continue;
    }
    yield INSTALL_MS;
    disk.packages.add(name);
    addAccountsOf(disk.files, name, kind);
    // Debian starts what it installs, at once and at every boot.
    if (kind === "deb")
      for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.add(unit));
    io.out(`Installed: ${name}\n`);
  }
  return said(io, "Complete!");
}

const listed = ({ machine }: Io, line: (name: string) => string): string =>
  [...machine.disk.packages].map(line).join("\n");

function query(names: readonly string[], io: Io, refusal: string): number {
  let status = 0;
  for (const name of names.filter((each) => !each.startsWith("-"))) {
    if (io.machine.disk.packages.has(name)) io.out(`${name}-1.0-1\n`);
    else status = complain(io, refusal.replace("%s", name));
  }
  return status;
}
