/** `awk`, as far as scripts use it to pick fields: a pattern, and `print` of fields, texts and NF, NR. */
import { eachText, lines, notSimulated } from "./answers.ts";
import { expressionOf } from "./expressions.ts";
import type { Io, Program } from "./machine.ts";
import { escapeRegExp } from "./shell/pattern.ts";

export const AWK: Readonly<Record<string, Program>> = { awk };

interface Rule {
  readonly holds: (row: Row) => boolean;
  /** Undefined prints the whole line. */
  readonly print: readonly (readonly Item[])[] | undefined;
  readonly exits: boolean;
}

interface Row {
  readonly line: string;
  readonly fields: readonly string[];
  readonly number: number;
}

type Item = (row: Row) => string;

function awk(args: readonly string[], io: Io): number {
  const rest = [...args];
  let separator = " ";
  while (/^-./.test(rest[0] ?? "")) {
    const flag = rest.shift() ?? "";
    if (flag === "-F") separator = rest.shift() ?? " ";
    else if (flag.startsWith("-F")) separator = flag.slice(2);
    else return notSimulated("awk", args, io);
  }
  const [program = "", ...names] = rest;
  const rules = rulesOf(program);
  if (rules === undefined) return notSimulated("awk", args, io);
  const splitter =
    separator === " "
      ? undefined
      : separator.length === 1
        ? new RegExp(escapeRegExp(separator))
        : expressionOf(separator, "extended");
  let number = 0;
  let isOver = false;
  return eachText(names, io, "awk", (text) => {
    for (const raw of lines(text)) {
      if (isOver) return;
      const line = raw.replace(/\n$/, "");
      const fields = splitter === undefined ? line.split(/\s+/).filter(Boolean) : line.split(splitter);
      const row: Row = { line, fields, number: ++number };
      for (const { holds, print, exits } of rules) {
        if (!holds(row)) continue;
        io.out(
          `${print === undefined ? line : print.map((items) => items.map((item) => item(row)).join("")).join(" ")}\n`,
        );
        isOver ||= exits;
      }
    }
  });
}

function rulesOf(program: string): Rule[] | undefined {
  const rules: Rule[] = [];
  let rest = program.trim();
  while (rest !== "") {
    const match =
      /^(\/(?:\\.|[^/])+\/|(?:NR|\$\d+|\$NF|NF)\s*(?:==|!=|>|<|~|>=|<=)\s*(?:\d+|"[^"]*"|\/[^/]+\/))?\s*(\{[^}]*\})?\s*;?\s*/.exec(
        rest,
      );
    if (match === null || match[0] === "") return undefined;
    const holds = conditionOf(match[1]);
    const action = actionOf(match[2]);
    if (holds === undefined || action === undefined) return undefined;
    rules.push({ holds, ...action });
    rest = rest.slice(match[0].length);
  }
  return rules.length === 0 ? undefined : rules;
}

function conditionOf(text: string | undefined): Rule["holds"] | undefined {
  if (text === undefined) return () => true;
  if (text.startsWith("/")) {
    const matcher = expressionOf(text.slice(1, -1), "extended");
    return ({ line }) => matcher.test(line);
  }
  const [, left = "", operator = "", right = ""] = /^(\S+?)\s*(==|!=|>=|<=|>|<|~)\s*(.+)$/.exec(text) ?? [];
  const value = itemOf(left);
  if (value === undefined) return undefined;
  if (operator === "~") {
    const matcher = expressionOf(right.replaceAll(/^["/]|["/]$/g, ""), "extended");
    return (row) => matcher.test(value(row));
  }
  const other = right.replaceAll(/^"|"$/g, "");
  const isNumber = /^\d+$/.test(right);
  return (row) => compared(value(row), operator, other, isNumber);
}

function compared(a: string, operator: string, b: string, isNumber: boolean): boolean {
  const [x, y] = isNumber ? [Number(a), Number(b)] : [a, b];
  if (operator === "==") return x === y;
  if (operator === "!=") return x !== y;
  if (operator === ">") return x > y;
  if (operator === "<") return x < y;
  return operator === ">=" ? x >= y : x <= y;
}

function actionOf(text: string | undefined): Pick<Rule, "print" | "exits"> | undefined {
  if (text === undefined) return { print: undefined, exits: false };
  const [, list, exit] =
    /^\{\s*print\s*((?:"(?:\\.|[^"])*"|[^;"])*?)\s*(;\s*exit\s*;?)?\s*;?\s*\}$/.exec(text) ?? [];
  if (list === undefined) return undefined;
  if (list === "") return { print: undefined, exits: exit !== undefined };
  const parts: Item[][] = [];
  for (const part of list.match(/(?:"(?:\\.|[^"])*"|[^,"])+/g) ?? []) {
    const items = (part.match(/"(?:\\.|[^"])*"|[^\s"]+/g) ?? [])
      .flatMap((word) => word.match(/"(?:\\.|[^"])*"|\$?\w+|\S/g) ?? [])
      .map(itemOf);
    if (items.some((item) => item === undefined)) return undefined;
    parts.push(items.filter((item) => item !== undefined));
  }
  return { print: parts, exits: exit !== undefined };
}

function itemOf(text: string): Item | undefined {
  if (text.startsWith('"'))
    return () =>
      text.slice(1, -1).replaceAll(/\\(.)/g, (_, char: string) => ({ n: "\n", t: "\t" })[char] ?? char);
  if (text === "$0") return ({ line }) => line;
  if (text === "$NF") return ({ fields }) => fields.at(-1) ?? "";
  if (text === "NF") return ({ fields }) => String(fields.length);
  if (text === "NR") return ({ number }) => String(number);
  if (/^\$\d+$/.test(text)) return ({ fields }) => fields[Number(text.slice(1)) - 1] ?? "";
  return /^\d+$/.test(text) ? () => text : undefined;
}
