/** `$(( ))`, `(( ))` and `let`: whole numbers of 64 bits, which wrap around. */
import type { ArithmeticExpression } from "unbash";
import type { Steps } from "../machine.ts";
import { partsText } from "./expand.ts";
import { ShellFault } from "./faults.ts";
import type { Shell } from "./shell.ts";
import { readSource } from "./source.ts";

/** How deep variables may name one another; bash stops at 1024, which no script reaches but by mistake. */
const MAX_NESTED = 50;

/** The value of an expression that is a text, such as the content of a variable. */
export function* calculatedText(shell: Shell, text: string): Steps<bigint> {
  const trimmed = text.trim();
  if (trimmed === "") return 0n;
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

export function* calculated(shell: Shell, node: ArithmeticExpression): Steps<bigint> {
  switch (node.type) {
    case "ArithmeticGroup":
      return yield* calculated(shell, node.expression);
    case "ArithmeticTernary":
      return yield* calculated(
        shell,
        (yield* calculated(shell, node.test)) === 0n ? node.alternate : node.consequent,
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

function* word(shell: Shell, { value, parts }: Of<"ArithmeticWord">): Steps<bigint> {
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

const wrapped = (value: bigint): bigint => BigInt.asIntN(64, value);

function numberOf(text: string): bigint {
  const [, base, digits] = /^(\d+)#(\w+)$/.exec(text) ?? [];
  const value =
    base !== undefined && digits !== undefined
      ? inBase(digits, Number(base))
      : /^-?0\d/.test(text)
        ? octal(text)
        : /^-?(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text)
          ? whole(text)
          : undefined;
  if (value === undefined) throw new ShellFault(`${text}: value too great for base`, "arithmetic");
  return wrapped(value);
}

const whole = (text: string): bigint => (text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text));

function octal(text: string): bigint | undefined {
  if (/[89]/.test(text)) return undefined;
  const value = BigInt(`0o${text.replace(/^-?0/, "")}`);
  return text.startsWith("-") ? -value : value;
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_";

/** Letters of both cases are the same up to base 36. */
function inBase(text: string, base: number): bigint | undefined {
  let value = 0n;
  for (const digit of base <= 36 ? text.toLowerCase() : text) {
    const at = DIGITS.indexOf(digit);
    if (at === -1 || at >= base) return undefined;
    value = value * BigInt(base) + BigInt(at);
  }
  return value;
}

function* unary(shell: Shell, { operator, operand, prefix }: Of<"ArithmeticUnary">): Steps<bigint> {
  if (operator === "++" || operator === "--") {
    if (shell.dialect === "dash" || operand.type !== "ArithmeticWord")
      throw new ShellFault("arithmetic expression: expecting primary");
    const before = yield* calculated(shell, operand);
    const after = wrapped(before + (operator === "++" ? 1n : -1n));
    yield* assign(shell, operand.value, after);
    return prefix ? after : before;
  }
  const value = yield* calculated(shell, operand);
  if (operator === "!") return truth(value === 0n);
  if (operator === "~") return ~value;
  return wrapped(operator === "-" ? -value : value);
}

const truth = (holds: boolean): bigint => (holds ? 1n : 0n);

function* assign(shell: Shell, target: string, value: bigint): Steps<void> {
  const { name, index } = yield* place(shell, target);
  shell.variables.set(name, String(value), index);
}

const ASSIGNS = /^(?:[+\-*/%&|^]|<<|>>)?=$/;

function* binary(shell: Shell, { operator, left, right }: Of<"ArithmeticBinary">): Steps<bigint> {
  if (operator === "&&" && (yield* calculated(shell, left)) === 0n) return 0n;
  if (operator === "&&") return truth((yield* calculated(shell, right)) !== 0n);
  if (operator === "||" && (yield* calculated(shell, left)) !== 0n) return 1n;
  if (operator === "||") return truth((yield* calculated(shell, right)) !== 0n);
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

const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "<<": (a, b) => a << (b & 63n),
  ">>": (a, b) => a >> (b & 63n),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  ">": (a, b) => truth(a > b),
  "<=": (a, b) => truth(a <= b),
  ">=": (a, b) => truth(a >= b),
  ",": (_, b) => b,
};

function computed(operator: string, a: bigint, b: bigint, { dialect }: Shell): bigint {
  if ((operator === "/" || operator === "%") && b === 0n) throw new ShellFault("division by 0", "arithmetic");
  if (operator === "**" && dialect === "bash") return power(a, b);
  const operation = OPERATIONS[operator];
  if (operation === undefined)
    throw new ShellFault(`arithmetic expression: ${operator} is not known`, "arithmetic");
  return wrapped(operation(a, b));
}

/** By squaring, wrapped at each step: a large exponent takes no time. */
function power(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) throw new ShellFault("exponent less than 0", "arithmetic");
  let value = 1n;
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left % 2n === 1n) value = wrapped(value * square);
    square = wrapped(square * square);
  }
  return value;
}
