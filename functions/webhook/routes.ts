/** Routes of authenticated callers: a method and a path become a request for a run. Pure. */
import * as z from "zod/mini";
import { canonical } from "../../shared/cloud/ecs/token.ts";
import { days, parseDuration } from "../../shared/duration.ts";
import { nearest } from "../../shared/documents/spelling.ts";
import { digest, keyLog } from "../../shared/keys.ts";
import { FAMILY, formIn, NAME, Name, RUN } from "../../shared/names.ts";
import { holdOver, holdShape } from "../../shared/requests/hold.ts";
import { Parameters } from "../../shared/requests/parameters.ts";
import { oneTarget, rollbackShape } from "../../shared/requests/rollback.ts";
import { oneSelection, scaleInShape } from "../../shared/requests/scale-in.ts";
import { withoutSignatures } from "../../shared/signed-link.ts";
import { attemptIdentity, familyName, runId, type RunKind } from "../../shared/workflow/run-id.ts";
import type { Enqueue } from "./accept.ts";
import { Decision } from "./approval.ts";
import { parseBody } from "./body.ts";
import type { Call } from "../../shared/http/call.ts";

export type Routed =
  | { readonly kind: "enqueue"; readonly enqueue: Enqueue }
  | { readonly kind: "status"; readonly run: string }
  | { readonly kind: "cancel"; readonly run: string }
  | { readonly kind: "decide"; readonly run: string; readonly decision: Decision }
  | { readonly kind: "refuse"; readonly status: 400 | 404; readonly error: string };

/** An authenticated request. */
export interface Delivery extends Pick<Call, "method" | "path" | "body"> {
  readonly caller: string;
  readonly delivery: string;
  readonly sentAt: number;
}

interface Route {
  readonly subject: "fleet" | "recipe" | "family";
  readonly action: string;
  readonly kind: RunKind;
  /** Name of the request, where it is not the action. */
  readonly request?: string;
  readonly body: z.core.$ZodLooseShape;
  readonly rules?: readonly z.core.$ZodCheck<Record<string, unknown>>[];
  /** Why a sound body is refused at the time it was sent. */
  readonly refusal?: (body: Readonly<Record<string, unknown>>, sentAt: number) => string | undefined;
  /** The fields of the request, where they are not those of the body. */
  readonly fields?: (
    body: Readonly<Record<string, unknown>>,
    sentAt: number,
  ) => Readonly<Record<string, unknown>>;
  /** The name in the run's id, where it is not the name in the path. */
  readonly runName?: (name: string, body: Readonly<Record<string, unknown>>) => string;
}

/** A fleet has at most this many instances (limits.max). */
const COUNT_MAX = 10_000;
const count = z.int().check(z.minimum(1), z.maximum(COUNT_MAX));
const ImageId = z.string().check(z.regex(/^[A-Za-z0-9._-]{2,128}$/));
const optionalBoolean = z.optional(z.boolean());
const dryRun = optionalBoolean;
/**
 * The caller's own id for this request. With a key, the same caller and key are the same request, so it may be
 * signed again and sent again after a lost answer. Without one, the signed bytes are.
 */
const key = z.optional(
  z.string().check(
    z.refine((text) => /^[A-Za-z0-9._:-]{1,64}$/.test(text), {
      error: "must be 1 to 64 letters, digits and ._:-",
    }),
  ),
);

const withinWeek = z.optional(
  z
    .string()
    .check(z.refine(isWithinWeek, { error: "must be a time of at most 7 days, such as 30m, 2h or 1d" })),
);

function isWithinWeek(text: string): boolean {
  try {
    const ms = parseDuration(text);
    return ms > 0 && ms <= days(7);
  } catch {
    return false;
  }
}

