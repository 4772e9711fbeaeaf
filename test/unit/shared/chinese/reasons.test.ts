/** Reasons in Chinese: Kiln's own sentences are translated, and nothing else changes. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { ADVICE } from "../../../../shared/chinese/advice.ts";
import { reasonInChinese, SENTENCES } from "../../../../shared/chinese/reasons.ts";
import { CODES } from "../../../../shared/cloud/error-codes.ts";
import { ECS_CODES } from "../../../../shared/cloud/ecs/error-codes.ts";

test("every piece of an English sentence stands in the source that writes it", ({ expect }) => {
  const files = ["functions", "shared"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const source = files
    .filter((file) => file.endsWith(".ts") && !file.startsWith("shared/chinese/"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  // Some are put together of parts that stand in several places.
  const pieces = (english: string): readonly string[] =>
    english
      .split(/\{\w+\}|^limit |; |: (?:it )?| \(|with (?=exit)|, | until|hourly|1-minute/)
      .map((text) => text.replace(/[.;:,()"\s/]+$/, ""));
  const missing = [...Object.keys(SENTENCES), ...Object.keys(ADVICE)].flatMap((english) =>
    pieces(english).filter((piece) => !source.includes(piece)),
  );
  expect(missing).toEqual([]);
});

/** Forms of names and values that the check of a document refuses before the cloud can, and answers that are no refusal. */
const ENGLISH =
  /^(?:Not an? |All checks passed|The task |The copy |The client token|The description|The (?:architecture|boot mode) |The disk size|The same tag|With the number|Image and family|The instance has a public|The image is not (?:in use|deprecated))/;

test("advice about every error code that the cloud may answer with is in Chinese, wherever it stands", ({
  expect,
}) => {
  const hints = new Set([...CODES, ...ECS_CODES].map(({ hint }) => hint));
  const missing = [...hints].filter((hint) => ADVICE[hint] === undefined && !ENGLISH.test(hint));
  expect(missing).toEqual([]);
  for (const hint of hints) {
    const chinese = ADVICE[hint];
    if (chinese === undefined) continue;
    const said = (text: string) => text.replace("{ram}", "ecs:RunInstances");
    expect(reasonInChinese(`ecs RunInstances answered Code: Message. ${said(hint)}`)).toBe(
      `ecs RunInstances 返回 Code：Message. ${said(chinese)}`,
    );
  }
});

test("every sentence is in Chinese, with the same placeholders, and found again whole", ({ expect }) => {
  for (const [english, chinese] of Object.entries(SENTENCES)) {
    const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();
    expect(names(chinese), english).toEqual(names(english));
    const filled = (text: string) => text.replaceAll(/\{(\w+)\}/g, "$1-1");
    expect(reasonInChinese(filled(english)), english).toBe(filled(chinese));
  }
});

