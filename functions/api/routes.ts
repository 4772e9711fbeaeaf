/** Routes of the API: a method, a path and a query become a question or a change of a document. Pure. */
import * as z from "zod/mini";
import { parseDuration, readInstant } from "../../shared/duration.ts";
import type { Call } from "../../shared/http/call.ts";
import { componentIn } from "../../shared/documents/recipe-components.ts";
import type { StoredFolder } from "../../shared/keys.ts";
import { readJson } from "../../shared/json.ts";
import { rollbackShape } from "../../shared/requests/rollback.ts";
import { FAMILY, formIn, isRunId, NAME, NAME_PATTERN, RUN } from "../../shared/names.ts";
import type { Target as RollbackTarget } from "../promote-family/rollback/plan.ts";
import { RUN_KINDS } from "../../shared/workflow/run-id.ts";
import { nearest } from "../../shared/documents/spelling.ts";
import { sentence } from "../../shared/documents/sentences.ts";

const STATES = ["queued", "running", "done", "failed", "cancelled"] as const;

/** Runs of one page at most. */
const LIMIT_MAX = 100;
const LIMIT = 20;

/** An instant, or how long ago it was: the instant, or the negative duration, in ms. */
const Since = z.pipe(
  z.string().check(
    z.refine((text) => sinceOf(text) !== undefined, {
      error: "must be a day or an instant that exists, such as 2026-01-05T08:00:00Z, or a time such as 24h",
    }),
  ),
  z.transform((text) => sinceOf(text) ?? 0),
);

function sinceOf(text: string): number | undefined {
  const at = readInstant(text);
  if (Number.isFinite(at)) return at;
  try {
    // 0 is an instant, the first of all; no time ago is now.
    return -Math.max(1, parseDuration(text));
  } catch {
    return undefined;
  }
}

/** Of a recipe, a fleet or a family. */
const SubjectName = z.string().check(
  z.refine((text) => NAME_PATTERN.test(text) || FAMILY_NAME.test(text), {
    error: "must be the name of a recipe, a fleet or a family",
  }),
);

const Search = z.strictObject({
  state: z.optional(z.enum(STATES)),
  kind: z.optional(z.enum(RUN_KINDS)),
  name: z.optional(SubjectName),
  since: z.optional(Since),
  limit: z._default(
    z.pipe(
      z
        .string()
        .check(z.regex(/^(?:[1-9]\d?|100)$/, { error: `must be a whole number from 1 to ${LIMIT_MAX}` })),
      z.transform(Number),
    ),
    LIMIT,
  ),
  cursor: z.optional(
    z.string().check(
      z.regex(new RegExp(`^(?:${RUN}|\\d{1,13}(?:-[dfc]-${RUN})?)$`), {
        error: "must be the field next of the page before",
      }),
    ),
  ),
});

/** Which runs, and which page of them. `since`: epoch ms, or ms before now when negative. */
export type Search = z.infer<typeof Search> & {
  /** Only runs at work. */
  readonly atWork?: boolean;
};

export type Routed =
  | { readonly kind: "runs"; readonly search: Search }
  | { readonly kind: "run" | "verdicts"; readonly run: string }
  | { readonly kind: "output"; readonly run: string; readonly output: string }
  | { readonly kind: "status" | "families" | "fleets" | "senders" | "drift" | "history" }
  | { readonly kind: "image" | "recipe" | "component"; readonly name: string }
  | { readonly kind: "family"; readonly name: string; readonly rollback?: RollbackTarget }
  | { readonly kind: "fleet"; readonly name: string; readonly after?: string }
  | { readonly kind: "savings"; readonly month?: string }
  | { readonly kind: "plan"; readonly cursor?: string }
  | Change
  | { readonly kind: "refuse"; readonly status: 400 | 404; readonly error: string };

/** A document that is written or deleted. */
interface Change {
  readonly kind: "change";
  readonly method: "PUT" | "DELETE";
  readonly folder: StoredFolder;
  readonly name: string;
}

const RUN_PATH = new RegExp(`^/runs/(${RUN})(?:/(verdicts)|/logs/((?:[a-z]+-)?\\d{1,3}))?$`);
const FAMILY_NAME = new RegExp(`^${FAMILY}$`, "u");
const FAMILY_PATH = new RegExp(`^/families/(${FAMILY})$`, "u");
/** Ids of own images, and of public ones such as aliyun_3_x64_20G_alibase_20260927.vhd. */
const IMAGE_PATH = /^\/images\/([\w.-]{1,128})$/;
const DOCUMENT_PATH = new RegExp(`^/(recipes|fleets)/(${NAME})$`);
const COMPONENT_PATH = /^\/(components\/.+)$/;
const KIND_OF = { recipes: "recipe", fleets: "fleet", components: "component" } as const;

