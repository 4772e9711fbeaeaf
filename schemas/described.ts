/** The files of this folder: a JSON Schema for each kind of document, and the reference of every key. */
import type { DocumentKind } from "../shared/documents/foreign.ts";
import { COMPONENT, RECIPE, type Sentences } from "./descriptions.ts";
import { FLEET } from "./fleet-descriptions.ts";
import { FORMS, formed } from "./forms.ts";
import { bareSchemaOf, KINDS, withEmptyKeys, withMaxOfSize, type JsonSchema } from "./json-schema.ts";
import { referenceOf } from "./reference.ts";

const SENTENCES: Readonly<Record<DocumentKind, Sentences>> = {
  recipe: RECIPE,
  fleet: FLEET,
  component: COMPONENT,
};

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** @throws Error for a key without a sentence, or a sentence without a key */
function describedSchemaOf(kind: DocumentKind): JsonSchema {
  const schema = described(bareSchemaOf(kind), SENTENCES[kind], kind);
  return { $schema: DRAFT, title: `Kiln ${kind}`, ...(kind === "fleet" ? withMaxOfSize(schema) : schema) };
}

/** The schema of a kind of document, with a description of each key. */
export const schemaOf = (kind: DocumentKind): JsonSchema => withEmptyKeys(describedSchemaOf(kind));

/** The generated files by name. */
export function files(): Readonly<Record<string, string>> {
  const schemas = KINDS.map((kind) => [kind, describedSchemaOf(kind)] as const);
  const texts = schemas.map(([kind, schema]) => [
    `${kind}.schema.json`,
    `${JSON.stringify(withEmptyKeys(schema), undefined, 1)}\n`,
  ]);
  return { ...Object.fromEntries(texts), "README.md": referenceOf(schemas) };
}

/** A schema whose keys have these sentences, in every form that the document may take. */
function described(schema: JsonSchema, sentences: Sentences, path: string): JsonSchema {
  const used = new Set<string>();
  const changed = within(schema, (key, inner) => {
    used.add(key);
    const found = sentences[key];
    if (found === undefined) throw new Error(`${path}.${key} has no sentence in schemas/*descriptions.ts`);
    const [description, below] = typeof found === "string" ? [found, {}] : found;
    const own = `${path}.${key}`;
    const whole = described(inner, below, own);
    const form = FORMS[own];
    return { description, ...(form ? formed(whole, form) : whole) };
  });
  const unused = Object.keys(sentences).filter((key) => !used.has(key));
  if (unused.length > 0) throw new Error(`${path} has sentences, but no keys ${unused.join(", ")}`);
  return changed;
}

/** Changes the nearest keys below a schema, through lists, maps and alternatives. */
function within(schema: JsonSchema, change: (key: string, inner: JsonSchema) => JsonSchema): JsonSchema {
  const { properties, items, additionalProperties, anyOf, ...rest } = schema;
  const again = (inner: JsonSchema): JsonSchema => within(inner, change);
  const changed = Object.entries(properties ?? {}).map(([key, inner]) => [key, change(key, inner)]);
  return {
    ...rest,
    ...(properties && { properties: Object.fromEntries(changed) }),
    ...(items && { items: again(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: additionalProperties && again(additionalProperties),
    }),
    ...(anyOf && { anyOf: anyOf.map(again) }),
  };
}
