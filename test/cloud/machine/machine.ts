/** A simulated machine and one program's view of it. */
import type { GuestDisk } from "./disk.ts";
import type { GuestFiles } from "./files.ts";
import type { Shell } from "./shell/shell.ts";
import type { Input } from "./shell/streams.ts";

export type Architecture = "x86_64" | "arm64" | "i386";

export interface Machine {
  readonly instanceId: string;
  readonly architecture: Architecture;
  readonly disk: GuestDisk;
  /** Units that are up. */
  readonly active: Set<string>;
  /** Units whose program could not be run. */
  readonly failed: Set<string>;
  readonly hostName: () => string;
  readonly cloudInit: () => "running" | "done" | "error";
  /** The cloud's answer for a URL of an object; undefined for any other URL. */
  readonly download: (
    url: string,
    headers: Readonly<Record<string, string>>,
  ) => { readonly status: number; readonly body: string } | undefined;
  /** What the metadata service answers for a path, undefined when it does not know it. */
  readonly metadata: (path: string) => string | undefined;
  readonly needsMetadataToken: boolean;
  /** A fresh random word. */
  readonly token: () => string;
  readonly now: () => number;
  print: (text: string) => void;
  /** Notes a command that is not simulated. */
  readonly unsupported: (command: string) => void;
  /** Goes on with processes that outlive the script that began them. */
  readonly linger: (processes: Run) => void;
  readonly powerOff: () => void;
  readonly reboot: () => void;
}

/** Work that takes virtual time: it yields milliseconds to wait. */
export type Steps<T> = Generator<number, T>;

/** Work that ends with an exit code. */
export type Run = Steps<number>;

/** One program's view of the world. */
export interface Io {
  readonly machine: Machine;
  readonly files: GuestFiles;
  readonly shell: Shell;
  readonly input: Input;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly path: (text: string) => string;
}

export type Program = (args: readonly string[], io: Io) => number | Run;
