/** HTML in which every value is escaped, whoever wrote it. */
import { harmless } from "../format.ts";

/** A piece of HTML that `html` made; everything else is text. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Nothing is shown of `undefined` and `false`. */
type Value = Html | string | number | undefined | false | readonly Value[];

/** A template whose values become text, and whose lists become their parts in a row. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.map((part, at) => part + (at < values.length ? textOf(values[at]) : "")).join(""));

function textOf(value: Value): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === false) return "";
  if (typeof value === "string") return escaped(value);
  return typeof value === "number" ? String(value) : value.map(textOf).join("");
}

const ENTITY: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => harmless(text).replaceAll(/[&<>"']/g, (one) => ENTITY[one] ?? one);
