/** `[[ ]]` and `test`. */
import type { TestExpression, Word } from "unbash";
import { isOfKernel } from "../files.ts";
import type { Steps } from "../machine.ts";
import { isBracketed, patternOf, textOf } from "./expand.ts";
import { ShellFault } from "./faults.ts";
import { escapeRegExp, toRegExp } from "./pattern.ts";
import type { Shell } from "./shell.ts";

/** Whether a condition between `[[` and `]]` holds. */
export function* holds(shell: Shell, node: TestExpression): Steps<boolean> {
  switch (node.type) {
    case "TestGroup":
      return yield* holds(shell, node.expression);
    case "TestNot":
      return (yield* holds(shell, node.operand)) !== (node.negations.length % 2 === 1);
    case "TestLogical": {
      const isAll = node.operator === "&&";
      for (const operand of node.operands) if ((yield* holds(shell, operand)) !== isAll) return !isAll;
      return isAll;
    }
    case "TestUnary":
      return unary(shell, node.operator, yield* textOf(shell, node.operand));
    case "TestBinary":
      return yield* compared(shell, node.operator, node.left, node.right);
  }
}

function* compared(shell: Shell, operator: string, left: Word, right: Word): Steps<boolean> {
  const text = yield* textOf(shell, left);
  if (operator === "=~") return matched(shell, text, yield* expressionOf(shell, right));
  if (/^(==?|!=)$/.test(operator))
    return (
      toRegExp(yield* patternOf(shell, right), shell.shopts.has("nocasematch")).test(text) ===
      (operator !== "!=")
    );
  const other = yield* textOf(shell, right);
  if (!/^-(eq|ne|lt|le|gt|ge)$/.test(operator)) return binary(shell, text, operator, other);
  return numbers(operator, yield* shell.calculateText(text), yield* shell.calculateText(other));
}

/** A regular expression, in which quoted text is plain. */
function* expressionOf(shell: Shell, word: Word): Steps<string> {
  if (word.parts === undefined) return word.text;
  let source = "";
  for (const part of word.parts) {
    if (isBracketed(part) && part.parts !== undefined) {
      const inner = yield* expressionOf(shell, { ...word, parts: part.parts });
      source += `${part.text.slice(0, part.type === "ExtendedGlob" ? 2 : 1)}${inner}${part.text.slice(-1)}`;
      continue;
    }
    const isQuoted = /Quoted|LocaleString/.test(part.type);
    const isExpansion = part.type.endsWith("Expansion") && part.type !== "BraceExpansion";
    const one: Word = {
      type: "Word",
      text: part.text,
      value: "",
      pos: part.pos,
      end: part.end,
      parts: [part],
    };
    if (!isQuoted && !isExpansion) source += part.text;
    else if (isExpansion) source += yield* textOf(shell, one);
    else source += escapeRegExp(yield* textOf(shell, one));
  }
  return source;
}

function matched(shell: Shell, text: string, source: string): boolean {
  const classes = source.replaceAll(
    /\[:(\w+):\]/g,
    (_, name: string) =>
      ({
        digit: "0-9",
        alpha: "A-Za-z",
        alnum: "A-Za-z0-9",
        space: String.raw`\s`,
        upper: "A-Z",
        lower: "a-z",
      })[name] ?? "",
  );
  const match = new RegExp(classes, shell.shopts.has("nocasematch") ? "i" : "").exec(text);
  shell.variables.clear("BASH_REMATCH");
  for (const [index, group] of (match ?? []).entries())
    shell.variables.set("BASH_REMATCH", group ?? "", String(index));
  return match !== null;
}

/** The exit code of `test` with these words. */
export function tested(shell: Shell, args: readonly string[]): number {
  try {
    return Number(!asked(shell, args));
  } catch (error) {
    if (!(error instanceof ShellFault)) throw error;
    shell.complain(`test: ${error.message}`);
    return 2;
  }
}

function asked(shell: Shell, args: readonly string[]): boolean {
  const [first = "", second = "", third = ""] = args;
  if (args.length <= 1) return first !== "";
  if (args.length === 2) return first === "!" ? second === "" : unary(shell, first, second);
  if (args.length === 3 && isBinary(second)) return strict(shell, first, second, third);
  // `!` binds tighter than -a and -o.
  if (args.length > 4 && (args.includes("-a") || args.includes("-o"))) return joined(shell, args);
  return negatedOrGrouped(shell, args);
}

function negatedOrGrouped(shell: Shell, args: readonly string[]): boolean {
  if (args[0] === "!") return !asked(shell, args.slice(1));
  if (args[0] === "(" && args.at(-1) === ")") return asked(shell, args.slice(1, -1));
  return joined(shell, args);
}

