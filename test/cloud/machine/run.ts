/** Runs a script on a simulated machine that belongs to no instance. */
import { bootUnits } from "./boot.ts";
import { systemDisk } from "./disk.ts";
import type { GuestDisk } from "./disk.ts";
import { runScript } from "./shell/run-script.ts";
import type { Machine, Run } from "./machine.ts";

interface Output {
  readonly lines: string[];
  readonly unsupported: string[];
}

const BEGINS_AT = Date.UTC(2026, 0, 5, 8);

function machineWith(disk: GuestDisk, now: () => number, output: Output, linger: Machine["linger"]): Machine {
  let tokens = 0;
  const machine: Machine = {
    instanceId: "i-1",
    architecture: "x86_64",
    disk,
    active: new Set(),
    failed: new Set(),
    hostName: () => "web-1",
    cloudInit: () => "done",
    download: () => undefined,
    metadata: (path) => (path === "meta-data/instance-id" ? "i-1" : undefined),
    needsMetadataToken: false,
    token: () => `token${++tokens}`,
    now,
    print: (text) => void output.lines.push(text),
    unsupported: (command) => void output.unsupported.push(command),
    linger,
    powerOff: () => undefined,
    reboot: () => undefined,
  };
  bootUnits(machine);
  return machine;
}

/** How a script ended, and what it did. */
export interface Ran {
  readonly code: number;
  readonly output: string;
  /** Commands that are not simulated, in the order they were met. */
  readonly unsupported: readonly string[];
  readonly waitedMs: number;
  readonly disk: GuestDisk;
}

/** What a script leaves behind goes on for so long. */
const LINGERS_MS = 3_600_000;

/** Runs a script to its end on a machine of its own, or on a given disk. */
export function runOnMachine(script: string, disk = fresh("alinux")): Ran {
  const output: Output = { lines: [], unsupported: [] };
  let now = BEGINS_AT;
  const left: Run[] = [];
  const linger = (run: Run): void => void left.push(run);
  const machine = machineWith(disk, () => now, output, linger);
  const process = runScript(machine, script);
  const passed = (run: Run, limitMs: number): number | undefined => {
    const until = now + limitMs;
    for (;;) {
      const { value, done } = run.next();
      if (done === true) return value;
      if (now + value > until) return undefined;
      now += value;
    }
  };
  const code = passed(process, Number.POSITIVE_INFINITY) ?? 0;
  const waitedMs = now - BEGINS_AT;
  const text = output.lines.join("");
  for (const run of left) passed(run, LINGERS_MS);
  return { code, output: text, unsupported: output.unsupported, waitedMs, disk };
}

/** The disk of a new machine. */
export function fresh(id: "alinux" | "ubuntu"): GuestDisk {
  return id === "alinux"
    ? systemDisk({ id, version: "3", packager: "rpm", kernel: "5.10.134" })
    : systemDisk({ id, version: "24.04", packager: "deb", kernel: "6.8.0-generic" });
}
