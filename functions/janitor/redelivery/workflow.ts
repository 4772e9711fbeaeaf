/**
 * Catches up with events of GitHub that the webhook did not take: look → ask → settle. GitHub itself repeats nothing.
 * https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
 *
 * CATCH-UP-1. What GitHub lists is the only state. A run waits for the attempts it asked for, and while it is at work no
 *     other one asks for the same hook; so an attempt that is on its way is not asked for once more.
 * CATCH-UP-2. One firing makes a bounded number of calls, and asks for a bounded time. When the limit of GitHub is reached, the
 *     run makes none before the instant that GitHub names, and leaves the rest to the next firing.
 * CATCH-UP-3. A redelivery is the same request to the webhook, so one too many launches nothing.
 * CATCH-UP-4. A limit is one of the settings that met it. While a run waits, the lock protects that instant; so the run looks
 *     at the settings again and again, and neither waits nor keeps the lock when they are other ones or gone.
 */
import * as z from "zod/mini";
import { days, hours, minutes, utcMinute } from "../../../shared/duration.ts";
import { parse, type Ports } from "../../../shared/invocation.ts";
import { digest } from "../../../shared/keys.ts";
import { Name } from "../../../shared/names.ts";
import { requestShape } from "../../../shared/requests/request.ts";
import { eventsWith, firstEvent, type EventOf } from "../../../shared/workflow/envelope.ts";
import { acquireLock, releaseLock } from "../../../shared/workflow/lock.ts";
import {
  done,
  failed,
  next,
  phase,
  wait,
  type Outcome,
  type Workflow,
} from "../../../shared/workflow/workflow.ts";
import { failureSends } from "../../../shared/notifications/subscriptions.ts";
import { readGithubHooks, type GithubHook } from "./config.ts";
import { lostIn, resultsOf } from "./decide.ts";
import { listDeliveries, requestRedelivery, type Refusal } from "./github.ts";

/** GitHub keeps deliveries so long: https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks */
const KEPT_MS = days(3);
/** A hundred deliveries each. */
const PAGES_MAX = 30;
/** Of 80 requests a minute and 500 an hour: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const REQUESTS_MAX = 60;
/** GitHub ends an attempt after 10 seconds. */
const ATTEMPT_MS = minutes(1);
/** A run that can request nothing begins again for so long. */
const LOOKS_MS = hours(3);
/** An attempt that is not listed by then is lost. */
const PENDING_MS = minutes(10);
/** An event has room for so many. */
const PASSED_MAX = 500;
/** A run that asks for longer leaves the rest to the next one: its function has five minutes (s.yaml). */
const ASKING_MS = minutes(2);
/** How long other settings may go unseen (CATCH-UP-4). */
const BLIND_MS = minutes(5);

/** GitHub takes no calls before `notBefore`, epoch ms, with the settings of this digest. */
const limit = { notBefore: z.int(), settings: z.string() };
type Limit = z.infer<z.ZodMiniObject<typeof limit>>;
export const settingsOf = (hook: GithubHook): string => digest(JSON.stringify(hook));
const NO_LIMIT: Limit = { notBefore: 0, settings: "" };

const event = eventsWith(z.strictObject({ hook: Name }));
/** The events that GitHub did not take from this run (REDELIVER-3). */
const passed = z._default(z.array(z.string()), []);
const Look = event("look", { ...limit, passed });
type Look = EventOf<typeof Look>;
const Pair = z.tuple([z.string(), z.string()]);
const Ask = event("ask", { failed: z.int(), due: z.array(Pair), unread: z.boolean(), passed });
type Ask = EventOf<typeof Ask>;
const Settle = event("settle", {
  ...limit,
  requestedAt: z.int(),
  requested: z.array(Pair),
  result: z.record(z.string(), z.unknown()),
});
type Settle = EventOf<typeof Settle>;

/** At most one run of a hook at a time. */
export const lockName = (hook: string): string => `redelivery-${hook}`;

/** The lost events of a hook, or why they are not known. */
export async function lookAt(hook: GithubHook, { clock }: Ports, passed: readonly string[] = []) {
  const now = clock.now();
  const listed = await listDeliveries(hook, { since: now - KEPT_MS, pagesMax: PAGES_MAX }, clock);
  if ("kind" in listed) return listed;
  return { ...lostIn(listed.deliveries, now, new Set(passed)), unread: !listed.complete };
}

