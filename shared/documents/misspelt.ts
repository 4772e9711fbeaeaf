/**
 * Keys that are not known, and all other mistakes that they are the reason for: of a document in which they are written as they
 * are meant the schema itself says which of its issues are left. Pure.
 */
import type * as z from "zod/mini";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The issues of the document with a change. */
export type Retry = (change: (input: unknown) => unknown) => readonly Issue[];

/** A key of a map that does not know it. */
export interface Unknown {
  readonly path: Path;
  readonly message: string;
}

/** Parses of the whole document that unknown keys without a similar one may cost. */
const INFERRED_MAX = 5;
/** In a map with more keys a value may fit to one that its author did not mean. */
const SMALL = 8;
const KNOWN = /^is not known; known here are (.+)$/;
const MEANT = /^is not known.*; did you mean ([^?]+)\?$/;

const nameOf = ({ path, message }: Issue): string => JSON.stringify([path.map(String), message]);
const isAt = (path: Path, other: Path): boolean => path.every((segment, index) => other[index] === segment);

/** What a document would be with its keys as they are meant. */
export interface Meant {
  readonly unknown: ReadonlyMap<Issue, readonly Unknown[]>;
  /** Issues that the unknown keys explain. */
  readonly explained: ReadonlySet<Issue>;
  /** Of values below a misspelt key, at the place where they are written. */
  readonly below: readonly Issue[];
}

export function meantKeys(all: ReadonlyMap<Issue, readonly Unknown[]>, input: unknown, retry: Retry): Meant {
  const others = [...all.keys()].filter(({ code }) => code !== "unrecognized_keys");
  const blocks = [...all.keys()].flatMap((issue) => blocksIn(issue, input, retry));
  const given = new Map(
    Array.from(all, ([issue, keys]) => [issue, keys.flatMap((key) => ofBlock(key, blocks))]),
  );
  const moves = [...blocks.flat(), ...[...given.values()].flat().flatMap(moveOf)];
  const after = moves.length === 0 ? [...given.keys()] : retry((input) => moved(input, moves));
  const names = new Set(after.map(nameOf));
  const explained = new Set(others.filter((issue) => !names.has(nameOf(issue))));
  const below = moves.length === 0 ? [] : after.flatMap((issue) => asWritten(issue, moves));
  const again: Retry = (change) => retry((input) => change(moved(input, moves)));
  const left = others.filter((issue) => !explained.has(issue));
  let tries = INFERRED_MAX;
  const infer = (key: Unknown): Unknown => {
    const places = placesFor(key, left);
    if (places.length === 0 || tries-- <= 0) return key;
    const fits = places.flatMap((to) => {
      const gone = goneWith([key.path, to], left, again);
      for (const issue of gone) explained.add(issue);
      return gone.length === 0 ? [] : [to];
    });
    return fits.length === 1 ? { ...key, message: sentenceFor(fits[0] ?? []) } : key;
  };
  const unknown = new Map(Array.from(given, ([issue, keys]) => [issue, keys.map(infer)]));
  return { unknown, explained, below };
}

/** Keys that stand at the column of the key above them, which has nothing behind it, and are known below that one. */
function blocksIn(issue: Issue, input: unknown, retry: Retry): readonly (readonly Move[])[] {
  if (issue.code !== "unrecognized_keys") return [];
  const { path, keys } = issue;
  const map = Object(path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), input));
  const names = Object.keys(map);
  const strangers = new Set(keys);
  return names.flatMap((name, index) => {
    if (map[name] !== null) return [];
    const behind = names.slice(index + 1);
    const end = behind.findIndex((key) => !strangers.has(key));
    const below = behind.slice(0, end < 0 ? behind.length : end);
    if (below.length === 0) return [];
    const moves = below.map((key): Move => [
      [...path, key],
      [...path, name, key],
    ]);
    const own = retry((whole) => moved(whole, moves)).filter(
      (one) => one.path.length === path.length + 1 && isAt([...path, name], one.path),
    );
    const strange = new Set(own.flatMap((one) => (one.code === "unrecognized_keys" ? one.keys : [])));
    // A list or a text has no keys.
    const isMap = own.every(({ code }) => code !== "invalid_type");
    const known = below.findIndex((key) => !isMap || strange.has(key));
    const block = known < 0 ? moves : moves.slice(0, known);
    return block.length === 0 ? [] : [block];
  });
}

