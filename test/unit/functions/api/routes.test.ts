import { test } from "vitest";
import { routeOf } from "../../../../functions/api/routes.ts";
import { days } from "../../../../shared/duration.ts";

const RUN = "bake-web-20260105-0123456789ab";
const ask = (method: string, target: string) => {
  const url = new URL(target, "http://api");
  // The platform joins values: shared/triggers.ts.
  const names = [...new Set(url.searchParams.keys())];
  const query = Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name).join(",")]));
  return routeOf({ method, path: url.pathname, query });
};

test.for([
  ["GET /runs", { kind: "runs", search: { limit: 20 } }],
  [
    `GET /runs?state=failed&kind=bake&name=web&limit=100&cursor=0000000000001-f-${RUN}`,
    { kind: "runs", search: { state: "failed", kind: "bake", name: "web", limit: 100 } },
  ],
  ["GET /runs?name=a", { kind: "runs", search: { name: "a" } }],
  ["GET /runs?name=Web_1", { kind: "runs", search: { name: "Web_1" } }],
  ["GET /runs?name=%E7%BD%91%E7%AB%99Web", { kind: "runs", search: { name: "网站Web" } }],
  ["GET /runs?since=24h", { kind: "runs", search: { since: -days(1) } }],
  ["GET /runs?since=2026-01-05T08:00:00Z", { kind: "runs", search: { since: Date.UTC(2026, 0, 5, 8) } }],
  [`GET /runs/${RUN}`, { kind: "run", run: RUN }],
  [`GET /runs/${RUN}/logs/0`, { kind: "output", run: RUN, output: "0" }],
  [`GET /runs/${RUN}/logs/builder-12`, { kind: "output", run: RUN, output: "builder-12" }],
  [`GET /runs/${RUN}/verdicts`, { kind: "verdicts", run: RUN }],
  ["GET /status", { kind: "status" }],
  ["GET /families", { kind: "families" }],
  ["GET /families/Web_1", { kind: "family", name: "Web_1" }],
  ["GET /history", { kind: "history" }],
  ["POST /plan", { kind: "plan" }],
  ["GET /fleets", { kind: "fleets" }],
  ["GET /fleets/web", { kind: "fleet", name: "web" }],
  ["GET /recipes/web", { kind: "recipe", name: "web" }],
  ["PUT /recipes/web", { kind: "change", method: "PUT", folder: "recipes", name: "web" }],
  ["DELETE /fleets/web", { kind: "change", method: "DELETE", folder: "fleets", name: "web" }],
] as const)("%s is answered", ([request, routed], { expect }) => {
  const [method = "", target = ""] = request.split(" ");
  expect(ask(method, target)).toMatchObject(routed);
});

test("a question that is wrong is refused with the parameter and what it may be", ({ expect }) => {
  for (const [query, problem] of [
    ["state=broken", /^state: must be queued, running, done, failed or cancelled/],
    ["limit=0", /^limit: must be a whole number from 1 to 100/],
    ["limit=101", /^limit: /],
    ["limit=1e1", /^limit: /],
    ["name=../web", /^name: must be the name of a recipe, a fleet or a family$/],
    ["name=", /^name: must be/],
    ["name=a%20b", /^name: must be/],
    ["kind=", /^kind: must be check, spot, .* or shrink/],
    ["kind=zzzz", /^kind: must be check, spot, .* or shrink/],
    ["kind=bakes", /^kind: must be .*; did you mean bake\?$/],
    ["kind=__proto__", /^kind: must be /],
    ["kind=bake&kind=bake", /^kind: must be there once/],
    ["limit=5&limit=5", /^limit: must be there once/],
    ["__proto__=1", /^__proto__: not known; known are state, kind, name, since, limit, cursor$/],
    ["constructor=1&states=done", /^constructor, states \(did you mean state\?\): not known/],
    ["since=yesterday", /^since: must be a day or an instant that exists, such as/],
    ["since=2026-02-31", /^since: must be a day or an instant that exists, such as/],
    ["since=2026-02-30T08:00:00Z", /^since: /],
    ["since=2026-01-05T08:00:00", /^since: /],
    ["cursor=../x", /^cursor: must be the field next/],
    ["sort=1", /^sort: not known; known are state, kind/],
    ["state=done&limit=x", /^limit: /],
  ] as const)
    expect(ask("GET", `/runs?${query}`), query).toMatchObject({
      kind: "refuse",
      status: 400,
      error: expect.stringMatching(problem),
    });
});

test("no time ago is now, and not the beginning", ({ expect }) => {
  for (const [since, ms] of [
    ["0h", -1],
    ["0d", -1],
    ["24h", -86_400_000],
    ["1970-01-01", 0],
  ] as const)
    expect(ask("GET", `/runs?since=${since}`)).toMatchObject({ search: { since: ms } });
});

