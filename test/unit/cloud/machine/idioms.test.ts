/**
 * Idioms of shell scripts, one assertion a row: a script, its exit code and its output.
 *
 * The rows are in text files beside this one: `### claim`, the script, `--- exit code`, the output. Codes and outputs were
 * taken from bash 5.2.15 and dash 0.5.12 of Debian 12, run as root with HOME=/root in /root. Messages of programs and shells
 * (`name: …`, `Terminated`) are left out, because each words them differently.
 */
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { freshDisk, runOnMachine } from "../../../cloud/index.ts";

interface Row {
  readonly claim: string;
  readonly script: string;
  readonly code: number;
  readonly output: string;
}

function rowsOf(name: string): Row[] {
  const text = readFileSync(new URL(`${name}.txt`, import.meta.url), "utf8");
  return text
    .split(/^### /m)
    .slice(1)
    .map((block) => {
      const [, claim = "", script = "", code = "", output = ""] =
        /^(.*)\n([\s\S]*?)\n--- (\d+)\n([\s\S]*)$/.exec(block) ?? [];
      return { claim, script, code: Number(code), output: output.trimEnd() };
    });
}

const withoutMessages = (text: string): string => text.replaceAll(/^[\w./[-]+: .*\n?/gm, "").trimEnd();

const TABLES = [
  ["language", "alinux"],
  ["expansion", "alinux"],
  ["programs", "alinux"],
  ["dash", "ubuntu"],
] as const;

for (const [table, system] of TABLES) {
  describe(`table ${table}`, () => {
    for (const { claim, script, code, output } of rowsOf(table)) {
      test(`${claim} (${system})`, ({ expect }) => {
        const ran = runOnMachine(script, freshDisk(system));
        expect({ code: ran.code, output: withoutMessages(ran.output) }).toEqual({ code, output });
        expect(ran.unsupported).toEqual([]);
      });
    }
  });
}
