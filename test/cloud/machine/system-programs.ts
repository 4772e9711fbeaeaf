/** Programs that change or ask the system: packages, units, identity, network, power. */
import { IDENTITY } from "./disk.ts";
import { isUnknownPackage, packageOf, unitExists, unitsOf, WEB_UNITS } from "./packages.ts";
import { complain, said } from "./shell-programs.ts";
import type { Io, Program, Run } from "./machine.ts";

/** How long one package takes to download and install; an estimate. */
const INSTALL_MS = 20_000;
const METADATA_HOST = "100.100.100.200";

export const SYSTEM_PROGRAMS: Readonly<Record<string, Program>> = {
  dnf: (args, io) => packager("rpm", args, io),
  yum: (args, io) => packager("rpm", args, io),
  "apt-get": (args, io) => packager("deb", args, io),
  apt: (args, io) => packager("deb", args, io),
  rpm: (args, io) =>
    args[0]?.startsWith("-q")
      ? query(args.slice(1), io, "package %s is not installed")
      : unknown("rpm", args, io),
  dpkg: (args, io) =>
    args[0] === "-s"
      ? query(args.slice(1), io, "dpkg-query: package '%s' is not installed")
      : unknown("dpkg", args, io),
  systemctl,
  service: ([unit = "", verb = ""], io) => systemctl([verb, unit], io),
  curl,
  wget: curl,
  "cloud-init": cloudInit,
  hostname: (args, io) =>
    args[0] === undefined || args[0].startsWith("-")
      ? said(io.out, io.machine.hostName())
      : rename(args[0], io),
  hostnamectl: (args, io) =>
    /^(set-)?hostname$/.test(args[0] ?? "") ? rename(args[1] ?? "", io) : said(io.out, io.machine.hostName()),
  uname: (args, io) => said(io.out, unameOf(args.join(""), io)),
  id: (args, io) => said(io.out, args.includes("-u") ? "0" : "uid=0(root) gid=0(root) groups=0(root)"),
  whoami: (_, io) => said(io.out, "root"),
  date: (args, io) => said(io.out, dateOf(args, io.machine.now())),
  nproc: (_, io) => said(io.out, "2"),
  "ssh-keygen": (args, io) => {
    if (!args.includes("-A")) return unknown("ssh-keygen", args, io);
    for (const path of IDENTITY.hostKeys)
      if (!io.files.isFile(path)) io.files.write(path, `private key ${io.machine.token()}\n`);
    return 0;
  },
  "systemd-machine-id-setup": (_, io) => {
    if ((io.files.read(IDENTITY.machineId) ?? "").trim() === "")
      io.files.write(IDENTITY.machineId, `${io.machine.token()}\n`);
    return 0;
  },
  reboot: (_, io) => {
    io.machine.reboot();
    return 0;
  },
  shutdown: (args, io) => {
    if (args.includes("-r")) io.machine.reboot();
    else if (!args.includes("-c")) io.machine.powerOff();
    return 0;
  },
  poweroff: (_, io) => {
    io.machine.powerOff();
    return 0;
  },
};

function unknown(name: string, args: readonly string[], io: Io): number {
  return said(io.out, `guest: not simulated: ${[name, ...args].join(" ")}`);
}

function* packager(kind: "rpm" | "deb", args: readonly string[], io: Io): Run {
  const { disk } = io.machine;
  if (disk.os?.packager !== kind)
    return complain(io, `bash: ${kind === "rpm" ? "dnf" : "apt-get"}: command not found`, 127);
  const [verb = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
  if (INSTALLS.has(verb)) return yield* install(kind, names, io);
  if (REMOVALS.has(verb)) return remove(names, io);
  if (UPDATES.has(verb)) {
    yield INSTALL_MS;
    return said(io.out, "Complete!");
  }
  if (verb === "clean" || verb === "autoclean") return said(io.out, "0 files removed");
  return unknown(kind === "rpm" ? "dnf" : "apt-get", args, io);
}

const INSTALLS: ReadonlySet<string> = new Set(["install", "reinstall"]);
const REMOVALS: ReadonlySet<string> = new Set(["remove", "erase", "purge", "autoremove"]);
const UPDATES: ReadonlySet<string> = new Set([
  "update",
  "upgrade",
  "makecache",
  "dist-upgrade",
  "check-update",
]);

function remove(names: readonly string[], io: Io): number {
  const { disk, active } = io.machine;
  for (const name of names) {
    disk.packages.delete(name);
    for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.delete(unit));
  }
  return said(io.out, "Complete!");
}

