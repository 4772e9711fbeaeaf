/**
 * Lives in which every kind of change, and many reads and deliveries, are struck once each: the instance dies
 * after the effect and before the answer, or the answer is lost on the way. The world must come out as if
 * nothing had happened.
 */
import type { Product } from "../cloud/kernel.ts";
import { bakeAndPromote, leftovers, ownImages, recipeText, test } from "./fixture.ts";

/** Which calls of an action are struck, counted from 0; one a life, so each action is struck in each life it has. */
const STRUCK: readonly (readonly [Product, string, readonly number[]])[] = [
  ["ecs", "RunInstances", [0, 1]],
  ["ecs", "RunCommand", [0, 2, 4]],
  ["ecs", "StopInstance", [0]],
  ["ecs", "CreateImage", [0]],
  ["ecs", "TagResources", [0, 1]],
  ["ecs", "DeleteInstance", [0, 1]],
  ["ecs", "RebootInstance", [0]],
  ["ecs", "ModifyImageAttribute", [0]],
  ["ecs", "DescribeInstances", [0, 7]],
  // The first one is the upload itself, which is not ours; the second claims the recipe, the last one lets it go.
  ["oss", "PutObject", [1, 2, 12, 24]],
  ["oss", "ListObjects", [0]],
  ["fc", "InvokeFunction", [0, 1, 8, 26]],
];

for (const kind of ["crash", "after"] as const) {
  // To a delivery both are the same, so the lives in which only those are struck are lived once.
  for (let life = 0; life < (kind === "crash" ? 4 : 3); life++) {
    const strikes = STRUCK.flatMap(([product, action, places]) => {
      const place = places[life];
      return place === undefined ? [] : [{ product, action, place }];
    });
    const names = strikes.map(({ action, place }) => `${action} ${place + 1}`).join(", ");
    test(`${kind} at ${names}: one image, one promotion, nothing left`, async ({ kiln, expect }) => {
      const struck: string[] = [];
      for (const { product, action, place } of strikes) {
        const when = (_params: unknown, n: number): boolean => {
          if (n === place) struck.push(action);
          return n === place;
        };
        kiln.cloud.faults.add({ product, action, kind, when });
      }
      const runs = await bakeAndPromote(kiln, recipeText());
      expect(struck.toSorted()).toEqual(strikes.map(({ action }) => action).toSorted());
      expect(runs.map((run) => `${run.kind} ${run.state}`)).toEqual(["bake done", "promote done"]);
      expect(ownImages(kiln).map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
      expect(leftovers(kiln)).toEqual([]);
      expect([...kiln.cloud.world.instances.keys()]).toEqual([]);
    });
  }
}
