import type { JsonSchema } from "../../../schemas/json-schema.ts";

type Check = (value: unknown, schema: JsonSchema) => boolean;

/** Keywords that say something about values, as JSON Schema 2020-12 reads them. Editors compile patterns with the flag u. */
const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value, { type = "" }) => (Array.isArray(type) ? type : [type]).some((one) => isOf(value, one)),
  const: (value, schema) => value === schema.const,
  enum: (value, schema) => schema.enum?.includes(value) === true,
  pattern: (value, { pattern = "" }) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
  minimum: (value, { minimum = 0 }) => typeof value !== "number" || value >= minimum,
  maximum: (value, { maximum = 0 }) => typeof value !== "number" || value <= maximum,
  exclusiveMinimum: (value, { exclusiveMinimum = 0 }) =>
    typeof value !== "number" || value > exclusiveMinimum,
  multipleOf: () => true,
  minLength: (value, { minLength = 0 }) => typeof value !== "string" || charactersIn(value) >= minLength,
  maxLength: (value, { maxLength = 0 }) => typeof value !== "string" || charactersIn(value) <= maxLength,
  minItems: (value, { minItems = 0 }) => !Array.isArray(value) || value.length >= minItems,
  maxItems: (value, { maxItems = 0 }) => !Array.isArray(value) || value.length <= maxItems,
  items: (value, { items = {} }) => !Array.isArray(value) || value.every((one) => fitsSchema(one, items)),
  required: (value, { required = [] }) => !isMap(value) || required.every((key) => key in value),
  properties: (value, { properties = {} }) =>
    !isMap(value) ||
    Object.entries(properties).every(([key, inner]) => !(key in value) || fitsSchema(value[key], inner)),
  additionalProperties: (value, { additionalProperties = {}, properties = {} }) =>
    !isMap(value) ||
    Object.keys(value).every(
      (key) =>
        key in properties || (additionalProperties !== false && fitsSchema(value[key], additionalProperties)),
    ),
  propertyNames: (value, { propertyNames = {} }) =>
    !isMap(value) || Object.keys(value).every((key) => fitsSchema(key, propertyNames)),
  anyOf: (value, { anyOf = [] }) => anyOf.some((one) => fitsSchema(value, one)),
  allOf: (value, { allOf = [] }) => allOf.every((one) => fitsSchema(value, one)),
};
const SILENT = new Set(["$schema", "title", "description", "default", "format"]);

/** JSON Schema counts code points. */
const charactersIn = (text: string): number => Array.from(text).length;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isOf(value: unknown, type: string): boolean {
  if (type === "object") return isMap(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

/** Whether a value fits a schema. @throws Error for a keyword that this does not know. */
export function fitsSchema(value: unknown, schema: JsonSchema): boolean {
  return Object.keys(schema).every((keyword) => {
    if (SILENT.has(keyword)) return true;
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the schema has the keyword ${keyword}, which no test knows`);
    return check(value, schema);
  });
}
