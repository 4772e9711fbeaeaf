/**
 * Accepts an authenticated request: line 0 of its run, then its event (shared/workflow/begin.ts).
 *
 * ACCEPT-1. A request with an identity of its own (a key, a job, an alert) is one run, however often it is sent.
 * ACCEPT-2. A run that failed has done nothing, nor has the end of a job that ended no machine. So the same request sent again
 *     five minutes later is another attempt, a run of its own; so is that of alerts which got fewer instances than they ask for,
 *     because the ledger says which of them still need one. A run that is at work, delivered something or was cancelled by an
 *     operator is answered instead.
 * ACCEPT-3. A job that is announced once more, after an approval, is an attempt that names the one before: whether there is
 *     still a machine for it, scale-out knows.
 * ACCEPT-4. A job that is not queued any more has no attempt that may still launch: one that has not launched is cancelled,
 *     and the log of one that has ended says that the job is taken. An attempt for an earlier announcement, or for a failure
 *     before that, begins no more. One that has not arrived is written down as cancelled with one call: nothing may come between.
 * ACCEPT-5. However often a request has failed, the next attempt is only a matter of time. After the twelfth repeat each pause
 *     is a quarter longer: each delivery reads every attempt before it, and a year has no more than sixty.
 * ACCEPT-6. A key counts for a day from the request that used it first. That instant is in a log of the key, whatever day
 *     it is then, so two requests around midnight, or at the same time, are the same run. The log says what was asked for, too:
 *     the same key with another body is refused, because the caller would take one answer for the other.
 * ACCEPT-7. A key log that is damaged stays as it lies, and the next name is the log. Where it is empty, the runs of the key
 *     from yesterday on are looked for: those of a damaged log, and those of the version before, which had no such log.
 * ACCEPT-8. A job whose machine another one took is as one that is announced once more, when the run that was to launch another instead has failed: nothing but
 *     the announcement, sent again, asks for that machine.
 */
