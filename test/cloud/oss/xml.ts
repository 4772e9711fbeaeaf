/** Just enough XML for the OSS protocol: trees of text out, flat lists of elements in. */

type XmlValue = string | number | boolean | XmlNode | readonly XmlValue[] | undefined;
export interface XmlNode {
  readonly [name: string]: XmlValue;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const escape = (text: string): string =>
  text.replace(/[<>&"]/g, (c) => `&${Object.keys(ENTITIES).find((name) => ENTITIES[name] === c)};`);

/** A document with one root; arrays repeat their element, undefined leaves it out. */
export const document = (root: string, value: XmlNode): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value)}`;

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (isList(value)) return value.map((item) => element(name, item)).join("");
  const inner =
    typeof value === "object"
      ? Object.entries(value)
          .map(([key, child]) => element(key, child))
          .join("")
      : escape(String(value));
  return `<${name}>${inner}</${name}>`;
}

const isList = (value: XmlValue): value is readonly XmlValue[] => Array.isArray(value);

/** The contents of every `<name>` element in `xml`, markup inside them left as it is. */
export const contents = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))].map((match) => match[1] ?? "");

/** Text with entities resolved. */
export const unescape = (text: string): string =>
  text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (whole: string, ...groups: readonly (string | undefined)[]) => {
      const [decimal, hex, name = ""] = groups;
      if (decimal) return String.fromCodePoint(Number(decimal));
      if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
      return ENTITIES[name] ?? whole;
    },
  );
