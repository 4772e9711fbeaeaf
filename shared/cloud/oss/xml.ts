/**
 * Reads the flat XML of OSS: list pages and errors. Twenty lines, because the formats are fixed, hold no
 * attributes or comments that matter, and the smallest general parser is ten times this.
 */

/** The inner XML of every `<name>` element, in order. The element must not contain itself. */
export function entriesOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))].map(([, inner = ""]) => inner);
}

/** The text of the first `<name>` element, "" when there is none. */
export function textOf(xml: string, name: string): string {
  return entriesOf(xml, name).slice(0, 1).map(unescape).join("");
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (all, hex?: string, decimal?: string, name = "") => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return NAMED[String(name)] ?? all;
    },
  );
}
