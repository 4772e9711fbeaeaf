/**
 * Runs in which each kind of change, and many reads and deliveries, are hit by one fault: the function crashes
 * after the effect of a call, or the answer of the call is lost. The world must be as if nothing had happened.
 */
import type { Product } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

/** Calls of an action that are hit, counted from 0: one in each round. */
const HIT: readonly (readonly [Product, string, readonly number[]])[] = [
  ["ecs", "RunInstances", [0, 1]],
  ["ecs", "RunCommand", [0, 2, 4]],
  ["ecs", "StopInstance", [0]],
  ["ecs", "CreateImage", [0]],
  ["ecs", "TagResources", [0, 1]],
  ["ecs", "DeleteInstance", [0, 1]],
  ["ecs", "RebootInstance", [0]],
  ["ecs", "ModifyImageAttribute", [0]],
  ["ecs", "DescribeInstances", [0, 7]],
  // The first one is the upload by the test; then there are the marks of the two runs, and outputs of commands.
  ["oss", "PutObject", [1, 4, 5, 8]],
  // First lines of logs and locks, lines of phases, the release of a lock, the end of the bake and what follows it.
  ["oss", "AppendObject", [0, 1, 2, 20, 21, 22, 34, 39]],
  ["oss", "DeleteObject", [0, 1]],
  ["oss", "ListObjects", [0]],
  ["fc", "InvokeFunction", [0, 1, 8, 26]],
];
const ROUNDS = Math.max(...HIT.map(([, , places]) => places.length));

for (const kind of ["crash", "after"] as const) {
  for (let round = 0; round < ROUNDS; round++) {
    const faults = HIT.flatMap(([product, action, places]) => {
      const place = places[round];
      return place === undefined ? [] : [{ product, action, place }];
    });
    const names = faults.map(({ action, place }) => `${action} ${place + 1}`).join(", ");
    test(`${kind} at ${names}: one image, one promotion, nothing left`, async ({ kiln, expect }) => {
      const hit: string[] = [];
      for (const { product, action, place } of faults) {
        const when = (_params: unknown, n: number): boolean => {
          if (n === place) hit.push(action);
          return n === place;
        };
        kiln.cloud.faults.add({ product, action, kind, when });
      }
      const runs = await bakeAndPromote(kiln, recipeText());
      expect(hit.toSorted()).toEqual(faults.map(({ action }) => action).toSorted());
      expect(runs.map((run) => `${run.kind} ${run.state}`)).toEqual(["bake done", "promote done"]);
      expect(ownImages(kiln).map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
      expect(leftovers(kiln)).toEqual([]);
      expect([...kiln.cloud.world.instances.keys()]).toEqual([]);
    });
  }
}
