import { test } from "vitest";
import { instant, percent, wireInstant } from "../../../shared/cloud/answers.ts";
import { defaultEndpoint } from "../../../shared/cloud/endpoints.ts";
import { batches, byNumber, byToken } from "../../../shared/cloud/ecs/pages.ts";
import { entriesOf, textOf } from "../../../shared/cloud/oss/xml.ts";

test("both spellings of the cloud's times are read, and one is written", ({ expect }) => {
  expect(instant("2026-01-05T08:00Z")).toBe(Date.UTC(2026, 0, 5, 8));
  expect(instant("2026-01-05T08:00:30Z")).toBe(Date.UTC(2026, 0, 5, 8, 0, 30));
  expect(instant("")).toBeUndefined();
  expect(wireInstant(Date.UTC(2026, 0, 5, 8, 0, 30, 123))).toBe("2026-01-05T08:00:30Z");
});

test("progress is a number only when the cloud says one", ({ expect }) => {
  expect([percent("40%"), percent("100"), percent(""), percent("done"), percent(undefined)]).toEqual([
    40,
    100,
    undefined,
    undefined,
    undefined,
  ]);
});

test("pages end when the token does, however the end is spelt", async ({ expect }) => {
  for (const end of [undefined, null, ""]) {
    const fetch = (token: string | undefined) =>
      Promise.resolve(
        token === undefined ? { items: [1, 2], nextToken: "p2" } : { items: [3], nextToken: end },
      );
    expect(await byToken("DescribeX", fetch)).toEqual([1, 2, 3]);
  }
});

test("pages that repeat a token are an error and not a hang", async ({ expect }) => {
  await expect(
    byToken("DescribeX", () => Promise.resolve({ items: [1], nextToken: "again" })),
  ).rejects.toThrow(/DescribeX/);
  let n = 0;
  const endless = (): Promise<{ items: number[]; nextToken: string }> =>
    Promise.resolve({ items: [1], nextToken: String(n++) });
  await expect(byToken("DescribeX", endless)).rejects.toThrow(/EndlessPages/);
});

test("numbered pages end at the total, at a short page and at an empty one", async ({ expect }) => {
  const all = Array.from({ length: 7 }, (_, n) => n);
  const page = (size: number, total: number) => (number: number) =>
    Promise.resolve({ items: all.slice((number - 1) * size, number * size), total });
  expect(await byNumber("DescribeX", 3, page(3, 7))).toEqual(all);
  expect(await byNumber("DescribeX", 3, page(3, Number.POSITIVE_INFINITY))).toEqual(all);
  expect(await byNumber("DescribeX", 7, page(7, 7))).toEqual(all);
});

test("batches hold every item once and never more than asked", ({ expect }) => {
  const items = Array.from({ length: 205 }, (_, n) => n);
  const made = batches(items, 100);
  expect(made.map(({ length }) => length)).toEqual([100, 100, 5]);
  expect(made.flat()).toEqual(items);
  expect(batches([], 100)).toEqual([]);
});

test("object lists and errors are read from XML, entities included", ({ expect }) => {
  const xml = `<?xml version="1.0"?><R><Contents><Key>a&amp;b&#x4e2d;</Key><Size>2</Size></Contents><Contents><Key>c</Key></Contents></R>`;
  expect(entriesOf(xml, "Contents").map((entry) => textOf(entry, "Key"))).toEqual(["a&b中", "c"]);
  expect(textOf(xml, "Code")).toBe("");
});

test("default endpoints are https, follow the region and know the exceptions", ({ expect }) => {
  expect(defaultEndpoint("ecs", "cn-beijing", "1")).toBe("https://ecs.cn-beijing.aliyuncs.com");
  expect(defaultEndpoint("ecs", "cn-hangzhou", "1")).toBe("https://ecs-cn-hangzhou.aliyuncs.com");
  expect(defaultEndpoint("cms", "cn-beijing", "1")).toBe("https://metrics.cn-beijing.aliyuncs.com");
  expect(defaultEndpoint("ess", "cn-beijing", "1")).toBe("https://ess.aliyuncs.com");
  expect(defaultEndpoint("ess", "cn-chengdu", "1")).toBe("https://ess.cn-chengdu.aliyuncs.com");
  expect(defaultEndpoint("fc", "cn-beijing", "42")).toBe("https://42.cn-beijing.fc.aliyuncs.com");
  expect(defaultEndpoint("oss", "cn-beijing", "1")).toBe("https://oss-cn-beijing-internal.aliyuncs.com");
});
