import { test } from "vitest";
import type { CloudFault } from "../../cloud/core/kernel.ts";
import { paginate } from "../../cloud/oss/buckets.ts";
import { rangeOf } from "../../cloud/oss/objects.ts";
import { checkAppend } from "../../cloud/oss/store.ts";
import { known } from "../../support/known.ts";

test("every page size walks through all entries once", ({ expect }) => {
  const keys = ["a", "b/1", "b/2", "b/3", "c", "d/1", "e"];
  const all = known<never>(keys.map((key) => ({ key })));
  for (const limit of [1, 2, 3, 4, 5, 6]) {
    const seen: string[] = [];
    let after: string | undefined = "";
    while (after !== undefined) {
      const page: ReturnType<typeof paginate> = paginate(all, { prefix: "", delimiter: "/", after, limit });
      seen.push(...page.objects.map(({ key }) => key), ...page.prefixes);
      after = page.next;
    }
    expect(seen.toSorted()).toEqual(["a", "b/", "c", "d/", "e"]);
  }
});

test("an append fits at the end of an appendable object only, up to 5 GB", ({ expect }) => {
  const GB = 1024 ** 3;
  const log = (size: number) => ({ type: "Appendable", size }) as const;
  const codeOf = (work: () => void): unknown => {
    try {
      work();
      return "no error";
    } catch (error) {
      const { status, code, detail } = known<CloudFault>(error);
      return [status, code, detail["x-oss-next-append-position"]];
    }
  };
  expect(codeOf(() => checkAppend(undefined, 0, 1))).toBe("no error");
  expect(codeOf(() => checkAppend(log(0), 0, 1))).toBe("no error");
  expect(codeOf(() => checkAppend(log(4 * GB), 4 * GB, GB))).toBe("no error");
  expect(codeOf(() => checkAppend(log(4 * GB), 4 * GB, GB + 1))).toEqual([400, "EntityTooLarge", undefined]);
  expect(codeOf(() => checkAppend(undefined, 7, 1))).toEqual([409, "PositionNotEqualToLength", "0"]);
  for (const position of [0, 6, 8]) {
    expect(codeOf(() => checkAppend(log(7), position, 1))).toEqual([409, "PositionNotEqualToLength", "7"]);
  }
  for (const type of ["Normal", "Multipart"] as const) {
    expect(codeOf(() => checkAppend({ type, size: 7 }, 7, 1))).toEqual([
      409,
      "ObjectNotAppendable",
      undefined,
    ]);
  }
});

test("a range outside of the object is ignored, or cut and refused where the request asks for it", ({
  expect,
}) => {
  const of = (text: string, isStandard: boolean, size = 1000): unknown => {
    try {
      const range = rangeOf(text, size, isStandard);
      return range === undefined ? "whole" : `${range.start}-${range.end}`;
    } catch (error) {
      const { status, code } = known<CloudFault>(error);
      return `${status} ${code}`;
    }
  };
  // Size, range, answer without the header, answer with it.
  for (const [size, text, plain, standard] of [
    [1000, "bytes=0-499", "0-499", "0-499"],
    [1000, "bytes=500-", "500-999", "500-999"],
    [1000, "bytes=999-", "999-999", "999-999"],
    [1000, "bytes=-500", "500-999", "500-999"],
    [1000, "bytes=0-9,20-29", "0-9", "0-9"],
    [1000, "bytes=500-2000", "whole", "500-999"],
    [1000, "bytes=0-1000", "whole", "0-999"],
    [1000, "bytes=1000-", "whole", "416 InvalidRange"],
    [1000, "bytes=1000-2000", "whole", "416 InvalidRange"],
    [1000, "bytes=-2000", "whole", "0-999"],
    [1000, "bytes=-0", "whole", "416 InvalidRange"],
    [0, "bytes=0-", "whole", "416 InvalidRange"],
    [0, "bytes=-5", "whole", "416 InvalidRange"],
    [1000, "byte=0-499", "whole", "whole"],
    [1000, "bytes=9-5", "whole", "whole"],
    [1000, "bytes=-", "whole", "whole"],
    [1000, "", "whole", "whole"],
  ] as const) {
    expect([of(text, false, size), of(text, true, size)], `${text} of ${size}`).toEqual([plain, standard]);
  }
});
