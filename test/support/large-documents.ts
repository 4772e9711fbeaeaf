/** The largest documents that Kiln accepts: every list as long as it may be, and the rest filled up to the byte. */
import { dump } from "js-yaml";
import { DOCUMENT_MAX_BYTES, DOCUMENT_TEXT_MAX_BYTES, jsonBytes } from "../../shared/budget.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Every combination of 10 types and 20 vSwitches. */
export const manyTypes = Array.from({ length: 10 }, (_, n) => `ecs.${"g7".padEnd(28, "x")}.${n}xlarge`);
export const manyVSwitches = Array.from({ length: 20 }, (_, n) => `vsw-${"hangzhou".padEnd(50, "x")}${n}`);
export const manyChannels = Array.from({ length: 20 }, (_, n) => `${"channel".padEnd(36, "x")}${n}`);
export const manyAccounts = Array.from({ length: 50 }, (_, n) => `100000000000000000${n + 10}`);

/** Lines of a comment that have about twice as many bytes in JSON as in YAML. */
const filler = (bytes: number): string => {
  const line = `# ${'"'.repeat(40)}\n`;
  const inJson = jsonBytes(line) - 2;
  const lines = line.repeat(Math.floor(bytes / inJson));
  return lines + "#".repeat(bytes % inJson);
};

/**
 * The text of the document that `make` returns for a filling text, with the most bytes it may have when complete.
 * `parse` completes it.
 */
export function filledUp(make: (filling: string) => Fields, parse: (text: string) => unknown): string {
  const text = (bytes: number) => dump(make(filler(bytes)), { lineWidth: -1 });
  const room = DOCUMENT_MAX_BYTES - jsonBytes(parse(text(0)));
  const full = text(room);
  const bytes = jsonBytes(parse(full));
  if (bytes !== DOCUMENT_MAX_BYTES) throw new Error(`it has ${bytes} bytes`);
  if (Buffer.byteLength(full) > DOCUMENT_TEXT_MAX_BYTES) throw new Error("its text is too long");
  return full;
}