/** `a -o b`, `a -a b` */
function joined(shell: Shell, args: readonly string[]): boolean {
  const or = args.indexOf("-o", 1);
  const at = or === -1 ? args.indexOf("-a", 1) : or;
  if (at === -1)
    throw new ShellFault(
      `${args[1] ?? ""}: ${args.length === 3 ? "unexpected operator" : "too many arguments"}`,
    );
  const before = asked(shell, args.slice(0, at));
  const after = asked(shell, args.slice(at + 1));
  return or === -1 ? before && after : before || after;
}

const isBinary = (word: string): boolean => /^(?:==?|!=|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef|a|o))$/.test(word);

/** A comparison of `test`, which takes whole numbers only. */
function strict(shell: Shell, left: string, operator: string, right: string): boolean {
  if (operator === "==" && shell.dialect === "dash") throw new ShellFault(`${left}: unexpected operator`);
  const wrong = /^-(?:eq|ne|lt|le|gt|ge)$/.test(operator)
    ? [left, right].find((text) => !/^\s*[-+]?\d+\s*$/.test(text))
    : undefined;
  if (wrong !== undefined) throw new ShellFault(`${wrong}: integer expression expected`);
  return binary(shell, left, operator, right);
}

function binary({ files, path, dialect }: Shell, left: string, operator: string, right: string): boolean {
  const age = (text: string): number => (files.exists(path(text)) ? files.writtenAt(path(text)) : -1);
  const answers: Readonly<Record<string, () => boolean>> = {
    "==": () => left === right,
    "=": () => left === right,
    "!=": () => left !== right,
    "<": () => left < right,
    ">": () => left > right,
    "-a": () => left !== "" && right !== "",
    "-o": () => left !== "" || right !== "",
    "-nt": () =>
      files.exists(path(left)) && (dialect === "bash" || files.exists(path(right))) && age(left) > age(right),
    "-ot": () =>
      files.exists(path(right)) && (dialect === "bash" || files.exists(path(left))) && age(left) < age(right),
    "-ef": () => files.exists(path(left)) && files.real(path(left)) === files.real(path(right)),
  };
  return answers[operator]?.() ?? numbers(operator, BigInt(left.trim()), BigInt(right.trim()));
}

function numbers(operator: string, a: bigint, b: bigint): boolean {
  const answers: Readonly<Record<string, boolean>> = {
    "-eq": a === b,
    "-ne": a !== b,
    "-lt": a < b,
    "-le": a <= b,
    "-gt": a > b,
    "-ge": a >= b,
  };
  const answer = answers[operator];
  if (answer === undefined) throw new ShellFault(`${operator}: binary operator expected`);
  return answer;
}

/** Questions that only bash has. */
const OF_BASH: ReadonlySet<string> = new Set(["-a", "-v", "-o", "-N", "-R"]);

function unary(shell: Shell, operator: string, word: string): boolean {
  const { files } = shell;
  if (shell.dialect === "dash" && OF_BASH.has(operator))
    throw new ShellFault(`${operator}: unexpected operator`);
  const path = shell.path(word);
  if (/^-[adefrswxOG]$/.test(operator)) return isFound(shell, operator, path);
  const answers: Readonly<Record<string, () => boolean>> = {
    "-z": () => word === "",
    "-n": () => word !== "",
    "-L": () => files.isLink(path),
    "-h": () => files.isLink(path),
    "-v": () => isSet(shell, word),
    "-o": () => shell.options.has(word),
    // No terminal, no pipes, no devices, no special bits.
    "-t": () => false,
    "-p": () => false,
    "-S": () => false,
    "-b": () => files.isDevice(path),
    "-c": () => path.startsWith("/dev/") && files.exists(path) && !files.isDevice(path),
    "-u": () => false,
    "-g": () => false,
    "-k": () => word === "/tmp" || word === "/var/tmp",
    "-R": () => (shell.variables.own(word)?.refersTo ?? "") !== "",
  };
  const answer = answers[operator];
  if (answer === undefined) throw new ShellFault(`${operator}: unary operator expected`);
  return answer();
}

/** Whether a file, a folder or a program of the system is there. */
function isFound(shell: Shell, operator: string, path: string): boolean {
  const { files } = shell;
  const isThere = files.exists(path);
  if (!isThere && isOfKernel(path)) return shell.notSimulated(`test ${operator} ${path}`) !== 0;
  if (operator === "-d") return files.isDirectory(path);
  if (!isThere && shell.isProgram(path)) return true;
  if (operator === "-s") return files.isDirectory(path) || (files.read(path) ?? "") !== "";
  if (operator === "-f") return files.isFile(path);
  if (operator === "-x") return files.isDirectory(path) || files.isExecutable(path);
  return isThere;
}

function isSet(shell: Shell, word: string): boolean {
  const [, name = word, index] = /^(\w+)\[(.*)\]$/.exec(word) ?? [];
  return shell.value(name, index) !== undefined;
}
