import { test } from "vitest";
import { missingRoute, routeOf } from "../../../../functions/webhook/routes.ts";
import { functionOf } from "../../../../shared/workflow/run-id.ts";
import { days } from "../../../../shared/duration.ts";

const SENT = Date.UTC(2026, 0, 5, 8);
const ask = (method: string, path: string, body: unknown = "", more: object = {}) =>
  routeOf({
    method,
    path,
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    caller: "ci",
    delivery: "d-1",
    sentAt: SENT,
    ...more,
  });
const eventOf = (...given: Parameters<typeof ask>) => {
  const routed = ask(...given);
  if (routed.kind !== "enqueue") return routed;
  const { run, by, request } = routed.enqueue;
  return { function: functionOf(run), by, ...request };
};

const BEGINNINGS =
  "; there are POST /fleets/NAME/…, POST /recipes/NAME/…, POST /families/NAME/…, GET /runs/RUN, POST /runs/RUN/cancel and POST /decisions/RUN";

const accepted: readonly (readonly [path: string, body: object, event: object])[] = [
  [
    "/fleets/web/scale-out",
    { count: 3, dryRun: true },
    { function: "scale-out", request: "scale-out", fleet: "web", count: 3, dryRun: true },
  ],
  ["/fleets/web/stop", {}, { function: "stop-idle", request: "stop-idle", fleet: "web" }],
  [
    "/fleets/web/resume",
    { dryRun: true },
    { function: "stop-idle", request: "resume", fleet: "web", dryRun: true },
  ],
  [
    "/recipes/web/bake",
    { force: true },
    { function: "bake-image", request: "bake", recipe: "web", force: true },
  ],
  [
    "/recipes/web/bake",
    { dryRun: true },
    { function: "bake-image", request: "bake", recipe: "web", dryRun: true },
  ],
  ["/recipes/web/retire", {}, { function: "promote-family", request: "retire", recipe: "web" }],
  [
    "/families/Web_Prod/promote",
    { recipe: "web", imageId: "m-1" },
    {
      function: "promote-family",
      request: "promote-image",
      family: "Web_Prod",
      recipe: "web",
      imageId: "m-1",
    },
  ],
  [
    "/families/web/rollback",
    { to: "m-1", regions: ["cn-beijing"] },
    { function: "promote-family", request: "rollback", family: "web", regions: ["cn-beijing"] },
  ],
  [
    "/families/web/rollback",
    { to: "previous", dryRun: true },
    { function: "promote-family", request: "rollback", family: "web", dryRun: true },
  ],
  [
    "/families/web/rollback",
    { undo: true },
    { function: "promote-family", request: "rollback", family: "web", undo: true },
  ],
];

for (const [path, body, event] of accepted) {
  test(`POST ${path} becomes one request for one function`, ({ expect }) => {
    expect(eventOf("POST", path, body)).toMatchObject({ ...event, v: 1, by: "webhook:ci" });
  });
}

for (const family of ["网站", "生产-web.v2", "web.prod", "Web_Prod:1", "é9", "ß".repeat(128)]) {
  test(`the family ${family.slice(0, 20)} is held, lifted and rolled back`, ({ expect }) => {
    const asked = (action: string, body: object) => eventOf("POST", `/families/${family}/${action}`, body);
    const sent = { function: "promote-family", family };
    expect(asked("hold", { why: "freeze" })).toMatchObject({ ...sent, request: "hold", why: "freeze" });
    expect(asked("unhold", {})).toMatchObject({ ...sent, request: "unhold" });
    expect(asked("rollback", { to: "previous" })).toMatchObject({ ...sent, request: "rollback" });
  });
}

test("reading and cancelling a run name it in the path", ({ expect }) => {
  const run = "scale-web-20260105-0123456789ab";
  expect(ask("GET", `/runs/${run}`)).toEqual({ kind: "status", run });
  expect(ask("POST", `/runs/${run}/cancel`)).toEqual({ kind: "cancel", run });
});

const NO_TARGET =
  'body: a rollback needs a target: write "to": "previous", "to": "<id or name of an image of the family>", or "undo": true to undo the last rollback';

