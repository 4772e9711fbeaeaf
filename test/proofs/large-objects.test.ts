/** Objects that are far too large for what they should be: reported, and never read into the memory of a function. */
import { createServer } from "node:http";
import { getSmallObject } from "../../shared/cloud/oss/objects.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { request } from "../support/runs.ts";
import { imagesIn, HOME, leftovers } from "../support/world.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";

const KB = 1024;
/** What a dump by mistake may have. */
const DUMP = 300 * KB * KB;
/** Larger than any buffer on the way. */
const HUGE = 8 * KB * KB;

onCloud(
  "an object that is too large is not read to its end, however long that would take",
  async ({ cloud, expect }) => {
    // Sends the beginning of a huge object, and then nothing more.
    const server = createServer((_incoming, answer) => {
      answer.writeHead(200, { "content-length": DUMP, "x-oss-request-id": "r-1", etag: '"1"' });
      answer.write(Buffer.alloc(100 * KB));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const oss = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const client = connected(cloud, { endpoints: { oss } });
    const read = await getSmallObject(client, "fleets/dump.yaml", 32 * KB);
    expect(read).toEqual({
      ok: false,
      problem: `fleets/dump.yaml has ${DUMP} bytes, more than the ${32 * KB} that it may have`,
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
);

onCloud("the limit is in bytes, and an object that has as many is read whole", async ({ cloud, expect }) => {
  const client = connected(cloud);
  for (const bytes of [0, 1, 63, 64 * KB, 200 * KB]) {
    const text = "a".repeat(bytes);
    cloud.oss.put("kiln", "a", text);
    expect(await getSmallObject(client, "a", bytes)).toMatchObject({
      ok: true,
      value: { text, size: bytes },
    });
    if (bytes > 0) expect(await getSmallObject(client, "a", bytes - 1)).toMatchObject({ ok: false });
  }
  cloud.oss.put("kiln", "a", "汉".repeat(10));
  expect(await getSmallObject(client, "a", 29)).toMatchObject({ ok: false });
  expect(await getSmallObject(client, "none", 1)).toEqual({ ok: true, value: undefined });
});

const putHuge = ({ cloud }: Deployment, key: string): void => {
  cloud.oss.put(BUCKET, key, Buffer.alloc(HUGE, " "));
};

const idle = { signals: { cpuAverage: 5 } };

test("a huge document is reported, and the others are checked and baked all the same", async ({
  kiln,
  expect,
}) => {
  putHuge(kiln, "fleets/zz-dump.yaml");
  putHuge(kiln, "recipes/aa-dump.yaml");
  kiln.cloud.oss.put(BUCKET, "fleets/web.yaml", fleetText({ idle }));
  await kiln.invoke("kiln-stop-idle", { v: 1, request: "stop-idle", fleet: "*" });
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "*" });
  await kiln.cloud.settle({ forMs: minutes(5) });
  const problem = `has ${HUGE} bytes, more than the 32768 that it may have; move scripts into objects under scripts/`;
  expect(kiln.records("idle-zz")).toMatchObject([
    { state: "failed", reason: `fleets/zz-dump.yaml ${problem}` },
  ]);
  expect(kiln.records("idle-web")).toMatchObject([{ state: "done" }]);
  const dumps = kiln.records("bake-aa");
  expect(dumps.length).toBeGreaterThan(0);
  for (const { reason } of dumps) expect(reason).toBe(`recipes/aa-dump.yaml ${problem}`);
});

test("the limit of a document counts bytes, not characters", async ({ kiln, expect }) => {
  const text = (count: number): string =>
    `# ${"汉".repeat(count)}\n${recipeText({ family: undefined, test: undefined })}`;
  const [long] = await bakeAndPromote(kiln, text(11_000));
  expect(long?.reason).toMatch(/^recipes\/web\.yaml has 33\d\d\d bytes, more than the 32768/);
  const [short] = await bakeAndPromote(kiln, text(10_000));
  expect(short?.state).toBe("done");
});

test("user data and scripts that are huge are refused, and nothing is left", async ({ deploy, expect }) => {
  const kiln = await deploy();
  putHuge(kiln, "scripts/huge.sh");
  await kiln.upload("fleets/web.yaml", fleetText({ launch: { UserData: { object: "scripts/huge.sh" } } }));
  expect((await scaleOut(kiln, { count: 1 })).reason).toBe(
    `fleet web: launch.UserData: scripts/huge.sh has ${HUGE} bytes, more than the 32768 that it may have; let it fetch the rest`,
  );
  // The script grows while its builder starts: the plan has seen a short one.
  kiln.cloud.oss.put(BUCKET, "scripts/grows.sh", "true");
  await kiln.upload("recipes/web.yaml", recipeText({ provision: [{ script: "scripts/grows.sh" }] }));
  const launched = () => kiln.records("bake")[0]?.phase === "boot";
  await kiln.cloud.settle({ until: launched, forMs: hours(1) });
  putHuge(kiln, "scripts/grows.sh");
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("bake")[0]?.reason).toBe(
    `"scripts/grows.sh": scripts/grows.sh has ${HUGE} bytes, more than the 1048576 that it may have`,
  );
  expect(leftovers(kiln)).toEqual([]);
});

test("retention deletes nothing while a document cannot be read whole: it may name an image", async ({
  kiln,
  expect,
}) => {
  const retention = { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "1h" };
  for (const n of [1, 2, 3]) await quickRelease(kiln, n, { rebake: { nightly: false }, retention });
  kiln.cloud.world.ageImages(hours(24 * 10));
  putHuge(kiln, "fleets/dump.txt");
  const retired = await request(kiln, "/recipes/web/retire");
  expect(retired.reason).toBe(
    `fleets/dump.txt has ${HUGE} bytes, more than the 262144 that it may have: which images it names is unknown, so none is deleted; move it out of fleets/`,
  );
  expect(imagesIn(kiln, HOME)).toHaveLength(3);
  kiln.cloud.oss.delete(BUCKET, "fleets/dump.txt");
  expect((await request(kiln, "/recipes/web/retire")).result).toMatchObject({ marked: 1 });
});
