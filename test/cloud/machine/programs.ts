/** The programs of a simulated machine, by name. It reports every other program as not simulated. */
import { FILE_PROGRAMS } from "./file-programs.ts";
import { FILTERS } from "./filters.ts";
import { FIND } from "./find.ts";
import type { Program } from "./machine.ts";
import { checked } from "./known-options.ts";
import { NETWORK_PROGRAMS } from "./network-programs.ts";
import { OWNERS } from "./owners.ts";
import { PACKAGE_PROGRAMS } from "./package-programs.ts";
import { RUNNERS } from "./runners.ts";
import { SYSTEM_PROGRAMS } from "./system-programs.ts";
import { USER_PROGRAMS } from "./user-programs.ts";

const ALL: ReadonlyMap<string, Program> = new Map(
  [
    RUNNERS,
    FILE_PROGRAMS,
    FILTERS,
    FIND,
    NETWORK_PROGRAMS,
    OWNERS,
    PACKAGE_PROGRAMS,
    SYSTEM_PROGRAMS,
    USER_PROGRAMS,
  ].flatMap((programs) =>
    Object.entries(programs).map(([name, program]) => [name, checked(name, program)] as const),
  ),
);

export const programOf = (name: string): Program | undefined => ALL.get(name);
