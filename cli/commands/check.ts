/** `check FILE…`: the mistakes of recipes and fleets, without a network. */
import { AS, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";

export const check: Command = {
  name: "check",
  summary: "find the mistakes in recipes and fleets, without a network",
  args: "FILE…",
  count: [1, Number.POSITIVE_INFINITY],
  options: {
    as: AS,
  },
  details: `A folder stands for the documents in it. Every mistake of a file is listed with its line, its rule and what to write
instead. Exit code 3 when there is one. --json: { version, command, ok, files: [{ file, kind, problems: [{ path, line,
column, rule, suggestion }] }] }`,
  run: checkFiles,
};

async function checkFiles(input: Input, io: Io): Promise<Exit> {
  // The parser is most of the time of a start.
  const { checkAll } = await import("../documents.ts");
  const { factsOf, listed, summaryOf } = await import("../problems.ts");
  const files = await checkAll(input, io);
  const ok = files.every(({ problems }) => problems.length === 0);
  if (input.json) io.out(jsonOf("check", { ok, files: files.map(factsOf) }));
  else {
    for (const file of files) io.out(listed(file));
    io.out(summaryOf(files));
  }
  return ok ? EXIT.ok : EXIT.invalid;
}