function* install(kind: "rpm" | "deb", names: readonly string[], io: Io): Run {
  const { disk, active } = io.machine;
  for (const raw of names) {
    const name = raw.replace(/[=].*$/, "");
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
    // Debian starts what it installs, at once and at every boot.
    if (kind === "deb")
      for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.add(unit));
    io.out(`Installed: ${name}\n`);
  }
  return said(io.out, "Complete!");
}

function query(names: readonly string[], io: Io, refusal: string): number {
  let status = 0;
  for (const name of names.filter((each) => !each.startsWith("-"))) {
    if (io.machine.disk.packages.has(name)) io.out(`${name}-1.0-1\n`);
    else status = complain(io, refusal.replace("%s", name));
  }
  return status;
}

function systemctl(args: readonly string[], io: Io): number {
  const [verb = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
  if (verb === "daemon-reload" || verb === "reset-failed") return 0;
  if (verb === "reboot") return said(() => io.machine.reboot(), "");
  if (verb === "poweroff") return said(() => io.machine.powerOff(), "");
  const isQuestion = verb === "is-active" || verb === "status" || verb === "is-enabled";
  let status = 0;
  for (const name of names) {
    const unit = name.replace(/\.(service|socket|timer)$/, "");
    status = (isQuestion ? unitStatus(verb, unit, args, io) : changeUnit(verb, unit, args, io)) || status;
  }
  return status;
}

function unitStatus(verb: string, unit: string, args: readonly string[], io: Io): number {
  const { disk, active } = io.machine;
  const [units, yes, no, failure] =
    verb === "is-enabled"
      ? ([disk.enabled, "enabled", "disabled", 1] as const)
      : ([active, "active", "inactive", 3] as const);
  const holds = units.has(unit);
  if (!args.includes("-q") && !args.includes("--quiet")) io.out(`${holds ? yes : no}\n`);
  return holds ? 0 : failure;
}

/** What a verb does to the units that start at boot, and to those that run; with `--now` it does both. */
const UNIT_CHANGES: Readonly<
  Record<string, { boot?: "add" | "delete"; run?: "add" | "delete"; now?: boolean }>
> = {
  enable: { boot: "add", run: "add", now: true },
  reenable: { boot: "add" },
  disable: { boot: "delete", run: "delete", now: true },
  mask: { boot: "delete", run: "delete", now: true },
  start: { run: "add" },
  restart: { run: "add" },
  "reload-or-restart": { run: "add" },
  stop: { run: "delete" },
};

function changeUnit(verb: string, unit: string, args: readonly string[], io: Io): number {
  const { disk, active } = io.machine;
  if (!unitExists(disk, unit)) {
    const failure = verb === "start" || verb === "restart" ? 5 : 1;
    return complain(io, `Failed to ${verb} unit: Unit file ${unit}.service does not exist.`, failure);
  }
  const { boot, run, now = false } = UNIT_CHANGES[verb] ?? {};
  if (boot !== undefined) disk.enabled[boot](unit);
  if (run !== undefined && (!now || args.includes("--now"))) active[run](unit);
  return 0;
}

/** Only this machine and the metadata service can be asked; the rest of the world is not simulated. */
function curl(args: readonly string[], io: Io): number {
  const url = args.find((arg) =>
    /^(https?:\/\/)?(localhost|127\.0\.0\.1|\[::1\]|100\.100\.100\.200)/.test(arg),
  );
  const format = args[args.findIndex((arg) => arg === "-w" || arg === "--write-out") + 1];
  const target = args[args.findIndex((arg) => arg === "-o" || arg === "--output" || arg === "-O") + 1];
  const hasTarget = args.some((arg) => arg === "-o" || arg === "--output");
  const hasFormat = args.some((arg) => arg === "-w" || arg === "--write-out");
  if (url === undefined) return unknown("curl", args, io);
  const answer = url.includes(METADATA_HOST) ? metadata(url, args, io) : local(io);
  const write = (body: string): void =>
    hasTarget ? io.files.write(io.path(target ?? ""), body) : io.out(body);
  if (answer === undefined) {
    if (hasFormat) io.out((format ?? "").replace("%{http_code}", "000"));
    return args.some((arg) => /^-\w*s/.test(arg)) && !args.some((arg) => /^-\w*S/.test(arg))
      ? 7
      : complain(io, "curl: (7) Failed to connect to localhost: Connection refused", 7);
  }
  const isBad = answer.status >= 400;
  if (isBad && args.some((arg) => /^-\w*f/.test(arg) || arg === "--fail"))
    return complain(io, `curl: (22) The requested URL returned error: ${answer.status}`, 22);
  write(answer.body);
  if (hasFormat)
    io.out((format ?? "").replace("%{http_code}", String(answer.status)).replaceAll(String.raw`\n`, "\n"));
  return 0;
}

function local({ machine }: Io): { status: number; body: string } | undefined {
  const own = (unit: string): boolean => machine.disk.files.has(`/etc/systemd/system/${unit}.service`);
  // A unit that a user wrote counts as the service behind curl.
  const isServing = [...machine.active].some((unit) => WEB_UNITS.has(unit) || own(unit));
  return isServing ? { status: 200, body: "<html><body>Welcome</body></html>\n" } : undefined;
}

function metadata(url: string, args: readonly string[], { machine }: Io): { status: number; body: string } {
  const hasToken = args.some((arg) => /metadata-token/i.test(arg));
  if (url.endsWith("/api/token")) return { status: 200, body: `${machine.token()}\n` };
  if (machine.needsMetadataToken && !hasToken) return { status: 403, body: "" };
  const body = machine.metadata(url.replace(/^.*\/latest\//, ""));
  return body === undefined ? { status: 404, body: "" } : { status: 200, body };
}

function* cloudInit(args: readonly string[], io: Io): Run {
  const { machine, files } = io;
  if (args[0] === "status") {
    // A script in the user data that waits for itself would wait for ever.
    for (let seconds = 0; args.includes("--wait") && !machine.isCloudInitDone() && seconds < 3600; seconds++)
      yield 1000;
    return said(io.out, machine.isCloudInitDone() ? "status: done" : "status: running");
  }
  if (args[0] === "clean") {
    files.remove("/var/lib/cloud");
    if (args.includes("--logs") || args.includes("-l"))
      for (const path of files.glob("/var/log/cloud-init*")) files.remove(path);
    if (args.includes("--machine-id")) files.write(IDENTITY.machineId, "");
    return 0;
  }
  return packageOf(machine.disk, "cloud-init") === undefined
    ? complain(io, "bash: cloud-init: command not found", 127)
    : unknown("cloud-init", args, io);
}

function rename(name: string, io: Io): number {
  io.files.write("/etc/hostname", `${name}\n`);
  return 0;
}

function unameOf(flags: string, { machine }: Io): string {
  const kernel = machine.disk.os?.kernel ?? "";
  const architecture = machine.architecture === "arm64" ? "aarch64" : "x86_64";
  if (flags.includes("a")) return `Linux ${machine.hostName()} ${kernel} ${architecture} GNU/Linux`;
  if (flags.includes("r")) return kernel;
  if (flags.includes("m")) return architecture;
  return flags.includes("n") ? machine.hostName() : "Linux";
}

function dateOf(args: readonly string[], at: number): string {
  const instant = new Date(at).toISOString();
  if (args.includes("+%s")) return String(Math.floor(at / 1000));
  if (args.some((arg) => arg.startsWith("+%Y-%m-%d") || arg === "+%F")) return instant.slice(0, 10);
  return `${instant.slice(0, 19)}Z`;
}
