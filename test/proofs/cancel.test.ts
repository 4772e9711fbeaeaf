/** Cancellations of runs that wait for their next try: the event on its way must not act once they are compensated. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { runKey } from "../../shared/keys.ts";
import { diskFile } from "../support/disk-file.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { recipeText } from "../support/recipes.ts";
import { logIn } from "../support/records.ts";
import { accepted, ended } from "../support/runs.ts";
import { imagesIn, leftovers, machines, ownImages, served } from "../support/world.ts";

const BUSY = new CloudFault(
  503,
  "ServiceUnavailable",
  "The request has failed due to a temporary failure of the server.",
);
const THROTTLED = new CloudFault(400, "Throttling.User", "Request was denied due to user flow control.");

/** Another step of the run that waits on, as it writes it. */
function writeStep({ cloud }: Deployment, run: string): void {
  const find = (key: string) => cloud.oss.find(BUCKET, key)?.body;
  const seq = logIn(run, find).lines.length;
  const at = cloud.time.now();
  const line = { seq, at, kind: "wait", due: at + minutes(1), note: "another look", w: "step" };
  cloud.oss.append(BUCKET, runKey(run), `${JSON.stringify(line)}\n`);
}

test("a cancellation that steps of the run are faster than is made after them", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "boot", forMs: hours(1) });
  const run = String(kiln.records("bake")[0]?.run);
  let faster = 3;
  // A healthy step reads no log, so whoever reads it is the webhook.
  kiln.cloud.faults.interleave({
    product: "oss",
    action: "GetObject",
    when: ({ key }) => key === runKey(run) && faster-- > 0,
    after: () => writeStep(kiln, run),
  });
  await accepted(kiln, `/runs/${run}/cancel`, {});
  expect((await ended(kiln, run)).state).toBe("cancelled");
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toEqual([]);
});

/** Begins a run, and returns it once its first call of `action` was refused. */
async function refusedRun(kiln: Deployment, kind: string, action: string): Promise<string> {
  if (kind === "scale") await accepted(kiln, "/fleets/web/scale-out", { count: 2 });
  else await kiln.upload("recipes/web.yaml", recipeText());
  const isRefused = () => {
    const refused = kiln.cloud.callLog.entries({ action }).some(({ status }) => status >= 400);
    return refused && kiln.records(kind)[0]?.phase !== undefined;
  };
  await kiln.cloud.settle({ until: isRefused, forMs: hours(2) });
  return String(kiln.records(kind)[0]?.run);
}

/** The waits of the first grow from seconds to minutes; the second waits more than a minute at once. */
const WAITS = [
  [BUSY, seconds(20)],
  [BUSY, seconds(50)],
  [BUSY, minutes(2)],
  [BUSY, minutes(9)],
  [THROTTLED, seconds(5)],
] as const;

const CASES = (
  [
    ["bake", "RunInstances", 0],
    ["bake", "CreateImage", 0],
    ["promote", "RunInstances", 1],
    ["scale", "RunInstances", 0],
  ] as const
).flatMap((run) => WAITS.map((wait) => [...run, ...wait] as const));

for (const [kind, action, first, fault, waitedMs] of CASES) {
  test(`a ${kind} that is cancelled ${waitedMs / 1000} s after the first ${fault.code} of ${action} leaves nothing behind`, async ({
    deploy,
    expect,
  }) => {
    const kiln = await deploy();
    await kiln.upload("fleets/web.yaml", fleetText());
    const when = (_: unknown, n: number): boolean => n >= first;
    const heal = kiln.cloud.faults.add({ product: "ecs", action, kind: "before", fault, when });
    const run = await refusedRun(kiln, kind, action);
    await kiln.cloud.settle({ forMs: waitedMs });
    await accepted(kiln, `/runs/${run}/cancel`, {});
    heal();
    const { state, result } = await ended(kiln, run);
    expect(state).toBe("cancelled");
    const { launched } = kiln.cloud.world;
    await kiln.cloud.settle({ forMs: minutes(20) });
    expect(kiln.cloud.world.launched).toBe(launched);
    expect(leftovers(kiln)).toEqual([]);
    // Members that were launched before the compensation are kept, and the record names them.
    expect(machines(kiln)).toHaveLength(Number(result?.["count"] ?? 0));
    expect(ownImages(kiln)).toHaveLength(kind === "promote" ? 1 : 0);
  });
}

test("a bake that is cancelled while its disk file is imported ends the import", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  kiln.cloud.world.delays({ importMs: minutes(30) });
  const test = { skip: true };
  const recipe = recipeText({ source: { upload: { keepObject: true } }, provision: [], test });
  await kiln.upload("recipes/appliance.yaml", recipe);
  await kiln.cloud.settle({ forMs: minutes(5) });
  await kiln.upload("disks/appliance/appliance.qcow2", diskFile("qcow2"));
  const importing = () => ownImages(kiln).some(({ status }) => status === "Creating");
  await kiln.cloud.settle({ until: importing, forMs: hours(1) });
  const run = String(kiln.records("bake").at(-1)?.run);
  await accepted(kiln, `/runs/${run}/cancel`, {});
  const cancelledAt = kiln.cloud.time.now();
  expect((await ended(kiln, run)).state).toBe("cancelled");
  expect(ownImages(kiln)).toEqual([]);
  // The import itself takes longer, and its end would make the image deletable too.
  expect(kiln.cloud.time.now() - cancelledAt).toBeLessThan(minutes(4));
});

test("a promotion that is cancelled while it copies ends the copy", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const promote = { regions: ["cn-shanghai"] };
  await kiln.upload("recipes/web.yaml", recipeText({ promote, test: { skip: true } }));
  const copying = () => imagesIn(kiln, "cn-shanghai").length > 0;
  await kiln.cloud.settle({ until: copying, forMs: hours(2) });
  const run = String(kiln.records("promote")[0]?.run);
  await accepted(kiln, `/runs/${run}/cancel`, {});
  expect((await ended(kiln, run)).state).toBe("cancelled");
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(imagesIn(kiln, "cn-shanghai")).toEqual([]);
  expect(served(kiln)).toBe("m-web-1");
});
