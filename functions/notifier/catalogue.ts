/**
 * Every text of a notification, in both languages. Pure.
 *
 * WORDS-1. A placeholder stands for a name, an id, a number or a quoted text: those are the same in every language.
 *     `{count:image}` is "1 image" or "2 images".
 * WORDS-2. Reasons are quoted as the run, the cloud or a command gave them; sentences that Kiln writes often are in
 *     reasons.ts. The channel of kind json is for programs, so
 *     its fields, and its title, are the same in every language.
 */
import * as z from "zod/mini";

/** Codes of languages; others write the code of a country, a locale or a name. */
export const Language = z.enum(["en", "zh"], {
  error: ({ input }) => {
    const text = String(input);
    const meant = /^(?:cn|zh|chi|中|汉|漢|简)/i.test(text) ? "zh" : /^en/i.test(text) ? "en" : undefined;
    return `must be en or zh${meant === undefined ? "" : `; write ${meant}`}`;
  },
});
export type Language = z.infer<typeof Language>;

type Entry = Readonly<Record<Language, string>>;

const entries = <K extends string>(given: Readonly<Record<K, Entry>>) => given;

export const CATALOGUE = entries({
  "title.baked": { en: "{subject}: image {imageId} built", zh: "{subject}：镜像 {imageId} 构建完成" },
  "title.promoted": {
    en: "{subject}: family {family} serves {imageId}",
    zh: "{subject}：镜像族系 {family} 已更新为镜像 {imageId}",
  },
  "title.rolledBack": {
    en: "family {family}: rolled back to {imageId}",
    zh: "镜像族系 {family}：已回滚到镜像 {imageId}",
  },
  "title.failed": { en: "{subject}: {what} failed", zh: "{subject}：{what}失败" },
  "title.short": {
    en: "{subject}: got {count} of {asked:instance}",
    zh: "{subject}：请求 {asked} 台实例，只得到 {count} 台",
  },
  "title.limitReached": {
    en: "{subject}: a limit is reached, got {count} of {asked:instance}",
    zh: "{subject}：已达到限额，请求 {asked} 台实例，得到 {count} 台",
  },
  "title.spotLost": {
    en: "{subject}: the cloud takes back {count:spot instance}",
    zh: "{subject}：{count} 台抢占式实例即将被回收",
  },
  "title.idleCheckFailed": { en: "{subject}: idle check failed", zh: "{subject}：空闲检查失败" },
  "title.approval": {
    en: "{subject}: approve {imageId} for family {family}?",
    zh: "{subject}：是否批准镜像 {imageId} 发布到镜像族系 {family}？",
  },
  "title.stopping": {
    en: "{subject}: {count:idle instance} will be stopped",
    zh: "{subject}：{count} 台空闲实例即将停机",
  },
  "title.retiring": {
    en: "{subject}: {count:image} will be deleted",
    zh: "{subject}：{count} 个镜像即将删除",
  },
  "title.doctor": { en: "Kiln doctor", zh: "Kiln doctor" },

  "what.check": { en: "check of the document", zh: "文件检查" },
  "what.spot": { en: "notice of spot instances", zh: "抢占式实例回收提醒" },
  "what.redeliver": { en: "catch-up with GitHub", zh: "GitHub 事件补投" },
  "what.job": { en: "end of a job", zh: "作业结束处理" },
  "what.bake": { en: "bake", zh: "镜像构建" },
  "what.unpause": { en: "resume of the recipe", zh: "恢复配方" },
  "what.promote": { en: "promotion", zh: "发布" },
  "what.rollback": { en: "rollback", zh: "回滚" },
  "what.retire": { en: "retention", zh: "镜像保留" },
  "what.withdraw": { en: "withdrawal", zh: "收回共享与副本" },
  "what.hold": { en: "hold", zh: "冻结" },
  "what.alerts": { en: "delivery of alerts", zh: "告警分发" },
  "what.scale": { en: "scale-out", zh: "扩容" },
  "what.refresh": { en: "refresh of the fleet", zh: "实例换新镜像" },
  "what.health": { en: "health check", zh: "健康检查" },
  "what.size": { en: "size of the fleet", zh: "实例数调整" },
  "what.shrink": { en: "scale-in", zh: "缩容" },
  "what.idle": { en: "idle check", zh: "空闲检查" },
  "what.resume": { en: "resume", zh: "恢复" },
  "what.keep": { en: "keep", zh: "保留实例" },
  "what.run": { en: "run", zh: "任务" },

  regions: { en: "in {regions}", zh: "地域：{regions}" },
  packages: {
    en: "packages since {since}: {changed} changed, {added} added, {removed} removed",
    zh: "与 {since} 相比，软件包变更 {changed} 个，新增 {added} 个，移除 {removed} 个",
  },
  serves: { en: "family {family} serves {serves} now", zh: "镜像族系 {family} 目前使用 {serves}" },
  servesNone: { en: "family {family} serves no image yet", zh: "镜像族系 {family} 尚无可用镜像" },
  changedSince: { en: "changed since: {changed}", zh: "变更内容：{changed}" },
  tested: { en: "passed its image test: {tests}", zh: "已通过镜像测试：{tests}" },
  untested: { en: "its recipe skips the image test", zh: "配方跳过了镜像测试" },
  packageNames: { en: "among them {names}", zh: "包括：{names}" },
  run: { en: "run {run}, started by {by}", zh: "任务 {run}，由 {by} 发起" },
  steppedBack: { en: "{images} stepped back", zh: "已退下的镜像：{images}" },
  broughtBack: { en: "a rollback was undone: {images} is back", zh: "已撤销一次回滚，恢复的镜像：{images}" },
  instances: { en: "instances: {ids}", zh: "实例：{ids}" },
  instancesAndMore: { en: "instances: {ids} and {more} more", zh: "实例：{ids}，另有 {more} 台" },
  why: { en: "the end of its output and what to do next:", zh: "查看输出的结尾和下一步操作：" },
  steps: { en: "its steps and outputs:", zh: "查看任务的步骤和输出：" },
  log: { en: "its log: {log}", zh: "任务日志：{log}" },
  approveBefore: {
    en: "Decide before {until}. Without a decision the promotion fails, and family {family} stays as it is.",
    zh: "请在 {until} 之前决定。逾期未决定则发布失败，镜像族系 {family} 保持不变。",
  },
  stopFrom: {
    en: "Those that are still idle at {until} are stopped. An instance that you keep runs a day longer.",
    zh: "到 {until} 仍空闲的实例将停机。选择保留的实例会多运行一天。",
  },
  keepByTag: {
    en: "To keep another one, give it the tag of idle.optOutTag (kiln:keep).",
    zh: "如需保留其他实例，请为其添加 idle.optOutTag 指定的标签（默认 kiln:keep）。",
  },
  images: { en: "images: {images}", zh: "镜像：{images}" },
  deletedAfter: {
    en: "They are deleted after {until} unless something needs them by then. To keep one, give it the tag kiln:keep.",
    zh: "如果到 {until} 仍没有资源使用，这些镜像将被删除。如需保留某个镜像，请为其添加标签 kiln:keep。",
  },
  review: { en: "Review", zh: "查看并审批" },
  approve: { en: "Approve", zh: "批准" },
  reject: { en: "Reject", zh: "拒绝" },
  keep: { en: "Keep {id}", zh: "保留 {id}" },
  doctor: {
    en: "This channel gets notifications of the deployment of bucket {bucket}. npm run doctor posts this message.",
    zh: "此渠道会收到 Bucket {bucket} 所属部署的通知。本消息由 npm run doctor 发送。",
  },
});

export type Phrase = keyof typeof CATALOGUE;

type Values = Readonly<Record<string, string | number>>;

/** The text of an entry. */
export const phrase = (language: Language, key: Phrase, values: Values = {}): string =>
  CATALOGUE[key][language].replaceAll(/\{(\w+)(?::([\w ]+))?\}/g, (_, name: string, unit?: string) => {
    const value = values[name] ?? "";
    return unit === undefined ? String(value) : `${value} ${unit}${value === 1 ? "" : "s"}`;
  });
