/**
 * The timer: begins a run for each hook that has lost an event, or of which nothing is known. A hook that is well leaves
 * no record.
 */
import * as z from "zod/mini";
import { hours } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { triggerOf } from "../../../shared/triggers.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { readGithubHooks, type GithubHook } from "./config.ts";
import { lockName, lookAt, settingsOf } from "./workflow.ts";

/** The same lost deliveries, and the same trouble, are one run for so long: GitHub or an operator has to act. */
const AGAIN_MS = hours(6);

const RedeliverRequest = z.strictObject({ ...requestShape, request: z.literal("redeliver") });

/** @throws ConfigError, or EventError for another payload. */
export async function startRedelivery(payload: unknown, ports: Ports): Promise<readonly RunRequest[]> {
  const { asked, trigger } = triggerOf(payload, ports);
  const { by = trigger.by } = parse(RedeliverRequest, asked, "janitor");
  // One that GitHub keeps waiting must not hold up the others.
  const runs = await Promise.all(
    Object.entries(readGithubHooks()).map(async ([name, hook]): Promise<readonly RunRequest[]> => {
      if ((await holderOf(lockName(name), ports)) !== undefined) return [];
      const needed = await neededFor(hook, ports);
      if (needed === undefined) return [];
      const { identity, notBefore = 0 } = needed;
      const slot = Math.floor(trigger.at / AGAIN_MS);
      const run = runId("redeliver", name, trigger.at, [ports.cloud.access.bucket, name, slot, ...identity]);
      if ((await readRunLog(ports.cloud, run)).lines.length > 0) return [];
      const limit = { notBefore, settings: settingsOf(hook) };
      return [{ run, by, request: { v: 1, request: "catch-up", hook: name, ...limit } }];
    }),
  );
  return runs.flat();
}

/** The reason for a run of a hook, and the fields of its request; undefined when there is none. */
async function neededFor(
  hook: GithubHook,
  ports: Ports,
): Promise<{ readonly identity: readonly unknown[]; readonly notBefore?: number } | undefined> {
  const found = await lookAt(hook, ports);
  if (!("kind" in found))
    return found.due.length === 0 ? undefined : { identity: found.due.map(({ id }) => id) };
  return found.kind === "limited"
    ? { identity: [found.until], notBefore: found.until }
    : { identity: [found.kind, found.status] };
}