/** The document in a path; undefined for any other path. */
function documentIn(path: string): Pick<Change, "folder" | "name"> | undefined {
  const [, folder, name = ""] = DOCUMENT_PATH.exec(path) ?? [];
  if (folder === "recipes" || folder === "fleets") return { folder, name };
  const [, key = ""] = COMPONENT_PATH.exec(path) ?? [];
  const of = componentIn(`${key}.yaml`);
  return of && { folder: "components", name: `${of.name}/${of.version}` };
}

type RoutedCall = Pick<Call, "method" | "path" | "query"> & Partial<Pick<Call, "body">>;
const EMPTY = Buffer.alloc(0);

/** Of these the parameters are parsed, and those that are not known refused, with the route. */
const PARSED_WHOLE: ReadonlySet<string> = new Set(["refuse", "runs", "savings", "family"]);

/** Reads an authenticated request. */
export function routeOf(call: RoutedCall): Routed {
  const routed = routeAt(call);
  if (PARSED_WHOLE.has(routed.kind)) return routed;
  const error = unknownParameters(call.query, routed.kind === "fleet" ? ["after"] : []);
  return error === undefined ? routed : { kind: "refuse", status: 400, error };
}

function routeAt({ method, path, query, body = EMPTY }: RoutedCall): Routed {
  if (method === "POST" && path === "/plan") return planIn(body);
  const document = documentIn(path);
  if (document !== undefined) {
    if (method === "PUT" || method === "DELETE") return { kind: "change", method, ...document };
    const { folder, name } = document;
    const { after } = query;
    if (method === "GET")
      return { kind: KIND_OF[folder], name, ...(folder === "fleets" && after !== undefined && { after }) };
  }
  return (method === "GET" ? readOf(path, query) : undefined) ?? notFound(method, path);
}

const notFound = (method: string, path: string): Routed & { readonly kind: "refuse" } => ({
  kind: "refuse",
  status: 404,
  error: `no route ${method} ${path.slice(0, SUGGESTED_MAX)}${suggestion(method, path)}; see README, “The API”`,
});

/** Why there is no such route, with the nearest one; undefined when there is one. */
export function missingRoute(call: RoutedCall): string | undefined {
  const routed = routeOf(call);
  return routed.kind === "refuse" && routed.status === 404 ? routed.error : undefined;
}

/** Longer paths are compared with nothing: the work grows with the square of the length. */
const SUGGESTED_MAX = 200;
const LISTS = ["/status", "/runs", "/families", "/fleets", "/senders", "/savings", "/drift", "/history"];

/** The nearest route with the name that was asked for, or all of them. */
function suggestion(method: string, path: string): string {
  if (method === "POST") return "; there is POST /plan, and requests for runs go to the webhook";
  const [, folder = "", given = "", ...rest] = path.split("/");
  const name = given === "" ? "NAME" : given;
  const documents = ["recipes", "fleets"].flatMap((one) =>
    ["GET", "PUT", "DELETE"].map((each) => `${each} /${one}/${name}`),
  );
  const others = [
    `GET /families/${name}`,
    `GET /images/${name}`,
    `GET /runs/${name}`,
    `GET /runs/${name}/logs/${rest[1] ?? "NAME"}`,
    `GET /runs/${name}/verdicts`,
  ];
  const components = ["GET", "PUT", "DELETE"].map(
    (each) => `${each} /components/${name}/${rest[0] ?? "VERSION"}`,
  );
  const known = [...LISTS.map((list) => `GET ${list}`), ...documents, ...components, ...others];
  const near = path.length > SUGGESTED_MAX ? undefined : nearest(`${method} ${path}`, known);
  if (near === `${method} ${path}`) return wrongName(folder, name, rest);
  return near === undefined
    ? `; there are GET ${LISTS.join(", ")}, /families/NAME, /images/IMAGE, /runs/RUN, /runs/RUN/logs/NAME and /runs/RUN/verdicts, and GET, PUT and DELETE /recipes/NAME, /fleets/NAME and /components/NAME/VERSION`
    : `; did you mean ${near}?`;
}

/** Of a path that only its names keep from being a route. */
function wrongName(folder: string, name: string, [part, output]: readonly string[]): string {
  if (part === "logs" && isRunId(name))
    return `; the name ${output} cannot be used: outputs have names such as builder-1, or their number alone; GET /runs/${name} lists them`;
  if (folder === "components")
    return `; components have a name of a-z, 0-9 and -, and a version of one to three numbers such as 1.2.0, or 1.2.0-rc1`;
  const form = folder === "images" ? "has 1 to 128 letters, digits and ._-" : formIn(folder);
  return `; the name ${name} cannot be used: it ${form}`;
}

