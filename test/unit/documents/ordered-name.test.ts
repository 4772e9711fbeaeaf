import * as fc from "fast-check";
import { test } from "vitest";
import {
  hostNameProblem,
  instanceNameProblem,
  nameAt,
  parseOrderedName,
  shiftedBy,
} from "../../../shared/documents/ordered-name.ts";

test("numbers are written as the cloud writes them", ({ expect }) => {
  expect(nameAt("k8s-node-[1,4]-alibabacloud", 0)).toBe("k8s-node-0001-alibabacloud");
  expect(nameAt("web-[]", 3)).toBe("web-000003");
  expect(nameAt("web-[,]", 3)).toBe("web-000003");
  expect(nameAt("web-[99]", 0)).toBe("web-000099");
  expect(nameAt("web-[99,]", 1)).toBe("web-000100");
  expect(nameAt("web-[1234,1]", 0)).toBe("web-001234");
  expect(nameAt("web-[999999,6]", 5)).toBe("web-999999");
  expect(nameAt("web", 7)).toBe("web");
});

test("the second batch goes on where the first ended", ({ expect }) => {
  const anyPattern = fc
    .tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 1, max: 6 }), fc.constantFrom("", "-x"))
    .map(([begin, bits, suffix]) => `web-[${begin},${bits}]${suffix}`);
  const anyCount = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(anyPattern, anyCount, anyCount, (pattern, count, index) => {
      const went = Number(/\d+/.exec(nameAt(shiftedBy(pattern, count), index))?.[0]);
      expect(went).toBe(Number(/\d+/.exec(nameAt(pattern, count + index))?.[0]));
    }),
  );
});

test("no two instances of a batch share a name", ({ expect }) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_000 }), fc.integer({ min: 1, max: 6 }), (begin, bits) => {
      const names = Array.from({ length: 100 }, (_, index) => nameAt(`web-[${begin},${bits}]`, index));
      expect(new Set(names).size).toBe(100);
    }),
  );
});

test("brackets without a name before them are no pattern", ({ expect }) => {
  expect(parseOrderedName("[1,3]-web")).toBeUndefined();
  expect(instanceNameProblem("[1,3]-web")).toMatch(/prefix\[begin,bits\]suffix/);
  expect(instanceNameProblem("web-[1,7]")).toMatch(/bits 1 to 6/);
  expect(instanceNameProblem("web-[1,3]-[1,3]")).toMatch(/prefix\[begin,bits\]suffix/);
});

test("a name has room for what UniqueSuffix appends", ({ expect }) => {
  expect(hostNameProblem("a".repeat(62), "linux", false)).toBeUndefined();
  expect(hostNameProblem("a".repeat(62), "linux", true)).toBe("must be 2 to 64 characters, becomes 65");
  expect(instanceNameProblem("a".repeat(126), true)).toBe("must be 2 to 128 characters, becomes 129");
});

test("a host name may hold the instance's id on Linux", ({ expect }) => {
  expect(hostNameProblem("k8s-${instance_id}", "linux")).toBeUndefined();
  expect(hostNameProblem("k8s-${instance_id}", "windows")).toBeDefined();
  expect(hostNameProblem("web.shop.example", "linux")).toBeUndefined();
  expect(hostNameProblem("web.shop", "windows")).toBeDefined();
});
