/** Documents that Kiln accepts, and the look at one through its schema. */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { dump, load } from "js-yaml";
import { schemaOf } from "../../../schemas/described.ts";
import { KINDS } from "../../../schemas/json-schema.ts";
import { parseComponent } from "../../../shared/documents/component.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import type { DocumentKind } from "../../../shared/documents/foreign.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";

const PARSE: Readonly<Record<DocumentKind, (name: string, text: string) => unknown>> = {
  recipe: parseRecipe,
  fleet: parseFleet,
  component: parseComponent,
};

export function isAccepted(kind: DocumentKind, document: unknown): boolean {
  try {
    PARSE[kind]("web", dump(document));
    return true;
  } catch {
    return false;
  }
}

export const SCHEMAS = new Map(KINDS.map((kind) => [kind, schemaOf(kind)]));
/** In strict mode, which refuses keywords and formats that mean nothing. */
const AJV = new Ajv2020({ strict: true });
const VALIDATE = new Map([...SCHEMAS].map(([kind, schema]) => [kind, AJV.compile(schema)]));
export const fits = (kind: DocumentKind, document: unknown): boolean =>
  VALIDATE.get(kind)?.(document) === true;

export const kindOf = (path: string): DocumentKind =>
  KINDS.find((kind) => path.startsWith(`examples/${kind}s/`)) ?? "recipe";
export const EXAMPLES = readdirSync("examples", { recursive: true, encoding: "utf8" })
  // Objects that recipes put into images lie under files/.
  .filter((path) => path.endsWith(".yaml") && !path.includes("/files/"))
  .map((path) => `examples/${path}`);
export const read = (path: string): unknown => load(readFileSync(path, "utf8"));

/** Short forms, and keys that no example has. */
const WRITTEN: readonly (readonly [DocumentKind, string])[] = [
  ["fleet", "{family: web, wake: , notify: , launch: {LaunchTemplateId: lt-1, Tag: }, limits: {max: 3}}"],
  ["fleet", "{family: web, launch: {LaunchTemplateId: lt-1}, limits: {max: 3}, wake: false, notify: ops}"],
  [
    "fleet",
    "{family: web, launch: {LaunchTemplateId: lt-1}, size: {min: 1, max: 3}, notify: {channel: ops}}",
  ],
  [
    "fleet",
    "{family: web, launch: {LaunchTemplateId: lt-1, UserData: 'echo', SystemDisk: {Size: '40'}}, limits: {max: 3}, idle: {signals: {cpuAverage: 5}, cap: {count: 2}}}",
  ],
  ["component", "{steps: [echo, {run: echo, timeout: 20s}, reboot], parameters: {A: {default: b}}}"],
  [
    "recipe",
    "{source: {snapshot: {id: s-1}}, encrypt: true, keepFailed: false, pauseAfter: false, rebake: true, schedule: '0 3 * * *', promote: {regions: [], accounts: []}}",
  ],
];
export const SOUND: readonly (readonly [DocumentKind, unknown])[] = [
  ...EXAMPLES.map((path) => [kindOf(path), read(path)] as const),
  ...WRITTEN.map(([kind, text]) => [kind, load(text)] as const),
];

/** The document with each value in it left out, and replaced. */
export function* changes(value: unknown, values: readonly unknown[]): Generator {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const put = (by: unknown): unknown =>
      Array.isArray(value) ? value.with(Number(key), by) : { ...value, [key]: by };
    const rest = Object.entries(value).filter(([other]) => other !== key);
    yield Array.isArray(value) ? rest.map(([, one]) => one) : Object.fromEntries(rest);
    for (const other of values) yield put(other);
    for (const changed of changes(inner, values)) yield put(changed);
  }
}