const OVERVIEWS = ["status", "families", "fleets", "senders", "drift", "history"] as const;

function readOf(path: string, query: Call["query"]): Routed | undefined {
  const overview = OVERVIEWS.find((one) => path === `/${one}`);
  if (overview !== undefined) return { kind: overview };
  if (path === "/savings") return monthIn(query);
  if (path === "/runs") return searchOf(query);
  const [, name] = FAMILY_PATH.exec(path) ?? [];
  if (name !== undefined) return familyIn(name, query);
  const [, image] = IMAGE_PATH.exec(path) ?? [];
  if (image !== undefined) return { kind: "image", name: image };
  const [, run, verdicts, output] = RUN_PATH.exec(path) ?? [];
  return run === undefined ? undefined : ofRun(run, verdicts, output);
}

function ofRun(run: string, verdicts: string | undefined, output: string | undefined): Routed {
  if (output !== undefined) return { kind: "output", run, output };
  return { kind: verdicts === undefined ? "run" : "verdicts", run };
}

const PlanBody = z.strictObject({
  cursor: z.exactOptional(z.string().check(z.regex(new RegExp(`^(?:recipes|fleets)/${NAME}$`)))),
});

function planIn(body: Buffer): Routed {
  const parsed = PlanBody.safeParse(readJson(body.toString("utf8") || "{}"));
  if (parsed.success) return { kind: "plan", ...parsed.data };
  const error = 'the body must be {} or {"cursor": …}, with the field next of the page before';
  return { kind: "refuse", status: 400, error };
}

const RollbackQuery = z.strictObject({
  to: z.optional(rollbackShape.to),
  undo: z.optional(z.literal("true", { error: 'must be "true"' })),
});

/** A family, with the rollback that the query asks about. */
function familyIn(name: string, query: Call["query"]): Routed {
  const parsed = RollbackQuery.safeParse(query, { error: sentence });
  if (!parsed.success) return refusedQuery(parsed.error.issues, query, Object.keys(RollbackQuery.shape));
  const { to, undo } = parsed.data;
  if (to !== undefined && undo !== undefined)
    return { kind: "refuse", status: 400, error: "to and undo are two targets; keep one of them" };
  if (to === "") return { kind: "refuse", status: 400, error: "to: name an image or previous" };
  if (undo !== undefined) return { kind: "family", name, rollback: { kind: "undo" } };
  return { kind: "family", name, ...(to && { rollback: { kind: "back" as const, to } }) };
}

function monthIn(query: Call["query"]): Routed {
  const { month } = query;
  const isMonth = month === undefined || /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month);
  const wrong = isMonth ? [] : [`month: ${twice(month) ?? "must be a month such as 2026-11"}`];
  const error = [...wrong, unknownParameters(query, ["month"]) ?? []].flat().join("; ");
  if (error !== "") return { kind: "refuse", status: 400, error };
  return { kind: "savings", ...(month !== undefined && { month }) };
}

/** The platform joins the values of a parameter that is there twice, and no value has a comma. */
const twice = (value: string | undefined): string | undefined =>
  value?.includes(",") === true ? "must be there once, with one value" : undefined;

/** Names of parameters that are not known, each with the nearest known one or all; undefined without any. */
function unknownParameters(query: Call["query"], known: readonly string[]): string | undefined {
  const unknown = Object.keys(query).filter((name) => !known.includes(name));
  if (unknown.length === 0) return undefined;
  const named = unknown.slice(0, NAMED_MAX).map((name) => {
    const near = name.length > SUGGESTED_MAX ? undefined : nearest(name, known);
    return `${name.slice(0, SUGGESTED_MAX)}${near === undefined ? "" : ` (did you mean ${near}?)`}`;
  });
  const all = known.length === 0 ? "this route has no parameters" : `known are ${known.join(", ")}`;
  return `${named.join(", ")}: not known; ${all}`;
}

const NAMED_MAX = 5;

function searchOf(query: Call["query"]): Routed {
  const parsed = Search.safeParse(query, { error: sentence });
  return parsed.success
    ? { kind: "runs", search: parsed.data }
    : refusedQuery(parsed.error.issues, query, Object.keys(Search.shape));
}

function refusedQuery(
  found: readonly z.core.$ZodIssue[],
  query: Call["query"],
  known: readonly string[],
): Routed {
  const issues = found.map((issue) => {
    if (issue.code === "unrecognized_keys") return unknownParameters(query, known);
    const name = issue.path.join(".");
    return `${name}: ${twice(query[name]) ?? issue.message}`;
  });
  return { kind: "refuse", status: 400, error: issues.join("; ") };
}
