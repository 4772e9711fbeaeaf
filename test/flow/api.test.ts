/** The API on the local cloud: its answers are about what is in the world. */
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { type Answer, type Deployment, sign } from "../support/deployment.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { answered, ended, request } from "../support/runs.ts";
import { served } from "../support/world.ts";

type Asked = Parameters<Deployment["api"]>;
const ask = (kiln: Deployment, ...asked: Asked): Promise<Answer> => answered(kiln, kiln.api(...asked));

test("a recipe that is put is baked, and the API shows it at work, done and served", async ({
  kiln,
  expect,
}) => {
  const put = await ask(kiln, "PUT", "/recipes/web", recipeText({ test: { skip: true } }));
  expect(put).toMatchObject({ status: 200, body: { key: "recipes/web.yaml", created: true } });
  await kiln.cloud.settle({ until: () => kiln.records("bake").length > 0, forMs: minutes(5) });
  const [bake] = kiln.records("bake");
  await kiln.cloud.settle({ forMs: minutes(1) });
  const during = await ask(kiln, "GET", "/status");
  expect(during).toMatchObject({
    status: 200,
    body: { atWork: [{ run: bake?.run, state: "running" }], problems: [] },
  });
  await ended(kiln, bake?.run ?? "");
  await kiln.cloud.settle({ forMs: minutes(30) });
  const runs = await ask(kiln, "GET", "/runs");
  expect(runs.body["runs"]).toMatchObject([
    { kind: "promote", subject: "web", state: "done" },
    { kind: "bake", subject: "web", state: "done" },
  ]);
  const { body } = await ask(kiln, "GET", `/runs/${bake?.run}`);
  expect(body).toMatchObject({ state: "done", outputs: ["builder-0", "builder-1", "builder-2"] });
  const output = await ask(kiln, "GET", `/runs/${bake?.run}/logs/0`);
  expect(output.status).toBe(200);
  const families = await ask(kiln, "GET", "/families");
  const promotion = kiln.records("promote")[0];
  expect(families.body["families"]).toMatchObject([
    { family: "web", imageId: served(kiln), recipe: "web", run: promotion?.run, by: promotion?.by },
  ]);
});

test("the API takes the callers of the webhook with their routes, and nothing unsigned", async ({
  deploy,
  expect,
}) => {
  const secret = "a-secret-of-the-reader-0123456789";
  const KILN_CALLERS = JSON.stringify({
    ci: { secrets: [secret], routes: ["GET /runs", "GET /runs/*", "PUT /recipes/web"] },
  });
  const kiln = await deploy({ env: { KILN_CALLERS } });
  const as = (method: "GET" | "PUT" | "DELETE", path: string, body = "") =>
    ask(kiln, method, path, body, sign(method, path, body, { at: kiln.cloud.time.now(), secret }));
  expect((await as("GET", "/runs")).status).toBe(200);
  expect((await as("PUT", "/recipes/web", recipeText())).status).toBe(200);
  for (const [method, path] of [
    ["GET", "/status"],
    ["PUT", "/recipes/other"],
    ["DELETE", "/recipes/web"],
  ] as const)
    expect(await as(method, path), path).toEqual({ status: 403, body: { error: "not allowed" } });
  for (const [path, near] of [
    ["/stats", "; did you mean GET /status?"],
    ["/recipe/web", "; did you mean GET /recipes/web?"],
    ["/nowhere", "; there are GET /status, /runs"],
  ])
    expect(await as("GET", String(path))).toEqual({
      status: 404,
      body: { error: expect.stringContaining(`no route GET ${path}${near}`) },
    });
  const at = kiln.cloud.time.now();
  for (const headers of [
    { "x-kiln-signature": "" },
    sign("GET", "/runs", "", { at: at - minutes(6), secret }),
    sign("PUT", "/runs", "", { at, secret }),
    sign("GET", "/runs", "", { at, secret: "another-callers-secret" }),
  ])
    expect(await ask(kiln, "GET", "/runs", "", headers)).toEqual({
      status: 401,
      body: { error: "not authenticated" },
    });
});

