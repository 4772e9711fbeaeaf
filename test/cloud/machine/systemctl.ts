/** `systemctl` and `service`. */
import { complain, notSimulated, said } from "./answers.ts";
import type { Io } from "./machine.ts";
import { optionsOf } from "./options.ts";
import { unitNamed, Units } from "./units.ts";

const OPTIONS = {
  letters: "qflaN0n:o:",
  long: {
    now: "N",
    quiet: "q",
    force: "f",
    full: "l",
    all: "a",
    "no-block": "0",
    "no-pager": "0",
    "no-reload": "0",
    "no-ask-password": "0",
    "no-legend": "0",
    system: "0",
    lines: "n",
    output: "o",
  },
} as const;

interface Asked {
  readonly unit: string;
  readonly verb: string;
  readonly isNow: boolean;
  readonly isQuiet: boolean;
  readonly units: Units;
}

export function systemctl(args: readonly string[], io: Io): number {
  const given = optionsOf(args, OPTIONS);
  const [verb = "", ...names] = given.operands;
  if (given.unknown !== undefined) return notSimulated("systemctl", args, io);
  if (/^daemon-re(?:load|exec)$|^reset-failed$/.test(verb)) return 0;
  if (/^(?:reboot|poweroff|halt)$/.test(verb))
    return powered(io, verb === "reboot" ? io.machine.reboot : io.machine.powerOff);
  const act = Object.hasOwn(QUESTIONS, verb)
    ? QUESTIONS[verb]
    : Object.hasOwn(CHANGES, verb)
      ? changed
      : undefined;
  if (act === undefined || names.some((name) => /[*?[]/.test(name)))
    return notSimulated("systemctl", args, io);
  if (names.length === 0) return complain(io, "Too few arguments.");
  const all = { verb, isNow: given.has("N"), isQuiet: given.has("q"), units: new Units(io.machine.disk) };
  return together(
    verb,
    names.map((name) => act({ ...all, unit: unitNamed(name) }, io)),
  );
}

/** Of questions one unit that is as it is asked for is enough. */
function together(verb: string, codes: readonly number[]): number {
  if (verb === "is-active" || verb === "is-enabled") return codes.includes(0) ? 0 : (codes[0] ?? 0);
  return codes.findLast((code) => code !== 0) ?? 0;
}

/** Only root has power over the machine. */
export function powered(io: Io, change: () => void): number {
  if (io.shell.user.uid !== 0) return complain(io, "Interactive authentication required.");
  change();
  return 0;
}

function stateOf(unit: string, { machine }: Io): "active" | "failed" | "inactive" {
  if (machine.active.has(unit)) return "active";
  return machine.failed.has(unit) ? "failed" : "inactive";
}

const say = (text: string, { isQuiet }: Asked, io: Io): void => io.out(isQuiet ? "" : `${text}\n`);

/** The machine does not know the state of units that it does not have. */
const isUnknown = ({ unit, units, verb }: Asked, io: Io): boolean =>
  units.exists(unit) === "maybe" &&
  !io.machine.active.has(unit) &&
  !units.isMasked(unit) &&
  io.shell.notSimulated(`systemctl ${verb} ${unit}`) === 0;

const QUESTIONS: Readonly<Record<string, (asked: Asked, io: Io) => number>> = {
  "is-active": (asked, io) => {
    if (isUnknown(asked, io)) return 0;
    const state = stateOf(asked.unit, io);
    say(state, asked, io);
    return state === "active" ? 0 : 3;
  },
  "is-failed": (asked, io) => {
    const state = stateOf(asked.unit, io);
    say(state, asked, io);
    return state === "failed" ? 0 : 1;
  },
  "is-enabled": (asked, io) => {
    const { unit, units } = asked;
    if (isUnknown(asked, io)) return 0;
    if (units.exists(unit) === "no" && !units.isMasked(unit))
      return complain(io, `Failed to get unit file state for ${unit}.service: No such file or directory`);
    const isStatic = !units.isInstallable(unit);
    const isEnabled = io.machine.disk.enabled.has(unit);
    say(
      units.isMasked(unit) ? "masked" : isStatic ? "static" : isEnabled ? "enabled" : "disabled",
      asked,
      io,
    );
    return !units.isMasked(unit) && (isStatic || isEnabled) ? 0 : 1;
  },
  status: (asked, io) => {
    const { unit, units } = asked;
    if (isUnknown(asked, io)) return 0;
    if (units.exists(unit) === "no") return complain(io, `Unit ${unit}.service could not be found.`, 4);
    const state = stateOf(unit, io);
    const shown = {
      active: "active (running)",
      failed: "failed (Result: exit-code)",
      inactive: "inactive (dead)",
    };
    const boot = io.machine.disk.enabled.has(unit) ? "enabled" : "disabled";
    say(`● ${unit}.service\n     Loaded: loaded (${boot})\n     Active: ${shown[state]}`, asked, io);
    return state === "active" ? 0 : 3;
  },
};

type Change = (asked: Asked, io: Io) => number;

const CHANGES: Readonly<Record<string, Change>> = {
  enable: (asked, io) => {
    const { unit, units, isNow } = asked;
    if (units.isMasked(unit))
      return complain(io, `Failed to enable unit: Unit file ${units.maskPath(unit)} is masked.`);
    if (units.isInstallable(unit)) io.machine.disk.enabled.add(unit);
    else io.err("The unit files have no installation config, and are not meant to be enabled.\n");
    return isNow ? start(asked, io) : 0;
  },
  reenable: (asked, io) => CHANGES["enable"]?.(asked, io) ?? 0,
  disable: (asked, io) => {
    io.machine.disk.enabled.delete(asked.unit);
    return asked.isNow ? stop(asked, io) : 0;
  },
  mask: (asked, io) => {
    const path = asked.units.maskPath(asked.unit);
    if (io.files.isFile(path)) return complain(io, `Failed to mask unit: File ${path} already exists.`);
    io.files.link(path, "/dev/null");
    return asked.isNow ? stop(asked, io) : 0;
  },
  unmask: ({ unit, units }, io) => {
    if (units.isMasked(unit)) io.files.remove(units.maskPath(unit));
    return 0;
  },
  start,
  restart: start,
  "reload-or-restart": start,
  "try-restart": (asked, io) => (io.machine.active.has(asked.unit) ? start(asked, io) : 0),
  reload: ({ unit }, io) =>
    io.machine.active.has(unit) ? 0 : complain(io, `${unit}.service is not active, cannot reload.`),
  stop,
};

/** Verbs that work on what is not there, too. */
const MAY_LACK: ReadonlySet<string> = new Set(["mask", "unmask"]);
/** Verbs that say of a unit that is not there what it is not loaded for. */
const RUNS: ReadonlySet<string> = new Set([
  "start",
  "restart",
  "reload-or-restart",
  "stop",
  "reload",
  "try-restart",
]);

function changed(asked: Asked, io: Io): number {
  const { unit, verb, units } = asked;
  if (io.shell.user.uid !== 0)
    return complain(io, `Failed to ${verb} ${unit}.service: Interactive authentication required.`);
  const isThere = units.exists(unit);
  if (isThere === "no" && !units.isMasked(unit) && !MAY_LACK.has(verb))
    return RUNS.has(verb)
      ? complain(io, `Failed to ${verb} ${unit}.service: Unit ${unit}.service not found.`, 5)
      : complain(io, `Failed to ${verb} unit: Unit file ${unit}.service does not exist.`);
  return CHANGES[verb]?.(asked, io) ?? 0;
}

function start({ unit, units }: Asked, io: Io): number {
  const { active, failed } = io.machine;
  const outcome = units.started(unit);
  for (const set of [active, failed]) set.delete(unit);
  if (units.isMasked(unit))
    return complain(io, `Failed to start ${unit}.service: Unit ${unit}.service is masked.`);
  if (outcome === "refused")
    return complain(io, `Failed to start ${unit}.service: Unit ${unit}.service has a bad unit file setting.`);
  if (outcome === "failed") {
    failed.add(unit);
    // A simple service counts as started before its program runs.
    const waits =
      /^(?:oneshot|forking|notify|exec|dbus)$/.test(units.setting(unit, "Type") ?? "") || unit === "nginx";
    return waits
      ? complain(io, `Job for ${unit}.service failed because the control process exited with error code.`)
      : 0;
  }
  const isRun = units.setting(unit, "Type") === "oneshot" && units.setting(unit, "ExecStart") !== undefined;
  if (isRun) io.shell.notSimulated(`${unit}.service runs ${units.setting(unit, "ExecStart")}`);
  if (outcome === "active") active.add(unit);
  return 0;
}

function stop({ unit }: Asked, io: Io): number {
  for (const set of [io.machine.active, io.machine.failed]) set.delete(unit);
  return 0;
}

/** `service name verb` */
export function service(args: readonly string[], io: Io): number {
  const [unit, verb, ...more] = args;
  if (unit === undefined || verb === undefined || more.length > 0 || unit.startsWith("-"))
    return notSimulated("service", args, io);
  if (!/^(?:start|stop|restart|reload|status|force-reload|try-restart)$/.test(verb))
    return notSimulated("service", args, io);
  return systemctl([verb === "force-reload" ? "reload-or-restart" : verb, unit], io);
}

/** The name of the machine, and a way to change it. */
export function hostname(args: readonly string[], io: Io): number {
  const [first, ...more] = args;
  if (first === undefined || (/^-[sf]$/.test(first) && more.length === 0))
    return said(io, io.machine.hostName().replace(first === "-s" ? /\..*$/ : "", ""));
  if (first.startsWith("-") || more.length > 0) return notSimulated("hostname", args, io);
  return rename(first, io);
}

export function rename(name: string, io: Io): number {
  if (io.shell.user.uid !== 0) return complain(io, "you must be root to change the host name");
  io.files.write("/etc/hostname", `${name}\n`);
  return 0;
}