test("a family is asked about one rollback, or its undo", ({ expect }) => {
  expect(ask("GET", "/families/web?to=m-1")).toEqual({
    kind: "family",
    name: "web",
    rollback: { kind: "back", to: "m-1" },
  });
  expect(ask("GET", "/families/web?undo=true")).toMatchObject({ rollback: { kind: "undo" } });
  for (const [query, error] of [
    ["__proto__=1", "__proto__: not known; known are to, undo"],
    ["undo=yes", 'undo: must be "true"'],
    ["to=m-1&undo=true", "to and undo are two targets; keep one of them"],
    ["to=m/1", /^to: must be "previous" or the id or name of an image/],
    ["to=", "to: name an image or previous"],
  ] as const)
    expect(ask("GET", `/families/web?${query}`), query).toMatchObject({
      kind: "refuse",
      status: 400,
      error: typeof error === "string" ? error : expect.stringMatching(error),
    });
});

test("no route takes a parameter that it does not know", ({ expect }) => {
  const routes = ["status", "families", "fleets", "recipes/web", "senders", "history"];
  const others = ["drift", "images/m-1", "components/nginx/1.0.0", `runs/${RUN}`, `runs/${RUN}/verdicts`];
  const asked = [...routes, ...others, `runs/${RUN}/logs/1`].map((path) => `GET /${path}`);
  for (const route of [...asked, "PUT /fleets/web", "DELETE /recipes/web"]) {
    const [method = "", path = ""] = route.split(" ");
    expect(ask(method, path)).not.toMatchObject({ kind: "refuse" });
    for (const name of ["x", "__proto__", "limit", "constructor"])
      expect(ask(method, `${path}?${name}=1`), route).toEqual({
        kind: "refuse",
        status: 400,
        error: `${name}: not known; this route has no parameters`,
      });
  }
  expect(ask("GET", "/fleets/web?after=i-1")).toEqual({ kind: "fleet", name: "web", after: "i-1" });
  expect(ask("GET", "/fleets/web?afer=1")).toMatchObject({
    error: "afer (did you mean after?): not known; known are after",
  });
  for (const [query, error] of [
    ["month=2026-13", "month: must be a month such as 2026-11"],
    ["month=2026-11&month=2026-12", "month: must be there once, with one value"],
    ["months=2026-11", "months (did you mean month?): not known; known are month"],
    ["__proto__=1", "__proto__: not known; known are month"],
  ] as const)
    expect(ask("GET", `/savings?${query}`)).toEqual({ kind: "refuse", status: 400, error });
});

test("a path whose names alone are wrong says which, and what it may be", ({ expect }) => {
  for (const [path, said] of [
    [
      `/runs/${RUN}/logs/constructor`,
      "the name constructor cannot be used: outputs have names such as builder-1",
    ],
    [`/runs/${RUN}/logs/user-data-01`, "the name user-data-01 cannot be used: outputs"],
    ["/runs/web/logs/1", "the name web cannot be used: it has the form of the id of a run"],
    ["/runs/constructor", "the name constructor cannot be used: it has the form of the id of a run"],
    ["/runs/__proto__/verdicts", "the name __proto__ cannot be used: it has the form"],
    ["/families/1", "the name 1 cannot be used: it has 2 to 128 letters"],
    ["/images/m 1", "the name m%201 cannot be used: it has 1 to 128 letters"],
    ["/recipes/Web", "the name Web cannot be used: it has at most 40 of a-z"],
  ] as const)
    expect(ask("GET", path), path).toMatchObject({ status: 404, error: expect.stringContaining(said) });
});

test("a route that there is not is answered with those near it", ({ expect }) => {
  for (const [method, path, said] of [
    ["GET", "/nope", "/components/NAME/VERSION"],
    ["GET", "/component/nginx/1.2", "did you mean GET /components/nginx/1.2?"],
    ["PUT", "/components/nginx/v1", "a version of one to three numbers such as 1.2.0"],
  ] as const)
    expect(ask(method, path), path).toMatchObject({ error: expect.stringContaining(said) });
});

test("a plan takes the cursor of the page before and nothing else", ({ expect }) => {
  const asked = (body: string) =>
    routeOf({ method: "POST", path: "/plan", query: {}, body: Buffer.from(body) });
  for (const cursor of ["recipes/web", "fleets/web"])
    expect(asked(JSON.stringify({ cursor }))).toEqual({ kind: "plan", cursor });
  for (const body of ['{"cursor":"../web"}', '{"cursor":1}', '{"dryRun":true}', "[]", "no", '"recipes/web"'])
    expect(asked(body), body).toMatchObject({
      kind: "refuse",
      status: 400,
      error: expect.stringContaining("cursor"),
    });
});

test("nothing else has a route, and no path leads out of its folder", ({ expect }) => {
  for (const request of [
    "GET /",
    "PUT /runs",
    `DELETE /runs/${RUN}`,
    `POST /runs/${RUN}`,
    "PUT /status",
    "PUT /recipes",
    "PUT /recipes/Web",
    "PUT /recipes/web.yaml",
    "PUT /recipes/..%2Fruns",
    "PUT /scripts/x",
    "DELETE /families/web",
    `GET /runs/${RUN}/logs/../../x`,
    `GET /runs/${RUN}/logs/user-data-0123456789ab`,
  ]) {
    const [method = "", target = ""] = request.split(" ");
    expect(ask(method, target), request).toMatchObject({ kind: "refuse", status: 404 });
  }
});