test("every answer names its function, whatever it says", async ({ deploy, expect }) => {
  const kiln = await deploy();
  const broken = await deploy({ env: { KILN_CALLERS: '{"ci":{"secrets":["hunter2"]}}' } });
  kiln.cloud.faults.add({ product: "oss", action: "ListObjects", kind: "before" });
  kiln.cloud.faults.add({ product: "oss", action: "AppendObject", kind: "before" });
  for (const [deployment, name, method, path, status] of [
    [kiln, "api", "GET", "/nowhere", 404],
    [kiln, "api", "PUT", "/recipes/web", 422],
    [kiln, "api", "GET", "/families", 200],
    [kiln, "api", "GET", "/status", 503],
    [broken, "api", "GET", "/runs", 500],
    [kiln, "webhook", "GET", "/nowhere", 404],
    [kiln, "webhook", "POST", "/recipes/web/resume", 503],
    [broken, "webhook", "POST", "/recipes/web/resume", 500],
    [kiln, "webhook", "GET", "/approvals/x/1/y", 404],
  ] as const) {
    const url = deployment.cloud.urls.http[`kiln-${name}`] ?? "";
    const body = method === "GET" ? "" : "{}";
    const signed = sign(method, path, body, { at: deployment.cloud.time.now() });
    const init = { method, headers: signed, ...(body !== "" && { body }) };
    const sent = deployment.cloud.time.hold(fetch(new URL(path, url), init));
    const got = await answered(deployment, sent);
    expect([got.status, got.headers.get("x-kiln-function")], path).toEqual([status, name]);
    const unsigned = deployment.cloud.time.hold(fetch(new URL(path, url), { method }));
    expect((await answered(deployment, unsigned)).headers.get("x-kiln-function"), path).toBe(name);
  }
});

test("no parameter is passed over, whatever the platform makes of its name or of two of them", async ({
  kiln,
  expect,
}) => {
  for (const query of ["__proto__=1", "constructor=x", "state=done&state=failed", "x", "kind=zzzz"]) {
    const signed = sign("GET", "/runs", "", { at: kiln.cloud.time.now() });
    expect((await ask(kiln, "GET", `/runs?${query}`, "", signed)).status, query).toBe(400);
  }
});

test("runs, outputs, families and fleets that do not exist are 404 with their name", async ({
  kiln,
  expect,
}) => {
  const run = "bake-web-20260105-0123456789ab";
  for (const path of [
    `/runs/${run}`,
    `/runs/${run}/logs/0`,
    "/families/none",
    "/families/镜像族",
    "/fleets/none",
    "/recipes/none",
    "/nowhere",
  ]) {
    const { status, body } = await ask(kiln, "GET", path);
    expect([status, String(body["error"])], path).toEqual([
      404,
      expect.stringContaining(path.split("/")[2] ?? path),
    ]);
  }
  expect(kiln.cloud.callLog.count({ status: 403 })).toBe(0);
});

test("a family says since when it serves its image again after a rollback", async ({ kiln, expect }) => {
  const first = await quickRelease(kiln, 1);
  await kiln.cloud.settle({ forMs: hours(1) });
  await quickRelease(kiln, 2);
  await kiln.cloud.settle({ forMs: hours(1) });
  const back = await request(kiln, "/families/web/rollback", { to: "previous" });
  const { body } = await ask(kiln, "GET", "/families/web");
  expect(body).toMatchObject({
    family: "web",
    imageId: first.imageId,
    run: back.run,
    by: "webhook:ci",
    regions: { "cn-hangzhou": first.imageId },
    previous: [{ status: "Deprecated", promotion: expect.stringMatching(/^rolled-back /) }],
  });
  expect(Date.parse(String(body["since"]))).toBeGreaterThanOrEqual(Date.parse(back.beganAt));
});

test("runs are found by the name of their family, also where ids of runs spell another one alike", async ({
  kiln,
  expect,
}) => {
  const runsOf = async (name: string) =>
    (await ask(kiln, "GET", `/runs?name=${encodeURIComponent(name)}&limit=100`)).body["runs"];
  for (const [one, other] of [
    ["商城镜像", "数据镜像"],
    ["Web_App", "web-app"],
    ["web.v1", "web-v1"],
  ] as const) {
    const { run } = await request(kiln, `/families/${one}/rollback`, { to: "previous" });
    expect(await runsOf(one)).toMatchObject([{ run, subject: one, state: "failed" }]);
    expect(await runsOf(other), other).toEqual([]);
    const again = await request(kiln, `/families/${other}/rollback`, { to: "previous" });
    expect(await runsOf(other)).toMatchObject([{ run: again.run, subject: other }]);
    expect(await runsOf(one)).toMatchObject([{ run }]);
  }
});

test("a run that should have gone on long ago is a problem of the deployment", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "boot", forMs: minutes(10) });
  kiln.cloud.fc.lose(() => true);
  await kiln.cloud.settle({ forMs: hours(1) });
  const { body } = await ask(kiln, "GET", "/status");
  expect(body["problems"]).toEqual([
    expect.stringMatching(/^bake-web-\S+ should have gone on 5\dm.* ago: look whether/),
  ]);
});
