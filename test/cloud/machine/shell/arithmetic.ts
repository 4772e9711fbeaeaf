/** `$(( ))`, `(( ))` and `let`. */
import type { ArithmeticExpression } from "unbash";
import type { Steps } from "../machine.ts";
import { partsText } from "./expand.ts";
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import { readSource } from "./source.ts";

/** How deep variables may name one another; bash stops at 1024, which no script reaches but by mistake. */
const MAX_NESTED = 50;

/** The value of an expression that is a text, such as the content of a variable. */
export function* calculatedText(shell: Shell, text: string): Steps<number> {
  const trimmed = text.trim();
  if (trimmed === "") return 0;
  if (/^-?\d+$/.test(trimmed)) return numberOf(trimmed);
  const { statements, fault } = readSource(`((${trimmed}\n))`, "bash");
  const command = statements[0]?.command;
  if (shell.nested >= MAX_NESTED)
    throw new ShellFault(`${trimmed}: expression recursion level exceeded`, "arithmetic");
  if (fault !== undefined || command?.type !== "ArithmeticCommand" || command.expression === undefined)
    throw new ShellFault(`${trimmed}: syntax error in expression`, "arithmetic");
  shell.nested++;
  try {
    return yield* calculated(shell, command.expression);
  } finally {
    shell.nested--;
  }
}

export function* calculated(shell: Shell, node: ArithmeticExpression): Steps<number> {
  switch (node.type) {
    case "ArithmeticGroup":
      return yield* calculated(shell, node.expression);
    case "ArithmeticTernary":
      return yield* calculated(
        shell,
        (yield* calculated(shell, node.test)) === 0 ? node.alternate : node.consequent,
      );
    case "ArithmeticUnary":
      return yield* unary(shell, node);
    case "ArithmeticBinary":
      return yield* binary(shell, node);
    case "ArithmeticCommandExpansion":
      return yield* calculatedText(shell, yield* shell.substitute(node.script));
    case "ArithmeticWord":
      return yield* word(shell, node);
  }
}

type Of<T extends ArithmeticExpression["type"]> = Extract<ArithmeticExpression, { type: T }>;

function* word(shell: Shell, { value, parts }: Of<"ArithmeticWord">): Steps<number> {
  if (parts !== undefined) return yield* calculatedText(shell, yield* partsText(shell, parts));
  if (/^\d/.test(value)) return numberOf(value);
  if (value.startsWith("$")) {
    const name = value.replaceAll(/[${}]/g, "");
    return yield* calculatedText(shell, shell.value(name) ?? missing(shell, name));
  }
  const { name, index } = yield* place(shell, value);
  return yield* calculatedText(shell, shell.value(name, index) ?? missing(shell, name));
}

function missing(shell: Shell, name: string): string {
  if (!shell.options.has("nounset")) return "0";
  throw new ShellFault(`${name}: ${shell.dialect === "dash" ? "parameter not set" : "unbound variable"}`);
}

/** The variable that a word names: `n`, `a[1]`. */
function* place(
  shell: Shell,
  text: string,
): Steps<{ readonly name: string; readonly index: string | undefined }> {
  const match = /^([A-Za-z_]\w*)(?:\[(.*)\])?$/s.exec(text);
  if (match === null) throw new ShellFault(`${text}: syntax error: operand expected`, "arithmetic");
  const [, name = "", index] = match;
  if (index === undefined) return { name, index };
  const isMap = shell.variables.find(name)?.isMap ?? false;
  return { name, index: isMap ? index : String(yield* calculatedText(shell, index)) };
}

function numberOf(text: string): number {
  const [, base, digits] = /^(\d+)#(\w+)$/.exec(text) ?? [];
  const value =
    base !== undefined && digits !== undefined
      ? Number.parseInt(digits, Number(base))
      : /^-?0\d/.test(text)
        ? /[89]/.test(text)
          ? Number.NaN
          : Number.parseInt(text, 8)
        : Number(text);
  if (Number.isNaN(value)) throw new ShellFault(`${text}: value too great for base`, "arithmetic");
  return value;
}

function* unary(shell: Shell, { operator, operand, prefix }: Of<"ArithmeticUnary">): Steps<number> {
  if (operator === "++" || operator === "--") {
    if (shell.dialect === "dash" || operand.type !== "ArithmeticWord")
      throw new ShellFault("arithmetic expression: expecting primary");
    const before = yield* calculated(shell, operand);
    const after = before + (operator === "++" ? 1 : -1);
    yield* assign(shell, operand.value, after);
    return prefix ? after : before;
  }
  const value = yield* calculated(shell, operand);
  if (operator === "!") return Number(value === 0);
  if (operator === "~") return ~value;
  return operator === "-" ? 0 - value : value;
}

function* assign(shell: Shell, target: string, value: number): Steps<void> {
  const { name, index } = yield* place(shell, target);
  shell.variables.set(name, String(value), index);
}

const ASSIGNS = /^(?:[+\-*/%&|^]|<<|>>)?=$/;

function* binary(shell: Shell, { operator, left, right }: Of<"ArithmeticBinary">): Steps<number> {
  if (operator === "&&" && (yield* calculated(shell, left)) === 0) return 0;
  if (operator === "&&") return Number((yield* calculated(shell, right)) !== 0);
  if (operator === "||" && (yield* calculated(shell, left)) !== 0) return 1;
  if (operator === "||") return Number((yield* calculated(shell, right)) !== 0);
  if (!ASSIGNS.test(operator)) {
    const first = yield* calculated(shell, left);
    return computed(operator, first, yield* calculated(shell, right), shell);
  }
  if (left.type !== "ArithmeticWord")
    throw new ShellFault("attempted assignment to non-variable", "arithmetic");
  const given = yield* calculated(shell, right);
  const value =
    operator === "=" ? given : computed(operator.slice(0, -1), yield* calculated(shell, left), given, shell);
  yield* assign(shell, left.value, value);
  return value;
}

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => Math.trunc(a / b),
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
  "<<": (a, b) => a * 2 ** b,
  ">>": (a, b) => Math.floor(a / 2 ** b),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  "<": (a, b) => Number(a < b),
  ">": (a, b) => Number(a > b),
  "<=": (a, b) => Number(a <= b),
  ">=": (a, b) => Number(a >= b),
  ",": (_, b) => b,
};

function computed(operator: string, a: number, b: number, { dialect }: Shell): number {
  if ((operator === "/" || operator === "%") && b === 0) throw new ShellFault("division by 0", "arithmetic");
  const operation = OPERATIONS[operator];
  if (operation === undefined || (operator === "**" && dialect === "dash"))
    throw new ShellFault(`arithmetic expression: ${operator} is not known`, "arithmetic");
  return operation(a, b) + 0;
}