const ROUTES: readonly Route[] = [
  {
    subject: "fleet",
    action: "scale-out",
    kind: "scale",
    body: { count, min: z.optional(count), dryRun },
    rules: [
      z.refine<{ readonly count?: unknown; readonly min?: unknown }>(
        ({ count: all, min: least }) => !(Number(least) > Number(all)),
        { error: "must be at most count", path: ["min"] },
      ),
    ],
  },
  { subject: "fleet", action: "scale-in", kind: "shrink", body: scaleInShape, rules: oneSelection },
  {
    subject: "fleet",
    action: "resize",
    kind: "size",
    body: { to: z.int().check(z.minimum(0), z.maximum(COUNT_MAX)), dryRun },
  },
  {
    subject: "fleet",
    action: "pause",
    kind: "size",
    body: { why: z.optional(z.string().check(z.maxLength(200))) },
  },
  { subject: "fleet", action: "refresh", kind: "refresh", body: { dryRun } },
  { subject: "fleet", action: "unpause", kind: "size", body: {} },
  { subject: "fleet", action: "stop", kind: "idle", request: "stop-idle", body: { dryRun } },
  { subject: "fleet", action: "resume", kind: "resume", body: { dryRun } },
  { subject: "fleet", action: "wake", kind: "resume", body: { dryRun } },
  {
    subject: "fleet",
    action: "keep",
    kind: "keep",
    body: { instance: z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/)), for: withinWeek },
    // From when it was sent, so that a repeat is the same request.
    fields: ({ instance, for: time = "1d" }, sentAt) => ({
      instance,
      until: sentAt + parseDuration(String(time)),
    }),
  },
  {
    subject: "recipe",
    action: "bake",
    kind: "bake",
    body: { force: optionalBoolean, parameters: z.optional(Parameters), dryRun },
  },
  { subject: "recipe", action: "retire", kind: "retire", body: { dryRun } },
  { subject: "recipe", action: "resume", kind: "unpause", request: "resume-recipe", body: {} },
  {
    subject: "family",
    action: "promote",
    kind: "promote",
    request: "promote-image",
    body: { recipe: Name, imageId: ImageId, dryRun },
    runName: (_family, body) => String(body["recipe"]),
  },
  {
    subject: "family",
    action: "rollback",
    kind: "rollback",
    body: rollbackShape,
    rules: oneTarget,
    runName: familyName,
  },
  {
    subject: "family",
    action: "hold",
    kind: "hold",
    body: holdShape,
    refusal: ({ until }, sentAt) => holdOver(until, sentAt),
    runName: familyName,
  },
  { subject: "family", action: "unhold", kind: "hold", body: {}, runName: familyName },
];

/** The action in the path of a request, by the name of the request. */
export const actionOf = (request: string): string =>
  ROUTES.find((route) => route.request === request)?.action ?? request;

const FOLDERS = { fleet: `fleets/(${NAME})`, recipe: `recipes/(${NAME})`, family: `families/(${FAMILY})` };

const TABLE = ROUTES.map(({ rules = [], ...route }) => ({
  ...route,
  path: new RegExp(`^/${FOLDERS[route.subject]}/${route.action}$`, "u"),
  /** `validFor`: how long the request may wait for its first phase. */
  schema: z.strictObject({ ...route.body, key, validFor: withinWeek }).check(...rules),
}));
/** Of its own, so that a caller that may cancel runs may not approve images. */
const DECISION_PATH = new RegExp(`^/decisions/(${RUN})$`);
const DecisionBody = z.strictObject({ decision: Decision });
const RUN_PATH = new RegExp(`^/runs/(${RUN})(/cancel)?$`);

/** Reads an authenticated request. A refusal names the place in the body and what should be there. */
export function routeOf(given: Delivery): Routed {
  const { method, path, body } = given;
  const ofRun = runRouteOf(given);
  if (ofRun !== undefined) return ofRun;
  const route = routeAt(given);
  const name = route?.path.exec(path)?.[1];
  if (!route || name === undefined) return { kind: "refuse", status: 404, error: noRoute(method, path) };
  const parsed = parseBody(body, route.schema);
  if (!parsed.ok) return { kind: "refuse", status: 400, error: parsed.problem };
  const error = route.refusal?.(parsed.value, given.sentAt);
  if (error !== undefined) return { kind: "refuse", status: 400, error };
  return { kind: "enqueue", enqueue: enqueueOf(route, name, parsed.value, given) };
}

const routeAt = ({ method, path }: Pick<Call, "method" | "path">) =>
  method === "POST" ? TABLE.find((candidate) => candidate.path.test(path)) : undefined;

/** Why there is no such route, with the nearest one; undefined when there is one. */
export const missingRoute = (call: Pick<Call, "method" | "path" | "body">): string | undefined =>
  runRouteOf(call) === undefined && routeAt(call) === undefined ? noRoute(call.method, call.path) : undefined;

/** Longer paths are compared with nothing: the work grows with the square of the length. */
const SUGGESTED_MAX = 200;
const BEGINNINGS =
  "; there are POST /fleets/NAME/…, POST /recipes/NAME/…, POST /families/NAME/…, GET /runs/RUN, POST /runs/RUN/cancel and POST /decisions/RUN; see README, “Callers”";

const noRoute = (method: string, path: string): string =>
  withoutSignatures(`no route ${method} ${path.slice(0, SUGGESTED_MAX)}${suggestion(method, path)}`);

