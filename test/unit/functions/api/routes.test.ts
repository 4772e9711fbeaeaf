import { test } from "vitest";
import { routeOf } from "../../../../functions/api/routes.ts";
import { days } from "../../../../shared/duration.ts";

const RUN = "bake-web-20260105-0123456789ab";
const ask = (method: string, target: string) => {
  const url = new URL(target, "http://api");
  return routeOf({ method, path: url.pathname, query: Object.fromEntries(url.searchParams) });
};

test.for([
  ["GET /runs", { kind: "runs", search: { limit: 20 } }],
  [
    `GET /runs?state=failed&kind=bake&name=web&limit=100&cursor=0000000000001-f-${RUN}`,
    { kind: "runs", search: { state: "failed", kind: "bake", name: "web", limit: 100 } },
  ],
  ["GET /runs?since=24h", { kind: "runs", search: { since: -days(1) } }],
  ["GET /runs?since=2026-01-05T08:00:00Z", { kind: "runs", search: { since: Date.UTC(2026, 0, 5, 8) } }],
  [`GET /runs/${RUN}`, { kind: "run", run: RUN }],
  [`GET /runs/${RUN}/logs/0`, { kind: "output", run: RUN, output: "0" }],
  [`GET /runs/${RUN}/logs/builder-12`, { kind: "output", run: RUN, output: "builder-12" }],
  [`GET /runs/${RUN}/verdicts`, { kind: "verdicts", run: RUN }],
  ["GET /status", { kind: "status" }],
  ["GET /families", { kind: "families" }],
  ["GET /families/Web_1", { kind: "family", name: "Web_1" }],
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
    ["name=Web", /^name: must be a-z/],
    ["kind=", /^kind: must be a kind of run/],
    ["since=yesterday", /^since: must be an instant such as/],
    ["cursor=../x", /^cursor: must be the field next/],
    ["sort=1", /^sort: is not known; known are state, kind/],
    ["state=done&limit=x", /^limit: /],
  ] as const)
    expect(ask("GET", `/runs?${query}`), query).toMatchObject({
      kind: "refuse",
      status: 400,
      error: expect.stringMatching(problem),
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
