/** The sentences of the pages in Chinese, for browsers that ask for it. Pure. */
import type { Page } from "./answer.ts";

/** Each sentence with its values, and its Chinese. Those of an image are written by a promotion (promotion/question.ts). */
const SENTENCES: readonly (readonly [english: RegExp, chinese: string])[] = [
  [
    /^Image (\S+) of recipe (\S+) waits for approval to join family (\S+)\.$/,
    "配方 $2 的镜像 $1 正在等待审批，批准后加入镜像族系 $3。",
  ],
  [/^Promotion (\S+) waits for approval\.$/, "发布任务 $1 正在等待审批。"],
  [/^Decide before (.+)\.$/, "请在 $1 之前处理。"],
  [/^Its recipe skips the image test\.$/, "其配方跳过了镜像测试。"],
  [/^Its image test has passed: (.+)\.$/, "镜像测试已通过：$1。"],
  [/^Family (\S+) serves no image yet\.$/, "镜像族系 $1 目前没有可用镜像。"],
  [/^Family (\S+) serves (\S+)\.$/, "镜像族系 $1 当前的镜像为 $2。"],
  [/^Changed since: (.+)\.$/, "与其相比的变更：$1。"],
  [
    /^Packages since (\S+): (\d+) changed, (\d+) added, (\d+) removed(?: \((.+)\))?\.$/,
    "与 $1 相比的软件包：变更 $2 个，新增 $3 个，移除 $4 个。$5",
  ],
  [/^Approved\. The promotion goes on\.$/, "已批准，发布继续。"],
  [
    /^Rejected\. The promotion ends, and the family stays as it is\.$/,
    "已拒绝，发布结束，镜像族系保持不变。",
  ],
  [/^Already decided\. The first decision stands\.$/, "已有人处理过，以第一次的决定为准。"],
  [/^The run does not wait for a decision now\.$/, "该任务目前不在等待审批。"],
  [
    /^The run has ended \((\w+)\)\. A decision has no effect any more\.$/,
    "该任务已结束（$1），审批不再生效。",
  ],
  [/^There is no such run in this deployment\.$/, "本部署中没有该任务。"],
  [
    /^The decision is missing: send decision=approve or decision=reject\.$/,
    "缺少决定：请提交 decision=approve 或 decision=reject。",
  ],
  [/^The decision is missing: send decision=keep\.$/, "缺少决定：请提交 decision=keep。"],
  [
    /^Instance (\S+) of fleet (\S+) is idle and is stopped from (.+) on\. If you keep it, it runs until (.+) at least\.$/,
    "机群 $2 的实例 $1 处于空闲状态，将从 $3 起停机。如果保留，它至少运行到 $4。",
  ],
  [
    /^Instance (\S+) of fleet (\S+) is to be kept until (.+): the run (\S+) tags it, or says why it cannot\.$/,
    "机群 $2 的实例 $1 将保留到 $3：任务 $4 会为它加上标签，或说明无法保留的原因。",
  ],
  [/^This link has expired: the time to decide is over\.$/, "链接已过期：处理时限已过。"],
  [
    /^This link is not valid\. Use it exactly as the notification shows it\.$/,
    "链接无效。请原样使用通知中的链接。",
  ],
];

const LABELS: Readonly<Record<string, string>> = { Approve: "批准", Reject: "拒绝", "Keep it": "保留" };

/** Whether the first language of a browser is Chinese. @param header Accept-Language */
export const wantsChinese = (header: string | undefined): boolean => /^\s*zh\b/i.test(header ?? "");

/** The page in Chinese; a sentence without one stays as it is. */
export const inChinese = ({ lines, choices, ...rest }: Page): Page => ({
  ...rest,
  lines: lines.map(lineInChinese),
  ...(choices && { choices: choices.map((one) => ({ ...one, label: LABELS[one.label] ?? one.label })) }),
});

export function lineInChinese(line: string): string {
  const found = SENTENCES.find(([english]) => english.test(line));
  return found === undefined ? line : line.replace(...found);
}
