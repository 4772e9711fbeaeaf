/** Function Compute: invocations, signatures, delays, task ids, payloads, failures and timers. */
import { minutes, seconds } from "../../../shared/duration.ts";
import { EVENT_MAX_BYTES } from "../../../shared/budget.ts";
import { messageOf } from "../../../shared/errors.ts";
import { HttpEvent } from "../../../shared/triggers.ts";
import { ApiError } from "../../api.ts";
import { deleteTrigger, urlOf } from "../../functions.ts";
import { judged, ok, unknown, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";
import { said } from "../probe.ts";
import type { Order } from "../probe/orders.ts";
import { PROBE_NEEDS } from "./probe.ts";

async function runtime(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const { context: given, versions, zoneMinutes } = await probe.ask([]);
  await probe.keep("context", { context: given, versions, zoneMinutes });
  const { place } = context.settings;
  const problems = [
    ...(versions.node.startsWith("v20.") ? [] : [`functions run Node ${versions.node}`]),
    ...(given["accountId"] === place.account ? [] : ["the context has another account"]),
    ...(given["region"] === place.region ? [] : ["the context has another region"]),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the probe's own answer
    ...((given["credentials"] as readonly string[]).length === 3 ? [] : ["the context lacks credentials"]),
  ];
  const found = `Node ${versions.node}, ${zoneMinutes} minutes from UTC`;
  return judged(problems, found, "report it: Kiln relies on this runtime");
}

const SIGNATURES = ["acs3", "fc"] as const;

/** Each way to sign an invocation. The second one is tried when the first is refused, so one is enough. */
async function signatures(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const works: string[] = [];
  const refused: string[] = [];
  for (const signature of SIGNATURES) {
    const payload = probe.payload({ note: `signature-${signature}` });
    const reply = await probe.reply({
      kind: "deliver",
      signature,
      payload,
      delayMs: 0,
      taskId: `${probe.id}-${signature}`,
    });
    await probe.keep(`signature-${signature}`, reply);
    const isOwn = reply.status === 202 && (reply.warnings ?? []).length === 0;
    if (isOwn) works.push(signature);
    else refused.push(`${signature} is refused: ${reply.warnings?.[0] ?? said(reply)}`);
  }
  const wanted = context.settings.environment["KILN_FC_SIGNATURE"] ?? "acs3";
  const other = works[0] ?? "none";
  return works.includes(wanted)
    ? ok([`${works.join(" and ")} accepted`, ...refused].join("; "))
    : wrong(refused.join("; "), `set KILN_FC_SIGNATURE=${other} and run npm run deploy`);
}

const DELAY_MS = seconds(5);
const LATE_MS = seconds(30);

/** The longest delay that Kiln asks for. */
const LONG_MS = seconds(3500);

async function delay(context: Context): Promise<Finding> {
  const probe = await context.probe();
  // By the clock of the functions, as its arrival.
  const { at: askedAt } = await probe.ask([]);
  const short = await probe.send({ note: "delay" }, { delayMs: DELAY_MS });
  const long = await probe.send({ note: "delay-long" }, { delayMs: LONG_MS });
  const [arrival] = await probe.arrivals("delay", 1, minutes(2));
  const early = await probe.arrivals("delay-long", 1, 0);
  await probe.keep("delay", { askedAt, short, long, arrival });
  const todo = "nothing is lost, but waits cost more: see README, “How it works”";
  if (short.status !== 202 || long.status !== 202)
    return wrong(`a delay is refused: ${said(short.status === 202 ? long : short)}`, todo);
  if (early.length > 0) return wrong("an event arrives long before its delay is over", todo);
  if (arrival === undefined) return wrong("an event with a delay of 5 s does not arrive in 2 minutes", todo);
  const tookMs = arrival.at - askedAt;
  const isKept = tookMs >= DELAY_MS - seconds(1) && tookMs <= DELAY_MS + LATE_MS;
  const found = `an event with a delay of 5 s arrives after ${Math.round(tookMs / 100) / 10} s`;
  return isKept ? ok(found) : wrong(found, todo);
}

/**
 * The longest delay that Kiln asks for. An event that waits needs the probe, and the probe does not outlive the
 * examination (DOCTOR-1), so this check waits too.
 */
async function longDelay(context: Context): Promise<Finding> {
  if (!context.mayWait) return unknown("only with --wait, because it waits for an hour");
  const probe = await context.probe();
  const { at: askedAt } = await probe.ask([]);
  await probe.send({ note: "delay-hour" }, { delayMs: LONG_MS });
  await context.clock.sleep(LONG_MS - minutes(1));
  const [arrival] = await probe.arrivals("delay-hour", 1, minutes(6));
  await probe.keep("delay-hour", { askedAt, arrival });
  const todo = "nothing is lost, but waits cost more: see README, “How it works”";
  if (arrival === undefined)
    return wrong(`an event with a delay of ${LONG_MS / 1000} s does not arrive`, todo);
  const tookS = Math.round((arrival.at - askedAt) / 1000);
  const found = `an event with a delay of ${LONG_MS / 1000} s arrives after ${tookS} s`;
  return Math.abs(tookS - LONG_MS / 1000) <= LATE_MS / 1000 ? ok(found) : wrong(found, todo);
}

/** Shorter than the three minutes for which an instance without work is kept at least. */
const IDLE_MS = seconds(150);

/** Connections that an instance keeps open while it has nothing to do. */
async function sockets(context: Context): Promise<Finding> {
  const probe = await context.probe();
  // That nothing is there is an answer like any other.
  const read: Order = { kind: "bucket", action: "GetObject", method: "GET", key: `${probe.folder}none` };
  const event = (n: number): Order => ({
    kind: "deliver",
    signature: "acs3",
    payload: probe.payload({ note: "sockets" }),
    delayMs: 0,
    taskId: `${probe.id}-sockets-${n}`,
  });
  const before = await probe.ask([read, event(1)]);
  await context.clock.sleep(IDLE_MS);
  const after = await probe.ask([read, event(2)]);
  await probe.keep("sockets", { before, after });
  const problems = after.replies.flatMap((reply, n) =>
    reply.status === before.replies[n]?.status ? [] : [said(reply)],
  );
  const where = after.served > before.served ? "the same instance" : "a new instance";
  return judged(
    problems,
    `${where} calls OSS and Function Compute after ${IDLE_MS / 1000} s without a call`,
    "report it: the first call of an instance that rested fails",
  );
}

/** A task id that was used before. */
async function duplicate(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const taskId = `${probe.id}-same`;
  const first = await probe.send({ note: "duplicate" }, { taskId });
  const second = await probe.send({ note: "duplicate" }, { taskId });
  await probe.keep("duplicate", [first, second]);
  if (first.status !== 202) return wrong(`the first event is refused: ${said(first)}`, "report it");
  return second.status === 409
    ? ok("a task id that was used before is refused with 409")
    : wrong(
        "a task id that was used before is accepted",
        "nothing is lost, but duplicates cost further calls",
      );
}

/** The largest event that Kiln sends. */
async function payload(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const frame = probe.payload({ note: "payload", pad: "" }).length;
  const sent = await probe.send({ note: "payload", pad: "x".repeat(EVENT_MAX_BYTES - frame) });
  const [arrival] = await probe.arrivals("payload", 1, minutes(1));
  if (sent.status !== 202)
    return wrong(`an event of ${EVENT_MAX_BYTES} bytes is refused: ${said(sent)}`, "report it");
  return arrival?.bytes === EVENT_MAX_BYTES
    ? ok(`an event of ${EVENT_MAX_BYTES} bytes arrives`)
    : wrong(`of an event of ${EVENT_MAX_BYTES} bytes ${arrival?.bytes ?? "none"} arrive`, "report it");
}

/** https://www.alibabacloud.com/help/en/functioncompute/fc/product-overview/limits */
const QUEUE_MAX_BYTES = 128 * 1024;

/** The limit of the platform: an event that fails travels inside a larger one to its failure destination. */
async function payloadLimit(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const refusalOf = async (name: string, bytes: number): Promise<ApiError | undefined> => {
    const frame = probe.payload({ note: name, pad: "" }).length;
    const payload = probe.payload({ note: name, pad: "x".repeat(bytes - frame) });
    return context.api.queue(probe.name, payload).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof ApiError) return error;
        throw error;
      },
    );
  };
  const most = await refusalOf("payload-limit", QUEUE_MAX_BYTES);
  const more = await refusalOf("payload-above", QUEUE_MAX_BYTES + 1);
  const [arrival] = most === undefined ? await probe.arrivals("payload-limit", 1, minutes(1)) : [];
  await probe.keep("payload-limit", { most: most?.message, more: more?.message, bytes: arrival?.bytes });
  if (most !== undefined)
    return wrong(`an event of ${QUEUE_MAX_BYTES} bytes is refused: ${most.message}`, "report it");
  if (arrival?.bytes !== QUEUE_MAX_BYTES)
    return wrong(`of an event of ${QUEUE_MAX_BYTES} bytes ${arrival?.bytes ?? "none"} arrive`, "report it");
  return ok(
    `an event of ${QUEUE_MAX_BYTES} bytes arrives; a larger one is ${more === undefined ? "accepted too" : `refused with ${more.code}`}`,
  );
}

