/** `onRemoval` of a fleet: kept in its log while there is a document, followed when there is none. */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { documentNames } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { utcMinute } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { REMOVAL_GRACE_MS, standingOf, writeAct, type SizeState } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { failed, type Outcome, type RunRequest } from "../../../shared/workflow/workflow.ts";

/** Writes what the document says into the log of the fleet, when that says something else. */
export async function noteRemoval(
  document: Fleet,
  { at, identity, by }: Trigger,
  ports: Ports,
): Promise<void> {
  const { name, onRemoval: action = "keep", idle } = document;
  const { optOutTag = TAG.keep, stoppedMode = "StopCharging" } = idle ?? {};
  const onRemoval = action === "keep" ? undefined : { action, optOutTag, stoppedMode };
  const { state } = await standingOf(name, ports);
  if (state === undefined || isDeepStrictEqual(state.onRemoval, onRemoval)) return;
  const run = runId("size", name, at, [...identity, "document"]);
  await writeAct(
    name,
    { run, by, act: "document" },
    ({ onRemoval: _before, ...now }) => ({ ...now, ...(onRemoval && { onRemoval }) }),
    ports,
  );
}

interface Asked {
  readonly run: string;
  readonly fleet: string;
  readonly startedAt: number;
}

/** The end of a run that finds no document, or one that is wrong. */
export async function withoutDocument(
  problem: string,
  { onRemoval: removal }: SizeState,
  { run, fleet, startedAt }: Asked,
  { cloud, clock }: Ports,
): Promise<Outcome> {
  const count = (await membersOf(cloud, fleet)).length;
  const isGone = !(await documentNames(cloud, "fleets")).includes(fleet);
  if (removal === undefined || !isGone)
    return failed(
      `${problem}; its ${count} members stay as they are, and are paid for: put the document back, or release them`,
    );
  const child = runId("shrink", fleet, startedAt, ["removed", run]);
  const from = utcMinute(clock.now() + REMOVAL_GRACE_MS);
  const verb = removal.action === "stop" ? "stopped" : "released";
  return {
    ...failed(
      `${problem}; its ${count} members are ${verb} from ${from} on, as its onRemoval said: put the document back to keep them`,
    ),
    result: { fleet, run: child, onRemoval: removal.action },
  };
}

const Handed = z.looseObject({ fleet: z.string(), run: z.string(), onRemoval: z.string() });

/** The run that ends the members. */
export function removalRun(by: string, result: unknown): readonly RunRequest[] {
  const { success, data } = Handed.safeParse(result);
  if (!success) return [];
  const { fleet, run } = data;
  return [{ run, by, request: { v: 1, request: "end-removed", fleet } }];
}
