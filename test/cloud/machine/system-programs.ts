/** Programs that change or ask the system: units, identity, the clock, power. */
import { IDENTITY } from "./disk.ts";
import { complain, has, notSimulated, operands, said, valueOf } from "./answers.ts";
import { clockText } from "./clock.ts";
import { packageOf } from "./packages.ts";
import { hostname, powered, rename, service, systemctl } from "./systemctl.ts";
import type { Io, Program, Run } from "./machine.ts";

export const SYSTEM_PROGRAMS: Readonly<Record<string, Program>> = {
  systemctl,
  service,
  "cloud-init": cloudInit,
  hostname,
  hostnamectl: (args, io) => {
    const [verb, name] = operands(args);
    if (verb === "set-hostname" || (verb === "hostname" && name !== undefined)) return rename(name ?? "", io);
    return verb === "hostname" ? said(io, io.machine.hostName()) : notSimulated("hostnamectl", args, io);
  },
  uname: (args, io) => said(io, unameOf(args, io)),
  arch: (_, io) => said(io, unameOf(["-m"], io)),
  lsb_release: release,
  date: clock,
  nproc: (_, io) => said(io, "2"),
  "ssh-keygen": (args, io) => {
    if (!args.includes("-A")) return notSimulated("ssh-keygen", args, io);
    for (const path of IDENTITY.hostKeys)
      if (!io.files.isFile(path)) io.files.write(path, `private key ${io.machine.token()}\n`);
    return 0;
  },
  "systemd-machine-id-setup": (_, io) => {
    if ((io.files.read(IDENTITY.machineId) ?? "").trim() === "")
      io.files.write(IDENTITY.machineId, `${io.machine.token()}\n`);
    return 0;
  },
  reboot: (_, io) => powered(io, () => io.machine.reboot()),
  shutdown: (args, io) => {
    if (args.includes("-c")) return 0;
    const [at = "+1"] = operands(args);
    if (at !== "now" && at !== "+0") return notSimulated("shutdown", args, io);
    return powered(io, args.includes("-r") ? io.machine.reboot : io.machine.powerOff);
  },
  poweroff: (_, io) => powered(io, () => io.machine.powerOff()),
  halt: (_, io) => powered(io, () => io.machine.powerOff()),
};

function* cloudInit(args: readonly string[], io: Io): Run {
  const { machine, files } = io;
  if (args.slice(1).some((arg) => !/^(?:--wait|--logs|-l|--machine-id|--seed|-s)$/.test(arg)))
    return notSimulated("cloud-init", args, io);
  if (args[0] === "status") {
    // A script in the user data that waits for itself would wait for ever.
    const isWaiting = (): boolean => args.includes("--wait") && machine.cloudInit() === "running";
    for (let seconds = 0; isWaiting() && seconds < 3600; seconds++) yield 1000;
    said(io, `status: ${machine.cloudInit()}`);
    // https://docs.cloud-init.io/en/latest/explanation/return_codes.html
    return machine.cloudInit() === "error" ? 1 : 0;
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
    : notSimulated("cloud-init", args, io);
}

function unameOf(args: readonly string[], { machine }: Io): string {
  const kernel = machine.disk.os?.kernel ?? "";
  const architecture = machine.architecture === "arm64" ? "aarch64" : "x86_64";
  const facts: readonly (readonly [letter: string, long: string, value: string])[] = [
    ["s", "--kernel-name", "Linux"],
    ["n", "--nodename", machine.hostName()],
    ["r", "--kernel-release", kernel],
    ["v", "--kernel-version", "#1 SMP"],
    ["m", "--machine", architecture],
    ["p", "--processor", architecture],
    ["i", "--hardware-platform", architecture],
    ["o", "--operating-system", "GNU/Linux"],
  ];
  const asked = facts.filter(([letter, long]) => has(args, `a${letter}`, long, "--all"));
  return (asked.length === 0 ? facts.slice(0, 1) : asked).map(([, , value]) => value).join(" ");
}

const CODENAMES: Readonly<Record<string, string>> = { "24.04": "noble", "22.04": "jammy", "20.04": "focal" };

function release(args: readonly string[], io: Io): number {
  const { os } = io.machine.disk;
  if (os?.id !== "ubuntu") return complain(io, `${io.shell.name}: lsb_release: command not found`, 127);
  if (!has(args, "s", "--short")) return notSimulated("lsb_release", args, io);
  if (has(args, "c")) return said(io, CODENAMES[os.version] ?? "noble");
  if (has(args, "i")) return said(io, "Ubuntu");
  return said(io, has(args, "r") ? os.version : `Ubuntu ${os.version} LTS`);
}

function clock(args: readonly string[], io: Io): number {
  const given = valueOf(args, "-d", "--date");
  const at =
    given === undefined || given === "now"
      ? io.machine.now()
      : /^@\d+$/.test(given)
        ? Number(given.slice(1)) * 1000
        : Number.NaN;
  const format = args.find((arg) => arg.startsWith("+"))?.slice(1) ?? formatOf(args);
  const text = Number.isNaN(at) ? undefined : clockText(format, at);
  return text === undefined ? notSimulated("date", args, io) : said(io, text);
}

function formatOf(args: readonly string[]): string {
  if (has(args, "R", "--rfc-email")) return "%a, %d %b %Y %T %z";
  const iso = args.find((arg) => /^-I|^--iso-8601/.test(arg));
  if (iso === undefined) return "%a %b %e %T %Z %Y";
  return /sec/.test(iso) ? "%FT%T+00:00" : "%F";
}
