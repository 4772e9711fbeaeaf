import { test } from "vitest";
import { paginate } from "../../cloud/oss/buckets.ts";
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
