import { readFileSync } from "node:fs";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { BUSY } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

const timed = test.extend({ timers: ["idle-check"] });

test("a second delivery of every event creates nothing new", async ({ kiln, expect }) => {
  kiln.cloud.fc.duplicate(() => true);
  const runs = await bakeAndPromote(kiln, recipeText());
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  expect(ownImages(kiln).map(({ status, family }) => [status, family])).toEqual([["Available", "web"]]);
  expect(leftovers(kiln)).toEqual([]);
  // One builder and one test instance.
  expect(kiln.cloud.world.launched).toBe(2);
});

test("a late duplicate of an old event does not restart an ended run", async ({ kiln, expect }) => {
  const [bake, promote] = await bakeAndPromote(kiln, recipeText());
  const old = kiln.cloud.fc.events.filter(
    ({ source, payload }) => source !== "timer" && payload.includes('"phase"'),
  );
  expect(old.length).toBeGreaterThan(20);
  for (const { function: name, payload } of old) await kiln.invoke(name, JSON.parse(payload.toString()));
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.record(bake?.run ?? "")).toEqual(bake);
  expect(kiln.record(promote?.run ?? "")?.state).toBe("done");
  expect(ownImages(kiln)).toHaveLength(1);
  expect(leftovers(kiln)).toEqual([]);
});

test("an event that is delivered early is delayed again and changes nothing", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "boot", forMs: hours(1) });
  const [record] = kiln.records("bake");
  const event = { ...kiln.eventOf(record?.run ?? ""), runAt: kiln.cloud.time.now() + minutes(90) };
  await kiln.invoke("kiln-bake-image", event);
  await kiln.cloud.settle({ forMs: minutes(1) });
  const early = kiln.cloud.fc.invocations.filter(({ result }) => result?.includes('"early"'));
  expect(early).toHaveLength(1);
});

timed(
  "with every event delivered twice, three instances are launched and the two idle ones are stopped once",
  async ({ kiln, expect }) => {
    kiln.cloud.fc.duplicate(() => true);
    await bakeAndPromote(kiln, recipeText());
    await kiln.upload("fleets/web.yaml", readFileSync("examples/fleets/web.yaml"));
    const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 3 });
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect((await answer).status).toBe(202);
    const ids = [...kiln.cloud.world.instances.keys()];
    expect(ids).toHaveLength(3);
    for (const id of ids.slice(1))
      kiln.cloud.world.load(id, () => ({ ...BUSY, cpuAverage: 1, cpuMaximum: 2 }));
    await kiln.cloud.settle({ forMs: hours(6) });
    const states = ids.map((id) => kiln.cloud.world.instances.get(id)?.status);
    expect(states).toEqual(["Running", "Stopped", "Stopped"]);
    const stopped = kiln
      .records("idle")
      .flatMap(({ result }) => [result?.["stopped"] ?? []].flat().map(String));
    expect(stopped.toSorted()).toEqual(ids.slice(1).toSorted());
  },
);

test("a concurrent attempt that ends differently has no effect on the run", async ({ kiln, expect }) => {
  await bakeAndPromote(kiln, recipeText());
  await kiln.upload("fleets/web.yaml", readFileSync("examples/fleets/web.yaml"));
  const answer = kiln.call("POST", "/fleets/web/scale-out", { count: 2 });
  await kiln.cloud.settle({ forMs: seconds(10) });
  const run = String((await answer).body["run"]);
  expect(kiln.record(run)?.state).toBe("running");
  // A repeated plan fails now, without the fleet document.
  const plan = kiln.cloud.fc.events.find(({ taskId }) => taskId === `${run}-line-1`);
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml");
  await kiln.invoke("kiln-scale-out", JSON.parse(plan?.payload.toString() ?? "{}"));
  await kiln.cloud.settle({ forMs: seconds(5) });
  expect(kiln.cloud.fc.invocations.some(({ result }) => result.includes("there is no fleets/web.yaml"))).toBe(
    true,
  );
  expect(kiln.record(run)?.state).toBe("running");
  await kiln.cloud.settle({ forMs: minutes(10) });
  expect(kiln.record(run)).toMatchObject({ state: "done", result: { asked: 2 } });
});

test("a phase that is repeated after its run moved on changes nothing: the instance is not rebooted again", async ({
  kiln,
  expect,
}) => {
  const { cloud } = kiln;
  const reboots = () => cloud.callLog.count({ action: "RebootInstance" });
  let struck = 0;
  // Crashes when the next event is in the queue, so the platform repeats a phase that is over.
  const when = (): boolean => reboots() > struck && ++struck > 0;
  cloud.faults.add({ product: "fc", action: "InvokeFunction", kind: "crash", when });
  const steps = [{ reboot: true }, { run: "sleep 400", timeout: "20m" }];
  const text = recipeText({ provision: ["yum install -y nginx", "systemctl enable nginx", ...steps] });
  const runs = await bakeAndPromote(kiln, text);
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  // One reboot of the builder, and one of the test instance.
  expect(struck).toBe(2);
  expect(reboots()).toBe(2);
});