const refusals: readonly (readonly [
  method: string,
  path: string,
  body: unknown,
  status: number,
  error: string,
])[] = [
  [
    "GET",
    "/fleets/web/scale-out",
    "",
    404,
    "no route GET /fleets/web/scale-out; did you mean POST /fleets/web/scale-out?",
  ],
  [
    "POST",
    "/fleets/Web/scale-out",
    "",
    404,
    "no route POST /fleets/Web/scale-out; the name Web cannot be used: it has at most 40 of a-z, 0-9 and -, a letter first",
  ],
  ["POST", "/", "", 404, `no route POST /${BEGINNINGS}`],
  ["POST", "/nowhere", "", 404, `no route POST /nowhere${BEGINNINGS}`],
  ["POST", "/fleets", "", 404, "no route POST /fleets; there are POST /fleets/NAME/scale-out, POST"],
  ["GET", "/runs/../claims", "", 404, `no route GET /runs/../claims${BEGINNINGS}`],
  [
    "POST",
    "/fleets/web/scaleout",
    "",
    404,
    "no route POST /fleets/web/scaleout; did you mean POST /fleets/web/scale-out?",
  ],
  [
    "POST",
    "/recipe/web/bake",
    "",
    404,
    "no route POST /recipe/web/bake; did you mean POST /recipes/web/bake?",
  ],
  [
    "POST",
    "/families/web/recall",
    "",
    404,
    "no route POST /families/web/recall; there are POST /families/web/promote, POST",
  ],
  [
    "POST",
    "/families/网站/rolback",
    "",
    404,
    "no route POST /families/网站/rolback; did you mean POST /families/网站/rollback?",
  ],
  ...["网", "1web", "..", ".web", "网".repeat(129), "web prod"].map(
    (name) =>
      [
        "POST",
        `/families/${name}/hold`,
        {},
        404,
        `no route POST /families/${name}/hold; the name ${name} cannot be used: it has 2 to 128 letters, digits and :._-, a letter first`,
      ] as const,
  ),
  [
    "POST",
    "/recipes/网站/bake",
    {},
    404,
    "no route POST /recipes/网站/bake; the name 网站 cannot be used: it has at most 40 of a-z, 0-9 and -, a letter first",
  ],
  ["POST", "/fleets/web/scale-out", "{", 400, "the body is not JSON"],
  ["POST", "/fleets/web/scale-out", "[]", 400, "body: must be a map"],
  ["POST", "/fleets/web/scale-out", {}, 400, "count: must be a number"],
  ["POST", "/fleets/web/scale-out", { count: 0 }, 400, "count: must be at least 1"],
  ["POST", "/fleets/web/scale-out", { count: 20_000 }, 400, "count: must be at most 10000"],
  ["POST", "/fleets/web/scale-out", { count: 1.5 }, 400, "count: must be a whole number"],
  ["POST", "/fleets/web/scale-out", { count: "3" }, 400, "count: must be a number"],
  ["POST", "/fleets/web/scale-out", { count: 2, min: 5 }, 400, "min: must be at most count"],
  ["POST", "/families/web/hold", { until: "0d" }, 400, "until: must be a time such as 12h or 7d"],
  ["POST", "/families/web/hold", { until: "00h" }, 400, "until: must be a time such as 12h or 7d"],
  [
    "POST",
    "/families/web/hold",
    { until: "2001-01-05T08:00:00Z" },
    400,
    "until: must be an instant to come, and 2001-01-05T08:00:00Z is over; name a later one",
  ],
  [
    "POST",
    "/fleets/web/scale-out",
    { count: 1, image: "m-1" },
    400,
    "body: unknown key image; known are count, min, dryRun, key, validFor",
  ],
  [
    "POST",
    "/fleets/web/scale-out",
    { cuont: 1 },
    400,
    "count: must be a number; body: unknown key cuont (did you mean count?); known are count,",
  ],
  [
    "POST",
    "/fleets/web/stop",
    { dry_run: true },
    400,
    "body: unknown key dry_run (did you mean dryRun?); known are dryRun,",
  ],
  [
    "POST",
    "/fleets/web/stop",
    { ["x".repeat(65)]: 1 },
    400,
    `body: unknown key ${"x".repeat(65)}; known are dryRun,`,
  ],
  [
    "POST",
    "/fleets/web/scale-out",
    { count: 1, key: "two words" },
    400,
    "key: must be 1 to 64 letters, digits and ._:-",
  ],
  ...["", {}, { undo: false }, { dryRun: true }, { regions: ["cn-beijing"] }].map(
    (body) => ["POST", "/families/web/rollback", body, 400, NO_TARGET] as const,
  ),
  [
    "POST",
    "/families/web/rollback",
    { to: "m-1", undo: true },
    400,
    'body: "to" and "undo" are two targets; keep one of them',
  ],
  [
    "POST",
    "/families/web/rollback",
    '{"undo":true,"regions":["cn-hangzhou"]}',
    400,
    'body: "regions" does not go with "undo", which undoes the last rollback in all its regions; leave "regions" out',
  ],
  ["POST", "/families/web/rollback", '{"to":""}', 400, NO_TARGET],
  [
    "POST",
    "/families/web/rollback",
    { to: "m-1", regions: Array.from({ length: 51 }, () => "cn-hangzhou") },
    400,
    "regions: must be at most 50",
  ],
  [
    "POST",
    "/families/web/rollback",
    '{"to":"web (1)"}',
    400,
    'to: must be "previous" or the id or name of an image, 2 to 128 letters, digits and :._-',
  ],
  [
    "POST",
    "/recipes/web/bake",
    '{"parameters":{"__proto__":"x"}}',
    400,
    "parameters.__proto__: a name is letters, digits and _, at most 64 of them and a letter first, like NGINX_VERSION",
  ],
  [
    "POST",
    "/recipes/web/bake",
    { parameters: { "nginx-version": "1.26" } },
    400,
    "parameters.nginx-version: a name is letters, digits and _, at most 64 of them and a letter first, like NGINX_VERSION",
  ],
  [
    "POST",
    "/recipes/web/bake",
    { parameters: { RELEASE: "1", BASH_ENV: "$(id)", VERSION: 2 } },
    400,
    "parameters.BASH_ENV: is reserved: shells read variables named BASH*; give the parameter another one, or set the variable in the recipe, under environment; parameters.VERSION: must be text",
  ],
  ["POST", "/families/web/promote", { recipe: "web" }, 400, "imageId: must be text"],
  ["POST", "/fleets/web/scale-out", '{"count":3,"count":30}', 400, "count: is in the body twice; keep one"],
];

