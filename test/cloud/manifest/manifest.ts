/** Reads a manifest (s.yaml, edition 3.0.0): text in, functions out, or every problem at once. */
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { load } from "js-yaml";
import type * as z from "zod/mini";
import { asyncOf, configOf, triggerOf } from "../core/function-definition.ts";
import {
  FunctionProps,
  type FunctionPropsValue,
  type TriggerProps,
  TRIGGERS,
} from "../core/function-schema.ts";
import type { FunctionDefinition } from "../core/functions.ts";
import { checkAcross, type Resource } from "./cross-checks.ts";
import { interpolate, isTree, merge, type Tree } from "./interpolation.ts";
import { ManifestError, nearest, type Problem } from "./problem.ts";
import { KNOWN_KEYS } from "../core/rules.ts";
import { ManifestFile } from "./file.ts";
import { messageOf } from "../core/message-of.ts";

export interface Manifest {
  readonly functions: readonly FunctionDefinition[];
  readonly regions: readonly string[];
}

/**
 * Reads and checks the file at `path`; `code` folders are taken relative to it.
 * @throws ManifestError that lists everything wrong.
 */
export function readManifest(path: string, env: Readonly<Record<string, string>>): Manifest {
  return parseManifest(readFileSync(path, "utf8"), {
    file: basename(path),
    folder: dirname(resolve(path)),
    env,
  });
}

/** As `readManifest`, from a text. */
export function parseManifest(
  text: string,
  { file, folder, env }: { file: string; folder: string; env: Readonly<Record<string, string>> },
): Manifest {
  const problems: Problem[] = [];
  const resources = readResources(loadYaml(file, text), env, problems);
  // Comparing what could not be read would only add noise.
  if (problems.length === 0) problems.push(...checkAcross(resources));
  if (problems.length > 0) throw new ManifestError(file, problems);
  return {
    functions: resources.map(({ props, triggers }) => toDefinition(props, triggers, folder)),
    regions: [...new Set(resources.map(({ props }) => props.region))],
  };
}

/** Props of each resource with templates merged and expressions resolved, unchecked. @throws ManifestError. */
export function resolveManifest(
  text: string,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const problems: Problem[] = [];
  const { sources, propsOf } = resolver(loadYaml("s.yaml", text), env, problems);
  const resolved = Object.fromEntries(Object.keys(sources).map((name) => [name, propsOf(name)]));
  if (problems.length > 0) throw new ManifestError("s.yaml", problems);
  return resolved;
}

function loadYaml(file: string, text: string): Tree {
  let document: unknown;
  try {
    document = load(text);
  } catch (error) {
    throw new ManifestError(file, [{ path: [], text: `is not YAML: ${messageOf(error)} — correct it` }]);
  }
  if (isTree(document)) return document;
  throw new ManifestError(file, [
    { path: [], text: "is not a map of keys — write edition, name and resources" },
  ]);
}

function readResources(
  document: Tree,
  env: Readonly<Record<string, string>>,
  problems: Problem[],
): Resource[] {
  check(ManifestFile, document, [], problems);
  const { sources, propsOf } = resolver(document, env, problems);
  return Object.keys(sources).flatMap((name) => {
    const path = ["resources", name, "props"];
    const raw = propsOf(name);
    const props = check(FunctionProps, raw, path, problems);
    const list = isTree(raw) && Array.isArray(raw["triggers"]) ? (raw["triggers"] as unknown[]) : [];
    const triggers = list.map((item, index) => checkTrigger(item, [...path, "triggers", index], problems));
    const known = triggers.filter((trigger) => trigger !== undefined);
    return props === undefined ? [] : [{ name, props, triggers: known }];
  });
}

/** How to get the props of a resource. They may name each other's in any order, so each is resolved when first asked for. */
function resolver(
  document: Tree,
  env: Readonly<Record<string, string>>,
  problems: Problem[],
): { readonly sources: Tree; readonly propsOf: (name: string) => unknown } {
  const nowhere = { vars: {}, env, propsOf: () => undefined };
  const vars = interpolate(document["vars"] ?? {}, nowhere, ["vars"], problems);
  const templates = isTree(document["template"]) ? document["template"] : {};
  const sources = isTree(document["resources"]) ? document["resources"] : {};
  const resolved = new Map<string, unknown>();
  const open = new Set<string>();
  const propsOf = (name: string): unknown => {
    if (resolved.has(name)) return resolved.get(name);
    if (open.has(name)) throw new Error(`resources.${name} refers to itself — break the circle`);
    open.add(name);
    const source = sources[name];
    const extend = isTree(source) && isTree(source["extend"]) ? String(source["extend"]["name"]) : undefined;
    if (extend !== undefined && !(extend in templates)) {
      const path = ["resources", name, "extend", "name"];
      problems.push({ path, text: `there is no template ${extend} — define it below template` });
    }
    const raw = merge(extend === undefined ? {} : templates[extend], isTree(source) ? source["props"] : {});
    const scope = { vars: isTree(vars) ? vars : {}, env, propsOf };
    const props = interpolate(raw, scope, ["resources", name, "props"], problems);
    open.delete(name);
    resolved.set(name, props);
    return props;
  };
  return { sources, propsOf };
}

function checkTrigger(
  item: unknown,
  path: readonly PropertyKey[],
  problems: Problem[],
): TriggerProps | undefined {
  const type = isTree(item) ? item["triggerType"] : undefined;
  if (type === "timer" || type === "oss" || type === "http") {
    return check<z.ZodMiniType<TriggerProps>>(TRIGGERS[type], item, path, problems);
  }
  problems.push({
    path: [...path, "triggerType"],
    text: `is ${JSON.stringify(type)} — use ${Object.keys(TRIGGERS).join(", ")}; no other kind is simulated`,
  });
  return undefined;
}

function check<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
  path: readonly PropertyKey[],
  problems: Problem[],
): z.infer<T> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const place = [...path, ...issue.path];
    if (issue.code !== "unrecognized_keys") {
      problems.push({ path: place, text: issue.message });
      continue;
    }
    for (const key of issue.keys) {
      const near = nearest(key, KNOWN_KEYS);
      const todo = near === undefined || near === key ? "take it out" : `did you mean ${near}?`;
      problems.push({ path: [...place, key], text: `is not a key known here — ${todo}` });
    }
  }
  return undefined;
}

function toDefinition(
  props: FunctionPropsValue,
  triggers: readonly TriggerProps[],
  folder: string,
): FunctionDefinition {
  const { concurrencyConfig, customDomain } = props;
  const { domainName = "", protocol = "", route } = customDomain ?? {};
  return {
    ...configOf(props),
    codePath: resolve(folder, props.code),
    ...asyncOf(props.asyncInvokeConfig),
    ...(concurrencyConfig !== undefined && { reservedConcurrency: concurrencyConfig.reservedConcurrency }),
    ...(route !== undefined && { customDomain: { domainName, protocol, path: route.path } }),
    triggers: triggers.map(triggerOf),
  };
}
