/** Documents are checked and indexed when they are put, and the webhook answers by the index. */
import { test as base } from "vitest";
import { minutes, seconds } from "../../shared/duration.ts";
import { documentIndexKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";
import { BUCKET, deployKiln, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { leaks } from "../support/leaks.ts";
import { recipeText } from "../support/recipes.ts";

interface World extends Pick<ChannelServer, "posted"> {
  readonly kiln: Deployment;
}

const test = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  world: async ({}, use) => {
    const channel = await startChannel();
    const to = (path: string) => ({ kind: "json", url: `${channel.url}/${path}` });
    const channels = { default: to("default"), ops: to("ops"), team: to("team") };
    const kiln = await deployKiln({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
    await use({ kiln, posted: channel.posted });
    await kiln.close();
    await channel.close();
  },
});

const INDEX = documentIndexKey("fleets", "web");
const indexOf = ({ cloud }: Deployment, key = INDEX): Record<string, unknown> | undefined => {
  const body = cloud.oss.find(BUCKET, key)?.body.toString();
  return body === undefined ? undefined : JSON.parse(body);
};
const put = async (kiln: Deployment, key: string, text: string): Promise<void> => {
  await kiln.upload(key, text);
  await kiln.cloud.time.settle();
};
let asked = 0;
/** A request of its own: the same bytes once more are a repeat. */
const scale = (kiln: Deployment, count = 1, fleet = "web") =>
  kiln.call("POST", `/fleets/${fleet}/scale-out`, { count, dryRun: true, key: `k-${++asked}` });

test("a document that does not exist is answered with 404, one that is refused with 422, a wrong count with 400", async ({
  world: { kiln },
  expect,
}) => {
  const none = await scale(kiln);
  expect([none.status, none.body["error"]]).toEqual([
    404,
    expect.stringContaining("there is no fleets/web.yaml"),
  ]);
  expect((await kiln.call("POST", "/recipes/web/bake", {})).status).toBe(404);

  await put(kiln, "fleets/web.yaml", fleetText({ limit: { max: 3 } }));
  const refused = await scale(kiln);
  expect([refused.status, refused.body["error"]]).toEqual([
    422,
    expect.stringContaining("limit: is not known, and limits is already set"),
  ]);

  await put(kiln, "fleets/web.yaml", fleetText({ limits: { max: 10, perRequest: 2 } }));
  expect((await scale(kiln, 2)).status).toBe(202);
  const many = await scale(kiln, 3);
  expect([many.status, many.body["error"]]).toEqual([400, expect.stringContaining("must be at most 2")]);
  expect((await kiln.call("POST", "/fleets/web/stop", {})).status).toBe(400);

  await put(
    kiln,
    "recipes/web.yaml",
    recipeText({ provision: [{ run: "true", environment: { TIER: "x" } }] }),
  );
  expect((await kiln.call("POST", "/recipes/web/bake", { parameters: { TIER: "y" } })).status).toBe(400);
  expect((await kiln.call("POST", "/recipes/web/bake", { dryRun: true })).status).toBe(202);
  expect(kiln.records("scale").map(({ state }) => state)).toEqual([expect.any(String)]);
});

test("a repeat of an accepted request is the same run, whatever became of the document", async ({
  world: { kiln },
  expect,
}) => {
  await put(kiln, "fleets/web.yaml", fleetText());
  const body = { count: 1, dryRun: true, key: "once" };
  const first = await kiln.call("POST", "/fleets/web/scale-out", body);
  await kiln.cloud.time.settle();
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml");
  await kiln.cloud.time.settle();
  const again = await kiln.call("POST", "/fleets/web/scale-out", body);
  expect([again.status, again.body["run"]]).toEqual([202, first.body["run"]]);
  expect((await scale(kiln)).status).toBe(404);
});

test("an index that is missing, half-written, of an earlier content or of another key refuses no valid document", async ({
  world: { kiln },
  expect,
}) => {
  const { cloud } = kiln;
  await put(kiln, "fleets/web.yaml", "family: web");
  const stale = JSON.stringify(indexOf(kiln));
  await put(kiln, "fleets/web.yaml", fleetText());
  for (const text of [undefined, stale, stale.slice(0, 40), "", "[]", '{"v":2}']) {
    if (text === undefined) cloud.oss.delete(BUCKET, INDEX);
    else cloud.oss.put(BUCKET, INDEX, text);
    expect((await scale(kiln)).status, text).toBe(202);
  }
});

test("the index follows the document: changed, deleted, of another ending, and events twice or out of order", async ({
  world: { kiln },
  expect,
}) => {
  await put(kiln, "fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  expect(indexOf(kiln)).toMatchObject({
    key: "fleets/web.yaml",
    limits: { max: 3, perRequest: 3 },
    family: "web",
  });
  const events = kiln.cloud.fc.events.filter(({ payload }) => payload.toString().includes("fleets/web.yaml"));
  await put(kiln, "fleets/web.yaml", fleetText({ limits: { max: 4 } }));
  for (const { payload } of events) await kiln.invoke("kiln-janitor", JSON.parse(payload.toString()));
  await kiln.cloud.time.settle();
  expect(indexOf(kiln)).toMatchObject({ limits: { max: 4 } });

  await put(kiln, "fleets/web.json", fleetText({ limits: { max: 5 } }));
  expect(indexOf(kiln)).toMatchObject({ key: "fleets/web.yaml", limits: { max: 4 } });
  kiln.cloud.oss.delete(BUCKET, "fleets/web.yaml");
  await kiln.cloud.time.settle();
  expect(indexOf(kiln)).toMatchObject({ key: "fleets/web.json", limits: { max: 5 } });
  kiln.cloud.oss.delete(BUCKET, "fleets/web.json");
  await kiln.cloud.time.settle();
  expect(indexOf(kiln)).toBeUndefined();
});

test("a document that changes while it is read is looked at again", async ({ world: { kiln }, expect }) => {
  const { cloud } = kiln;
  let isChanged = false;
  // Nothing tells of this change: its own event may have been handled before.
  cloud.faults.interleave({
    product: "oss",
    action: "PutObject",
    when: ({ key }) => key === INDEX && !isChanged,
    before: () => {
      isChanged = true;
      cloud.oss.put(BUCKET, "fleets/web.yaml", fleetText({ limits: { max: 7 } }), { by: "AppendObject" });
    },
  });
  await put(kiln, "fleets/web.yaml", fleetText({ limits: { max: 3 } }));
  expect(indexOf(kiln)).toMatchObject({ limits: { max: 7 } });
});

test("the hourly check repairs the index after lost events and other versions", async ({
  world: { kiln },
  expect,
}) => {
  const { cloud } = kiln;
  await put(kiln, "fleets/web.yaml", fleetText());
  await put(kiln, "recipes/web.yaml", recipeText());
  const recipes = documentIndexKey("recipes", "web");
  const right = indexOf(kiln);
  const other = { ...right, limits: { max: 1, perRequest: 1 } };
  cloud.oss.put(BUCKET, INDEX, JSON.stringify(other));
  cloud.oss.delete(BUCKET, recipes);
  cloud.oss.put(BUCKET, documentIndexKey("fleets", "gone"), "{}");
  await kiln.invoke("kiln-janitor", { v: 1, request: "check", key: "*" });
  await cloud.time.settle();
  expect(indexOf(kiln)).toEqual(right);
  expect(indexOf(kiln, recipes)).toMatchObject({
    key: "recipes/web.yaml",
    routes: ["bake", "retire", "promote"],
  });
  expect(indexOf(kiln, documentIndexKey("fleets", "gone"))).toBeUndefined();
});

test("a document whose object is refused keeps no other one from its check or its night, and is reported itself", async ({
  world: { kiln, posted },
  expect,
}) => {
  const { cloud } = kiln;
  await put(kiln, "recipes/archived.yaml", recipeText());
  await put(kiln, "recipes/web.yaml", recipeText());
  await put(kiln, "fleets/web.yaml", fleetText());
  for (const key of [INDEX, documentIndexKey("recipes", "web")]) cloud.oss.delete(BUCKET, key);
  cloud.oss.put(BUCKET, "fleets/bad.yaml", "family: web", { by: "AppendObject" });
  // https://www.alibabacloud.com/help/en/oss/user-guide/0003-00000006
  const fault = new CloudFault(
    403,
    "InvalidObjectState",
    "The operation is not valid for the object's state",
  );
  const isArchived = ({ key }: Readonly<Record<string, string>>) => key === "recipes/archived.yaml";
  cloud.faults.add({ product: "oss", action: "GetObject", when: isArchived, kind: "before", fault });
  for (let n = 0; n < 2; n++) await kiln.invoke("kiln-janitor", { v: 1, request: "check", key: "*" });
  await cloud.time.settle();
  expect(indexOf(kiln)).toMatchObject({ key: "fleets/web.yaml" });
  expect(indexOf(kiln, documentIndexKey("recipes", "web"))).toMatchObject({ key: "recipes/web.yaml" });
  const reasons = kiln.records("check").map(({ reason = "" }) => reason);
  expect(reasons).toHaveLength(2);
  for (const said of [
    "fleets/bad.yaml has",
    "recipes/archived cannot be checked: oss GetObject answered InvalidObjectState",
  ])
    expect(reasons.join("\n")).toContain(said);
  const reports = posted.filter(({ body }) => /cannot be checked|bad.yaml has/.test(JSON.stringify(body)));
  expect(reports).toHaveLength(2);

  const before = ["archived", "web"].map((name) => kiln.records(`bake-${name}`).length);
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "*" });
  await cloud.time.settle();
  const after = ["archived", "web"].map((name) => kiln.records(`bake-${name}`).length);
  expect(after).toEqual(before.map((count) => count + 1));
});

