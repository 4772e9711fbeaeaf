/**
 * The answers of a deployment, parsed.
 *
 * ANSWER-1. Whatever answers at a configured address may be something else: a proxy, a login page, another version. Only an
 *     answer with what its readers need counts as one, and only a refusal in Kiln's own form as a refusal of Kiln.
 */
import * as z from "zod/mini";
import type { FamilyDetails, FamilyRow } from "../functions/api/families.ts";
import type { FleetDetails, FleetRow } from "../functions/api/fleets.ts";
import type { HistoryPoint } from "../functions/api/history.ts";
import type { Ancestry } from "../functions/api/images/image.ts";
import type { PlanPage } from "../functions/api/plan/plan.ts";
import type { RunDetails } from "../functions/api/runs/run.ts";
import type { RunPage } from "../functions/api/runs/search.ts";
import type { RunVerdicts } from "../functions/api/runs/verdicts.ts";
import type { savings, SavingsRow } from "../functions/api/savings.ts";
import type { senders } from "../functions/api/senders.ts";
import type { status } from "../functions/api/status.ts";
import { Drift } from "../shared/drift.ts";
import { readJson } from "../shared/json.ts";
import { CommandError, EXIT } from "./command.ts";
import { said as inLanguage } from "./language.ts";
import { short } from "./format.ts";

/** An answer to a request. */
export interface Reply {
  /** The method and the URL that were asked. */
  readonly asked: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The server's clock, epoch milliseconds. */
  readonly at: number;
}

/** All that the same version of Kiln answers, field by field; fields that a later one adds are let through. */
export interface Answer<T> {
  readonly schema: z.ZodMiniType;
  /** Never set: it holds the type. */
  readonly of?: T;
}

/** A schema for each field of `T`: one that is forgotten, or required where it may be absent, is an error of types. */
type Fields<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? z.ZodMiniOptional : z.ZodMiniType;
};
const map = <T>(fields: Fields<T>) => z.looseObject(fields);
const list = <T>(fields: Fields<T>) => z.array(map<T>(fields));
const answer = <T>(fields: Fields<T>): Answer<T> => ({ schema: map<T>(fields) });

const text = z.string();
const texts = z.array(text);
const number = z.number();
const truth = z.boolean();
const some = z.optional(text);
const someNumber = z.optional(number);
const word = text.check(z.minLength(1));
/** Later and earlier ones are no dates: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const instant = number.check(z.gte(-8.64e15), z.lte(8.64e15));
const date = text.check(z.refine((one) => Number.isFinite(Date.parse(one))));
const someDate = z.optional(date);
/** By names that are not known before. */
const record = (schema: z.ZodMiniType) => z.record(text, schema);

const RUN: Fields<RunPage["runs"][number]> = {
  run: word,
  kind: word,
  subject: text,
  by: text,
  state: word,
  phase: text,
  beganAt: date,
  updatedAt: date,
  dueAt: someDate,
  reason: some,
  note: some,
};
const FAMILY: Fields<FamilyRow> = {
  family: text,
  imageId: some,
  imageName: some,
  recipe: some,
  since: someDate,
  run: some,
  by: some,
  hold: z.optional(
    map<NonNullable<FamilyRow["hold"]>>({ by: text, why: text, since: date, until: someDate }),
  ),
  before: some,
  problem: some,
  previous: list<FamilyRow["previous"][number]>({
    imageId: text,
    imageName: text,
    status: text,
    createdAt: date,
    promotion: some,
  }),
};
const FLEET: Fields<FleetRow> = {
  fleet: text,
  family: some,
  serves: some,
  running: number,
  stopped: number,
  changing: number,
  old: number,
  limits: z.optional(
    map<NonNullable<FleetRow["limits"]>>({
      max: number,
      perRequest: number,
      perHour: someNumber,
      perDay: someNumber,
      maxPricePerHour: someNumber,
    }),
  ),
  wanted: z.optional(map<NonNullable<FleetRow["wanted"]>>({ min: number, desired: number })),
  countedAt: someDate,
  paused: some,
  problem: some,
};
const LINKS = list<Ancestry["ancestors"][number]>({
  imageId: text,
  imageName: text,
  region: text,
  status: text,
  family: some,
  recipe: some,
  run: some,
  commit: some,
});
type Status = Awaited<ReturnType<typeof status>>;
type Senders = Awaited<ReturnType<typeof senders>>;

