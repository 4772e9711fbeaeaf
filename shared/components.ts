/**
 * Components as they lie in the bucket, and the recipes that use them.
 *
 * COMPONENT-1. A version is written once: its first sound content is copied into a log under `state/`, which whoever comes
 *     first writes, and that copy counts. Another content under the same key is reported, and nothing uses it.
 * COMPONENT-2. A recipe is expanded when its bake begins. So exact versions and steps are in the digest, the events and the
 *     log of the bake, and a later version changes the next bake only.
 * COMPONENT-3. Where a component takes its value from a parameter of the recipe, its pattern holds for that parameter too:
 *     for the default, for callers and for secrets.
 */
import * as z from "zod/mini";
import { DOCUMENT_TEXT_MAX_BYTES } from "./budget.ts";
import type { CloudClient } from "./cloud/client.ts";
import { getSmallObject, listObjects } from "./cloud/oss/objects.ts";
import type { Component } from "./documents/component.ts";
import { componentIn, LATEST, latestOf, type ComponentUse } from "./documents/recipe-components.ts";
import type { Recipe } from "./documents/recipe.ts";
import type { Step } from "./documents/recipe-steps.ts";
import { DocumentError } from "./errors.ts";
import type { Ports } from "./invocation.ts";
import { FOLDER } from "./keys.ts";
import { missingIn, valueProblem, withVariables, type Declarations } from "./requests/declared-parameters.ts";
import { ok, problem, type Result } from "./result.ts";
import { appendOrLose, readLog } from "./workflow/log.ts";

type ComponentPorts = Pick<Ports, "cloud" | "clock" | "writer"> & {
  /** Keeps no content: for those who only look. */
  readonly readsOnly?: true;
};

interface Version {
  readonly name: string;
  readonly version: string;
}

const First = z.object({ at: z.int(), key: z.string(), text: z.string() });
type First = z.infer<typeof First>;

/** @param component its name and its version, `nginx/1.2.0` */
const copyKey = (component: string): string => `${FOLDER.state}components/${component}.jsonl`;

const idOf = ({ name, version }: Version): string => `${name}/${version}`;

/** The content of a version that counts, by its name and its version, `nginx/1.2.0` (COMPONENT-1). */
export async function firstContent(component: string, cloud: CloudClient): Promise<First | undefined> {
  return (await readLog(cloud, copyKey(component), First)).lines[0]?.line;
}

/** Loaded where documents are parsed only. */
const parsed = async (key: string, text: string): Promise<Component> =>
  (await import("./documents/component.ts")).parseComponent(key, text);

/** The object of a version as it is now. */
async function putContent({ name, version }: Version, { cloud }: ComponentPorts) {
  const objects = await listObjects(cloud, `${FOLDER.components}${name}/${version}.`);
  const key = objects.map((object) => object.key).find((one) => componentIn(one)?.version === version);
  if (key === undefined) return problem(`there is no ${FOLDER.components}${name}/${version}.yaml`);
  const object = await getSmallObject(cloud, key, DOCUMENT_TEXT_MAX_BYTES);
  if (!object.ok) return object;
  return object.value === undefined ? problem(`there is no ${key}`) : ok(object.value);
}

/**
 * Keeps the content of a version when it is the first sound one (COMPONENT-1).
 * @returns what is wrong with the object as it is now; undefined when it is the content that counts
 */
