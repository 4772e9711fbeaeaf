/** `begin`: checks that the fleet can be refreshed, and makes the run the child of reconciling, which waits for it. */
import { isDeepStrictEqual } from "node:util";
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { loadFleet } from "../../../shared/document-store.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import { minutes } from "../../../shared/duration.ts";
import { isDown } from "../../../shared/instance-tags.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { pauseOf, readSize, writeAct, type SizeState } from "../../../shared/size/log.ts";
import { done, failed, next, wait, type Outcome } from "../../../shared/workflow/workflow.ts";
import { openChild, withChild } from "../size/last.ts";
import { alarmProblem } from "./health.ts";
import { Step, type Begin } from "./events.ts";
import { replaceable, type SizedFleet } from "./promoted.ts";

/** The fleet, or why it cannot be refreshed now. @throws CloudError */
export async function readyFleet(fleet: string, ports: Ports): Promise<SizedFleet | string> {
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return loaded.problem;
  const document = replaceable(loaded.document);
  return typeof document === "string" ? document : ((await pauseOf(fleet, ports)) ?? document);
}

export async function begin({ run, by, input, startedAt }: Begin, ports: Ports): Promise<Outcome> {
  const { cloud } = ports;
  const { fleet } = input;
  const document = await readyFleet(fleet, ports);
  if (typeof document === "string") return failed(document);
  const target = (await familyImage(cloud, document.family))?.id;
  if (target === undefined) return failed(`family ${document.family} serves no image; promote one first`);
  const before = mostUsed(await membersOf(cloud, fleet), target);
  if (before === undefined) return done({ fleet, image: target, launched: 0, ended: 0 });
  const { alarms, canary } = document.refresh ?? REFRESH;
  const alarm = await alarmProblem(alarms, ports);
  if (alarm !== undefined) return failed(`nothing is replaced: ${alarm}`);
  const state = await readSize(fleet, ports);
  const earlier = state.child?.run;
  const open = earlier === run ? undefined : await openChild(state, ports);
  if (open !== undefined) return wait(minutes(1), `${open} changes this fleet`);
  const child = { run, at: startedAt, vain: 0, kind: "refresh" as const, count: 0 };
  const written = await writeAct(
    fleet,
    { run, by, act: "refresh" },
    (now) => (isDeepStrictEqual(now.child, state.child) ? withChild(begunOn(now, target), child) : undefined),
    ports,
  );
  if (written === undefined) return wait(minutes(1), "another run changes this fleet");
  const untested = canary !== undefined;
  const progress = { target, before, untested, turn: 0, left: [], launched: 0, ended: 0 };
  return next(Step, { progress }, { note: `${before} is replaced by ${target}` });
}

/** An image that was rolled back is tried again, because this run was asked for. */
function begunOn({ held, ...state }: SizeState, target: string): SizeState {
  return held === undefined || held.bad === target ? state : { ...state, held };
}

/** The image that most running members have, of those that are to be replaced. */
function mostUsed(members: readonly Instance[], target: string): string | undefined {
  const counts = new Map<string, number>();
  for (const member of members)
    if (!isDown(member) && member.imageId !== target)
      counts.set(member.imageId, (counts.get(member.imageId) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
