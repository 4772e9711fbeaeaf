/** Where in the text of a document each of its keys and values stands. */
import { constructFromEvents, CORE_SCHEMA, EVENT_ID, type Event } from "js-yaml";
import type { Place } from "../errors.ts";

interface Node {
  /** Offset and length of its key; absent in a list. */
  readonly key?: Span;
  /** Of its value, when that is one piece of text. */
  readonly value?: Span | undefined;
  /** Where a list, or a map without keys, begins. */
  readonly open?: Span | undefined;
  readonly inner: ReadonlyMap<string, Node>;
}
interface Span {
  readonly at: number;
  readonly length: number;
}

/** Finds the place of what a path leads to; of the nearest map around it when there is nothing at the path itself. */
export type PlaceOf = (path: readonly PropertyKey[], what?: "key" | "value") => Place | undefined;

/** The places in a text, by its events. They are read when the first one is asked for. */
export function placesIn(text: string, events: readonly Event[]): PlaceOf {
  let root: Node | undefined;
  const starts = startsOf(text);
  return (path, what = "value") => {
    root ??= read(text, events, () => {});
    const node = nodeAt(root, path);
    if (node === root && path.length > 0) return undefined;
    const span =
      (what === "key" ? node.key : node.value) ??
      node.key ??
      (node === root ? undefined : firstOf(node)) ??
      node.open;
    return span && placeAt(text, starts, span);
  };
}

/** The node that a path leads to, or the last one on its way that is there. */
function nodeAt(root: Node, path: readonly PropertyKey[]): Node {
  let node = root;
  for (const segment of path) {
    const inner = node.inner.get(String(segment));
    // Where one value may stand for a list of one, it is the first of that list.
    if (inner === undefined && segment === 0) continue;
    if (inner === undefined) break;
    node = inner;
  }
  return node;
}

/** The places of keys that stand further up in the same map already. */
export function repeatedKeys(text: string, events: readonly Event[]): readonly Place[] {
  const spans: Span[] = [];
  read(text, events, (span) => spans.push(span));
  const starts = startsOf(text);
  return spans.map((span) => placeAt(text, starts, span));
}

/** Offsets at which lines begin. */
const startsOf = (text: string): readonly number[] => [
  0,
  ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1),
];

/** An entry of a list that is a map begins with its first key, and one that is a list with that list's first entry. */
function firstOf({ inner }: Node): Span | undefined {
  const [first] = inner.values();
  return first && (first.key ?? first.value ?? firstOf(first));
}

/** The line of an offset, from 1: a text may have thousands of lines and of places. */
function lineAt(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** The line and column, both from 1, of an offset. The place ends with its line. */
function placeAt(text: string, starts: readonly number[], { at, length }: Span): Place {
  const line = lineAt(starts, at);
  const end = starts[line] ?? text.length + 1;
  return {
    line,
    column: at - (starts[line - 1] ?? 0) + 1,
    length: Math.max(1, Math.min(length, end - 1 - at)),
  };
}

/** @param onRepeat is called for each key that its map has already */
function read(text: string, events: readonly Event[], onRepeat: (key: Span) => void): Node {
  let next = 1;
  const node = (key?: Span): Node => {
    const event = events[next++];
    const isMap = event?.type === EVENT_ID.MAPPING;
    const inner = isMap || event?.type === EVENT_ID.SEQUENCE ? innerOf(isMap) : new Map<string, Node>();
    const isOpen = event?.type === EVENT_ID.SEQUENCE || (isMap && inner.size === 0);
    const open = isOpen ? { at: event.start, length: 1 } : undefined;
    return { ...(key && { key }), value: spanOf(event), open, inner };
  };
  const innerOf = (isMap: boolean): Map<string, Node> => {
    const inner = new Map<string, Node>();
    for (let index = 0; events[next]?.type !== EVENT_ID.POP && next < events.length; index++) {
      const name = isMap ? spanOf(events[next]) : undefined;
      const segment = isMap ? keyOf(text, events[next]) : String(index);
      if (isMap) node();
      if (name !== undefined && inner.has(segment)) onRepeat(name);
      inner.set(segment, node(name));
    }
    next++;
    return inner;
  };
  return node();
}

/** A key as data has it: `"a\\u0062"` is `ab`, and `0x1F` is `31`. */
function keyOf(text: string, key: Event | undefined): string {
  const { at = 0, length = 0 } = spanOf(key) ?? {};
  const written = text.slice(at, at + length);
  if (key === undefined || /^(?!(?:true|false|null)$)[a-z_][\w-]*$/i.test(written)) return written;
  const events = [{ ...DOCUMENT }, key, { type: EVENT_ID.POP }];
  return String(constructFromEvents(events, { source: text, schema: CORE_SCHEMA })[0]);
}

const DOCUMENT = { type: EVENT_ID.DOCUMENT, explicitStart: false, explicitEnd: false, directives: [] };

function spanOf(event: Event | undefined): Span | undefined {
  if (event?.type !== EVENT_ID.SCALAR || event.valueStart < 0) return undefined;
  return { at: event.valueStart, length: event.valueEnd - event.valueStart };
}
