/**
 * How many bakes of a deployment run at once.
 *
 * TURN-1. A bake that has the lock of its recipe waits while so many others are at work, or have had their lock for longer.
 *     The latter never wait for the former, so bakes do not wait for one another. Of two that see each other at the same
 *     moment both may go on: the limit is one of costs, and no lock.
 */
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, openKey } from "../../../shared/keys.ts";
import { REQUEST } from "../../../shared/workflow/envelope.ts";
import { heldSince } from "../../../shared/workflow/lock.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import { subjectOf } from "../../../shared/workflow/run-id.ts";
import { lockName } from "./input.ts";

/** The phase that waits here. */
const LOCK = "lock";

/** The bakes that this one waits for, which has the lock of its recipe; undefined when it is its turn. */
export async function waitsForTurn(
  { run, recipe }: { readonly run: string; readonly recipe: string },
  most: number,
  { cloud }: Ports,
): Promise<string | undefined> {
  const open = await listObjects(cloud, openKey("bake-"));
  // Most deployments never come here: a lock is read for each bake.
  if (open.length <= most) return undefined;
  const since = await heldSince(lockName(recipe), run, { cloud });
  if (since === undefined) return undefined;
  const before: string[] = [];
  for (const { key } of open) {
    const other = key.slice(FOLDER.open.length);
    if (other === run) continue;
    const heldAt = await heldSince(lockName(subjectOf(other)), other, { cloud });
    if (heldAt === undefined) continue;
    const isEarlier = heldAt < since || (heldAt === since && other < run);
    if (isEarlier || (await isAtWork(other, cloud))) before.push(other);
  }
  return before.length < most
    ? undefined
    : `${before.length} bakes run already, and ${most} may (KILN_BAKES_AT_ONCE)`;
}

/** Whether a bake that holds its lock has gone on from there. */
async function isAtWork(run: string, cloud: Ports["cloud"]): Promise<boolean> {
  const now = standing(run, await readRunLog(cloud, run));
  return now !== undefined && now.completion === undefined && ![REQUEST, LOCK].includes(now.event.phase);
}
