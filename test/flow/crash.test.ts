/**
 * Every call of a bake and its promotion, struck once: the instance dies after the effect and before the
 * answer, or the answer is lost on the way. The world must come out as if nothing had happened.
 */
import type { Product } from "../cloud/kernel.ts";
import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";

/** Changes first; of reads and deliveries a few, spread over the run. */
const STRUCK: readonly (readonly [Product, string, readonly number[]])[] = [
  ["ecs", "RunInstances", [0, 1]],
  ["ecs", "RunCommand", [0, 2]],
  ["ecs", "StopInstance", [0]],
  ["ecs", "CreateImage", [0]],
  ["ecs", "TagResources", [0, 1]],
  ["ecs", "DeleteInstance", [0, 1]],
  ["ecs", "ModifyImageAttribute", [0]],
  ["ecs", "DescribeInstances", [0, 7]],
  // The first one is the upload itself, which is not ours.
  ["oss", "PutObject", [1, 2, 12]],
  ["oss", "DeleteObject", [0]],
  ["fc", "InvokeFunction", [0, 1, 3, 8, 21, 26]],
];

const SAVED = new Set(["DescribeInstances", "PutObject", "DeleteObject", "InvokeFunction", "TagResources"]);

for (const [product, action, places] of STRUCK) {
  // To the step both look the same; a crash takes the instance with it, so each change meets it.
  for (const kind of SAVED.has(action) ? (["crash"] as const) : (["crash", "after"] as const)) {
    for (const place of places) {
      test(`${action} number ${place + 1}, ${kind}: one image, one promotion, nothing left`, async ({
        kiln,
        expect,
      }) => {
        let struck = 0;
        kiln.cloud.faults.add({
          product,
          action,
          kind,
          when: (_params, n) => {
            if (n === place) struck += 1;
            return n === place;
          },
        });
        const runs = await bakeAndPromote(kiln, recipeText());
        expect(struck).toBe(1);
        expect(runs.map(({ state, kind: what }) => `${what} ${state}`)).toEqual([
          "bake done",
          "promote done",
        ]);
        expect(ownImages(kiln).map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
        expect(leftovers(kiln)).toEqual([]);
        // Builder and tester, and not one more.
        expect(
          kiln.cloud.calls.filter((call) => call.action === "CreateImage" && call.status === 200).length,
        ).toBeGreaterThan(0);
        expect([...kiln.cloud.world.instances.keys()]).toEqual([]);
      });
    }
  }
}
