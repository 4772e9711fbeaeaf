/**
 * The mistakes of a document in Chinese (shared/errors.ts, DocumentError): the frame and the most frequent rules. Pure.
 *
 * MISTAKE-1. Names, values and rules that are not here stay as they are.
 */

const FRAME = /^(\S{1,300}) has (one problem|\d+ problems):(?=\n {2})/;

/** Kinds of values (shared/documents/sentences.ts). */
const KIND: Readonly<Record<string, string>> = {
  text: "文本",
  "a number": "数字",
  "a whole number": "整数",
  "true or false": "true 或 false",
  "a list": "列表",
  "a map of keys and values": "键值映射",
};

const UNIT: Readonly<Record<string, string>> = { " characters long": " 个字符", " entries long": " 项" };
const LACK: Readonly<Record<string, string>> = { none: "一个也没有", both: "两个都有" };

type Values = readonly string[];

/** A rule or a remedy, as a whole, and its text in Chinese. */
const RULES: readonly (readonly [RegExp, (values: Values) => string])[] = [
  [/^is missing$/, () => "缺失"],
  [
    /^must be (at least|at most) (\S+)( characters long| entries long)?$/,
    ([bound, n = "", unit = ""]) =>
      `${bound === "at least" ? "不能少于" : "不能超过"} ${n}${UNIT[unit] ?? ""}`,
  ],
  [/^must be a multiple of (\S+)$/, ([n]) => `必须是 ${n} 的倍数`],
  [/^must be the key of an object under (\S+)$/, ([folder]) => `必须是 ${folder} 下某个对象的键`],
  [
    /^must be (.+)$/,
    ([kind = ""]) =>
      KIND[kind] === undefined ? `必须是 ${kind.replace(/ or (?=\S+$)/, " 或 ")}` : `必须是${KIND[kind]}`,
  ],
  [
    /^must have exactly one of (.+), has (.+)$/,
    ([list = "", has = ""]) =>
      `${list.replace(/ and (?=\S+$)/, "、").replaceAll(", ", "、")} 必须且只能写一个，现在${LACK[has] ?? `有 ${has}`}`,
  ],
  [/^must have at least one of (.+)$/, ([list = ""]) => `至少要写其中一个：${list.replaceAll(", ", "、")}`],
  [/^is not known$/, () => "无法识别"],
  [/^is not valid$/, () => "无效"],
  [/^is listed twice$/, () => "重复列出"],
  [/^is used twice$/, () => "重复使用"],
  [/^the document is empty$/, () => "文件为空"],
  [/^a tab is used for indentation$/, () => "使用了制表符缩进"],
  [/^the text is not UTF-8 or holds the character NUL$/, () => "文本不是 UTF-8 编码或含有 NUL 字符"],
  [/^and (\d+) more$/, ([n]) => `另有 ${n} 处`],
  [/^(\d+) more problems are not listed$/, ([n]) => `另有 ${n} 处错误未列出`],
  [/^did you mean (.+)\?$/, ([word]) => `是否想写 ${word}？`],
  [/^known here are (.+)$/, ([list = ""]) => `此处可用：${list.replaceAll(", ", "、")}`],
  [/^nest it as a map or list under (\S+):$/, ([key]) => `请写在 ${key}: 之下`],
  [/^write (.+)$/, ([kind = ""]) => (KIND[kind] === undefined ? `请写 ${kind}` : `请填写${KIND[kind]}`)],
  [/^put quotes around it$/, () => "请加引号"],
  [/^use spaces$/, () => "请使用空格"],
  [/^keep one of (?:them|the two)$/, () => "请只保留一个"],
  [/^correct these first$/, () => "请先更正以上错误"],
  [/^save it as UTF-8$/, () => "请保存为 UTF-8"],
  [/^see examples\/ for one that works$/, () => "可参考 examples/ 中的示例"],
];

/** The text of a document's mistakes; undefined for any other text. */
export function mistakesIn(text: string): string | undefined {
  const [frame, key, count = ""] = FRAME.exec(text) ?? [];
  if (frame === undefined) return undefined;
  const lines = text.slice(frame.length + 1).split("\n");
  return [`${key} 有 ${Number.parseInt(count, 10) || 1} 处错误：`, ...lines.map(lineIn)].join("\n");
}

function lineIn(line: string): string {
  const [, indent = "", where = "", message = ""] =
    /^( {2})((?:line \d+, )?[^:\s]{1,300}|line \d+|\(document\)|\(file name\)): (.*)$/.exec(line) ?? [];
  if (indent === "") return line.startsWith("  ") ? `  ${ruleIn(line.trim())}` : line;
  const place = where
    .replace(/^line (\d+)/, "第 $1 行")
    .replace(", ", "，")
    .replace("(document)", "整个文件")
    .replace("(file name)", "文件名");
  return `${indent}${place}：${messageIn(message)}`;
}

/** The value that a rule is about stands behind it, before the remedies. */
const VALUE = / \(it is ((?:"(?:[^"\\]|\\.)*"|[^"();]*)…?)\)/;

function messageIn(message: string): string {
  const [shown, value] = VALUE.exec(message) ?? [];
  const at = shown === undefined ? -1 : message.indexOf(shown);
  const rules = (text: string): string => text.split("; ").map(ruleIn).join("；");
  if (at < 0 || shown === undefined) return rules(message);
  const rest = message.slice(at + shown.length).replace(/^; /, "");
  return `${rules(message.slice(0, at))}（当前为 ${value}）${rest === "" ? "" : `；${rules(rest)}`}`;
}

function ruleIn(text: string): string {
  for (const [pattern, chinese] of RULES) {
    const found = pattern.exec(text);
    if (found !== null) return chinese(found.slice(1));
  }
  return text;
}