/** The nearest route with the name that was asked for. */
function suggestion(method: string, path: string): string {
  if (path.length > SUGGESTED_MAX) return BEGINNINGS;
  const [, folder = "", given = "", ...rest] = path.split("/");
  const name = given === "" ? "NAME" : given;
  const routes: Shape[] = ROUTES.map(({ subject, action }) => [
    "POST",
    FOLDERS[subject].split("/")[0] ?? "",
    name,
    action,
  ]);
  const ofRuns: Shape[] = [
    ["GET", "runs", name],
    ["POST", "runs", name, "cancel"],
    ["POST", "decisions", name],
  ];
  const near = nearestRoute([method, folder, name, ...rest], [...routes, ...ofRuns]);
  if (near !== undefined && textOf(near) === `${method} ${path}`)
    return `; the name ${name} cannot be used: it ${formIn(folder)}`;
  if (near !== undefined) return `; did you mean ${textOf(near)}?`;
  const ofFolder = routes.filter(([, one]) => one === folder);
  return ofFolder.length === 0 ? BEGINNINGS : `; there are ${ofFolder.map(textOf).join(", ")}`;
}

/** A method and the parts of a path. */
type Shape = readonly [method: string, folder: string, name: string, action?: string];

const textOf = ([method, ...parts]: Shape): string => `${method} /${parts.join("/")}`;

/** Actions that undo each other: who asks for one must not be led to the other. */
const OPPOSITES: Readonly<Record<string, RegExp>> = {
  stop: /start|resume|^un/,
  resume: /stop|pause$/,
  pause: /un|resume/,
  unpause: /^pause/,
  hold: /un/,
  unhold: /^hold/,
  "scale-out": /in$/,
  "scale-in": /out$/,
  promote: /un|de|rollback/,
};

/** The nearest route, part by part: a long name makes no two actions alike. */
function nearestRoute([method, folder, , ...actions]: readonly string[], known: readonly Shape[]) {
  const action = actions.join("/").replace(/\/$/, "");
  const near = (one: string, of: string): boolean => nearest(one, [of]) !== undefined;
  const ofAction = (of: string): boolean => !OPPOSITES[of]?.test(action.toLowerCase()) && near(action, of);
  const fits = known.filter(
    ([, ownFolder, , own = ""]) =>
      near(folder ?? "", ownFolder) && (own === "" ? action === "" : ofAction(own)),
  );
  const best = nearest(
    `${folder}/${action}`,
    fits.map(([, ownFolder, , own = ""]) => `${ownFolder}/${own}`),
  );
  const sorted = fits.filter(([, ownFolder, , own = ""]) => `${ownFolder}/${own}` === best);
  return sorted.find(([own]) => own === method) ?? sorted[0];
}

/** Routes of one run. */
function runRouteOf({ method, path, body }: Pick<Call, "method" | "path" | "body">): Routed | undefined {
  const [, run, cancel] = RUN_PATH.exec(path) ?? [];
  if (run !== undefined && method === (cancel === undefined ? "GET" : "POST")) {
    return { kind: cancel === undefined ? "status" : "cancel", run };
  }
  const [, asking] = DECISION_PATH.exec(path) ?? [];
  return asking !== undefined && method === "POST" ? decisionOf(asking, body) : undefined;
}

function decisionOf(run: string, body: Uint8Array): Routed {
  const parsed = parseBody(body, DecisionBody);
  return parsed.ok
    ? { kind: "decide", run, decision: parsed.value.decision }
    : { kind: "refuse", status: 400, error: parsed.problem };
}

/** The version before did not tell actions of one kind apart by their keys; those say how things are to be, so both may act. */
const isAlone = ({ kind }: Route): boolean => ROUTES.filter((route) => route.kind === kind).length === 1;

function enqueueOf(route: Route, name: string, body: Record<string, unknown>, given: Delivery): Enqueue {
  const { caller, delivery, sentAt } = given;
  const { key: own, validFor: within, ...rest } = body;
  // A dry run and the run it describes may carry the same key.
  const dry = rest["dryRun"] === true ? ["dryRun"] : [];
  const identity = own === undefined ? [delivery] : ["key", caller, own, ...dry, route.action];
  const runsOf = (ids: readonly unknown[]) => (at: number) => (attempt: number) =>
    runId(route.kind, route.runName?.(name, rest) ?? name, at, attemptIdentity(ids, attempt));
  const runsAt = runsOf(identity);
  return {
    run: runsAt(sentAt)(0),
    by: `webhook:${caller}`,
    request: {
      v: 1,
      request: route.request ?? route.action,
      [route.subject]: name,
      ...(route.fields?.(rest, sentAt) ?? rest),
      ...(typeof within === "string" && { validForMs: parseDuration(within) }),
    },
    ...(own !== undefined && {
      keyed: {
        at: sentAt,
        log: (replaced) => keyLog([route.kind, name, ...identity], replaced),
        body: digest(canonical({ ...rest, within, dryRun: dry.length > 0 })),
        attempts: runsAt,
        ...(isAlone(route) && { before: runsOf(["key", caller, own, ...dry]) }),
      },
    }),
  };
}
