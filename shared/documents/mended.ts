/** Reads a text with slips as it was meant, so that every mistake of a document is found at once. */
import { YAML_MAX_BYTES } from "../budget.ts";
import { DocumentError, type Place, type Problem } from "../errors.ts";
import { placesIn, repeatedKeys, type PlaceOf } from "./places.ts";
import { foldedEntry } from "./entries.ts";
import { slipIn, suspectIn, wideMarks, withoutColon, type Slip } from "./slips.ts";
import { located } from "./located.ts";
import { entryAt, quoted } from "./written.ts";
import {
  ALIAS,
  attempt,
  controlIn,
  FOLDED,
  INDENTED,
  NO_COLON,
  type Parsed,
  withoutControls,
  WRITTEN_TWICE,
  wholeProblem,
} from "./yaml.ts";

/** A document as plain data, and where each part of it stands. */
export interface Read {
  readonly input: unknown;
  readonly placeOf: PlaceOf;
  /** The entry of a list that a path leads to, as it is written; undefined when it has more than one line. */
  readonly writtenAt: (path: readonly PropertyKey[]) => string | undefined;
  /** Where in a text at that path an offset of it stands. */
  readonly placeIn: (path: readonly PropertyKey[], text: string, offset: number) => Place | undefined;
  /** A number or a truth value as it is written. */
  readonly sourceAt: (path: readonly PropertyKey[]) => string | undefined;
  /** Of the text itself. */
  readonly problems: readonly Problem[];
  /** Whether a line belongs to a block that cannot be read: the mistakes in it show when that one is corrected. */
  readonly isAside: (line: number) => boolean;
}

/** Each mended line costs another look at the whole text, so a long one gets fewer. */
const [MENDED_MAX, LOOKED_AT_MAX_BYTES] = [100, 1024 * 1024];

/**
 * As `readYaml`, with every slip of the text. `suspects` are lines with a text where a map or a list is expected: a full-width
 * colon or dash in them is one of a key or of an entry.
 * @throws DocumentError with the problems of a text that cannot be read to its end.
 */
export function readMended(document: string, text: string, suspects: readonly number[] = []): Read {
  const unreadable = wholeProblem(text);
  if (unreadable !== undefined) throw new DocumentError(document, [unreadable]);
  const most = Math.min(MENDED_MAX, Math.ceil(LOOKED_AT_MAX_BYTES / (text.length + 1)));
  const lines = text.split("\n");
  const written = text.split("\n");
  const problems: Problem[] = [];
  const mend = ({ message, place, meant, also = [] }: Slip): void => {
    problems.push({ path: "", message, place });
    lines.splice(place.line - 1, 1 + also.length, meant, ...also);
  };
  const aside = lines.map(() => false);
  problems.push(...withoutControlsIn(lines));
  wideMarks(lines).slice(0, most).forEach(mend);
  suspects
    .slice(0, most)
    .flatMap((number) => suspectIn(lines[number - 1] ?? "", number, lines) ?? [])
    .forEach(mend);
  for (;;) {
    const read = located(tolerant(lines.join("\n"), problems), lines);
    if ("input" in read)
      return { ...whole(read, lines, written), problems, isAside: (line) => aside[line - 1] === true };
    const slip = slipOf(read, lines, written);
    const mended = new Set(problems.map(({ place }) => place?.line));
    // A line that was mended and still cannot be read has one mistake, which is listed already.
    if (slip === undefined && !mended.has(read.place?.line)) problems.push(read);
    if (problems.length > most) throw new DocumentError(document, problems);
    if (slip !== undefined) mend(slip);
    else {
      const block = unread(read, lines);
      if (block === undefined) throw new DocumentError(document, problems);
      lines.splice(block.from, block.meant.length, ...block.meant);
      aside.fill(true, block.from, block.from + block.meant.length);
    }
  }
}

/** Lines from an index on, and what is read in their place. */
interface Block {
  readonly from: number;
  readonly meant: readonly string[];
}

/** The smallest block around a place without which the text can be read further. */
function unread({ place }: Problem, lines: readonly string[]): Block | undefined {
  let limit = Number.POSITIVE_INFINITY;
  for (const [from, text] of Array.from(lines.slice(0, place?.line ?? 0).entries()).toReversed()) {
    const indent = text.search(/\S/);
    if (indent < 0 || indent >= limit) continue;
    limit = indent;
    const block = withoutValue(lines, from, indent);
    const to = from + block.meant.length;
    const read = attempt(lines.toSpliced(from, block.meant.length, ...block.meant).join("\n"), true);
    if ("input" in read || (read.place?.line ?? 0) > to) return block;
  }
  return undefined;
}

