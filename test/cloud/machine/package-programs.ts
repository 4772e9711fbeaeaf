/** Package managers: what they install is there, and its units with it. */
import { addAccountsOf } from "./accounts.ts";
import { complain, notSimulated, said } from "./answers.ts";
import type { Io, Program, Run } from "./machine.ts";
import { askedOf } from "./package-options.ts";
import type { Asked } from "./package-options.ts";
import { PACKAGE_QUERIES } from "./package-queries.ts";
import { isKnownPackage, isUnknownPackage, unitsOf } from "./packages.ts";
import { Units } from "./units.ts";
import { addFilesOf } from "./web/package-files.ts";

/** How long one package takes to download and install; an estimate. */
const INSTALL_MS = 20_000;

type Kind = "rpm" | "deb";

export const PACKAGE_PROGRAMS: Readonly<Record<string, Program>> = {
  ...PACKAGE_QUERIES,
  dnf: (args, io) => packager("dnf", args, io),
  yum: (args, io) => packager("yum", args, io),
  "apt-get": (args, io) => packager("apt-get", args, io),
  apt: (args, io) => packager("apt", args, io),
};

type Act = "install" | "remove" | "update" | "refresh" | "clean";

/** What a verb does; verbs of the programs that are not here are not simulated. */
const VERBS: Readonly<Record<Kind, Readonly<Record<string, Act>>>> = {
  deb: {
    install: "install",
    reinstall: "install",
    remove: "remove",
    purge: "remove",
    autoremove: "remove",
    autopurge: "remove",
    update: "refresh",
    upgrade: "update",
    "dist-upgrade": "update",
    "full-upgrade": "update",
    clean: "clean",
    autoclean: "clean",
  },
  rpm: {
    install: "install",
    reinstall: "install",
    remove: "remove",
    erase: "remove",
    autoremove: "remove",
    update: "update",
    upgrade: "update",
    makecache: "refresh",
    clean: "clean",
  },
};

const OTHER_VERBS =
  /^(?:build-dep|satisfy|source|download|changelog|check|list|search|show|info|policy|edit-sources|depends|rdepends|dselect-upgrade|check-update|config-manager|copr|downgrade|group\w*|history|module|provides|repolist|repoquery|shell|swap|updateinfo|upgrade-minimal|deplist|mark|distro-sync|alias|builddep|debuginfo-install|needs-restarting|versionlock|reposync|localinstall)$/;

function* packager(name: string, args: readonly string[], io: Io): Run {
  const kind = name.startsWith("apt") ? "deb" : "rpm";
  if (io.machine.disk.os?.packager !== kind)
    return complain(io, `${io.shell.name}: ${name}: command not found`, 127);
  const asked = askedOf(kind, args);
  if (OTHER_VERBS.test(asked.verb) || asked.verb === "") return notSimulated(name, args, io);
  if (asked.unknown !== undefined) return unknownOption(kind, asked.unknown, io);
  const act = VERBS[kind][asked.verb];
  if (act === undefined) return wrongVerb(name, asked, io);
  if (!asked.isSimulated) return notSimulated(name, args, io);
  if (io.shell.user.uid !== 0 && !asked.isDry) return denied(kind, io);
  const result = ACTS[act](kind, asked, io);
  return typeof result === "number" ? result : yield* result;
}

const ACTS: Readonly<Record<Act, (kind: Kind, asked: Asked, io: Io) => number | Run>> = {
  install,
  remove,
  update,
  refresh: (_kind, _asked, io) => passes(io),
  clean: (kind, _asked, io) => (kind === "deb" ? 0 : said(io, "0 files removed")),
};

const wrongVerb = (name: string, { verb }: Asked, io: Io): number =>
  name.startsWith("apt")
    ? complain(io, `E: Invalid operation ${verb}`, 100)
    : complain(io, `No such command: ${verb}. Please use ${name} --help`);

/** https://github.com/rpm-software-management/dnf/blob/master/dnf/cli/option_parser.py (error) */
const unknownOption = (kind: Kind, option: string, io: Io): number =>
  kind === "rpm"
    ? complain(io, `Command line error: unrecognized arguments: ${option}`)
    : complain(
        io,
        `E: Command line option ${option} is not understood in combination with the other options`,
        100,
      );

const denied = (kind: Kind, io: Io): number =>
  kind === "rpm"
    ? complain(io, "Error: This command has to be run with superuser privileges.")
    : complain(io, "E: Could not open a lock file - open (13: Permission denied), are you root?", 100);

const CONFIGURED = /^\s*assumeyes\s*=\s*(?:1|true|yes)|APT::Get::Assume-Yes\s+"?(?:1|true|yes)/im;

/**
 * A script has no terminal: without -y the program reads its answer from the input, and its end means no.
 * https://dnf.readthedocs.io/en/latest/command_ref.html, https://manpages.debian.org/stable/apt/apt-get.8.en.html
 */
function isAgreed({ isAgreed: isGiven, isRefused }: Asked, { files, input }: Io): boolean {
  if (isRefused) return false;
  if (isGiven) return true;
  const paths = [
    "/etc/dnf/dnf.conf",
    "/etc/yum.conf",
    "/etc/apt/apt.conf",
    ...files.below("/etc/apt/apt.conf.d"),
  ];
  if (paths.some((path) => CONFIGURED.test(files.read(path) ?? ""))) return true;
  return /^\s*y(?:es)?\s*$/im.test(input.line()?.text ?? "");
}

