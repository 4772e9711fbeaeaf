import * as fc from "fast-check";
import { test } from "vitest";
import { clientToken } from "../../../shared/cloud/ecs/token.ts";

const json = fc.jsonValue({ maxDepth: 3 });
const params = fc.dictionary(fc.string({ minLength: 1 }), json, { minKeys: 1, maxKeys: 6 });

test("a token has the 64 ASCII characters the cloud takes at most", ({ expect }) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), params, (run, step, callIndex, given) => {
      expect(clientToken(run, step, callIndex, given)).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});

test("the order in which parameters are written does not change the token", ({ expect }) => {
  const shuffled = params.chain((given) =>
    fc.tuple(
      fc.constant(given),
      fc.shuffledSubarray(Object.entries(given), { minLength: Object.keys(given).length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([given, entries]) => {
      const nested = { outer: given, list: [given] };
      const other = { list: [Object.fromEntries(entries)], outer: Object.fromEntries(entries) };
      expect(clientToken("run", "launch", 0, other)).toBe(clientToken("run", "launch", 0, nested));
    }),
  );
});

test("any change of run, step, attempt or parameters changes the token", ({ expect }) => {
  const call = fc.tuple(fc.string(), fc.string(), fc.nat(9), params);
  fc.assert(
    fc.property(call, call, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      const same = clientToken(...one) === clientToken(...other);
      // Only the order of keys may differ between two calls with one token.
      if (same) expect(one).toEqual(other);
    }),
  );
  const base = clientToken("run", "launch", 0, { Amount: 1 });
  expect(clientToken("run-2", "launch", 0, { Amount: 1 })).not.toBe(base);
  expect(clientToken("run", "capture", 0, { Amount: 1 })).not.toBe(base);
  expect(clientToken("run", "launch", 1, { Amount: 1 })).not.toBe(base);
  expect(clientToken("run", "launch", 0, { Amount: 2 })).not.toBe(base);
  expect(clientToken("run", "launch", 0, { Amount: "1" })).not.toBe(base);
});

test("a parameter that is undefined is the same as one that is left out", ({ expect }) => {
  const left = clientToken("run", "launch", 0, { Amount: 1 });
  expect(clientToken("run", "launch", 0, { Amount: 1, ImageId: undefined })).toBe(left);
});
