/** `step`: begins the run that makes the next move; `await`: waits until it is over. */
import * as z from "zod/mini";
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { REFRESH } from "../../../shared/documents/refresh.ts";
import { hours } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { readSize } from "../../../shared/size/log.ts";
import { presentOf } from "../../../shared/size/present.ts";
import { wantedOf } from "../../../shared/size/wanted.ts";
import { beginRun } from "../../../shared/workflow/begin.ts";
import { PACE, poll } from "../../../shared/workflow/poll.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";
import {
  done,
  failed,
  next,
  type Completion,
  type Outcome,
  type RunRequest,
} from "../../../shared/workflow/workflow.ts";
import { readyFleet } from "./begin.ts";
import type { SizedFleet } from "./promoted.ts";
import { nextMove, type Move } from "./decide.ts";
import { Await, Check, Step, type Progress } from "./events.ts";

/** Reconciling waits no longer for its child (size/last.ts). */
const LONGEST_MS = hours(60);

export async function step(given: Step, ports: Ports): Promise<Outcome> {
  const { input, progress, startedAt } = given;
  const document = await readyFleet(input.fleet, ports);
  if (typeof document === "string") return stopped(progress, document);
  if (ports.clock.now() - startedAt > LONGEST_MS) return stopped(progress, "it takes too long");
  const moved = await movedProblem(document, progress, ports);
  if (moved !== undefined) return stopped(progress, moved);
  const begun = await begunChild(given, ports);
  if (begun !== undefined) return next(Await, { ...begun, progress: turned(progress) });
  const { move, present } = await moveOf(document, progress, ports);
  if (move.kind === "finish") return finish(input.fleet, progress);
  if (move.kind === "stuck") return stopped(progress, move.why);
  const child = childOf(given, document, move, present);
  await beginRun(child, ports);
  const asked = move.kind === "end" && { asked: [...move.ids] };
  const waiting = { progress: turned(progress), child: child.run, ...asked };
  const note = move.kind === "launch" ? `${move.count} are launched` : `${move.ids.length} are to end`;
  return next(Await, waiting, { note });
}

/** Why the image of the refresh is not the one of the family any more. */
async function movedProblem(
  { family }: SizedFleet,
  { target, rolledBack }: Progress,
  { cloud }: Ports,
): Promise<string | undefined> {
  const serves = (await familyImage(cloud, family))?.id;
  if (serves === (rolledBack?.bad ?? target)) return undefined;
  return `family ${family} serves ${serves ?? "nothing"} by now; refresh again`;
}

/** The next move, and how many members there are before it. */
async function moveOf(
  document: SizedFleet,
  progress: Progress,
  ports: Ports,
): Promise<{ readonly move: Move; readonly present: number }> {
  const { cloud, clock } = ports;
  const { name, limits, refresh: policy = REFRESH } = document;
  const { target, rolledBack, untested } = progress;
  const reservations = await readReservations(cloud, name);
  const members = await membersOf(cloud, name);
  const { level } = await readSize(name, ports);
  const now = clock.now();
  const move = nextMove({
    members,
    reservations,
    wanted: wantedOf(document, level, now),
    limits,
    policy,
    isOld: ({ imageId }) => (rolledBack === undefined ? imageId !== target : imageId === rolledBack.bad),
    left: progress.left.map((line) => line.split(":")[0] ?? ""),
    untested,
    now,
  });
  return { move, present: presentOf(members, reservations, now) };
}

const turned = (progress: Progress): Progress => ({ ...progress, turn: progress.turn + 1 });

type Child = "scale" | "shrink";

/** The same run for the same step. */
const childId = ({ run, startedAt, input, progress }: Step, kind: Child): string =>
  runId(kind, input.fleet, startedAt, ["refresh", run, progress.turn]);

const Asked = z.looseObject({ instances: z.optional(z.array(z.string())) });

/** The run that an earlier delivery of this event began. Since then the fleet may look as if another move was next. */
async function begunChild(given: Step, { cloud }: Ports): Promise<Omit<Await, keyof Step> | undefined> {
  for (const kind of ["scale", "shrink"] as const) {
    const child = childId(given, kind);
    const [first] = (await readRunLog(cloud, child)).lines;
    if (first?.line.kind !== "input") continue;
    const { instances: asked } = parse(Asked, first.line.input, "child of a refresh");
    return { child, ...(asked && { asked }) };
  }
  return undefined;
}

