/** Fields of JSON values at any depth, and copies of a value with one field replaced. */

type Path = readonly string[];

/** The path of every field, parents before children. */
export function fieldsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...at, key], ...fieldsOf(inner, [...at, key])]);
}

export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => new Map(Object.entries(inner ?? {})).get(key), value);

/** A copy of `value` with `other` at `path`. */
export function replaced(value: unknown, [first, ...rest]: Path, other: unknown): unknown {
  if (first === undefined) return other;
  if (Array.isArray(value)) {
    return value.map((item: unknown, n) => (String(n) === first ? replaced(item, rest, other) : item));
  }
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, inner]) => [
      key,
      key === first ? replaced(inner, rest, other) : inner,
    ]),
  );
}

const kindOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

const SAMPLES = [null, true, 7.5, "text", [], {}] as const;

/** A value of every other JSON type than `value`. */
export const otherKinds = (value: unknown): readonly unknown[] =>
  SAMPLES.filter((sample) => kindOf(sample) !== kindOf(value));
