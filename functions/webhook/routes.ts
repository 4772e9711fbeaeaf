/** What the front door understands: a method and a path become a request for one function. Pure. */
import * as z from "zod/mini";
import { days } from "../../shared/duration.ts";
import { Name } from "../../shared/events/line.ts";
import { oneTarget, rollbackShape } from "../../shared/events/rollback-request.ts";
import { Parameters } from "../../shared/events/parameters.ts";
import { ownSentence } from "../../shared/events/sentence.ts";
import { familyName, runId, type RunKind } from "../../shared/run.ts";

/** A request on its way to the function that carries it out. */
export interface Enqueue {
  readonly to: string;
  readonly run: string;
  readonly event: Readonly<Record<string, unknown>>;
  /** The run of the same key had it come a day earlier: a repeat over midnight is the same run. */
  readonly yesterday?: string;
}

export type Routed =
  | { readonly kind: "enqueue"; readonly enqueue: Enqueue }
  | { readonly kind: "status"; readonly run: string }
  | { readonly kind: "cancel"; readonly run: string }
  | { readonly kind: "refuse"; readonly status: 400 | 404; readonly error: string };

/** What is known of a request once it is authenticated. */
export interface Delivery {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
  readonly caller: string;
  readonly delivery: string;
  readonly sentAt: number;
}

interface Route {
  readonly path: RegExp;
  readonly kind: RunKind;
  readonly to: string;
  readonly body: z.ZodMiniType<Record<string, unknown>>;
  readonly request: string;
  /** Under which key the name in the path travels. */
  readonly subject: string;
  /** What the run is called after, where that is not the name in the path. */
  readonly runName?: (name: string, body: Readonly<Record<string, unknown>>) => string;
}

const NAME = "([a-z][a-z0-9-]{0,39})";
/** Families have a wider alphabet than documents; one with Chinese characters is reached by `s invoke`. */
const FAMILY = "([A-Za-z][A-Za-z0-9_:-]{1,127})";

const dryRun = z.optional(z.boolean());
/**
 * The caller's own name for this request. With a key, what makes the request itself is caller and key, so it
 * may be signed anew and sent again after a lost answer. Without one it is the signed bytes.
 */
const key = z.optional(z.string().check(z.regex(/^[A-Za-z0-9._:-]{1,64}$/)));
/** A fleet has at most this many (limits.max). */
const COUNT_MAX = 10_000;

const fleet = (action: string, kind: RunKind, to: string, shape: z.core.$ZodLooseShape): Route => ({
  path: new RegExp(`^/fleets/${NAME}/${action}$`),
  kind,
  to,
  request: action === "stop" ? "stop-idle" : action,
  subject: "fleet",
  body: z.strictObject({ ...shape, dryRun, key }),
});

const recipe = (action: string, to: string, shape: z.core.$ZodLooseShape): Route => ({
  path: new RegExp(`^/recipes/${NAME}/${action}$`),
  kind: action === "bake" ? "bake" : "retire",
  to,
  request: action,
  subject: "recipe",
  body: z.strictObject({ ...shape, key }),
});

const family = (
  action: string,
  kind: RunKind,
  request: string,
  runName: NonNullable<Route["runName"]>,
  shape: z.core.$ZodLooseShape,
  rules: readonly z.core.$ZodCheck<Record<string, unknown>>[] = [],
): Route => ({
  path: new RegExp(`^/families/${FAMILY}/${action}$`),
  kind,
  to: "promote-family",
  request,
  subject: "family",
  body: z.strictObject({ ...shape, key }).check(...rules),
  runName,
});

const ImageId = z.string().check(z.regex(/^[A-Za-z0-9._-]{2,128}$/));

const ROUTES: readonly Route[] = [
  fleet("scale-out", "scale", "scale-out", {
    count: z.int().check(z.minimum(1), z.maximum(COUNT_MAX)),
  }),
  fleet("stop", "idle", "stop-idle", {}),
  fleet("resume", "resume", "stop-idle", {}),
  recipe("bake", "bake-image", {
    force: z.optional(z.boolean()),
    parameters: z.optional(Parameters),
    dryRun,
  }),
  recipe("retire", "promote-family", { dryRun }),
  family("promote", "promote", "promote-image", (_family, body) => String(body["recipe"]), {
    recipe: Name,
    imageId: ImageId,
    dryRun,
  }),
  family("rollback", "rollback", "rollback", familyName, rollbackShape, oneTarget),
];

const RUN = "([a-z]+-[a-z][a-z0-9-]{0,39}-\\d{8}-[0-9a-f]{12})";
const STATUS = new RegExp(`^/runs/${RUN}$`);
const CANCEL = new RegExp(`^/runs/${RUN}/cancel$`);

const refuse = (status: 400 | 404, error: string): Routed => ({ kind: "refuse", status, error });

/** Reads an authenticated request. A refusal names the place in the body and what should be there. */
export function routeOf(given: Delivery): Routed {
  const { method, path } = given;
  const status = STATUS.exec(path)?.[1];
  if (method === "GET" && status !== undefined) return { kind: "status", run: status };
  const cancel = CANCEL.exec(path)?.[1];
  if (method === "POST" && cancel !== undefined) return { kind: "cancel", run: cancel };
  const route = method === "POST" ? ROUTES.find((candidate) => candidate.path.test(path)) : undefined;
  const name = route?.path.exec(path)?.[1];
  if (!route || name === undefined) return refuse(404, `no route ${method} ${path}`);
  const body = readBody(given.body);
  if (body === undefined) return refuse(400, "the body is not JSON");
  const parsed = route.body.safeParse(body);
  if (!parsed.success) return refuse(400, parsed.error.issues.map(describe).join("; "));
  return { kind: "enqueue", enqueue: enqueueOf(route, name, parsed.data, given) };
}

function enqueueOf(route: Route, name: string, body: Record<string, unknown>, given: Delivery): Enqueue {
  const { caller, delivery, sentAt } = given;
  const { key: own, ...rest } = body;
  // A dry run and the run it speaks of may carry the same key.
  const rehearsed = rest["dryRun"] === true ? ["dryRun"] : [];
  const identity = own === undefined ? [delivery] : ["key", caller, own, ...rehearsed];
  const named = route.runName?.(name, rest) ?? name;
  const run = runId(route.kind, named, sentAt, identity);
  const asked = { v: 1, request: route.request, [route.subject]: name, ...rest };
  return {
    to: route.to,
    run,
    event: { ...asked, run, by: `webhook:${caller}` },
    ...(own !== undefined && { yesterday: runId(route.kind, named, sentAt - days(1), identity) }),
  };
}

function readBody(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

const describe = (issue: z.core.$ZodIssue): string => `${issue.path.join(".") || "body"}: ${reason(issue)}`;

const NAMED: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  record: "a map",
  object: "a map",
};

function reason(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown key ${issue.keys.join(", ")}`;
    case "invalid_type":
      return `must be ${NAMED[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_format":
      return `must match ${issue.pattern ?? issue.format}`;
    default:
      return ownSentence(issue) ?? "is not allowed here";
  }
}
