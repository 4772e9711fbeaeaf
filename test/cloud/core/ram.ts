/**
 * RAM policies as the products evaluate them.
 *
 * RAM-1. An explicit Deny beats every Allow; nothing said is a refusal.
 * RAM-2. The account's own key may do everything; a role may do what its policy says.
 * RAM-3. A condition on something the request does not tell makes an Allow void and is ignored by a Deny.
 */
import { CloudFault, type Conditions, type Principal } from "./kernel.ts";

export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document, version "1". */
export interface Policy {
  readonly Version: "1";
  readonly Statement: readonly Statement[];
}

export type Verdict = "allow" | "implicit deny" | "explicit deny";

/** What `policy` says to `action` on `resource`. */
export function evaluate(policy: Policy, action: string, resource: string, conditions: Conditions): Verdict {
  const hits = policy.Statement.filter(
    (statement) =>
      list(statement.Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      list(statement.Resource).some((pattern) => matches(pattern, resource)) &&
      holds(statement, conditions),
  );
  if (hits.some(({ Effect }) => Effect === "Deny")) return "explicit deny";
  return hits.length > 0 ? "allow" : "implicit deny";
}

/** Policies of the account's roles; without any, roles are not restricted (and the cloud says so in README). */
export class Ram {
  readonly #policies: Map<string, readonly Policy[]>;
  readonly #unlisted: "allow" | "implicit deny";
  readonly #uses = new Set<string>();
  /** Trust documents by role. */
  readonly #trusts = new Map<string, string>();

  constructor(roles: Readonly<Record<string, Policy>> | undefined) {
    // Tools write role names in lower case into ARNs, RAM compares without case.
    this.#policies = new Map(
      Object.entries(roles ?? {}).map(([name, policy]) => [name.toLowerCase(), [policy]]),
    );
    this.#unlisted = roles === undefined ? "allow" : "implicit deny";
  }

  /** Sets the policies of a role; without policies it is unlisted again. */
  define(role: string, policies: readonly Policy[] | undefined): void {
    if (policies === undefined) this.#policies.delete(role.toLowerCase());
    else this.#policies.set(role.toLowerCase(), policies);
  }

  /** Sets who may assume a role: a trust document, or undefined for a role that is gone. */
  trust(role: string, document: string | undefined): void {
    if (document === undefined) this.#trusts.delete(role.toLowerCase());
    else this.#trusts.set(role.toLowerCase(), document);
  }

  /** Whether a role may be assumed by a service; undefined for a role without a trust document. */
  trusts(role: string, service: string): boolean | undefined {
    const document = this.#trusts.get(role.toLowerCase());
    return document?.includes(JSON.stringify(service));
  }

  /** Whether a role may exist: any may while none was made through RAM, for then the account's roles are not known. */
  mayHaveRole(role: string): boolean {
    const name = role.toLowerCase();
    return this.#trusts.size === 0 || this.#trusts.has(name) || this.#policies.has(name);
  }

  /** Every action that was allowed to a role so far. */
  uses(): readonly { readonly role: string; readonly action: string }[] {
    return [...this.#uses].map((use) => {
      const [role = "", action = ""] = use.split(" ");
      return { role, action };
    });
  }

  /** What the role may; a role without a policy may nothing. */
  verdict(role: string | undefined, action: string, resource: string, conditions: Conditions): Verdict {
    if (role === undefined) return "allow";
    const policies = this.#policies.get(role.toLowerCase());
    if (policies === undefined) return this.#unlisted;
    const Statement = policies.flatMap((policy) => policy.Statement);
    const verdict = evaluate({ Version: "1", Statement }, action, resource, conditions);
    if (verdict === "allow") this.#uses.add(`${role.toLowerCase()} ${action}`);
    return verdict;
  }

  /** The verdict on a caller: by the session's own policy if it has one, else by its role. */
  verdictOf({ role, policy }: Principal, action: string, resource: string, conditions: Conditions): Verdict {
    return policy === undefined
      ? this.verdict(role, action, resource, conditions)
      : evaluate(policy, action, resource, conditions);
  }

  /** @throws CloudFault 403 in the words of the product that owns the action. */
  authorize(principal: Principal, action: string, resource: string, conditions: Conditions): void {
    const verdict = this.verdictOf(principal, action, resource, conditions);
    if (verdict === "allow") return;
    const role = principal.role ?? "";
    const code = action.startsWith("oss:") || action.startsWith("fc:") ? "AccessDenied" : "Forbidden.RAM";
    throw new CloudFault(
      403,
      code,
      `role ${role} is not authorized to perform ${action} on ${resource} (${verdict}).`,
      {
        AccessDeniedDetail: {
          AuthAction: action,
          AuthResource: resource,
          AuthPrincipalType: "AssumedRoleUser",
          AuthPrincipalDisplayName: role,
          AuthPrincipalOwnerId: principal.accountId,
          NoPermissionType: verdict === "explicit deny" ? "ExplicitDeny" : "ImplicitDeny",
          PolicyType: "AccountLevelIdentityBasedPolicy",
        },
      },
    );
  }
}

const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;

const expressions = new Map<string, RegExp>();

/** `*` stands for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  let expression = expressions.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    expression = new RegExp(`^${source}$`, "s");
    expressions.set(pattern, expression);
  }
  return expression.test(text);
}

function holds({ Condition: condition = {} }: Statement, conditions: Conditions): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const actual = conditions[key];
      return actual !== undefined && compare(operator, actual, list(wanted));
    }),
  );
}

function compare(operator: string, actual: string, wanted: readonly string[]): boolean {
  switch (operator) {
    case "StringEquals":
    case "Bool":
      return wanted.includes(actual);
    case "StringNotEquals":
      return !wanted.includes(actual);
    case "StringEqualsIgnoreCase":
      return wanted.some((text) => text.toLowerCase() === actual.toLowerCase());
    case "StringLike":
      return wanted.some((pattern) => matches(pattern, actual));
    case "StringNotLike":
      return !wanted.some((pattern) => matches(pattern, actual));
    default:
      throw new Error(`the policy condition ${operator} is not known here; see README.md, gaps`);
  }
}
