/** What can be typed on a guest, by name. Anything else is not simulated and says so. */
import { FILE_PROGRAMS } from "./guest-file-programs.ts";
import { SHELL_PROGRAMS } from "./guest-shell-programs.ts";
import type { Program } from "./guest-machine.ts";
import { SYSTEM_PROGRAMS } from "./guest-system-programs.ts";

export const PROGRAMS: Readonly<Record<string, Program>> = Object.assign(Object.create(null), {
  ...SHELL_PROGRAMS,
  ...FILE_PROGRAMS,
  ...SYSTEM_PROGRAMS,
}) as Readonly<Record<string, Program>>;
