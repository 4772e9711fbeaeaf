/** Whoever may write a document chooses its text, and one function reads all documents: the time grows like the length. */
import { test } from "vitest";
import { channelsIn } from "../../functions/janitor/documents/channels.ts";
import { help } from "../../shared/documents/help.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { DocumentError } from "../../shared/errors.ts";

const TEXTS: Readonly<Record<string, (fill: (part: string) => string) => string>> = {
  "names and signs": (fill) => fill("AA="),
  "names and values": (fill) => fill("PORT=80 "),
  "options with secrets": (fill) => fill("--password=x "),
  "full-width colons": (fill) => fill("token：a "),
  "values in brackets": (fill) => `bad: '{ ${fill("AA: b ")}'`,
  "quoted values": (fill) => fill('"TOKEN": "abc", '),
  "open quotes": (fill) => fill('AA="\\"'),
  spaces: (fill) => `env: { a: b${fill(" ")}`,
  "headers of curl": (fill) => fill("-H Cookie: a "),
  addresses: (fill) => fill("https://a:b@c?d=e"),
  "lines of secrets": (fill) => `env:\n${fill("  V: secret\n")}`,
  channels: (fill) => fill("notify:\n- "),
  "channels of a line": (fill) => fill("notify: [] "),
  "channels in channels": (fill) => fill("notify: ["),
  "a Dockerfile without commands": (fill) => `FROM a${fill("\n")}`,
  "many beginnings of a Dockerfile": (fill) => fill("FROM a\n \n"),
  "a resource of Terraform": (fill) => `resource "a"${fill(" ")}`,
  "one key": (fill) => fill("a:\r\n"),
  aliases: (fill) => `a: &x 1\n${fill("b: *x\n")}`,
};

/** The least time of some, ms: others use the machine, too. */
function timeOf(text: string): number {
  const times = Array.from({ length: 3 }, () => {
    const from = performance.now();
    try {
      parseRecipe("web", text, help);
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
    }
    channelsIn(text);
    return performance.now() - from;
  });
  return Math.min(...times);
}

test.for(Object.entries(TEXTS))("a text of nothing but %s is read in time", ([, make], { expect }) => {
  // Whole parts: a text that ends within one may be refused at once, which takes no time.
  const ofLength = (length: number) => make((part) => part.repeat(Math.floor(length / part.length)));
  const short = timeOf(ofLength(4000));
  // Eight times the length: in the square of it, sixty-four times the time.
  expect(timeOf(ofLength(32_000))).toBeLessThan(Math.max(200, 24 * short));
});