function childOf(
  given: Step,
  { name }: SizedFleet,
  move: Move & { readonly kind: "launch" | "end" },
  present: number,
): RunRequest {
  const { run, progress } = given;
  const kept = { kept: true, ofRefresh: true };
  const request =
    move.kind === "launch"
      ? { v: 1, request: "scale-out", fleet: name, count: move.count, upTo: present + move.count, ...kept }
      : {
          v: 1,
          request: "replace-members",
          fleet: name,
          instances: move.ids,
          least: move.least,
          busyStay: progress.rolledBack === undefined,
        };
  return { run: childId(given, move.kind === "launch" ? "scale" : "shrink"), by: run, request };
}

/** REFRESH-RUN-4. */
export const stopped = ({ rolledBack, ...rest }: Progress, why: string): Outcome => ({
  ...failed(
    rolledBack === undefined
      ? `the refresh stops where it is: ${why}`
      : `rolled back to ${rest.target} because ${rolledBack.why}; the rest of it is open: ${why}`,
  ),
  result: resultOf(rest),
});

const resultOf = ({ target, launched, ended, left }: Omit<Progress, "rolledBack">) => ({
  image: target,
  launched,
  ended,
  ...(left.length > 0 && { left }),
});

function finish(fleet: string, { rolledBack, ...rest }: Progress): Outcome {
  const result = { fleet, ...resultOf(rest) };
  if (rolledBack === undefined) return done(result);
  const { bad, why } = rolledBack;
  const sentence = `rolled back to ${rest.target}, because of ${bad}: ${why}; it is not tried again unless you ask: npm run kiln -- refresh ${fleet}`;
  return { ...failed(sentence), result };
}

const Launched = z.looseObject({ running: z.array(z.string()), short: z.optional(z.int()) });
const Ended = z.looseObject({ ended: z.array(z.string()), kept: z.optional(z.array(z.string())) });

/** Ids that were left travel in the event. */
const LEFT_MAX = 200;

export async function awaitChild(event: Await, ports: Ports): Promise<Outcome> {
  const { progress, child, asked } = event;
  const { completion } = standing(child, await readRunLog(ports.cloud, child)) ?? {};
  if (completion === undefined) return poll(event, ports.clock, PACE.instance, `${child} is at work`);
  return asked === undefined
    ? afterLaunch(event, completion)
    : afterEnd(progress, asked, { child, completion });
}

function afterLaunch({ progress, child }: Await, completion: Completion): Outcome {
  const { success, data } = Launched.safeParse(completion.result);
  if (completion.kind !== "done" || !success)
    return stopped(progress, `${child}: ${"reason" in completion ? completion.reason : "no result"}`);
  const { running, short = 0 } = data;
  const after = { ...progress, launched: progress.launched + running.length };
  if (short > 0) return stopped(after, `${child} is short of ${short}`);
  if (running.length === 0) return next(Step, { progress: after }, { note: "others are there by now" });
  return next(Check, { progress: after, ids: running }, { note: `${running.length} are new` });
}

function afterEnd(
  progress: Progress,
  asked: readonly string[],
  { child, completion }: { readonly child: string; readonly completion: Completion },
): Outcome {
  const { success, data } = Ended.safeParse(completion.result);
  if (completion.kind !== "done" || !success)
    return stopped(progress, `${child}: ${"reason" in completion ? completion.reason : "no result"}`);
  const kept = asked.filter((id) => !data.ended.includes(id));
  const reasonOf = (id: string) =>
    data.kept?.find((line) => line.startsWith(`${id}: `)) ?? `${id}: see ${child}`;
  const left = [...progress.left, ...kept.map(reasonOf)];
  const after = { ...progress, left, ended: progress.ended + data.ended.length };
  if (left.length > LEFT_MAX) return stopped(after, "too many members cannot be ended");
  return next(Step, { progress: after }, { note: `${data.ended.length} ended, ${kept.length} stay` });
}
