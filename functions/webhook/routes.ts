/** What the front door understands: a method and a path become a request for one function. Pure. */
import * as z from "zod/mini";
import { Parameters } from "../../shared/events/bake-request.ts";
import { familyName, runId, type RunKind } from "../../shared/run.ts";

/** A request on its way to the function that carries it out. */
export interface Enqueue {
  readonly to: string;
  readonly run: string;
  readonly event: Readonly<Record<string, unknown>>;
}

export type Routed =
  | { readonly kind: "enqueue"; readonly enqueue: Enqueue }
  | { readonly kind: "status"; readonly run: string }
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

const FAMILY_ROUTES: readonly Route[] = [
  {
    path: new RegExp(`^/families/${FAMILY}/rollback$`),
    kind: "rollback",
    to: "promote-family",
    request: "rollback",
    subject: "family",
    body: z.strictObject({
      to: z.optional(z.string()),
      regions: z.optional(z.array(z.string())),
      undo: z.optional(z.boolean()),
    }),
    runName: familyName,
  },
  {
    path: new RegExp(`^/families/${FAMILY}/promote$`),
    kind: "promote",
    to: "promote-family",
    request: "promote-image",
    subject: "family",
    body: z.strictObject({
      imageId: z.string(),
      recipe: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)),
    }),
    runName: (_family, { recipe }) => String(recipe),
  },
];

const ROUTES: readonly Route[] = [
  {
    path: new RegExp(`^/fleets/${NAME}/scale-out$`),
    kind: "scale",
    to: "scale-out",
    request: "scale-out",
    subject: "fleet",
    body: z.strictObject({ count: z.int().check(z.minimum(1)), dryRun: z.optional(z.boolean()) }),
  },
  {
    path: new RegExp(`^/fleets/${NAME}/stop$`),
    kind: "idle",
    to: "stop-idle",
    request: "stop-idle",
    subject: "fleet",
    body: z.strictObject({ dryRun: z.optional(z.boolean()) }),
  },
  {
    path: new RegExp(`^/recipes/${NAME}/bake$`),
    kind: "bake",
    to: "bake-image",
    request: "bake",
    subject: "recipe",
    body: z.strictObject({ force: z.optional(z.boolean()), parameters: z.optional(Parameters) }),
  },
  {
    path: new RegExp(`^/recipes/${NAME}/retire$`),
    kind: "retire",
    to: "promote-family",
    request: "retire",
    subject: "recipe",
    body: z.strictObject({ dryRun: z.optional(z.boolean()) }),
  },
  ...FAMILY_ROUTES,
];

const RUN = /^\/runs\/([a-z]+-[a-z][a-z0-9-]{0,39}-\d{8}-[0-9a-f]{12})$/;

/** Reads an authenticated request. A refusal names the path in the body and what it should be. */
export function routeOf(given: Delivery): Routed {
  const { method, path, caller, delivery, sentAt } = given;
  const known = RUN.exec(path)?.[1];
  if (method === "GET" && known !== undefined) return { kind: "status", run: known };
  const route = method === "POST" ? ROUTES.find((candidate) => candidate.path.test(path)) : undefined;
  const name = route?.path.exec(path)?.[1];
  if (!route || name === undefined)
    return { kind: "refuse", status: 404, error: `no route ${method} ${path}` };
  const body = readBody(given.body);
  if (body === undefined) return { kind: "refuse", status: 400, error: "the body is not JSON" };
  const parsed = route.body.safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join(".") || "body"}: ${reason(issue)}`,
    );
    return { kind: "refuse", status: 400, error: problems.join("; ") };
  }
  const run = runId(route.kind, route.runName?.(name, parsed.data) ?? name, sentAt, [delivery]);
  const event = {
    v: 1,
    request: route.request,
    [route.subject]: name,
    ...parsed.data,
    run,
    by: `webhook:${caller}`,
  };
  return { kind: "enqueue", enqueue: { to: route.to, run, event } };
}

function readBody(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

function reason(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown key ${issue.keys.join(", ")}`;
    case "invalid_type":
      return `must be ${issue.expected}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    default:
      return "is not allowed here";
  }
}
