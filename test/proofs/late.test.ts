/**
 * A phase that comes late, after an attempt whose answer was lost and whose token the cloud has forgotten: it goes on
 * with what that attempt made. The attempt is made by hand, with the tags of the run.
 */
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { json } from "../support/known.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { launchTagged, leftovers, machines, ownImages } from "../support/world.ts";

interface Lost {
  readonly run: string;
  readonly from?: { readonly instanceId: string };
}

/** Lets the first event of a phase get lost. `deliver` brings it, `lateMs` after its phase began. */
function lose(kiln: Deployment, functionName: string, phase: string) {
  const isIt = (event: { readonly function: string; readonly payload: string }): boolean =>
    event.function === functionName && event.payload.includes(`"phase":"${phase}"`);
  const stop = kiln.cloud.fc.lose(isIt);
  const found = () =>
    kiln.cloud.fc.events.find((event) =>
      isIt({ function: event.function, payload: event.payload.toString() }),
    );
  return {
    wait: async (): Promise<Lost> => {
      await kiln.cloud.settle({ until: () => found() !== undefined, forMs: minutes(60) });
      stop();
      return json<Lost>(found()?.payload.toString() ?? "{}");
    },
    deliver: async (lateMs: number): Promise<void> => {
      await kiln.cloud.settle({ forMs: lateMs });
      await kiln.invoke(functionName, json(found()?.payload.toString() ?? "{}"));
    },
  };
}

const LATE = minutes(16);

const tagsOf = (run: string, role: string, more: Readonly<Record<string, string>> = {}) => ({
  "kiln:deployment": BUCKET,
  "kiln:run": run,
  "kiln:role": role,
  ...more,
});

for (const [functionName, kind, role] of [
  ["kiln-bake-image", "bake", "builder"],
  ["kiln-promote-family", "promote", "tester"],
] as const)
  test(`a late launch of a ${role} goes on with the one that is there`, async ({ kiln, expect }) => {
    const lost = lose(kiln, functionName, "launch");
    await kiln.upload("recipes/web.yaml", recipeText({ test: { commands: ["true"], timeout: "1h" } }));
    const { run } = await lost.wait();
    const before = kiln.cloud.world.launched;
    const image = role === "tester" ? { ImageId: ownImages(kiln)[0]?.imageId } : {};
    const id = await launchTagged(kiln, tagsOf(run, role), image);
    await lost.deliver(LATE);
    expect((await ended(kiln, run)).reason).toBeUndefined();
    expect(kiln.record(run)?.steps.some(({ note }) => note === `${id} is there`)).toBe(true);
    await kiln.cloud.settle({ forMs: minutes(3) });
    // A promotion follows a bake, and launches its test instance.
    expect(kiln.cloud.world.launched - before).toBe(kind === "bake" ? 2 : 1);
    await kiln.cloud.settle({ forMs: minutes(30) });
    expect(leftovers(kiln)).toEqual([]);
  });

test("a late capture goes on with the image that is there", async ({ kiln, expect }) => {
  const lost = lose(kiln, "kiln-bake-image", "capture");
  await kiln.upload("recipes/web.yaml", recipeText({ family: undefined, test: undefined }));
  const { run, from } = await lost.wait();
  const Tag = Object.entries(tagsOf(run, "image")).map(([Key, Value]) => ({ Key, Value }));
  const params = { InstanceId: from?.instanceId, ImageName: "an-earlier-attempt", Tag };
  const { ImageId } = await kiln.ecs<{ ImageId: string }>("CreateImage", params);
  await lost.deliver(LATE);
  expect((await ended(kiln, run)).result).toMatchObject({ imageId: ImageId });
  expect(ownImages(kiln).map(({ imageId }) => imageId)).toEqual([ImageId]);
});

for (const via of ["RunInstances", "CreateInstance"])
  test(`a late ${via} counts what is there, and launches only the rest`, async ({ deploy, expect }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText({ via }));
    const lost = lose(kiln, "kiln-scale-out", "launch");
    const { run } = await accepted(kiln, "/fleets/web/scale-out", { count: 3 });
    await lost.wait();
    const tags = tagsOf(run, "member", { "kiln:fleet": "web", "kiln:image": "m-web-1" });
    const image = { ImageId: "m-web-1" };
    const there = [await launchTagged(kiln, tags, image), await launchTagged(kiln, tags, image)];
    await lost.deliver(LATE);
    expect((await ended(kiln, run)).result).toMatchObject({ asked: 3, count: 3, launched: 3 });
    expect(machines(kiln)).toHaveLength(3);
    expect(machines(kiln).map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(there));
    expect(kiln.cloud.world.launched).toBe(3);
  });