export const ANSWER = {
  status: answer<Status>({
    at: date,
    region: text,
    bucket: text,
    stage: some,
    atWork: list<Status["atWork"][number]>({ ...RUN, usuallyMs: someNumber }),
    waiting: list(RUN),
    failed: list(RUN),
    more: truth,
    problems: texts,
  }),
  runs: answer<RunPage>({ runs: list(RUN), next: some, incomplete: z.optional(truth) }),
  run: answer<RunDetails>({
    ...RUN,
    steps: list<RunDetails["steps"][number]>({ phase: text, at: instant, note: some }),
    outputs: texts,
    asked: someNumber,
    key: some,
    input: record(z.unknown()),
    commands: texts,
    result: z.optional(record(z.unknown())),
  }),
  verdicts: answer<RunVerdicts>({
    verdicts: list<RunVerdicts["verdicts"][number]>({
      id: text,
      act: text,
      why: text,
      reason: text,
      numbers: list<RunVerdicts["verdicts"][number]["numbers"][number]>({
        signal: text,
        worst: someNumber,
        below: number,
      }),
    }),
    of: number,
  }),
  families: answer<{ readonly families: readonly FamilyRow[] }>({ families: list(FAMILY) }),
  family: answer<FamilyDetails>({
    ...FAMILY,
    regions: record(z.nullable(text)),
    rollback: z.optional(
      map<NonNullable<FamilyDetails["rollback"]>>({
        problem: some,
        regions: z.optional(record(text)),
        wouldStepBack: z.optional(texts),
        wouldUnshare: z.optional(texts),
        wouldHold: some,
        wouldLiftHold: some,
        undoes: some,
        wouldBringBack: z.optional(texts),
        wouldShare: z.optional(texts),
      }),
    ),
  }),
  fleets: answer<{ readonly fleets: readonly FleetRow[] }>({ fleets: list(FLEET) }),
  fleet: answer<FleetDetails>({
    ...FLEET,
    members: list<FleetDetails["members"][number]>({
      id: text,
      status: text,
      imageId: text,
      type: text,
      zone: text,
      run: some,
    }),
    next: some,
    key: some,
    etag: some,
    changedAt: someDate,
    commit: some,
    text: some,
    note: some,
  }),
  image: answer<Ancestry>({
    imageId: text,
    ancestors: LINKS,
    root: some,
    cut: some,
    descendants: LINKS,
    families: list<Ancestry["families"][number]>({ family: text, region: text, imageId: text }),
    machines: list<Ancestry["machines"][number]>({ imageId: text, region: text, machine: text }),
    recipes: texts,
    unread: texts,
  }),
  senders: answer<Senders>({
    since: date,
    senders: list<Senders["senders"][number]>({
      sender: text,
      kind: text,
      acceptedAt: someDate,
      refusedAt: someDate,
      refused: list<Senders["senders"][number]["refused"][number]>({ reason: text, count: number }),
    }),
    more: truth,
  }),
  savings: answer<Awaited<ReturnType<typeof savings>>>({
    month: text,
    problems: texts,
    savings: list<SavingsRow>({
      fleet: text,
      stops: number,
      hours: number,
      unpricedHours: number,
      amount: number,
      currency: text,
      days: record(map<SavingsRow["days"][string]>({ hours: number, amount: number })),
    }),
  }),
  history: answer<{ readonly points: readonly HistoryPoint[] }>({
    points: list<HistoryPoint>({
      at: instant,
      fleets: record(
        map<HistoryPoint["fleets"][string]>({
          running: number,
          stopped: number,
          others: number,
          old: number,
        }),
      ),
    }),
  }),
  plan: answer<PlanPage>({
    at: date,
    until: date,
    bakes: list<PlanPage["bakes"][number]>({
      at: someDate,
      run: some,
      recipe: text,
      by: text,
      act: text,
      why: text,
      delivers: some,
      promotes: some,
      held: some,
      approval: z.optional(truth),
      assumes: some,
    }),
    retention: list<PlanPage["retention"][number]>({
      at: date,
      run: text,
      recipe: text,
      changes: list<PlanPage["retention"][number]["changes"][number]>({
        action: text,
        region: text,
        imageId: text,
        why: text,
      }),
      others: number,
      problem: some,
      assumes: some,
    }),
    fleets: list<PlanPage["fleets"][number]>({
      at: someDate,
      fleet: text,
      act: text,
      why: text,
      desired: someNumber,
      min: someNumber,
      assumes: some,
    }),
    problems: texts,
    next: some,
  }),
  /** A decision begins no run. */
  changed: answer<{ readonly run?: string }>({ run: some }),
  drift: { schema: Drift } satisfies Answer<Drift> as Answer<Drift>,
  /** Of a document that is there and can be read. */
  text: answer<{ readonly text?: string }>({ text: some }),
  document: answer<{ readonly etag: string }>({ etag: text }),
  stored: answer<{
    readonly key: string;
    readonly etag: string;
    readonly created: boolean;
    readonly note?: string;
  }>({ key: text, etag: text, created: truth, note: some }),
  accepted: answer<{ readonly run: string }>({ run: text }),
} as const;