const aborted = (io: Io): number => complain(io, "Operation aborted.");

function* passes(io: Io): Run {
  yield INSTALL_MS;
  return said(io, "Complete!");
}

function* update(kind: Kind, asked: Asked, io: Io): Run {
  const { names, isDry } = asked;
  const missing = names.map((name) => nameOf(name, kind)).find((name) => !io.machine.disk.packages.has(name));
  if (missing !== undefined && kind === "rpm" && (isUnknownPackage(missing) || isKnownPackage(missing)))
    return complain(io, `No match for argument: ${missing}\nError: No packages marked for upgrade.`);
  // The base image has more packages than the machine knows.
  if (missing !== undefined || (names.length > 0 && kind === "deb"))
    return notSimulated(kind === "deb" ? "apt-get" : "dnf", [asked.verb, ...names], io);
  if (isDry) return said(io, "Complete!");
  return isAgreed(asked, io) ? yield* passes(io) : aborted(io);
}

/** The name without its architecture and its version. */
function nameOf(given: string, kind: Kind): string {
  const bare = given.replace(/\.(x86_64|aarch64|noarch|i686)$|:(amd64|arm64|any)$/, "");
  return bare.slice(0, bare.length - versionIn(bare, kind).length);
}

/** `=1.2` of Debian, `-1.2-3` of the rpm family; empty without a version. */
const versionIn = (given: string, kind: Kind): string =>
  (kind === "deb" ? /[=/].*$/ : /-(?:\d+:)?\d[\w~^]*\.[\w.~^+*]*(?:-\d[\w.~^+*]*)?$/).exec(given)?.[0] ?? "";

function remove(kind: Kind, asked: Asked, io: Io): number {
  const { disk, active } = io.machine;
  const names = asked.names.map((name) => nameOf(name, kind));
  const unknown = kind === "deb" ? names.find((name) => isUnknownPackage(name)) : undefined;
  if (unknown !== undefined) return complain(io, `E: Unable to locate package ${unknown}`, 100);
  const there = names.filter((name) => disk.packages.has(name));
  for (const name of names)
    if (!there.includes(name))
      io.out(
        kind === "deb"
          ? `Package '${name}' is not installed, so not removed\n`
          : `No match for argument: ${name}\n`,
      );
  if (there.length === 0 || asked.isDry)
    return said(io, kind === "rpm" ? "Nothing to do.\nComplete!" : "0 to remove.");
  if (!isAgreed(asked, io)) return aborted(io);
  for (const name of there) {
    disk.packages.delete(name);
    for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.delete(unit));
  }
  return said(io, "Complete!");
}

function* install(kind: Kind, asked: Asked, io: Io): Run {
  const { packages } = io.machine.disk;
  const given = asked.names.filter((name) => isOfRepository(name, kind, io));
  if (asked.names.length === 0 && kind === "rpm")
    return complain(io, "Command line error: the following arguments are required: PACKAGE");
  const names = given.map((name) => nameOf(name, kind));
  const unknown = names.find((name) => isUnknownPackage(name));
  if (unknown !== undefined)
    return kind === "rpm"
      ? complain(io, `Error: Unable to find a match: ${unknown}`)
      : complain(io, `E: Unable to locate package ${unknown}`, 100);
  const isNew = (name: string): boolean => !packages.has(name);
  for (const name of names) if (!isNew(name)) io.out(`Package ${name} is already installed.\n`);
  const fresh = asked.onlyUpgrades ? [] : names.filter((name) => isNew(name));
  if (asked.isDry) return said(io, fresh.map((name) => `Inst ${name}`).join("\n"));
  if (fresh.length > 0 && !isAgreed(asked, io)) return aborted(io);
  for (const name of new Set(fresh)) yield* installOne(name, kind, io);
  return said(io, "Complete!");
}

/** Names what comes from elsewhere, and versions of which the machine does not know whether they exist. */
function isOfRepository(name: string, kind: Kind, io: Io): boolean {
  if (/^@|^\.?\/|:\/\//.test(name) || (kind === "rpm" && name.includes("/"))) {
    notSimulated(kind === "rpm" ? "rpm -i" : "dpkg -i", [name], io);
    return false;
  }
  if (versionIn(name, kind) !== "" && !isUnknownPackage(nameOf(name, kind)))
    notSimulated(kind === "rpm" ? "dnf install" : "apt-get install", [`${name} (its version)`], io);
  return true;
}

function* installOne(name: string, kind: Kind, io: Io): Run {
  const { disk, active } = io.machine;
  yield INSTALL_MS;
  disk.packages.add(name);
  addAccountsOf(disk.files, name, kind);
  addFilesOf(disk, name, kind);
  // Debian starts what it installs, at once and at every boot.
  if (kind === "deb")
    for (const unit of unitsOf(name)) {
      disk.enabled.add(unit);
      if (new Units(disk).started(unit) === "active") active.add(unit);
    }
  io.out(`Installed: ${name}\n`);
  return 0;
}
