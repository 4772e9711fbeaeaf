/** A call of the Function Compute API in the hands of its action, and what actions have in common. */
import type * as z from "zod/mini";
import { CloudFault, type Kernel, type Principal, refuseIf } from "../../core/kernel.ts";
import type { WireRequest, WireResponse } from "../../core/kernel.ts";
import type { Objects } from "../../core/object-events.ts";
import type { Addresses } from "../addresses.ts";
import type { CodePackages } from "../code-packages.ts";
import type { Domains } from "../domains.ts";
import type { Downloads } from "../downloads.ts";
import type { Host } from "../host.ts";
import type { AsyncQueue } from "../queue.ts";
import type { Registry } from "../registry.ts";

/** The parts of the platform that actions work on. */
export interface Platform {
  readonly kernel: Kernel;
  readonly registry: Registry;
  readonly host: Host;
  readonly queue: AsyncQueue;
  readonly code: CodePackages;
  readonly objects: Objects;
  readonly addresses: Addresses;
  readonly domains: Domains;
  readonly downloads: Downloads;
}

export interface ApiRequest {
  /** The function or custom domain that the path names. */
  readonly subject: string;
  readonly functionName: string;
  /** The trigger, version, alias or task that the path names. */
  readonly name: string;
  readonly qualifier: string;
  readonly query: ReadonlyMap<string, string>;
  readonly wire: WireRequest;
  readonly requestId: string;
  readonly principal: Principal;
  readonly platform: Platform;
}

export interface Action {
  /** Without `fc:`; the name of the action when left out. */
  readonly ram?: string;
  /** Parameters of the query that it reads; any other is refused, for it would be ignored. */
  readonly query?: readonly string[];
  readonly run: (request: ApiRequest) => WireResponse | Promise<WireResponse>;
}

export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const json = (value: object, status = 200): WireResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

export const nothing = (): WireResponse => ({ status: 204, headers: {}, body: "" });

export const invalid = (message: string): CloudFault => new CloudFault(400, "InvalidArgument", message);

/** The JSON body. @throws CloudFault 400 when it is none. */
export function bodyOf({ wire }: ApiRequest): Tree {
  try {
    const value: unknown = JSON.parse(wire.body.toString("utf8"));
    if (isTree(value)) return value;
  } catch {
    // Refused below.
  }
  throw new CloudFault(400, "MalformedPOSTRequest", "the body is not a JSON object");
}

/** A value of the schema's type. @throws CloudFault 400 InvalidArgument with the first thing that is wrong. */
export function checked<T extends z.ZodMiniType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw invalid("the body is not valid");
  const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const what = keys.length > 0 ? `${keys.join(", ")} is not simulated` : issue.message;
  throw invalid([...issue.path.map(String), what].join(": "));
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** A page of a list. `nextToken` names the first item of the next one, as the example of ListFunctions does. */
export function page<T>(
  { query }: ApiRequest,
  items: readonly T[],
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: { readonly nextToken?: string } } {
  const limit = query.get("limit") ?? String(DEFAULT_LIMIT);
  const isLimit = /^\d+$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_LIMIT;
  refuseIf(!isLimit, 400, "InvalidArgument", `limit: ${limit} is not within 1 and ${MAX_LIMIT}`);
  const token = query.get("nextToken") ?? "";
  const start = token === "" ? 0 : items.findIndex((item) => keyOf(item) === token);
  refuseIf(start === -1, 400, "InvalidArgument", `nextToken: ${token} names nothing`);
  const end = start + Number(limit);
  const next = items[end];
  return { items: items.slice(start, end), next: next === undefined ? {} : { nextToken: keyOf(next) } };
}

/** Items whose names begin as the query says, in the order of their names. */
export const named = <T>({ query }: ApiRequest, items: Iterable<T>, nameOf: (item: T) => string): T[] =>
  [...items]
    .filter((item) => nameOf(item).startsWith(query.get("prefix") ?? ""))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

/** `2026-01-05T08:00:00Z` */
export const instant = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

export const functionArn = ({ region, accountId }: Kernel, name: string): string =>
  `acs:fc:${region}:${accountId}:functions/${name}`;

export const roleArn = ({ accountId }: Kernel, role: string): string => `acs:ram::${accountId}:role/${role}`;

/** @throws CloudFault 403 unless the caller may give a role to Function Compute. */
export function demandPassRole(
  { platform: { kernel }, principal }: ApiRequest,
  role: string | undefined,
): void {
  if (role === undefined) return;
  const arn = roleArn(kernel, role);
  const mayPass = kernel.allows(principal, "ram:PassRole", arn, { "acs:Service": "fc.aliyuncs.com" });
  refuseIf(!mayPass, 403, "AccessDenied", `the caller has no ram:PassRole on ${arn}`);
}