async function look(event: Look, ports: Ports): Promise<Outcome> {
  const { run, input, passed } = event;
  const { clock } = ports;
  const hook = readGithubHooks()[input.hook];
  if (hook === undefined) return noHook(input.hook);
  const holder = await acquireLock(lockName(input.hook), run, ports);
  if (holder !== undefined) return done({ skipped: true, note: `${holder} is at work` });
  const limited = stillLimited(event, hook, clock.now());
  if (limited !== undefined) return limited;
  const found = await lookAt(hook, ports, passed);
  if ("kind" in found) return withoutAnswer(event, hook, found, clock.now());
  const due = found.due.slice(0, REQUESTS_MAX).map(({ id, guid }): [string, string] => [id, guid]);
  const { failed: all, unread } = found;
  if (due.length > 0) return next(Ask, { failed: all.length, due, unread, passed });
  const refused = passed.length > 0 && { refused: passed.length };
  return done({ failed: all.length, requested: 0, ...refused });
}

/** It was removed from the settings meanwhile. */
const noHook = (name: string) => done({ skipped: true, note: `KILN_GITHUB has no hook ${name}` });

const pauseMs = (until: number, now: number): number => Math.min(Math.max(until - now, minutes(1)), BLIND_MS);
const limitedNote = (until: number): string => `GitHub takes no calls before ${utcMinute(until)}`;

/** CATCH-UP-4. */
const stillLimited = ({ notBefore, settings }: Limit, hook: GithubHook, now: number): Outcome | undefined =>
  now < notBefore && settings === settingsOf(hook)
    ? wait(pauseMs(notBefore, now), limitedNote(notBefore))
    : undefined;

function withoutAnswer(
  { input, startedAt, passed }: Pick<Look, "input" | "startedAt" | "passed">,
  hook: GithubHook,
  refusal: Refusal,
  now: number,
): Outcome {
  const { problem } = refusal;
  if (refusal.kind !== "limited")
    return refusal.kind === "unknown"
      ? wait(minutes(5), `GitHub: ${problem}`)
      : failed(`GitHub refuses the deliveries of ${input.hook} (${problem}); ${adviceFor(refusal.status)}`);
  const { until } = refusal;
  if (until - startedAt > LOOKS_MS)
    return failed(`GitHub limits every call about ${input.hook} (${problem}); give it a token of its own`);
  const state = { notBefore: until, settings: settingsOf(hook), passed };
  return next(Look, state, { afterMs: pauseMs(until, now), note: limitedNote(until) });
}

const adviceFor = (status: number): string =>
  status === 401
    ? "set a token or a key that is valid in KILN_GITHUB and deploy again"
    : "correct the hook in KILN_GITHUB, or give its token the permission to read and write webhooks";

async function ask(event: Ask, { clock }: Ports): Promise<Outcome> {
  const { input, failed: count, due, unread, passed } = event;
  const hook = readGithubHooks()[input.hook];
  if (hook === undefined) return noHook(input.hook);
  const requestedAt = clock.now();
  const { requested, refused, notTaken, stop } = await requestAll(hook, due, clock);
  const others = { ...event, passed: [...passed, ...notTaken].slice(-PASSED_MAX) };
  if (requested.length === 0 && stop !== undefined)
    return stop.kind === "unknown"
      ? lookAgain(others, stop, clock)
      : withoutAnswer(others, hook, stop, requestedAt);
  if (requested.length === 0)
    return next(Look, { ...NO_LIMIT, passed: others.passed }, { afterMs: ATTEMPT_MS, note: refused[0] });
  const result = {
    failed: count,
    requested: requested.length,
    refused: refused.length,
    notTried: count - requested.length - refused.length,
    ...(refused.length > 0 && { refusals: refused.slice(0, 5) }),
    ...(stop && { why: `GitHub: ${stop.problem}` }),
    ...(unread && { unread: "only the newest deliveries were read" }),
  };
  const limited = stop?.kind === "limited" ? { notBefore: stop.until, settings: settingsOf(hook) } : NO_LIMIT;
  const note = `${requested.length} of ${count} lost deliveries are requested again`;
  return next(Settle, { ...limited, requestedAt, requested, result }, { afterMs: ATTEMPT_MS, note });
}

/** Another run of the same deliveries would not begin, so this one goes on; newer ones may be lost meanwhile. */
function lookAgain({ startedAt, due, passed }: Ask, { problem }: Refusal, clock: Ports["clock"]): Outcome {
  return clock.now() - startedAt < LOOKS_MS
    ? next(Look, { ...NO_LIMIT, passed }, { afterMs: minutes(5), note: `GitHub: ${problem}` })
    : failed(`GitHub takes none of ${due.length} requests for another attempt (${problem})`);
}

