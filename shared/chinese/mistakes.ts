/**
 * The mistakes of a document in Chinese (shared/errors.ts, DocumentError): the frame and the most frequent rules. Pure.
 *
 * MISTAKE-1. Names, values and rules that are not here stay as they are. A rule is in one language: of one that is known in
 *     part, all of it stays.
 */

const FRAME = /^(\S{1,300}) has (one problem|\d+ problems):(?=\n {2})/;

/** Kinds of values (shared/documents/sentences.ts). */
const KIND: Readonly<Record<string, string>> = {
  text: "文本",
  "a number": "数字",
  "a whole number": "整数",
  "true or false": " true 或 false",
  "a list": "列表",
  "a map of keys and values": "键值映射",
};

const UNIT: Readonly<Record<string, string>> = { " characters long": " 个字符", " entries long": " 项" };
const LACK: Readonly<Record<string, string>> = { none: "一个也没有", both: "两个都有" };

type Values = readonly string[];

const QUOTED = /"(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`/g;

/** Values with "or" between them, in Chinese; undefined for a text with words of a sentence (MISTAKE-1). */
function valuesIn(text: string): string | undefined {
  const items = text.replaceAll(QUOTED, '""').split(/,? or |, /);
  return items.every(isValue) ? text.replaceAll(/,? or /g, " 或 ") : undefined;
}

/** Of a value, a word of small letters stands alone or as the end of `key: word`. */
function isValue(item: string): boolean {
  const tokens = item.trim().split(/\s+/);
  return tokens.every(
    (token, at) =>
      !/^[a-z]+$/.test(token) ||
      tokens.length === 1 ||
      (tokens[at - 1]?.endsWith(":") === true && /^[}\]]*$/.test(tokens[at + 1] ?? "")),
  );
}