/** Of such keys the first says so for all of them. */
function ofBlock(key: Unknown, blocks: readonly (readonly Move[])[]): readonly Unknown[] {
  const block = blocks.find((moves) =>
    moves.some(([from]) => from.length === key.path.length && isAt(from, key.path)),
  );
  if (block === undefined) return [key];
  const [first, to] = block[0] ?? [key.path, key.path];
  if (!isAt(first, key.path)) return [];
  const more = ["", " and the next key"][block.length - 1] ?? ` and the next ${block.length - 1} keys`;
  const message = `belongs below ${String(to.at(-2))}:, and stands at the same column; indent it${more} by two spaces`;
  return [{ ...key, message }];
}

/** The known keys of a small map, and the top: a key that is not known may be one that its map, or the document, lacks. */
function placesFor({ path, message }: Unknown, issues: readonly Issue[]): readonly Path[] {
  const around = path.slice(0, -1);
  const known = KNOWN.exec(message)?.[1]?.split(", ") ?? [];
  if (known.length === 0 || !issues.some((issue) => isAt(around, issue.path))) return [];
  const near = known.length > SMALL ? [] : known.map((name) => [...around, name]);
  return around.length === 0 ? near : [...near, path.slice(-1)];
}

const sentenceFor = (to: Path): string =>
  to.length === 1
    ? `is not known; write ${String(to[0])}: at the top`
    : `is not known; did you mean ${String(to.at(-1))}?`;

function moveOf({ path, message }: Unknown): readonly Move[] {
  const name = MEANT.exec(message)?.[1];
  return name === undefined ? [] : [[path, [...path.slice(0, -1), name]]];
}

/** A key, and the place where it is meant. */
type Move = readonly [from: Path, to: Path];

/** The issues that a document does not have with a key in another place; none when that gives it new ones. */
function goneWith(move: Move, before: readonly Issue[], retry: Retry): readonly Issue[] {
  const names = new Set(before.map(nameOf));
  const after = retry((input) => moved(input, [move]));
  const there = new Set(after.map(nameOf));
  const [, to] = move;
  const isNew = (issue: Issue): boolean =>
    issue.code === "unrecognized_keys"
      ? isAt(issue.path, to) && issue.keys.includes(String(to[issue.path.length]))
      : !names.has(nameOf(issue));
  return after.some(isNew) ? [] : before.filter((issue) => !there.has(nameOf(issue)));
}

/** A document with keys in other places, as far as none stands there. */
function moved(input: unknown, moves: readonly Move[]): unknown {
  return moves.reduce((document, [from, to]) => {
    const value = from.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document);
    // One with nothing behind it would keep every rule from being asked.
    return value === null || value === undefined ? document : put(put(document, from), to, value);
  }, input);
}

/** @param value undefined to remove the key */
function put(input: unknown, [key, ...rest]: Path, value?: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(input))
    return input.map((one: unknown, index) => (index === key ? put(one, rest, value) : one));
  if (typeof input !== "object") return input;
  const { [String(key)]: before, ...others }: Readonly<Record<string, unknown>> = { ...input };
  if (rest.length === 0 && value === undefined) return others;
  if (rest.length === 0 && before !== undefined) return input;
  return { ...input, [key]: put(before, rest, value) };
}

/** An issue below the place where a key is meant, below that key itself. */
function asWritten(issue: Issue, moves: readonly Move[]): Issue[] {
  const move = moves.find(([, to]) => isAt(to, issue.path));
  return move === undefined ? [] : [{ ...issue, path: [...move[0], ...issue.path.slice(move[1].length)] }];
}