test("a refused document has a record under its name, and its channels and the default one hear of it, once", async ({
  world: { kiln, posted },
  expect,
}) => {
  const text = `family: web\nlaunch:\n  InstanceType: ecs.g7.large\nlimits: {max：3}\nnotify:\n  - ops # the team\n  - channel: team\n    events: [failed]\n`;
  await put(kiln, "fleets/web.yaml", text);
  for (let n = 0; n < 2; n++) await kiln.invoke("kiln-janitor", { v: 1, request: "check", key: "*" });
  await kiln.cloud.time.settle();
  const runs = kiln.records("check");
  expect(runs).toMatchObject([
    { state: "failed", reason: expect.stringContaining("fleets/web.yaml has 3 problems") },
  ]);
  expect(runs[0]?.run).toMatch(/^check-web-/);
  expect(runs[0]?.reason).toContain("line 4, limits.max：[hidden]: is not known: it holds the full-width ：");
  expect(posted.map(({ path }) => path).toSorted()).toEqual(["/default", "/ops", "/team"]);
  for (const { body } of posted) expect(JSON.stringify(body)).toContain("fleets/web.yaml has 3 problems");

  await put(kiln, "recipes/Web Server.yaml", recipeText());
  const [misnamed] = kiln.records("check-web-server");
  expect(misnamed?.reason).toContain("rename the file to web-server.yaml");
});

