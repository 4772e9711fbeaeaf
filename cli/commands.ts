/** The commands of `kiln`, in the order of its help. */
import type { Command } from "./command.ts";
import { call } from "./commands/call.ts";
import { caller } from "./commands/caller.ts";
import { check } from "./commands/check.ts";
import { approve, hold, keep, reject, resume, unhold } from "./commands/decide.ts";
import { deploy, doctor, setup, undeploy } from "./commands/deploying.ts";
import { drift } from "./commands/drift.ts";
import { families } from "./commands/families.ts";
import { fleet, fleets } from "./commands/fleets.ts";
import { image, recall } from "./commands/image.ts";
import { init } from "./commands/init.ts";
import { logs, watch } from "./commands/logs.ts";
import { bake, cancel, promote, scaleOut, stop, wake } from "./commands/operate.ts";
import { plan } from "./commands/plan.ts";
import { push } from "./commands/push.ts";
import { rollback } from "./commands/rollback.ts";
import { runs } from "./commands/runs.ts";
import { savings } from "./commands/savings.ts";
import { senders } from "./commands/senders.ts";
import { pause, refresh, resize, scaleIn, unpause } from "./commands/size.ts";
import { status } from "./commands/status.ts";
import { tryRecipe } from "./commands/try.ts";
import { ui } from "./commands/ui.ts";
import { why } from "./commands/why.ts";

export const COMMANDS: readonly Command[] = [
  init,
  check,
  tryRecipe,
  push,
  status,
  ui,
  runs,
  why,
  logs,
  watch,
  families,
  fleets,
  fleet,
  image,
  recall,
  savings,
  drift,
  plan,
  senders,
  bake,
  promote,
  rollback,
  approve,
  reject,
  hold,
  unhold,
  resume,
  scaleOut,
  resize,
  scaleIn,
  stop,
  wake,
  refresh,
  pause,
  unpause,
  keep,
  cancel,
  call,
  setup,
  deploy,
  doctor,
  undeploy,
  caller,
];
