/** The commands of `kiln`, in the order of its help. */
import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";

export const COMMANDS: readonly Command[] = [check];
