/**
 * JSON Schemas of the documents, for editors, from the zod schemas that Kiln itself reads documents with.
 *
 * SCHEMA-1. A JSON Schema may be laxer than Kiln, never stricter: an editor that marks a sound document is worse than none.
 *     Rules between fields are left out, and a short form is allowed wherever its expansion changes a value of its type.
 * SCHEMA-2. A list or map whose default is an empty one may be a key with nothing behind it; no other key may.
 * SCHEMA-3. Kiln reads patterns as JavaScript does, and editors know no flags; only `u` says the same in both.
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import { Document as Component } from "../shared/documents/component.ts";
import { DURATION } from "../shared/documents/fields.ts";
import type { DocumentKind } from "../shared/documents/foreign.ts";
import { Fleet } from "../shared/documents/fleet.ts";
import { Recipe } from "../shared/documents/recipe.ts";
import { formatDuration, parseDuration } from "../shared/duration.ts";
import { durationPattern } from "./forms.ts";

/** A schema, or a part of one, as plain JSON. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  required?: readonly string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | false;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  minProperties?: number;
  maxProperties?: number;
  allOf?: readonly JsonSchema[];
}

/** The three documents, each with its folder. */
export const KINDS: readonly DocumentKind[] = ["recipe", "fleet", "component"];

const ZOD: Readonly<Record<DocumentKind, () => z.ZodMiniType>> = {
  recipe: () => Recipe("name"),
  fleet: () => Fleet("name"),
  component: () => Component,
};

/** The schema of a kind of document, without descriptions. */
export const bareSchemaOf = (kind: DocumentKind): JsonSchema => convert(ZOD[kind]());

function convert(schema: z.core.$ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", override: adjust });
  // Parts that occur twice are one object until here.
  const { $schema: _, "~standard": __, ...plain } = JSON.parse(JSON.stringify(json));
  return plain;
}

type Context = Parameters<NonNullable<z.core.ToJSONSchemaParams["override"]>>[0];

function adjust({ zodSchema, jsonSchema }: Context): void {
  const { def } = zodSchema._zod;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same JSON with narrower types
  const json = jsonSchema as JsonSchema;
  if (def.type === "pipe") replace(json, ofPipe(def, json));
  if (def.type === "pipe" && json.type === "string") Object.assign(json, durationOf(zodSchema));
  // A pattern says it, and validators refuse formats that they do not know.
  if (json.pattern !== undefined) Reflect.deleteProperty(json, "format");
  if (def.type === "string") checkFlags(zodSchema);
  if (def.type === "default") json.default = writtenAs(json, def);
}

/** The pattern of a duration, by what it answers to one that is no text of that form, and to one that is too long. */
function durationOf(schema: z.core.$ZodType): Pick<JsonSchema, "pattern"> {
  const answer = (text: string): string =>
    z
      .safeParse(schema, text)
      .error?.issues.map(({ message }) => message)
      .join() ?? "";
  const [, least, most] = /^must be from (\w+) to (\w+)$/.exec(answer("99999d")) ?? [];
  if (answer("") !== DURATION || least === undefined || most === undefined) return {};
  return { pattern: durationPattern(parseDuration(least), parseDuration(most)) };
}

/** The default of a key as it is written: the parsed document holds milliseconds. */
function writtenAs({ type }: JsonSchema, def: z.core.$ZodTypeDef): unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the definition says it is one
  const { defaultValue } = def as z.core.$ZodDefaultDef;
  return type === "string" && typeof defaultValue === "number" ? formatDuration(defaultValue) : defaultValue;
}

function replace(json: JsonSchema, by: JsonSchema): void {
  if (by === json) return;
  for (const key of Object.keys(json)) Reflect.deleteProperty(json, key);
  Object.assign(json, by);
}

function ofPipe({ in: from, out }: z.core.$ZodPipeDef, json: JsonSchema): JsonSchema {
  const { def } = from._zod;
  // A check of anything, before the type is looked at.
  if (def.type === "unknown") return convert(out);
  if (def.type !== "transform") return json;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the definition says it is one
  const { transform } = def as z.core.$ZodTransformDef;
  const inner = { ...json };
  const short = shortForms((value) => transform(value, { value, issues: [] }), inner);
  return short.length === 0 ? inner : { anyOf: [inner, ...short] };
}

const SAMPLES: readonly unknown[] = [true, false, 7, "x", "7"];

/** The forms that an expansion changes, each once. */
function shortForms(expand: (value: unknown) => unknown, long: JsonSchema): readonly JsonSchema[] {
  const forms = [...SAMPLES, { a: 1 }].flatMap((value) => {
    const whole = expand(value);
    if (isDeepStrictEqual(whole, value)) return [];
    if (isDeepStrictEqual(whole, [value])) return [long.items ?? {}];
    return [formOf(value, whole, long)];
  });
  return forms.filter((form, index) => forms.findIndex((one) => isDeepStrictEqual(one, form)) === index);
}

function formOf(value: unknown, whole: unknown, { properties = {} }: JsonSchema): JsonSchema {
  if (typeof value === "boolean") return { const: value };
  const expanded: [string, unknown][] = Object.entries(Object(whole));
  const own = expanded.find(([, inner]) => inner === value)?.[0] ?? "";
  return properties[own] ?? { type: typeof value };
}

function checkFlags(schema: z.core.$ZodType): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- where zod keeps the patterns of a string
  const patterns = (schema._zod.bag["patterns"] ?? new Set()) as ReadonlySet<RegExp>;
  for (const { flags, source } of patterns)
    if (!["", "u"].includes(flags)) throw new Error(`pattern ${source} has flags that editors do not know`);
}

/** The schema of a fleet whose `max` may stand under `size`, and whose `limits` may be left out then (withMax). */
export function withMaxOfSize(schema: JsonSchema): JsonSchema {
  const { limits, ...properties } = schema.properties ?? {};
  const holds = (key: string): JsonSchema => ({
    required: [key],
    properties: { [key]: { type: "object", required: ["max"], properties: { max: {} } } },
  });
  return {
    ...schema,
    properties: { ...properties, limits: { ...limits, required: [] } },
    required: (schema.required ?? []).filter((key) => key !== "limits"),
    anyOf: [holds("limits"), holds("size")],
  };
}

/** The schema with every list and map that may be empty as a key with nothing behind it, too. */
export function withEmptyKeys(schema: JsonSchema): JsonSchema {
  const { properties, items, additionalProperties, anyOf } = schema;
  const inner = Object.entries(properties ?? {}).map(([key, one]) => {
    const whole = withEmptyKeys(one);
    return [key, mayBeEmpty(one) ? orEmpty(whole) : whole] as const;
  });
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(inner) }),
    ...(items && { items: withEmptyKeys(items) }),
    ...(additionalProperties && { additionalProperties: withEmptyKeys(additionalProperties) }),
    ...(anyOf && { anyOf: anyOf.map(withEmptyKeys) }),
  };
}

/** Some lists are empty only when they are left out. */
const mayBeEmpty = ({ default: value, minItems = 0, anyOf = [] }: JsonSchema): boolean =>
  (isDeepStrictEqual(value, []) || isDeepStrictEqual(value, {})) &&
  [minItems, ...anyOf.map((one) => one.minItems ?? 0)].every((least) => least === 0);

function orEmpty({ const: only, ...schema }: JsonSchema): JsonSchema {
  const { type, anyOf, enum: words = only === undefined ? undefined : [only] } = schema;
  return {
    ...schema,
    ...(typeof type === "string" && { type: [type, "null"] }),
    ...(words && { enum: [...words, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: "null" }] }),
  };
}