for (const [method, path, body, status, error] of refusals) {
  test(`${method} ${path} ${JSON.stringify(body)} is refused: ${error}`, ({ expect }) => {
    const refused = ask(method, path, body);
    expect(refused).toMatchObject({ kind: "refuse", status });
    expect("error" in refused && refused.error.slice(0, error.length)).toBe(error);
  });
}

const runOf = (...given: Parameters<typeof ask>) => {
  const routed = ask(...given);
  return routed.kind === "enqueue" ? routed.enqueue : undefined;
};

test("without a key the signed bytes identify the run, with a key the caller and the key do", ({
  expect,
}) => {
  const run = (body: object, more: object = {}) => runOf("POST", "/fleets/web/scale-out", body, more)?.run;
  const plain = run({ count: 1 });
  expect(run({ count: 1 })).toBe(plain);
  expect(run({ count: 1 }, { delivery: "d-2" })).not.toBe(plain);
  const body = { count: 1, key: "job-1" };
  const keyed = run(body);
  expect(runOf("POST", "/fleets/web/scale-out", body)?.request).not.toHaveProperty("key");
  expect(run(body, { delivery: "d-2" })).toBe(keyed);
  expect(run({ ...body, dryRun: false })).toBe(keyed);
  const others = [
    run({ ...body, key: "job-2" }),
    run(body, { caller: "cd" }),
    run({ ...body, dryRun: true }),
  ];
  expect(others).not.toContain(keyed);
});

test("a path of thousands of characters is compared with nothing", ({ expect }) => {
  const path = `/fleets/${"x".repeat(5000)}/scaleout`;
  const routed = routeOf({
    method: "POST",
    path,
    body: Buffer.from(""),
    caller: "ci",
    delivery: "d",
    sentAt: SENT,
  });
  expect(routed).toEqual({
    kind: "refuse",
    status: 404,
    error: expect.stringContaining(`no route POST ${path.slice(0, 200)}${BEGINNINGS}; see`),
  });
});

