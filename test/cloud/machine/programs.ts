/** The programs of a simulated machine, by name. It reports every other program as not simulated. */
import { FILE_PROGRAMS } from "./file-programs.ts";
import { SHELL_PROGRAMS } from "./shell-programs.ts";
import type { Program } from "./machine.ts";
import { SYSTEM_PROGRAMS } from "./system-programs.ts";

const ALL: ReadonlyMap<string, Program> = new Map([
  ...Object.entries(SHELL_PROGRAMS),
  ...Object.entries(FILE_PROGRAMS),
  ...Object.entries(SYSTEM_PROGRAMS),
]);

export const programOf = (name: string): Program | undefined => ALL.get(name);
