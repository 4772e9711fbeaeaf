/** The commands of `kiln`, in the order of its help. */
import type { Command } from "./command.ts";
import { call } from "./commands/call.ts";
import { check } from "./commands/check.ts";
import { approve, hold, keep, reject, resume, unhold } from "./commands/decide.ts";
import { drift } from "./commands/drift.ts";
import { families } from "./commands/families.ts";
import { fleets } from "./commands/fleets.ts";
import { logs } from "./commands/logs.ts";
import { push } from "./commands/push.ts";
import { runs } from "./commands/runs.ts";
import { senders } from "./commands/senders.ts";
import { pause, refresh, resize, scaleIn, unpause } from "./commands/size.ts";
import { status } from "./commands/status.ts";
import { tryRecipe } from "./commands/try.ts";
import { ui } from "./commands/ui.ts";
import { why } from "./commands/why.ts";

export const COMMANDS: readonly Command[] = [
  check,
  tryRecipe,
  push,
  status,
  ui,
  runs,
  why,
  logs,
  families,
  fleets,
  drift,
  senders,
  approve,
  reject,
  hold,
  unhold,
  resume,
  resize,
  scaleIn,
  refresh,
  pause,
  unpause,
  keep,
  call,
];