test("a key has one log and one run for its first use, whenever it is sent", ({ expect }) => {
  const body = { count: 1, key: "job-1" };
  const [first, next] = [SENT, SENT + days(1)].map((sentAt) =>
    runOf("POST", "/fleets/web/scale-out", body, { sentAt }),
  );
  expect(next?.run).not.toBe(first?.run);
  expect(next?.keyed?.log(0)).toBe(first?.keyed?.log(0));
  expect(next?.keyed?.attempts(SENT)(0)).toBe(first?.run);
  const other = { fleet: "/fleets/api/scale-out", action: "/fleets/web/stop" };
  const logs = [
    runOf("POST", other.fleet, body),
    runOf("POST", other.action, { key: "job-1" }),
    runOf("POST", "/fleets/web/scale-out", { ...body, key: "job-2" }),
    runOf("POST", "/fleets/web/scale-out", { ...body, dryRun: true }),
    runOf("POST", "/fleets/web/scale-out", body, { caller: "cd" }),
    first,
  ].map((enqueue) => enqueue?.keyed?.log(0));
  logs.push(first?.keyed?.log(1));
  expect(new Set(logs).size).toBe(logs.length);
});

test("a key of one action is none of another, and the body is compared without its order and its key", ({
  expect,
}) => {
  const of = (path: string, body: object) => runOf("POST", path, body, { key: "k" });
  const all = ["/fleets/web/pause", "/fleets/web/unpause", "/families/web/hold", "/families/web/unhold"].map(
    (path) => of(path, { key: "k" }),
  );
  expect(new Set(all.map((one) => one?.run)).size).toBe(4);
  expect(new Set(all.map((one) => one?.keyed?.log(0))).size).toBe(4);
  const bodyOf = (body: object) => of("/fleets/web/scale-out", { key: "k", ...body })?.keyed?.body;
  expect(bodyOf({ count: 2, min: 1 })).toBe(bodyOf({ min: 1, count: 2 }));
  expect(bodyOf({ count: 2, dryRun: false })).toBe(bodyOf({ count: 2 }));
  const bodies = [{ count: 2 }, { count: 3 }, { count: 2, min: 1 }, { count: 2, validFor: "1h" }].map(bodyOf);
  expect(new Set(bodies).size).toBe(4);
});

test("a path leads to no other action because its name is long, and never to the opposite of what it asks for", ({
  expect,
}) => {
  const missing = (method: string, path: string) =>
    missingRoute({ method, path, body: Buffer.alloc(0) }) ?? "";
  for (const name of ["web", "production-web-of-the-shop-in-hangzhou"])
    for (const path of [
      ...["start", "restart", "unstop", "delete", "destroy", "status"].map(
        (action) => `fleets/${name}/${action}`,
      ),
      ...["delete", "run", "stop"].map((action) => `recipes/${name}/${action}`),
      ...["delete", "unpromote", "recall"].map((action) => `families/${name}/${action}`),
    ])
      expect(missing("POST", `/${path}`), path).not.toContain("did you mean");
  for (const [action, right] of [
    ["scale-outt", "scale-out"],
    ["scalein", "scale-in"],
    ["unpaused", "unpause"],
    ["paused", "pause"],
    ["Stop/", "stop"],
  ])
    expect(missing("POST", `/fleets/web/${action}`), action).toContain(
      `did you mean POST /fleets/web/${right}?`,
    );
  for (const path of ["/families/web/unhol", "/families/web/unholds"])
    expect(missing("POST", path), path).toContain("did you mean POST /families/web/unhold?");
  for (const [method, path] of [
    ["GET", "/runs/web"],
    ["POST", "/runs/web/cancel"],
    ["POST", "/decisions/web"],
  ] as const)
    expect(missing(method, path), path).toMatch(
      /the name web cannot be used: it has the form of the id of a run/,
    );
});

test("a refusal of thousands of unknown keys is short and says how many more there are", ({ expect }) => {
  const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, 1]));
  const parameters = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k ${n}`, 1]));
  for (const [path, body] of [
    ["/fleets/web/scale-out", { count: 1, ...keys }],
    ["/recipes/web/bake", { parameters }],
  ] as const) {
    const routed = ask("POST", path, body);
    const error = "error" in routed ? routed.error : "";
    expect(error.length).toBeLessThan(10_000);
    expect(error).toMatch(/ and \d{4} more/);
  }
});
