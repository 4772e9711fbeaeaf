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
import type { SavingsRow } from "../functions/api/savings.ts";
import type { senders } from "../functions/api/senders.ts";
import type { status } from "../functions/api/status.ts";
import { Drift } from "../shared/drift.ts";
import { readJson } from "../shared/json.ts";
import { CommandError, EXIT } from "./command.ts";
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

/** What an answer must have; `T` is all that the same version of Kiln answers. */
export interface Answer<T> {
  readonly schema: z.ZodMiniType;
  /** Never set: it holds the type. */
  readonly of?: T;
}

const text = z.string();
const list = (shape: z.core.$ZodLooseShape) => z.array(z.looseObject(shape));
const answer = <T>(shape: z.core.$ZodLooseShape): Answer<T> => ({ schema: z.looseObject(shape) });

const some = z.optional(text);
const word = text.check(z.minLength(1));
/** Later and earlier ones are no dates: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const instant = z.number().check(z.gte(-8.64e15), z.lte(8.64e15));
const date = text.check(z.refine((one) => Number.isFinite(Date.parse(one))));

const RUN = {
  run: word,
  kind: word,
  subject: text,
  by: text,
  state: word,
  phase: text,
  beganAt: date,
  updatedAt: date,
  endedAt: z.optional(date),
  reason: some,
  note: some,
};
const IMAGE = { imageId: text, imageName: text, status: text };
const FAMILY = { family: text, previous: list(IMAGE) };
const [running, stopped, changing, old] = Array.from({ length: 4 }, () => z.number());
const FLEET = { fleet: text, running, stopped, changing, old };
const LINK = { ...IMAGE, region: text };

export const ANSWER = {
  status: answer<Awaited<ReturnType<typeof status>>>({
    bucket: text,
    region: text,
    atWork: list(RUN),
    waiting: list(RUN),
    failed: list(RUN),
    problems: z.array(text),
  }),
  runs: answer<RunPage>({ runs: list(RUN), next: z.optional(text) }),
  run: answer<RunDetails>({
    ...RUN,
    steps: list({ phase: text, at: instant, note: some }),
    outputs: z.array(text),
  }),
  verdicts: answer<RunVerdicts>({
    verdicts: list({ id: text, act: text, why: text, reason: text, numbers: z.array(z.unknown()) }),
    of: z.number(),
  }),
  families: answer<{ readonly families: readonly FamilyRow[] }>({ families: list(FAMILY) }),
  family: answer<FamilyDetails>({ ...FAMILY, regions: z.record(text, z.unknown()) }),
  fleets: answer<{ readonly fleets: readonly FleetRow[] }>({ fleets: list(FLEET) }),
  fleet: answer<FleetDetails>({ ...FLEET, members: list({ id: text, status: text, imageId: text }) }),
  image: answer<Ancestry>({
    imageId: text,
    ancestors: list(LINK),
    descendants: list(LINK),
    families: list({ family: text, region: text, imageId: text }),
    machines: list({ imageId: text, region: text, machine: text }),
    recipes: z.array(text),
    unread: z.array(text),
  }),
  senders: answer<Awaited<ReturnType<typeof senders>>>({
    since: text,
    senders: list({ sender: text, kind: text, refused: list({ reason: text, count: z.number() }) }),
  }),
  savings: answer<{ readonly month: string; readonly savings: readonly SavingsRow[] }>({
    month: text,
    savings: list({
      fleet: text,
      hours: z.number(),
      amount: z.number(),
      currency: text,
      days: z.record(text, z.unknown()),
    }),
  }),
  history: answer<{ readonly points: readonly HistoryPoint[] }>({
    points: list({ at: instant, fleets: z.record(text, z.unknown()) }),
  }),
  plan: answer<PlanPage>({
    at: date,
    until: date,
    bakes: list({ recipe: text, by: text, act: text, why: text }),
    retention: list({ at: text, recipe: text, changes: z.array(z.unknown()) }),
    fleets: list({ at: text, fleet: text, act: text, why: text }),
    problems: z.array(text),
    next: z.optional(text),
  }),
  /** A decision begins no run. */
  changed: answer<{ readonly run?: string }>({ run: z.optional(text) }),
  drift: { schema: Drift } satisfies Answer<Drift> as Answer<Drift>,
  /** Of a document that is there and can be read. */
  text: answer<{ readonly text?: string }>({ text: z.optional(text) }),
  document: answer<{ readonly etag: string }>({ etag: text }),
  stored: answer<{ readonly key: string; readonly etag: string; readonly created: boolean }>({
    key: text,
    etag: text,
    created: z.boolean(),
  }),
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
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what readers need is checked, the rest they show if it is there
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
  return new CommandError(isWrong ? EXIT.invalid : EXIT.failed, said);
}

const SHOWN = 200;

/** Of an answer that Kiln does not give. */
export function foreign(reply: Reply): CommandError {
  const { asked, status: code, headers } = reply;
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