/** A rule or a remedy, as a whole, and its text in Chinese; undefined when a part of it is not known. */
const RULES: readonly (readonly [RegExp, (values: Values) => string | undefined])[] = [
  [/^is missing$/, () => "缺失"],
  [/^is not known, and (\S+) is already set$/, ([key]) => `无法识别，且已经写了 ${key}`],
  [/^restarts the machine before its end is known$/, () => "会在命令结束之前重启机器"],
  [
    /^for a reboot write - reboot, or end the step with exit 194$/,
    () => "需要重启时请写 - reboot，或让该步骤以 exit 194 结束",
  ],
  [/^has a (["']) that is not closed, so no shell runs it$/, ([mark]) => `${mark} 没有闭合，Shell 无法执行`],
  [
    /^holds (\S+) outside of quotes, which a shell takes as a part of a word$/,
    ([mark]) => `引号之外有 ${mark}，Shell 会把它当作单词的一部分`,
  ],
  [/^write the ordinary character$/, () => "请改用半角字符"],
  [/^write a space or the ordinary character$/, () => "请改用空格或半角字符"],
  [
    /^must be (at least|at most) (\S+)( characters long| entries long)?$/,
    ([bound, n = "", unit = ""]) =>
      `${bound === "at least" ? "不能少于" : "不能超过"} ${n}${UNIT[unit] ?? ""}`,
  ],
  [/^must be a multiple of (\S+)$/, ([n]) => `必须是 ${n} 的倍数`],
  [
    /^must be (a whole number )?from (\S+) to (\S+)( \S+)?$/,
    ([whole, least = "", most = "", unit = ""]) =>
      `必须是 ${least} 到 ${most}${unit} 之间的${whole === undefined ? "值" : "整数"}`,
  ],
  [/^must be more than (\S+)$/, ([bound]) => `必须大于 ${bound}`],
  [/^must be a command as text$/, () => "必须是文本形式的命令"],
  [
    /^must be 1 to 40 lower-case letters, digits and -, with a letter first$/,
    () => "必须是 1 到 40 个小写字母、数字或 -，并以字母开头",
  ],
  [/^must be the key of an object under (\S+)$/, ([folder]) => `必须是 ${folder} 下某个对象的键`],
  [
    /^must be (.+)$/,
    ([kind = ""]) => {
      const values = valuesIn(kind);
      return KIND[kind] === undefined ? values && `必须是 ${values}` : `必须是${KIND[kind]}`;
    },
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
  [/^write it under (\S+):$/, ([key]) => `请写在 ${key}: 之下`],
  [
    /^write source: and below it one of (.+)$/,
    ([list = ""]) => `请写 source:，并在其下写其中之一：${list.replaceAll(", ", "、")}`,
  ],
  [
    /^write launch: with (\w+), (\w+) and (\w+) below it$/,
    (keys) => `请写 launch:，并在其下写 ${keys.join("、")}`,
  ],
  [
    /^write family: and the name of the image family, such as (\S+)$/,
    ([name]) => `请写 family: 和镜像族系的名称，例如 ${name}`,
  ],
  [
    /^write max: (\d+), the most instances that run at a time$/,
    ([max]) => `请写 max: ${max}，即最多同时运行的实例数`,
  ],
  [
    /^write securityGroupId: sg-… of the VPC of the vSwitch$/,
    () => "请写 securityGroupId: sg-…，与交换机属于同一专有网络",
  ],
  [/^write channel: and a name of KILN_CHANNELS$/, () => "请写 channel: 和 KILN_CHANNELS 中的渠道名称"],
  [/^write (\S+): and a space before its value$/, ([key]) => `请写 ${key}: 并在值之前加一个空格`],
  [/^has no value$/, () => "没有值"],
  [/^write one$/, () => "请写一个"],
  [/^write one, or remove the line$/, () => "请填写，或删除这一行"],
  [/^write run: and a command$/, () => "请写 run: 和命令"],
  [/^write one (?:of them|value), not a list$/, () => "请只写一个值，不要写列表"],
  [/^write one value, without keys below it$/, () => "请只写一个值，其下不要再写键"],
  [
    /^rename the file(?: to (\S+))?$/,
    ([name]) => (name === undefined ? "请重命名文件" : `请将文件重命名为 ${name}`),
  ],
  [
    /^write (.+)$/,
    ([kind = ""]) => {
      const values = valuesIn(kind);
      return KIND[kind] === undefined ? values && `请写 ${values}` : `请填写${KIND[kind]}`;
    },
  ],
  [/^must not contain the control character (U\+[\dA-F]+)$/, ([code]) => `不能含有控制字符 ${code}`],
  [/^the control character (U\+[\dA-F]+) stands here$/, ([code]) => `此处有控制字符 ${code}`],
  [/^remove it$/, () => "请删除"],
  [/^leave it out$/, () => "请去掉这一项"],
  [/^make a step of each$/, () => "请各写成一个步骤"],
  [/^it holds the full-width (\S \(U\+[\dA-F]+\))$/, ([mark]) => `其中有全角字符 ${mark}`],
  [
    /^it holds the full-width (\S \(U\+[\dA-F]+\)), write (.+)$/,
    ([mark, text = ""]) => {
      const values = valuesIn(text);
      return values && `其中有全角字符 ${mark}，请写 ${values}`;
    },
  ],
  [/^belongs below (\S+):, and stands at the same column$/, ([key]) => `属于 ${key}:，却与它对齐`],
  [
    /^indent it(?: and the next (?:key|(\d+) keys))? by two spaces$/,
    ([more]) => `请将它${more === undefined ? "及其后所属的键" : `和其后 ${more} 个键一起`}缩进两个空格`,
  ],
  [/^a comment begins with #, and not with (\S+)$/, ([mark]) => `注释以 # 开头，不能用 ${mark}`],
  [/^write (\S+): at the top$/, ([key]) => `请把 ${key}: 写在最外层`],
  [/^put quotes around it$/, () => "请加引号"],
  [/^use spaces$/, () => "请使用空格"],
  [/^keep one of (?:them|the two)$/, () => "请只保留一个"],
  [/^correct these first$/, () => "请先更正以上错误"],
  [/^save it as UTF-8$/, () => "请保存为 UTF-8"],
  [/^see examples\/ for one that works$/, () => "可参考 examples/ 中的示例"],
  [/^see (examples\/\S+)$/, ([place]) => `可参考 ${place}`],
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

/** One mistake, or a part of it, without its place. */
export function messageIn(message: string): string {
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
    if (found !== null) return chinese(found.slice(1)) ?? text;
  }
  return text;
}