/** An event that fails: it is delivered again, then it ends at its failure destination. */
async function deadLetter(context: Context): Promise<Finding> {
  const probe = await context.probe();
  await probe.send({ note: "failing", fail: true });
  const [dead] = await probe.arrivals("dead-letter", 1, minutes(5));
  const tries = await probe.arrivals("failing", 2, 0);
  await probe.keep("dead-letter", { dead, tries });
  const todo = "run npm run deploy, and look at the function's retries and failure destination";
  if (dead === undefined) return wrong("an event that fails does not reach its failure destination", todo);
  if (tries.length !== 2)
    return wrong(`an event that fails is tried ${tries.length} times instead of twice`, todo);
  const waitS = Math.round(((tries[1]?.at ?? 0) - (tries[0]?.at ?? 0)) / 1000);
  return ok(`an event that fails is tried again after ${waitS} s, then reaches its failure destination`);
}

const TIMER = "tick";

async function timer(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const { api } = context;
  const config = { cronExpression: "@every 1m", enable: true, payload: JSON.stringify({ doctor: probe.id }) };
  const trigger = { triggerName: TIMER, triggerType: "timer", triggerConfig: JSON.stringify(config) };
  await api.fc("POST", `/functions/${probe.name}/triggers`, {}, trigger);
  const [arrival] = await probe.arrivals("timer", 1, minutes(3));
  await deleteTrigger(api, probe.name, TIMER);
  await probe.keep("timer", arrival ?? "none");
  if (arrival === undefined)
    return wrong("a timer of one minute does not fire in three", "report it to the cloud's support");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- looked at below
  const event = arrival.payload as Readonly<Record<string, unknown>>;
  return event["payload"] === config.payload && !Number.isNaN(Date.parse(String(event["triggerTime"])))
    ? ok(`fires at ${String(event["triggerTime"])} with its payload`)
    : wrong(`a timer's event is ${JSON.stringify(event)}`, "report it: Kiln reads triggerTime and payload");
}