import * as z from "zod/mini";
import { days, minutes, utcMinute } from "../../shared/duration.ts";
import { EventError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { beginRun, openLog, repeatRun, trySend } from "../../shared/workflow/begin.ts";
import { cancelLine, interject } from "../../shared/workflow/cancel.ts";
import type { Cancelled } from "../../shared/workflow/envelope.ts";
import { appendOrLose, readLog, TAIL_BYTES } from "../../shared/workflow/log.ts";
import { replacementOf, subjectOf } from "../../shared/workflow/run-id.ts";
import { ok, problem, type Result } from "../../shared/result.ts";
import {
  hasFailed,
  isEnded,
  readRunLog,
  standing,
  type Ended,
  type RunLog,
  type Standing,
} from "../../shared/workflow/run-log.ts";
import type { RunRequest } from "../../shared/workflow/workflow.ts";

/** The run of each attempt of a request, 0 first. */
type Attempts = (attempt: number) => string;

/** A request for a run. */
export interface Enqueue extends RunRequest {
  /** Set for a request with an identity of its own. All are looked for before a run begins. */
  readonly attempts?: Attempts;
  readonly keyed?: Keyed;
}

/** A request with a key (ACCEPT-6). */
export interface Keyed {
  /** When it was sent, epoch ms. */
  readonly at: number;
  /** The log of the key, and those that replace it when it is damaged, from 1 on. */
  readonly log: (replaced: number) => string;
  /** A digest of what is asked for. */
  readonly body: string;
  /** The attempts by the instant of the first use. */
  readonly attempts: (firstAt: number) => Attempts;
  /** Those that the version before would have made. */
  readonly before?: (at: number) => Attempts;
}

/** Sooner, the failure may be of the same moment; a request that has failed often is tried more rarely (ACCEPT-5). */
export const retryAfterMs = (attempt: number): number => minutes(5) * 1.25 ** Math.max(0, attempt - 11);

/**
 * Returns the run that carries the request out, and whether it was asked for before; a problem for a key that was used with
 * another body. @throws as `beginRun`
 */
export async function acceptKeyed(
  { keyed, ...request }: Enqueue,
  ports: Ports,
): Promise<Result<Awaited<ReturnType<typeof accept>>>> {
  if (keyed === undefined) return ok(await accept(request, ports));
  const use = await firstUse(keyed, ports);
  if (use.body !== undefined && use.body !== keyed.body)
    return problem(
      `key: it was used for another body at ${utcMinute(use.at)}; send the body of that request, or another key`,
    );
  if (use.run !== undefined) return ok({ run: use.run, repeated: true });
  return ok(await accept({ ...request, attempts: keyed.attempts(use.at) }, ports));
}

/** As `acceptKeyed`, of a request without a key. */
export async function accept({ attempts, ...request }: Omit<Enqueue, "keyed">, ports: Ports) {
  if (attempts === undefined) return { run: request.run, repeated: await beginRun(request, ports) };
  const { run, state, after } = await newestAttempt(attempts, ports, announcedAtOf(request.request));
  if (state !== "none") {
    if (state === "taken") await repeatRun(run, ports);
    return { run, repeated: true };
  }
  const asked = after === undefined ? request.request : { ...request.request, after };
  return { run, repeated: await beginRun({ ...request, run, request: asked }, ports) };
}

const Use = z.looseObject({ at: z.number(), body: z.optional(z.string()) });
interface Use {
  readonly at: number;
  readonly body?: string | undefined;
  /** The run of a use that is in no log (ACCEPT-7). */
  readonly run?: string;
}
/** How long a key counts. */
const KEY_MS = days(1);
/** Damaged logs of one key. */
const REPLACED_MAX = 10;

/** The first use of the key of a request (ACCEPT-6). @throws CloudError as `appendOrLose` */
async function firstUse(keyed: Keyed, ports: Ports, replaced = 0): Promise<Use> {
  try {
    return await firstUseIn(keyed, ports, replaced);
  } catch (error) {
    if (!(error instanceof EventError) || replaced === REPLACED_MAX) throw error;
    ports.log({ warning: "damaged key log", key: keyed.log(replaced), error: error.message });
    return firstUse(keyed, ports, replaced + 1);
  }
}

async function firstUseIn(keyed: Keyed, ports: Ports, replaced: number): Promise<Use> {
  const { at, body } = keyed;
  const log = keyed.log(replaced);
  for (;;) {
    const { lines, end } = await readLog(ports.cloud, log, Use, TAIL_BYTES);
    const newest = lines.at(-1)?.line;
    if (newest !== undefined && at - newest.at < KEY_MS) return newest;
    const run = newest === undefined ? await runWithoutLog(keyed, ports, replaced > 0) : undefined;
    if (run !== undefined) return { at, run };
    // Whoever was first has written an instant of now, which the next look finds.
    if ((await appendOrLose(ports, log, end, { at, body })) !== undefined) return { at };
  }
}

/** ACCEPT-7. */
async function runWithoutLog({ at, attempts, before }: Keyed, ports: Ports, isDamaged: boolean) {
  const yesterday = at - KEY_MS;
  const all = [
    ...(isDamaged ? [attempts(yesterday)] : []),
    ...(before ? [before(at), before(yesterday)] : []),
  ];
  // One after the other: of calls side by side, those that hang outlive an answer that the first of them decides.
  const found = [];
  for (const each of all) found.push(await newestAttempt(each, ports));
  return found.find(({ state, begunAt }) => state !== "none" && at - begunAt < KEY_MS)?.run;
}

/**
 * Ends a request that has launched nothing yet, or that has not arrived yet (ACCEPT-4): `cancelled` is its run. Otherwise
 * `hasMachine` says whether its job may have a machine. @throws as `beginRun`
 */
export async function withdraw(
  { attempts, ...request }: Enqueue,
  taken: Pick<z.infer<typeof Cancelled>, "reason" | "takenBy">,
  ports: Ports,
): Promise<{ readonly cancelled: string } | { readonly hasMachine: boolean }> {
  // Older than any announcement, so that the newest attempt is found.
  const { run, state } = await newestAttempt(attempts ?? (() => request.run), ports, 0);
  const at = ports.clock.now();
  const cancelled = (now: Standing) => cancelLine(now, { ...taken, as: "cancelled" }, at);
  const opened = state === "none" ? await openLog({ ...request, run }, ports, cancelled) : undefined;
  if (opened !== undefined) {
    await trySend(opened, ports);
    return { cancelled: run };
  }
  const announcedAt = announcedAtOf(request.request) ?? at;
  const found = await interject(
    run,
    (now, log) => {
      if (isEnded(now))
        return wantedUntil(log) >= announcedAt ? undefined : { kind: "taken", at, announcedAt };
      return hasLaunched(now.event) ? undefined : cancelled(now);
    },
    ports,
  );
  if (!found?.appended || isEnded(found.now))
    return { hasMachine: found === undefined || mayHaveMachine(found.now) };
  await trySend(found.now.event, ports);
  return { cancelled: run };
}

const Count = z.looseObject({ count: z.int() });

/** Whether a scale-out that is not cancelled has an instance, or may still get one. */
const mayHaveMachine = ({ completion }: Standing): boolean =>
  completion === undefined ||
  completion.kind === "done" ||
  (Count.safeParse(completion.result).data?.count ?? 0) > 0;

const Progress = z.looseObject({ progress: z.looseObject({ pages: z.array(z.string()) }) });

/** Whether a launch call or a start of a scale-out was answered: then it has a page of instances. */
const hasLaunched = (event: object): boolean =>
  (Progress.safeParse(event).data?.progress.pages.length ?? 0) > 0;

interface Found {
  readonly run: string;
  readonly state: State;
  /** Epoch ms. */
  readonly begunAt: number;
  /** The attempt for an earlier announcement of the same job (ACCEPT-3). */
  readonly after?: string;
}

/** The first attempt that did not fail; of a job the newest one, or the next for a new announcement. */
async function newestAttempt(attempts: Attempts, ports: Ports, announcedAt?: number): Promise<Found> {
  const taken: Looked[] = [];
  for (let attempt = 0; ; attempt++) {
    const found = await stateOf(attempts(attempt), retryAfterMs(attempt), ports);
    const newest = taken.at(-1);
    if (found.state === "none" && newest !== undefined)
      return (await isNeeded(taken, newest, announcedAt, ports))
        ? { run: found.run, state: "none", begunAt: found.begunAt, after: newest.run }
        : newest;
    const goesOn = found.state === "failed" || (found.state === "taken" && announcedAt !== undefined);
    if (!goesOn) return found;
    if (found.state === "taken") taken.push(found);
  }
}

type Looked = Awaited<ReturnType<typeof stateOf>>;

/** Whether a job that was announced at that instant, or is announced again, needs a run beside those that have it. */
async function isNeeded(
  taken: readonly Looked[],
  newest: Looked,
  announcedAt = 0,
  ports: Ports,
): Promise<boolean> {
  if (announcedAt - newest.announcedAt > SAME_ANNOUNCEMENT_MS) return true;
  // That of a job which is not queued any more asks for nothing.
  if (announcedAt === 0 || taken.some(({ isOver }) => isOver)) return false;
  for (const { run, begunAt } of taken)
    if ((await replacementFailedAt(run, begunAt, ports)) > newest.begunAt) return true;
  return false;
}

/** When the last machine that was to be launched instead of one of `run` failed, long enough ago; 0 when none has (ACCEPT-8). */
async function replacementFailedAt(run: string, askedAt: number, ports: Ports): Promise<number> {
  const found = await stateOf(replacementOf(run, subjectOf(run), askedAt), retryAfterMs(0), ports);
  if (found.state === "taken") return replacementFailedAt(found.run, askedAt, ports);
  return found.state === "failed" ? found.endedAt : 0;
}

/** Of one announcement the instants differ by seconds. */
const SAME_ANNOUNCEMENT_MS = minutes(1);

const announcedAtOf = ({ announcedAt }: RunRequest["request"]): number | undefined =>
  typeof announcedAt === "number" ? announcedAt : undefined;

/** "none" has no log, "failed" may be tried again (ACCEPT-2). */
type State = "none" | "taken" | "failed" | "of the version before";

async function stateOf(run: string, pauseMs: number, { cloud, clock }: Ports) {
  const log = await readRunLog(cloud, run);
  const now = standing(run, log);
  const hasFailedLongAgo =
    now !== undefined && hasDoneNothing(now, log) && clock.now() - now.endedAt >= pauseMs;
  // A run of the version before says it elsewhere.
  const begunAt = log.lines[0]?.line.at ?? clock.now();
  return {
    run,
    state: stateIn(log, hasFailedLongAgo),
    announcedAt: wantedUntil(log),
    begunAt,
    endedAt: now?.endedAt ?? 0,
    isOver: log.lines.some(({ line }) => line.kind === "taken" || line.kind === "cancel"),
  };
}

/** Of the end of a job: the machines it ended. Of alerts: how many instances there are, and how many are missing. */
const Got = z.looseObject({
  ended: z.optional(z.array(z.string())),
  count: z.optional(z.int()),
  short: z.optional(z.int()),
});

/** ACCEPT-2. */
function hasDoneNothing(now: Standing, { lines }: RunLog): now is Ended {
  if (!isEnded(now) || now.completion.kind !== "done") return hasFailed(now);
  const [first] = lines;
  const asked = first?.line.kind === "input" ? first.line.input["request"] : undefined;
  const { ended, count, short } = Got.safeParse(now.completion.result).data ?? {};
  if (asked === "scale-out-alerts") return count === 0 || short !== undefined;
  return asked === "end-job" && ended?.length === 0;
}

function stateIn({ lines, end }: RunLog, hasFailedLongAgo: boolean): State {
  if (end < 0) return "of the version before";
  if (lines.length === 0) return "none";
  return hasFailedLongAgo && !lines.some(({ line }) => line.kind === "taken") ? "failed" : "taken";
}

/** Everything that was announced by then needs no further attempt: the announcement of the run, or the end of its job (ACCEPT-4). */
function wantedUntil({ lines }: RunLog): number {
  const instants = lines.flatMap(({ line }) => {
    if (line.kind === "taken") return [line.announcedAt];
    // A version before this one wrote no announcement.
    if (line.kind === "input") return [announcedAtOf(line.input) ?? line.at];
    return line.kind === "cancel" ? [line.at] : [];
  });
  return Math.max(0, ...instants);
}
