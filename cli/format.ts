/** Times, durations and tables for a reader. */
import { days, formatDuration, hours, minutes } from "../shared/duration.ts";
import { t } from "./language.ts";

const two = (number: number): string => String(number).padStart(2, "0");

/** An instant in the zone of this machine, to the minute. */
export function localMinute(at: number): string {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** As `localMinute`, to the second. */
export const localSecond = (at: number): string => `${localMinute(at)}:${two(new Date(at).getSeconds())}`;

/** The time since an instant in its largest unit, such as `3h`; undefined for less than a minute. */
export function elapsed(at: number, now: number): string | undefined {
  const ms = Math.max(0, now - at);
  if (ms >= days(2)) return `${Math.floor(ms / days(1))}d`;
  if (ms >= hours(1)) return `${Math.floor(ms / hours(1))}h`;
  return ms >= minutes(1) ? `${Math.floor(ms / minutes(1))}m` : undefined;
}

const msOf = (instant: string | number): number =>
  typeof instant === "number" ? instant : Date.parse(instant);

/** An instant and its age: `2026-01-05 09:00, 3h ago`. */
export const when = (instant: string | number, now: number): string => {
  const at = msOf(instant);
  const age = elapsed(at, now);
  return `${localMinute(at)}, ${age === undefined ? t("just now") : t("{age} ago", { age })}`;
};

/** How long something took, from instant to instant. */
export const took = (from: string | number, to: string | number): string =>
  formatDuration(Math.max(0, msOf(to) - msOf(from)));

/** East Asian wide characters take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal that a text takes. */
export const widthOf = (text: string): number =>
  Array.from(text).reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0);

/** A text that takes at least so many columns. */
export const padded = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Rows in columns, with a line of headings; nothing without rows. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const all = [headings.map((heading) => t(heading)), ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ""))));
  return all.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** The lines of an output, without those that are empty at its end. */
export const linesIn = (text: string): readonly string[] =>
  text.trimEnd() === "" ? [] : text.trimEnd().split("\n");

/** Lines of an output below its name. */
export const quoted = (lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [`  ${t("(it printed nothing)")}`] : lines.map((line) => `  │ ${line}`);

const COLORS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/**
 * A text for a terminal or a page: escapes, and other characters that act instead of being shown, do nothing there. Those that
 * turn the direction of a text around could show a name as another one.
 */
export const harmless = (text: string): string =>
  text
    .replaceAll(COLORS, "")
    .replaceAll(/\r(?=\n|$)/g, "")
    .replaceAll(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "�");

/** The beginning of a text, on one line. */
export function short(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