export async function keepComponent(of: Version, ports: ComponentPorts): Promise<string | undefined> {
  const now = await putContent(of, ports);
  if (!now.ok) return now.problem;
  const { key, text } = now.value;
  const before = await firstContent(idOf(of), ports.cloud);
  if (before !== undefined) return before.text === text ? undefined : replaced(key, of);
  try {
    await parsed(key, text);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  const won = await appendOrLose(ports, copyKey(idOf(of)), 0, { at: ports.clock.now(), key, text });
  const first = won === undefined ? await firstContent(idOf(of), ports.cloud) : { text };
  return first?.text === text ? undefined : replaced(key, of);
}

const replaced = (key: string, { name, version }: Version): string =>
  `${key} has another content than version ${version} of component ${name} had at first, and a version is written once: bakes use the first content; put this one under a new version`;

/** A version that recipes may use, or why there is none. */
async function usable(of: Version, ports: ComponentPorts): Promise<Result<Component>> {
  const before = await firstContent(idOf(of), ports.cloud);
  if (before === undefined && ports.readsOnly) {
    const now = await putContent(of, ports);
    return now.ok ? ok(await parsed(now.value.key, now.value.text)) : now;
  }
  if (before === undefined) {
    const wrong = await keepComponent(of, ports);
    if (wrong !== undefined) return problem(wrong);
  }
  const first = before ?? (await firstContent(idOf(of), ports.cloud));
  return first === undefined
    ? problem(`component ${of.name}/${of.version} cannot be read; bake again`)
    : ok(await parsed(first.key, first.text));
}

async function exactVersion({ name, version }: Version, ports: ComponentPorts): Promise<string | undefined> {
  if (version !== LATEST) return version;
  const objects = await listObjects(ports.cloud, `${FOLDER.components}${name}/`);
  return latestOf(objects.flatMap(({ key }) => componentIn(key)?.version ?? []));
}

/** A recipe with the steps of its components before its own, their exact versions (COMPONENT-2) and rules (COMPONENT-3). */
export async function expandRecipe(recipe: Recipe, ports: ComponentPorts): Promise<Result<Recipe>> {
  const { components, provision } = recipe;
  if (components === undefined) return ok(recipe);
  const exact: ComponentUse[] = [];
  const steps: Step[] = [];
  let parameters: Declarations | undefined = recipe.parameters;
  for (const [index, use] of components.entries()) {
    const at = `components[${index}]: `;
    const version = await exactVersion(use, ports);
    if (version === undefined) return problem(`${at}the bucket has no version of ${use.name}; put one`);
    const of = { name: use.name, version };
    const component = await usable(of, ports);
    if (!component.ok) return problem(at + component.problem);
    const wrong = (said: string) => problem(`${at}component ${idOf(of)}: ${said}`);
    const values = valuesOf(component.value, use, recipe);
    if (!values.ok) return wrong(values.problem);
    const ruled = ruledBy(component.value, idOf(of), { parameters, given: use.parameters });
    if (!ruled.ok) return wrong(ruled.problem);
    parameters = ruled.value;
    exact.push({ ...use, version });
    steps.push(...component.value.steps.map((step) => named(withVariables(step, values.value), of)));
  }
  const all = { ...recipe, components: exact, provision: [...steps, ...provision] };
  return ok(parameters === undefined ? all : { ...all, parameters });
}

type Values = Readonly<Record<string, string>>;

/** The parameters of the recipe with the patterns of a component that takes its values from them (COMPONENT-3). */
function ruledBy(
  { parameters: declared }: Component,
  component: string,
  { parameters, given }: { readonly parameters: Declarations | undefined; readonly given: Values },
): Result<Declarations | undefined> {
  if (parameters === undefined) return ok(undefined);
  const ruled: Record<string, Declarations[string]> = { ...parameters };
  for (const [name, { pattern }] of Object.entries(declared)) {
    const own = ruled[name];
    if (pattern === undefined || own === undefined || given[name] !== undefined) continue;
    const one = { ...own, rules: [...(own.rules ?? []), { component, pattern }] };
    const wrong = one.default === undefined ? undefined : valueProblem({ pattern }, one.default);
    if (wrong !== undefined)
      return problem(
        `parameters.${name} ${wrong}, and its default in the recipe does not; correct the default, or give the component a value`,
      );
    ruled[name] = one;
  }
  return ok(ruled);
}

/** The values of a component: those of the recipe's `components`, else its parameter of that name, else the default. */
function valuesOf(
  { parameters }: Component,
  { parameters: given }: ComponentUse,
  recipe: Recipe,
): Result<Values> {
  const declared = Object.keys(parameters);
  const unknown = Object.keys(given).find((name) => !declared.includes(name));
  if (unknown !== undefined)
    return problem(`parameters.${unknown} is not declared; it has ${declared.join(", ") || "no parameters"}`);
  // Steps get the parameters of a bake anyway.
  const open = declared.filter(
    (name) => given[name] !== undefined || recipe.parameters?.[name] === undefined,
  );
  const needed = Object.fromEntries(open.map((name) => [name, parameters[name] ?? {}]));
  const [missing] = missingIn(needed, given);
  if (missing !== undefined)
    return problem(
      `parameters.${missing} is required; give it a value, or declare it as a parameter of the recipe`,
    );
  const values = open.map((name) => [name, given[name] ?? parameters[name]?.default ?? ""] as const);
  for (const [name, value] of values) {
    const wrong = valueProblem(parameters[name] ?? {}, value);
    if (wrong !== undefined) return problem(`parameters.${name} ${wrong}`);
  }
  return ok(Object.fromEntries(values));
}

/** Reasons and logs show where a step comes from. */
const named = (step: Step, { name, version }: Version): Step => ({
  ...step,
  name: `${name}/${version}: ${step.name}`,
});