/**
 * Requests one after another until GitHub stops it. A delivery that it does not have any more is refused alone, and one that
 * it has trouble with is left out: a GitHub that is down answers none of several.
 */
async function requestAll(hook: GithubHook, due: Ask["due"], clock: Ports["clock"]) {
  const requested: Ask["due"] = [];
  const refused: string[] = [];
  const notTaken: string[] = [];
  const troubles: Refusal[] = [];
  let inARow = 0;
  const until = clock.now() + ASKING_MS;
  for (const [id, guid] of due) {
    if (clock.now() > until) break;
    const refusal = await requestRedelivery(hook, id, clock);
    const isTrouble = refusal?.kind === "unknown";
    inARow = isTrouble ? inARow + 1 : 0;
    if (isTrouble) troubles.push(refusal);
    if (isMade(refusal)) requested.push([id, guid]);
    else if (refusal !== undefined && isOfAll(refusal))
      return { requested, refused, notTaken, stop: refusal };
    else notTaken.push(guid);
    if (refusal?.kind === "refused") refused.push(`${guid}: ${refusal.problem}`);
    if (inARow === TROUBLES_MAX) break;
  }
  return { requested, refused, notTaken, stop: troubles.at(-1) };
}

/** Without an answer the attempt may be made. */
const isMade = (refusal: Refusal | undefined): boolean =>
  refusal === undefined || (refusal.kind === "unknown" && refusal.status === 0);

/** Whether it concerns every call. */
const isOfAll = (refusal: Refusal): boolean =>
  refusal.kind === "limited" || (refusal.kind === "refused" && NO_RIGHT.has(refusal.status));
/** So many calls in a row that end in an error of GitHub are a GitHub that is down. */
const TROUBLES_MAX = 3;

const NO_RIGHT: ReadonlySet<number> = new Set([401, 403]);

async function settle(event: Settle, { clock }: Ports): Promise<Outcome> {
  const { input, requestedAt, requested, result } = event;
  const hook = readGithubHooks()[input.hook];
  if (hook === undefined || requested.length === 0) return done(result);
  const limited = stillLimited(event, hook, clock.now());
  if (limited !== undefined) return limited;
  // Instants of GitHub have no milliseconds, and its clock may be behind.
  const since = requestedAt - minutes(1);
  const listed = await listDeliveries(hook, { since, pagesMax: PAGES_MAX }, clock);
  if ("kind" in listed) {
    const until = listed.kind === "limited" ? listed.until : Infinity;
    if (until - event.startedAt > LOOKS_MS) return done({ ...result, pending: requested.length });
    const state = { notBefore: until, settings: settingsOf(hook), requestedAt, requested, result };
    return next(Settle, state, { afterMs: pauseMs(until, clock.now()), note: limitedNote(until) });
  }
  const results = resultsOf(requested, listed.deliveries);
  const isEarly = clock.now() - Math.max(requestedAt, event.notBefore) < PENDING_MS;
  if (results.pending > 0 && isEarly)
    return wait(ATTEMPT_MS, `${results.pending} redeliveries are not listed yet`);
  return done({ ...result, ...results });
}

const CatchUpRequest = z.strictObject({
  ...requestShape,
  ...limit,
  request: z.literal("catch-up"),
  hook: Name,
});

export const redelivery: Workflow = {
  kind: "redeliver",
  phases: [
    phase(Look, { limitMs: hours(3), run: look }),
    phase(Ask, { limitMs: hours(3), run: ask }),
    phase(Settle, {
      limitMs: hours(3),
      run: settle,
      compensate: ({ result, requested }) => done({ ...result, pending: requested.length }),
    }),
  ],
  begin: (requested) => {
    const { hook, notBefore, settings } = parse(CatchUpRequest, requested.input, "redelivery");
    return firstEvent(Look, requested, { hook }, { notBefore, settings, passed: [] });
  },
  onComplete: async ({ run, by, input }, completion, ports) => {
    const hook = z.looseObject({ hook: Name }).safeParse(input).data?.hook;
    if (hook === undefined) return {};
    await releaseLock(lockName(hook), run, ports);
    if (completion.kind !== "failed") return {};
    return { notifications: failureSends({ run, by }, completion.reason, ports.clock.now()) };
  },
};