test.for([
  [
    "none of 5 instances: limit max 10: 9 running or on their way; ecs.g7.large in vsw-1: OperationDenied.NoStock; no instance type and vSwitch is left for 1 more",
    "请求的 5 台实例均未启动：已达到 limits.max（10）：9 台正在运行或启动中；ecs.g7.large in vsw-1: OperationDenied.NoStock；已没有可用的实例规格和交换机，还差 1 台",
  ],
  [
    "ecs RunInstances answered OperationDenied.NoStock (request 1A-2B): The requested resource is sold out. The zone has no stock of this type: another zone or type may have.",
    "ecs RunInstances 返回 OperationDenied.NoStock（请求 1A-2B）：The requested resource is sold out. 该可用区的此规格暂无库存：其他可用区或规格可能有。",
  ],
  [
    '"yum install -y nginx" failed with exit code 1: Error: a; b; cancelled by c\nno match (all of it: runs/x/builder-0)',
    "命令“yum install -y nginx”失败，退出码 1：Error: a; b; cancelled by c\nno match（完整输出：runs/x/builder-0）",
  ],
  ['"false" failed with exit code 1 and printed nothing', "命令“false”失败，退出码 1，没有任何输出"],
  ["a text; of a user; that is not ours", "a text; of a user; that is not ours"],
  [
    "launch is not over after 30m: no answer; cancelled by ci",
    "阶段 launch 在 30m 后仍未结束：no answer；已由 ci 取消",
  ],
  ["kept: it started 20m ago, within the grace of 30m", "保留：20m 前启动，仍在宽限期（30m）内"],
  [
    "idle for 3h: cpuAverage at most 1.5 % (below 5), 3/3 points; cpuMaximum at most 2 % (below 20), 3/3 points; its stop is announced from 2026-01-05T12-00Z on",
    "已空闲 3h：cpuAverage 最高 1.5 %（低于 5），数据点 3/3；cpuMaximum 最高 2 %（低于 20），数据点 3/3；停机公告的生效时间为 2026-01-05T12-00Z",
  ],
  ["kept: cpuAverage reached 20 %, not below 5", "保留：cpuAverage 达到 20 %，不低于 5"],
  ["changed since m-1: recipe, base", "自 m-1 以来有变化：recipe, base"],
  ["", ""],
  [
    "none of 5 instances: cancelled by ci; limit max 10: 9 running or on their way; limit max 20: 1 running or on their way, 1 of them stopped subscriptions; none were needed",
    "请求的 5 台实例均未启动：已由 ci 取消；已达到 limits.max（10）：9 台正在运行或启动中；已达到 limits.max（20）：1 台正在运行、启动中或为已停机的包年包月实例（1 台）；无需启动",
  ],
  [
    "none of 2 instances: limit max 2: 6 exist, most of them stopped and protected from release; release some or raise limits.max",
    "请求的 2 台实例均未启动：已达到 limits.max（2）的三倍：共有 6 台，其中大多已停机且受释放保护；请释放一部分，或调高 limits.max",
  ],
  [
    "there is no fleets/a.yaml in bucket b; launch is not over after 30m; what was launched is released",
    "Bucket b 中没有 fleets/a.yaml；阶段 launch 在 30m 后仍未结束；已启动的实例已释放",
  ],
  [
    "GitHub refuses the deliveries of shop (status 403: Resource (x) not accessible); set a token or a key that is valid in KILN_GITHUB and deploy again",
    "GitHub 拒绝读取 shop 的投递（status 403: Resource (x) not accessible）；请在 KILN_GITHUB 中设置有效的令牌或私钥，然后重新部署",
  ],
  [
    "exit code 1. This is failure 5 in a row: timers and uploads of app are paused; put a new version of recipes/app.yaml, bake it by hand, or resume it (npm run kiln -- resume app)",
    "exit code 1。这是连续第 5 次失败：配方 app 的定时和上传触发已暂停；请上传新版本的 recipes/app.yaml、手动构建，或执行 npm run kiln -- resume app 恢复",
  ],
  ["a; ; cancelled by {rest} $&", "a; ；已由 {rest} $& 取消"],
  ["We see: it answered me: no", "We see: it answered me: no"],
])("%s", ([english = "", chinese], { expect }) => {
  expect(reasonInChinese(english)).toBe(chinese);
});

test("sentences that stand one behind another are each found, in any order and number", ({ expect }) => {
  const filled = (text: string) => text.replaceAll(/\{(\w+)\}/g, "$1-1");
  const closed = Object.entries(SENTENCES).filter(([english]) => !english.endsWith("{rest}"));
  for (const [one, oneSaid] of closed)
    for (const [other, otherSaid] of Object.entries(SENTENCES))
      expect(reasonInChinese(filled(`${one}; ${other}`))).toBe(filled(`${oneSaid}；${otherSaid}`));
});

/** Parts of Kiln's sentences, of which a text may be made that fits none of them until its end. */
const PARTS = [
  "; ",
  ": ",
  " answered ",
  '" failed with exit code ',
  "a ",
  "): ",
  " (request ",
  " (all of it: ",
  ")",
  "x",
  "\n",
  "none of 1 instances: ",
  "a a answered b: ",
  "a is not over after b: ",
  '"a" failed with exit code 1: ',
  "; GitHub refuses the deliveries of a (",
  "; cancelled by a",
  "limit max 1: ",
];

test("any text of 1,500 characters is looked at in less than 50 ms", ({ expect }) => {
  const timesOf = (text: string) =>
    Array.from({ length: 3 }, () => {
      const at = performance.now();
      reasonInChinese(text);
      return performance.now() - at;
    });
  for (const [n, first] of PARTS.entries())
    for (const second of PARTS) {
      const mixed = first.repeat(40) + second.repeat(30) + (PARTS[(n * 7) % PARTS.length] ?? "").repeat(300);
      for (const text of [mixed, (first + second).repeat(750)]) {
        const hostile = text.slice(0, 1_500);
        // The fastest of three: the machine may be busy.
        expect(Math.min(...timesOf(hostile)), hostile).toBeLessThan(50);
      }
    }
  for (const first of ["; ", ": ", " answered ", '" failed with exit code ', "a "])
    expect(reasonInChinese(first.repeat(99))).toBe(first.repeat(99));
});
