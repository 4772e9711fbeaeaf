/**
 * The `${…}` of a manifest, as the deploy tool resolves them: `vars.x`, `env('X')`, `env('X', 'default')`,
 * `resources.k.props.x`, and expressions over these, which it evaluates as JavaScript without any global name. A text
 * that is one expression keeps the value's type.
 */
import { compileFunction } from "node:vm";
import type { Problem } from "./problem.ts";
import { messageOf } from "../core/message-of.ts";

export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where a name in an expression is looked up. */
export interface Scope {
  readonly vars: Tree;
  readonly env: Readonly<Record<string, string>>;
  /** Props of another resource, resolved. */
  readonly propsOf: (resource: string) => unknown;
}

/** Names a manifest asks the environment for; `required` only those without a default. */
export function envNames(text: string, required = false): string[] {
  const calls = [...text.matchAll(/\benv\(\s*['"](\w+)['"]\s*(,)?/g)];
  return [...new Set(calls.filter(([, , comma]) => !required || !comma).map(([, name = ""]) => name))];
}

const EXPRESSION = /\$\{([^}]*)\}/g;

/** Resolves every expression below `value`; what cannot be resolved is reported and stays as it is. */
export function interpolate(
  value: unknown,
  scope: Scope,
  path: readonly PropertyKey[],
  problems: Problem[],
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => interpolate(item, scope, [...path, index], problems));
  }
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, interpolate(child, scope, [...path, key], problems)]),
    );
  }
  if (typeof value !== "string") return value;
  const resolve = (expression: string): unknown => {
    try {
      return evaluate(expression.trim(), scope);
    } catch (error) {
      problems.push({ path, text: messageOf(error) });
      return `\${${expression}}`;
    }
  };
  const whole = /^\$\{([^}]*)\}$/.exec(value);
  if (whole !== null) return resolve(whole[1] ?? "");
  return value.replace(EXPRESSION, (_, expression: string) => String(resolve(expression)));
}

function evaluate(expression: string, scope: Scope): unknown {
  const call = /^env\(\s*(['"])(\w+)\1\s*(?:,\s*(['"])((?:(?!\3).)*)\3\s*)?\)$/.exec(expression);
  if (call !== null) return readEnv(scope, call[2] ?? "", call[4]);
  if (/^[\w-]+(?:\.[\w-]+)*$/.test(expression)) return lookUpPath(expression, scope);
  return compute(expression, scope);
}

function readEnv({ env }: Scope, name: string, fallback: string | undefined): string {
  const value = env[name] ?? fallback;
  if (value !== undefined) return value;
  throw new Error(`the environment has no ${name} — set it, or write \${env('${name}', 'default')}`);
}

const notKnown = (expression: string): Error =>
  new Error(
    `\${${expression}} is not known here — use vars.x, env('X'), env('X', 'default') or resources.k.props.x`,
  );

function lookUpPath(expression: string, { vars, propsOf }: Scope): unknown {
  const [root, ...keys] = expression.split(".");
  if (root === "vars") return lookUp(vars, keys, expression);
  if (root === "resources" && keys[1] === "props") {
    return lookUp(propsOf(keys[0] ?? ""), keys.slice(2), expression);
  }
  throw notKnown(expression);
}

const WORDS = new Set(["env", "vars", "true", "false", "null", "undefined"]);

type Compute = (env: (name: string, fallback?: string) => string, vars: Tree) => unknown;

/** A manifest is read for every cloud that starts, and its expressions stay the same. */
const computations = new Map<string, Compute>();

function compiled(expression: string): Compute {
  const known = computations.get(expression);
  if (known !== undefined) return known;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- compileFunction answers a plain Function
  const made = compileFunction(`"use strict"; return (${expression});`, ["env", "vars"]) as Compute;
  computations.set(expression, made);
  return made;
}

/** The tool compiles an expression with no names but its own: `Number(…)` fails there, `+env('N')` does not. */
function compute(expression: string, scope: Scope): unknown {
  const bare = expression.replaceAll(/'[^']*'|"[^"]*"/g, "''");
  const names = [...bare.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)].map(([name]) => name);
  if (names.length === 0 || names.some((name) => !WORDS.has(name))) throw notKnown(expression);
  const env = (name: string, fallback?: string): string => readEnv(scope, name, fallback);
  try {
    return compiled(expression)(env, scope.vars);
  } catch (error) {
    throw new Error(`\${${expression}} cannot be computed: ${messageOf(error)}`, { cause: error });
  }
}

function lookUp(from: unknown, keys: readonly string[], expression: string): unknown {
  const value = keys.reduce<unknown>((tree, key) => (isTree(tree) ? tree[key] : undefined), from);
  if (value !== undefined) return value;
  throw new Error(`\${${expression}} names nothing — define it or correct the name`);
}

/** `over` on top of `base`, objects merged deeply, everything else replaced. */
export function merge(base: unknown, over: unknown): unknown {
  if (!isTree(base) || !isTree(over)) return over === undefined ? base : over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]));
}
