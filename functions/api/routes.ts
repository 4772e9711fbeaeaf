/** Routes of the API: a method, a path and a query become a question or a change of a document. Pure. */
import * as z from "zod/mini";
import { parseDuration } from "../../shared/duration.ts";
import type { Call } from "../../shared/http/call.ts";
import { componentIn } from "../../shared/documents/recipe-components.ts";
import type { StoredFolder } from "../../shared/keys.ts";
import { FAMILY, NAME, Name, RUN } from "../../shared/names.ts";
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
      error: "must be an instant such as 2026-01-05T08:00:00Z, or a time such as 24h",
    }),
  ),
  z.transform((text) => sinceOf(text) ?? 0),
);

function sinceOf(text: string): number | undefined {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  try {
    return -parseDuration(text);
  } catch {
    return undefined;
  }
}

const Search = z.strictObject({
  state: z.optional(z.enum(STATES)),
  kind: z.optional(
    z.string().check(z.regex(/^[a-z]{1,20}$/, { error: "must be a kind of run such as bake" })),
  ),
  name: z.optional(Name),
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
  | { readonly kind: "status" | "families" | "fleets" | "senders" | "drift" }
  | { readonly kind: "family" | "fleet" | "image" | "recipe" | "component"; readonly name: string }
  | { readonly kind: "savings"; readonly month?: string }
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

/** Reads an authenticated request. */
export function routeOf({ method, path, query }: Pick<Call, "method" | "path" | "query">): Routed {
  const document = documentIn(path);
  if (document !== undefined) {
    if (method === "PUT" || method === "DELETE") return { kind: "change", method, ...document };
    if (method === "GET") return { kind: KIND_OF[document.folder], name: document.name };
  }
  return (method === "GET" ? readOf(path, query) : undefined) ?? notFound(method, path);
}

const notFound = (method: string, path: string): Routed & { readonly kind: "refuse" } => ({
  kind: "refuse",
  status: 404,
  error: `no route ${method} ${path.slice(0, SUGGESTED_MAX)}${suggestion(method, path)}; see README, “The API”`,
});

/** Why there is no such route, with the nearest one; undefined when there is one. */
export function missingRoute(call: Pick<Call, "method" | "path" | "query">): string | undefined {
  const routed = routeOf(call);
  return routed.kind === "refuse" && routed.status === 404 ? routed.error : undefined;
}

/** Longer paths are compared with nothing: the work grows with the square of the length. */
const SUGGESTED_MAX = 200;
const LISTS = ["/status", "/runs", "/families", "/fleets", "/senders", "/savings", "/drift"];

/** The nearest route with the name that was asked for, or all of them. */
function suggestion(method: string, path: string): string {
  if (method === "POST") return "; requests for runs go to the webhook";
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
  const known = [...LISTS.map((list) => `GET ${list}`), ...documents, ...others];
  const near = path.length > SUGGESTED_MAX ? undefined : nearest(`${method} ${path}`, known);
  if (near === `${method} ${path}`) return `; the name ${name} cannot be one of ${folder}`;
  return near === undefined
    ? `; there are GET ${LISTS.join(", ")}, /families/NAME, /images/IMAGE, /runs/RUN, /runs/RUN/logs/NAME and /runs/RUN/verdicts, and GET, PUT and DELETE /recipes/NAME and /fleets/NAME`
    : `; did you mean ${near}?`;
}

const OVERVIEWS = ["status", "families", "fleets", "senders", "drift"] as const;

function readOf(path: string, query: Call["query"]): Routed | undefined {
  const overview = OVERVIEWS.find((one) => path === `/${one}`);
  if (overview !== undefined) return { kind: overview };
  if (path === "/savings") return monthIn(query);
  if (path === "/runs") return searchOf(query);
  const [, name] = FAMILY_PATH.exec(path) ?? [];
  if (name !== undefined) return { kind: "family", name };
  const [, image] = IMAGE_PATH.exec(path) ?? [];
  if (image !== undefined) return { kind: "image", name: image };
  const [, run, verdicts, output] = RUN_PATH.exec(path) ?? [];
  return run === undefined ? undefined : ofRun(run, verdicts, output);
}

function ofRun(run: string, verdicts: string | undefined, output: string | undefined): Routed {
  if (output !== undefined) return { kind: "output", run, output };
  return { kind: verdicts === undefined ? "run" : "verdicts", run };
}

function monthIn({ month, ...others }: Call["query"]): Routed {
  const refuse = (error: string) => ({ kind: "refuse", status: 400, error }) as const;
  const [other] = Object.keys(others);
  if (other !== undefined) return refuse(`${other}: is not known; known is month`);
  if (month === undefined) return { kind: "savings" };
  return /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)
    ? { kind: "savings", month }
    : refuse("month: must be a month such as 2026-11");
}

function searchOf(query: Call["query"]): Routed {
  const parsed = Search.safeParse(query, { error: sentence });
  if (parsed.success) return { kind: "runs", search: parsed.data };
  const issues = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")}: is not known; known are state, kind, name, since, limit and cursor`
      : `${issue.path.join(".")}: ${issue.message}`,
  );
  return { kind: "refuse", status: 400, error: issues.join("; ") };
}
