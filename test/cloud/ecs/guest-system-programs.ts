/** Programs that change or ask the system: packages, units, identity, network, power. */
import { IDENTITY } from "./guest-disk.ts";
import { isUnknownPackage, packageOf, unitExists, unitsOf, WEB_UNITS } from "./guest-packages.ts";
import { complain, said } from "./guest-shell-programs.ts";
import type { Io, Program, Run } from "./guest-machine.ts";

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
  const { disk, active } = io.machine;
  if (disk.os?.packager !== kind)
    return complain(io, `bash: ${kind === "rpm" ? "dnf" : "apt-get"}: command not found`, 127);
  const [verb, ...names] = args.filter((arg) => !arg.startsWith("-"));
  if (verb === "install" || verb === "reinstall") {
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
  if (verb === "remove" || verb === "erase" || verb === "purge" || verb === "autoremove") {
    for (const name of names) {
      disk.packages.delete(name);
      for (const unit of unitsOf(name)) [disk.enabled, active].forEach((units) => units.delete(unit));
    }
    return said(io.out, "Complete!");
  }
  if (
    verb === "update" ||
    verb === "upgrade" ||
    verb === "makecache" ||
    verb === "dist-upgrade" ||
    verb === "check-update"
  ) {
    yield INSTALL_MS;
    return said(io.out, "Complete!");
  }
  if (verb === "clean" || verb === "autoclean") return said(io.out, "0 files removed");
  return unknown(kind === "rpm" ? "dnf" : "apt-get", args, io);
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
  const { disk, active } = io.machine;
  const now = args.includes("--now");
  const [verb = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
  const units = names.map((name) => name.replace(/\.(service|socket|timer)$/, ""));
  if (verb === "daemon-reload" || verb === "reset-failed") return 0;
  if (verb === "reboot") return said(() => io.machine.reboot(), "");
  if (verb === "poweroff") return said(() => io.machine.powerOff(), "");
  let status = 0;
  for (const unit of units) {
    if (verb === "is-active" || verb === "status" || verb === "is-enabled") {
      const holds = verb === "is-enabled" ? disk.enabled.has(unit) : active.has(unit);
      const words = verb === "is-enabled" ? ["enabled", "disabled"] : ["active", "inactive"];
      if (!args.includes("-q") && !args.includes("--quiet")) io.out(`${holds ? words[0] : words[1]}\n`);
      if (!holds) status = verb === "is-enabled" ? 1 : 3;
      continue;
    }
    if (!unitExists(disk, unit)) {
      status = complain(
        io,
        `Failed to ${verb} unit: Unit file ${unit}.service does not exist.`,
        verb === "start" || verb === "restart" ? 5 : 1,
      );
      continue;
    }
    if (verb === "enable" || verb === "reenable") disk.enabled.add(unit);
    if (verb === "disable" || verb === "mask") disk.enabled.delete(unit);
    if (verb === "start" || verb === "restart" || verb === "reload-or-restart" || (verb === "enable" && now))
      active.add(unit);
    if (verb === "stop" || ((verb === "disable" || verb === "mask") && now)) active.delete(unit);
  }
  return status;
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
  // A unit somebody wrote themselves is taken to be what they curl for.
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
