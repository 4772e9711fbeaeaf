/** Bodies of requests that are refused before a schema sees them. */
import * as z from "zod/mini";
import { test } from "vitest";
import { parseBody } from "../../../../functions/webhook/body.ts";
import { holdShape } from "../../../../shared/requests/hold.ts";

const shape = z.strictObject({ ...holdShape, parameters: z.optional(z.record(z.string(), z.string())) });
const refused = (text: string): string | undefined => {
  const parsed = parseBody(Buffer.from(text), shape);
  return parsed.ok ? undefined : parsed.problem;
};

test("a text with half of a surrogate pair is refused wherever it stands, and a whole character is taken", ({
  expect,
}) => {
  const half = String.raw`must not contain half of a character, such as \ud800; remove it`;
  expect(refused(String.raw`{"why":"a\ud800"}`)).toBe(`the body ${half}`);
  expect(refused(String.raw`{"parameters":{"A":"\udc00b"}}`)).toBe(`the body ${half}`);
  expect(refused(String.raw`{"parameters":{"\ud800":"b"}}`)).toBe(`the body ${half}`);
  expect(refused(String.raw`{"why":"\ud83d\ude00, and \\ud800 in words"}`)).toBeUndefined();
});

test("the reason of a hold says something, or is left out", ({ expect }) => {
  for (const why of ["", " ", "\n\t"])
    expect(refused(JSON.stringify({ why }))).toBe("why: must not be empty; leave it out");
  expect([refused("{}"), refused('{"why":"a bad disk"}')]).toEqual([undefined, undefined]);
});