test("a recipe with a mistake is reported once, by its check; asked for otherwise, its bake is reported too", async ({
  world: { kiln, posted },
  expect,
}) => {
  const bad = recipeText({ provison: ["true"] });
  await put(kiln, "recipes/web.yaml", bad);
  await kiln.cloud.settle({ forMs: minutes(1) });
  const failedRuns = () => [...kiln.records("bake-web"), ...kiln.records("check-web")];
  expect(failedRuns()).toMatchObject([{ state: "failed" }, { state: "failed" }]);
  expect(posted.map(({ path, body }) => [path, body["run"]])).toEqual([
    ["/default", expect.stringMatching(/^check-web-/)],
  ]);
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web" });
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(posted.slice(1).map(({ path, body }) => [path, body["run"]])).toEqual([
    ["/default", expect.stringMatching(/^bake-web-/)],
  ]);
});

test("a mistake that comes back is reported again, and a repeat of its event is not", async ({
  world: { kiln, posted },
  expect,
}) => {
  const bad = fleetText({ limit: { max: 3 } });
  for (const text of [bad, fleetText(), bad]) {
    await put(kiln, "fleets/web.yaml", text);
    await kiln.cloud.settle({ forMs: seconds(5) });
  }
  const events = kiln.cloud.fc.events.filter(({ payload }) => payload.toString().includes("fleets/web.yaml"));
  for (const { payload } of events) await kiln.invoke("kiln-janitor", JSON.parse(payload.toString()));
  await kiln.cloud.time.settle();
  expect(kiln.records("check")).toHaveLength(2);
  expect(posted).toHaveLength(2);
  expect(kiln.cloud.oss.list(BUCKET, "open/")).toEqual([]);
});

const SECRET = "hunter2-s3cr3t-value";

test("no secret of a refused document is in an object, a message, an answer or a log", async ({
  world: { kiln, posted },
  expect,
}) => {
  const lines = [`TOKEN：${SECRET}`, `TOKEN: @${SECRET}`, `"${SECRET}": x`, `- TOKEN=${SECRET}`];
  const answers: unknown[] = [];
  for (const line of lines) {
    const step = `  - run: echo\n    environment:\n      ${line}\n`;
    await put(kiln, "recipes/web.yaml", `family: web\nprovision:\n${step}notify: [ops]\n`);
    answers.push(await kiln.call("POST", "/recipes/web/bake", {}));
    const password = `launch:\n  InstanceType: ecs.g7.large\n  Password：${SECRET}\n`;
    await put(kiln, "fleets/web.yaml", password + line);
    answers.push(await scale(kiln));
  }
  expect(kiln.records("check").length).toBeGreaterThan(4);
  expect(JSON.stringify([answers, posted])).not.toContain(SECRET);
  for (const key of ["recipes/web.yaml", "fleets/web.yaml"]) kiln.cloud.oss.delete(BUCKET, key);
  expect(leaks(kiln, { secrets: { SECRET } })).toEqual([]);
});

test("without a default channel nothing is lost", async ({ expect }) => {
  const kiln = await deployKiln();
  await put(kiln, "fleets/web.yaml", "family: web");
  expect(kiln.records("check")).toHaveLength(1);
  expect(kiln.cloud.oss.list(BUCKET, "runs/").filter(({ key }) => key.includes("undelivered"))).toEqual([]);
  await kiln.close();
});