/** A request to the address of an HTTP trigger: the event that a function gets, and what becomes of its answer. */
async function httpEvent(context: Context): Promise<Finding> {
  const probe = await context.probe();
  const { api } = context;
  const config = JSON.stringify({ authType: "anonymous", methods: ["GET"] });
  const trigger = { triggerName: "web", triggerType: "http", triggerConfig: config };
  await api.fc("POST", `/functions/${probe.name}/triggers`, {}, trigger);
  const url = await urlOf(api, probe.name, "web");
  const ask = (method: string) => requested(`${url}/${probe.id}?a=1`, method);
  const [get, put] = [await ask("GET"), await ask("PUT")];
  // Calls of the API may be taken for requests as long as the trigger is there.
  await deleteTrigger(api, probe.name, "web");
  const [arrival] = await probe.arrivals("http", 1, seconds(30));
  await probe.keep("http", { get, put, arrival });
  if (get.status !== 200) return wrong(`a request is answered ${get.status}: ${get.problem}`, "report it");
  const read = HttpEvent.safeParse(arrival?.payload);
  const headers = Object.entries(read.success ? read.data.headers : {});
  const isWhole = headers.some(([name, value]) => name.toLowerCase() === "x-doctor" && value === "here");
  return isWhole
    ? ok(`a request arrives whole; another method is answered ${put.status}`)
    : wrong(
        `a request arrives as ${JSON.stringify(arrival?.payload)}`,
        "report it: the webhook reads headers",
      );
}

async function requested(url: string, method: string) {
  const init = { method, headers: { "x-doctor": "here" }, signal: AbortSignal.timeout(seconds(15)) };
  const answer = await fetch(url, init).catch(messageOf);
  return typeof answer === "string"
    ? { status: 0, problem: answer }
    : { status: answer.status, problem: "", headers: Object.fromEntries(answer.headers) };
}

const NEEDS = PROBE_NEEDS;

export const EVENT_CHECKS: readonly Check<Context>[] = [
  { name: "runtime", needs: NEEDS, run: runtime },
  { name: "signature", needs: NEEDS, run: signatures },
  { name: "delay", needs: NEEDS, run: delay },
  { name: "sockets", needs: NEEDS, run: sockets },
  { name: "duplicate", needs: NEEDS, run: duplicate },
  { name: "payload", needs: NEEDS, run: payload },
  { name: "payload-limit", needs: NEEDS, run: payloadLimit },
  { name: "dead-letter", needs: NEEDS, run: deadLetter },
  { name: "timer", needs: NEEDS, run: timer },
  { name: "http-event", needs: NEEDS, run: httpEvent },
];

/** The last of all checks, because it waits. */
export const LONG_CHECKS: readonly Check<Context>[] = [{ name: "long-delay", needs: NEEDS, run: longDelay }];
