/** A stub of the shell. */
import type { GuestDisk } from "./guest-disk.ts";
import type { Architecture } from "./records.ts";

export interface Machine {
  readonly instanceId: string;
  readonly privateIp: string;
  readonly architecture: Architecture;
  readonly disk: GuestDisk;
  readonly active: Set<string>;
  readonly hostName: () => string;
  readonly isCloudInitDone: () => boolean;
  readonly token: () => string;
  readonly now: () => number;
  print: (text: string) => void;
  readonly powerOff: () => void;
  readonly reboot: () => void;
}

export function* runScript(
  machine: Machine,
  script: string,
  _env: Readonly<Record<string, string>>,
): Generator<number, number> {
  for (const line of script.split("\n")) {
    const exit = /^exit (\d+)/.exec(line.trim());
    if (exit !== null) return Number(exit[1]);
    machine.print(`guest: not simulated: ${line}\n`);
    yield 0;
  }
  return 0;
}
