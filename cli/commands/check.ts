/** `check FILE…`: the mistakes of recipes and fleets, without a network. */
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import type { Checked } from "../documents.ts";

export const check: Command = {
  name: "check",
  summary: "find the mistakes in recipes and fleets, without a network",
  args: "FILE…",
  count: [1, Number.POSITIVE_INFINITY],
  options: {
    as: {
      value: "KIND",
      help: "recipe or fleet; without it the folder recipes/ or fleets/ says, or the content",
    },
  },
  details: `A folder stands for the documents in it. Every mistake of a file is listed with its line, its rule and what to write
instead. Exit code 3 when there is one. --json: { version, command, ok, files: [{ file, kind, problems: [{ path, line,
column, rule, suggestion }] }] }`,
  run: checkFiles,
};

async function checkFiles(input: Input, io: Io): Promise<Exit> {
  // The parser is most of the time of a start.
  const { checkFile, documentFiles, kindIn } = await import("../documents.ts");
  const { listed, summaryOf, rowsOf } = await import("../problems.ts");
  const as = kindIn(input.one("as"));
  const files: Checked[] = [];
  for (const given of input.args)
    for (const file of await documentFiles(given, io.cwd)) files.push(await checkFile(file, io.cwd, as));
  const ok = files.every(({ problems }) => problems.length === 0);
  if (input.json) {
    const shown = files.map(({ file, kind, problems }) => ({ file, kind, problems: rowsOf(problems) }));
    io.out(jsonOf("check", { ok, files: shown }));
  } else {
    for (const file of files) io.out(listed(file));
    io.out(summaryOf(files));
  }
  return ok ? EXIT.ok : EXIT.invalid;
}