const MISSING_MAX = 3;

/** The facts of an answer with one of these statuses. @throws CommandError for every other one, as `refusedBy` */
export function parseReply<T extends object>(
  of: Answer<T>,
  reply: Reply,
  statuses: readonly number[] = [200],
): T {
  if (!statuses.includes(reply.status)) throw refusedBy(reply);
  const body = readJson(reply.text);
  const parsed = of.schema.safeParse(body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field of the type is checked; words that a later version adds are shown as they are
  if (parsed.success) return body as T;
  if (body === undefined) throw foreign(reply);
  const places = parsed.error.issues.slice(0, MISSING_MAX).map(({ path }) => path.join(".") || "all of it");
  throw new CommandError(
    EXIT.failed,
    `${reply.asked} answers ${reply.status} without what is needed (${places.join(", ")}): deploy the version of Kiln that this command line has`,
  );
}

const Refusal = z.looseObject({ error: z.string() });

/** The sentence of a refusal in Kiln's own form (ANSWER-1). */
export const refusalIn = ({ text: body }: Pick<Reply, "text">): string | undefined =>
  Refusal.safeParse(readJson(body)).data?.error;

/** An answer that is an error: a wrong request is 3, everything else 1. */
export function refusedBy(reply: Reply): CommandError {
  const said = refusalIn(reply);
  if (said === undefined) return foreign(reply);
  const isWrong = reply.status === 400 || reply.status === 422;
  return new CommandError(isWrong ? EXIT.invalid : EXIT.failed, inLanguage(said));
}

const SHOWN = 200;

/** The platform's words for a function that it ended, or that threw. */
const Ended = z.looseObject({ errorMessage: z.string() });

/** Of an answer that Kiln does not give. */
export function foreign(reply: Reply): CommandError {
  const { asked, status: code, headers } = reply;
  const ended = headers.has("x-fc-error-type") ? Ended.safeParse(readJson(reply.text)).data : undefined;
  if (ended !== undefined) {
    const next = ended.errorMessage.startsWith("Function timed out")
      ? "the function needed more than its time limit: send it again, and ask for less at once if it does so again"
      : "the function failed: its log says why";
    return new CommandError(
      EXIT.failed,
      `${asked} answers ${code} (${short(ended.errorMessage, SHOWN)}); ${next}`,
    );
  }
  const location = code >= 300 && code < 400 ? headers.get("location") : null;
  const came = location === null ? saidIn(reply) : `a redirect to ${short(location, SHOWN)}`;
  return new CommandError(
    EXIT.failed,
    `${asked} answers ${code} with ${came}, which is no answer of Kiln: compare KILN_API and KILN_WEBHOOK with what npm run deploy prints, and see whether a proxy or a gateway stands between`,
  );
}

/** What a page or an error of the platform or of a proxy says, as short as possible. */
function saidIn({ text: body }: Reply): string {
  const { error, Code: code, Message: message }: Readonly<Record<string, unknown>> = Object(readJson(body));
  const { message: inner }: Readonly<Record<string, unknown>> = Object(error);
  const words = [code, message ?? inner].filter((one) => typeof one === "string");
  if (words.length > 0) return short(words.join(": "), SHOWN);
  const plain = body.replaceAll(/<(style|script)\b.*?<\/\1>|<[^>]*>/gis, " ");
  return short(plain, SHOWN) || "nothing";
}
