/** Reasons in Chinese: Kiln's own sentences are translated, and nothing else changes. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { ADVICE, reasonIn, SENTENCES } from "../../../../functions/notifier/reasons.ts";

test("every piece of an English sentence stands in the source that writes it", ({ expect }) => {
  const files = ["functions", "shared"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const source = files
    .filter((file) => file.endsWith(".ts") && !file.startsWith("functions/notifier/"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  // Some are put together of parts that stand in several places.
  const pieces = (english: string): readonly string[] =>
    english
      .split(/\{\w+\}|^limit |; |: | \(|with (?=exit)/)
      .map((text) => text.replace(/[.;:,()"\s/]+$/, ""));
  const missing = [...Object.keys(SENTENCES), ...Object.keys(ADVICE)].flatMap((english) =>
    pieces(english).filter((piece) => !source.includes(piece)),
  );
  expect(missing).toEqual([]);
});

test("every sentence is in Chinese, with the same placeholders, and found again whole", ({ expect }) => {
  for (const [english, chinese] of Object.entries(SENTENCES)) {
    const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();
    expect(names(chinese), english).toEqual(names(english));
    const filled = (text: string) => text.replaceAll(/\{(\w+)\}/g, "$1-1");
    expect(reasonIn("zh", filled(english)), english).toBe(filled(chinese));
    expect(reasonIn("en", filled(english))).toBe(filled(english));
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
  ["a text; of a user; that is not ours", "a text; of a user; that is not ours"],
  [
    "launch is not over after 30m: no answer; cancelled by ci",
    "阶段 launch 在 30m 后仍未结束：no answer；已由 ci 取消",
  ],
  ["", ""],
])("%s", ([english = "", chinese], { expect }) => {
  expect(reasonIn("zh", english)).toBe(chinese);
});

test("the longest reason of any text is looked at in no time", ({ expect }) => {
  for (const one of ["; ", ": ", " answered ", '" failed with exit code ', "a "]) {
    const reason = one.repeat(Math.ceil(1_500 / one.length));
    const at = performance.now();
    expect(reasonIn("zh", reason)).toBe(reason);
    expect(performance.now() - at).toBeLessThan(500);
  }
});