const HEAD = /^\s*(?:- +|["']?[\p{L}\w.-]+["']?(?=\s*[:=]))/u;

/** A line and all that stands further to the right below it, with nothing behind its key or dash; a text alone is left out. */
function withoutValue(lines: readonly string[], from: number, indent: number): Block {
  const behind = lines.slice(from + 1).findIndex((one) => /\S/.test(one) && one.search(/\S/) <= indent);
  const [head = ""] = HEAD.exec(lines[from] ?? "") ?? [];
  const key = head.endsWith(" ") || head === "" ? head : `${head}: `;
  const more = behind < 0 ? lines.slice(from + 1) : lines.slice(from + 1, from + 1 + behind);
  return { from, meant: [key === "" ? "" : `${key}~`, ...more.map(() => "")] };
}

/** A word without quotes, when it stands at a place alone; a key may stand there for a value that is not. */
function scalarAt(place: Place | undefined, lines: readonly string[]): string | undefined {
  const { line = 0, column = 0, length = 0 } = place ?? {};
  const word = (lines[line - 1] ?? "").slice(column - 1, column - 1 + length);
  return /^[-+.\d][\w.+-]{0,60}$|^(?:true|false)$/i.test(word) ? word : undefined;
}

/** Removes control characters from lines, and says where they stood. */
function withoutControlsIn(lines: string[]): Problem[] {
  const problems = lines.flatMap((line, index) => controlIn(line, index + 1) ?? []);
  for (const [index, line] of lines.entries()) lines[index] = withoutControls(line);
  return problems;
}

/** A text that can be read to its end, from its mended lines. */
function whole(
  { input, events }: Parsed,
  lines: readonly string[],
  written: readonly string[],
): Omit<Read, "problems" | "isAside"> {
  const placeOf = placesIn(lines.join("\n"), events);
  const writtenAt: Read["writtenAt"] = (path) => {
    const place = placeOf(path);
    return place && entryAt(lines, place);
  };
  const sourceAt: Read["sourceAt"] = (path) => scalarAt(placeOf(path), lines);
  const shown = asWritten(placeOf, lines, written);
  const placeIn: Read["placeIn"] = (path, text, offset) => {
    const place = shown(path);
    return place && (inside(written, place, text, offset) ?? place);
  };
  return { input, placeOf: shown, writtenAt, placeIn, sourceAt };
}

/** The place of a part of a text whose lines may be folded, or have escapes: from where it begins on, its line or its mark. */
function inside(lines: readonly string[], { line }: Place, text: string, offset: number): Place | undefined {
  const above = text.slice(0, offset).split("\n");
  const [before = ""] = above.slice(-1);
  const [behind = ""] = text.slice(offset).split("\n", 1);
  const from = line - 2 + above.length;
  for (const sought of [before + behind, behind.slice(0, 1)]) {
    const below = lines.slice(from).findIndex((one) => one.includes(sought));
    if (below < 0) continue;
    const at = (lines[from + below] ?? "").indexOf(sought);
    return { line: from + below + 1, column: at + (sought.length > 1 ? before.length : 0) + 1, length: 1 };
  }
  return undefined;
}

/** The slip where the parser stopped. Quotes in quotes grow with every look, so a line that is too long by now has none. */
function slipOf(
  { message, place }: Problem,
  lines: readonly string[],
  written: readonly string[],
): Slip | undefined {
  if (place === undefined) return undefined;
  if (message === FOLDED) return { message, place, meant: foldedEntry(lines, place) };
  const alias = message === ALIAS ? aliasIn(lines[place.line - 1] ?? "", place) : undefined;
  const slip =
    alias ??
    slipIn(lines, place, written) ??
    (message === NO_COLON || message === INDENTED
      ? withoutColon(lines, place, message === NO_COLON)
      : undefined);
  return slip !== undefined && slip.meant.length > YAML_MAX_BYTES ? undefined : slip;
}

/** An alias, which is not expanded: it is read as its own text, so that the rest of the document is checked. */
function aliasIn(text: string, { line, column }: Place): Slip | undefined {
  const at = text.lastIndexOf("*", column - 1);
  // The name of an anchor; `*.log` is a text.
  const [alias = ""] = /^\*[\w-]+(?=\s*(?:[,\]}#]|$))/.exec(text.slice(Math.max(0, at))) ?? [];
  if (alias === "") return undefined;
  const meant = `${text.slice(0, at)}${quoted(alias)}${text.slice(at + alias.length)}`;
  return { message: ALIAS, place: { line, column: at + 1, length: alias.length }, meant };
}

/** Reads a text on in which keys are written twice, and lists each of them. */
function tolerant(text: string, problems: Problem[]): ReturnType<typeof attempt> {
  const read = attempt(text);
  const again = "input" in read || read.message !== WRITTEN_TWICE ? read : attempt(text, true);
  if (again !== read && "input" in again)
    for (const place of repeatedKeys(text, again.events))
      problems.push({ path: "", message: WRITTEN_TWICE, place });
  return again;
}

/** Places in the text as it is written, from those in the text with mended lines. */
function asWritten(placeOf: PlaceOf, mended: readonly string[], written: readonly string[]): PlaceOf {
  return (path, what) => {
    const place = placeOf(path, what);
    const [now = "", before = ""] =
      place === undefined ? [] : [mended[place.line - 1], written[place.line - 1]];
    if (place === undefined || now === before) return place;
    const { column, length } = place;
    const at = before.indexOf(now.slice(column - 1, column - 1 + length));
    return at < 0 ? { ...place, column: before.search(/\S/) + 1, length: 1 } : { ...place, column: at + 1 };
  };
}
