/** Runs a script on a simulated machine that belongs to no instance. */
import { systemDisk } from "./disk.ts";
import type { GuestDisk } from "./disk.ts";
import { runScript } from "./shell.ts";
import type { Machine } from "./machine.ts";

function machineWith(disk: GuestDisk, lines: string[]): Machine {
  let tokens = 0;
  return {
    instanceId: "i-1",
    architecture: "x86_64",
    disk,
    active: new Set(disk.enabled),
    hostName: () => "web-1",
    isCloudInitDone: () => true,
    metadata: (path) => (path === "meta-data/instance-id" ? "i-1" : undefined),
    needsMetadataToken: false,
    token: () => `token${++tokens}`,
    now: () => 0,
    print: (text) => void lines.push(text),
    powerOff: () => undefined,
    reboot: () => undefined,
  };
}

/** Runs a script to its end. Returns its exit code, its output and the time it takes. */
export function runOnMachine(
  script: string,
  disk = fresh(),
): { code: number; output: string; waitedMs: number; disk: GuestDisk } {
  const lines: string[] = [];
  const process = runScript(machineWith(disk, lines), script, {});
  let waitedMs = 0;
  for (;;) {
    const { value, done } = process.next();
    if (done === true) return { code: value, output: lines.join(""), waitedMs, disk };
    waitedMs += value;
  }
}

function fresh(): GuestDisk {
  return systemDisk({ id: "alinux", version: "3", packager: "rpm", kernel: "5.10.134" });
}
