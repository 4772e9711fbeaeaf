/** What users, callers and operators of a simulation do: one script for each workflow. */
import type { Script } from "./scripts/ask.ts";
import { fromInstance, fromSnapshot, fromUpload } from "./scripts/bakes.ts";
import { cancel } from "./scripts/cancels.ts";
import { approval, retention, rollback } from "./scripts/families.ts";
import { createInstance, keep, resume } from "./scripts/fleets.ts";
import { main } from "./scripts/main-job.ts";
import { size } from "./scripts/size.ts";
import { SCENARIOS } from "./scenarios.ts";

const OTHERS = [
  fromInstance,
  fromSnapshot,
  fromUpload,
  rollback,
  retention,
  approval,
  createInstance,
  keep,
  resume,
  cancel,
];

/** One simulation of so many has a fleet whose size is kept; no divisor of the number of scenarios. */
const SIZED_EVERY = 3;

/**
 * The main job and one other. Every workflow comes up in ten seeds. The shift lets every scenario, which follows from the
 * seed too, meet every workflow.
 */
export function scriptsOf(seed: number): readonly Script[] {
  const other = OTHERS[(seed + Math.floor(seed / SCENARIOS.length)) % OTHERS.length];
  return [main, ...(other === undefined ? [] : [other]), ...(seed % SIZED_EVERY === 0 ? [size] : [])];
}
