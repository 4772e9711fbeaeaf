/** Runs a command by its words: a function, a program, or a script file. */
import type { Io, Program, Run } from "../machine.ts";
import { endsLine } from "./faults.ts";
import { runStatements } from "./interpret.ts";
import { findProgram } from "./lookup.ts";
import type { Definition, Shell } from "./shell.ts";
import { Input } from "./streams.ts";

export function* call(shell: Shell, words: readonly string[]): Run {
  const [name = "", ...args] = words;
  shell.bounds.spend(words.reduce((sum, word) => sum + word.length, 0));
  const definition = shell.functions.get(name);
  if (definition !== undefined) return yield* callFunction(shell, name, definition, args);
  const found = findProgram(shell, name);
  switch (found.kind) {
    case "missing":
      shell.complain(found.reason);
      return found.code;
    case "unknown":
      return shell.notSimulated(shell.written === "" ? words.join(" ") : shell.written);
    case "file":
      return yield* Object.assign(shell.child(), { args }).program(found.text, name);
    case "program": {
      return yield* running(shell, found.program, args);
    }
  }
}

/** Bash fails a builtin for what would end the line elsewhere. */
function* running(shell: Shell, program: Program, args: readonly string[]): Run {
  try {
    const result = program(args, ioOf(shell));
    return typeof result === "number" ? result : yield* result;
  } catch (error) {
    if (!endsLine(error) || shell.dialect === "dash") throw error;
    return shell.failed(error);
  }
}

function* callFunction(
  shell: Shell,
  name: string,
  { body, source }: Definition,
  args: readonly string[],
): Run {
  const before = { args: shell.args, source: shell.source, callees: shell.callees };
  shell.bounds.nested(shell.callees.length);
  Object.assign(shell, { args, source, callees: [name, ...shell.callees] });
  shell.variables.push(true);
  try {
    return yield* shell.called(runStatements(shell, [body]));
  } finally {
    shell.variables.pop();
    Object.assign(shell, before);
  }
}

function ioOf(shell: Shell): Io {
  const { machine, files, out, err, path } = shell;
  return { machine, files, shell, input: shell.streams.get(0)?.input ?? new Input(""), out, err, path };
}
