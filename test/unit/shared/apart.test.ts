import { test } from "vitest";
import { apart, orWhy } from "../../../shared/apart.ts";
import { CloudError, EventError } from "../../../shared/errors.ts";

const refusal = (kind: "wait" | "give-up") =>
  new CloudError({
    product: "ecs",
    action: "DescribeImageFromFamily",
    code: "Forbidden",
    status: 403,
    requestId: "",
    kind,
    said: "",
    hint: "",
  });

test("an item that fails keeps no other from its turn, and is logged", async ({ expect }) => {
  const lines: Record<string, unknown>[] = [];
  const log = (line: Readonly<Record<string, unknown>>) => void lines.push(line);
  const errors = new Map<string, unknown>([
    ["b", refusal("wait")],
    ["d", refusal("give-up")],
    ["f", new TypeError("a fault")],
  ]);
  const act = async (item: string) => {
    if (errors.has(item)) throw errors.get(item);
    return item.toUpperCase();
  };
  expect(await apart(["a", "b", "c", "d", "e", "f"], act, { log })).toEqual(["A", "C", "E"]);
  expect(lines.map(({ item, alarm }) => [item, alarm])).toEqual([
    ["b", undefined],
    ["d", "KILN_INVOCATION_FAILED"],
    ["f", "KILN_INVOCATION_FAILED"],
  ]);
  await expect(apart(["d", "f"], act, { log })).rejects.toBe(errors.get("d"));
  expect(await apart([], act, { log })).toEqual([]);
});

test("a part that cannot be read is a problem in words, and a fault is described in the log alone", async ({
  expect,
}) => {
  const lines: Record<string, unknown>[] = [];
  const log = (line: Readonly<Record<string, unknown>>) => void lines.push(line);
  for (const [error, said] of [
    [refusal("wait"), "not known: Forbidden"],
    [new EventError("line 3 is not readable"), "not known: line 3 is not readable"],
    [new TypeError("x is undefined"), "not known: a fault of Kiln, see its log"],
  ] as const)
    expect(await orWhy("web", () => Promise.reject(error), { log })).toEqual({ ok: false, problem: said });
  expect(lines.map(({ item, alarm }) => [item, alarm])).toEqual([
    ["web", undefined],
    ["web", undefined],
    ["web", "KILN_INVOCATION_FAILED"],
  ]);
  expect(await orWhy("web", () => Promise.resolve(1), { log })).toEqual({ ok: true, value: 1 });
});
