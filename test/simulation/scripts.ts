/** What users, callers and operators of a simulation do: one script for each workflow. */
import type { Script } from "./scripts/ask.ts";
import { fromInstance, fromSnapshot, fromUpload } from "./scripts/bakes.ts";
import { cancel } from "./scripts/cancels.ts";
import { approval, retention, rollback } from "./scripts/families.ts";
import { createInstance, keep, resume } from "./scripts/fleets.ts";
import { main } from "./scripts/main-job.ts";

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

/** Retention and rollback share a recipe, so no simulation has both. */
const CLASH: ReadonlySet<Script> = new Set([rollback, retention]);
const BESIDE = 2;

/** The main job and two others. Every workflow comes up in five seeds, and every scenario meets every workflow. */
export function scriptsOf(seed: number): readonly Script[] {
  const first = (seed * BESIDE) % OTHERS.length;
  const chosen: Script[] = [];
  for (const script of [...OTHERS.slice(first), ...OTHERS.slice(0, first)]) {
    const clashes = CLASH.has(script) && chosen.some((one) => CLASH.has(one));
    if (!clashes && chosen.length < BESIDE) chosen.push(script);
  }
  return [main, ...chosen];
}
