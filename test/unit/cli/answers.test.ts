/** Every field of every answer is checked: one of a wrong type is named, and no command fails over it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ANSWER, parseReply, type Answer } from "../../../cli/answers.ts";
import { kiln } from "../../support/kiln.ts";
import { known } from "../../support/known.ts";

/** A value with all fields that it may have. */
type Complete<T> = T extends readonly (infer Item)[]
  ? readonly Complete<Item>[]
  : T extends object
    ? { readonly [K in keyof T]-?: Complete<NonNullable<T[K]>> }
    : T;
type Samples = {
  readonly [K in keyof typeof ANSWER]: (typeof ANSWER)[K] extends Answer<infer T> ? Complete<T> : never;
};

const at = "2026-01-05T00:00:00.000Z";
const run = "bake-web-20260105-0123456789ab";
const row = {
  run,
  kind: "bake",
  subject: "web",
  by: "ci",
  state: "failed",
  phase: "provision",
  beganAt: at,
  updatedAt: at,
  dueAt: at,
  note: "waits",
  reason: "why",
} as const;
const image = { imageId: "m-1", imageName: "web-1", status: "Available" };
const family = {
  family: "web",
  imageId: "m-1",
  imageName: "web-1",
  recipe: "web",
  since: at,
  run,
  by: "ci",
  hold: { by: "ci", why: "freeze", since: at, until: at },
  before: "m-0",
  problem: "not known",
  previous: [{ ...image, createdAt: at, promotion: `promoted ${run}` }],
};
const fleet = {
  fleet: "web",
  family: "web",
  serves: "m-1",
  running: 1,
  stopped: 0,
  changing: 0,
  old: 0,
  limits: { max: 3, perRequest: 3, perHour: 3, perDay: 3, maxPricePerHour: 1 },
  wanted: { min: 1, desired: 2 },
  countedAt: at,
  paused: "by ci",
  problem: "cannot be read",
};
const link = { ...image, region: "cn-hangzhou", family: "web", recipe: "web", run, commit: "abc" };
const place = { region: "cn-hangzhou", imageId: "m-1" };

const SAMPLES: Samples = {
  status: {
    at,
    region: "cn-hangzhou",
    bucket: "kiln",
    stage: "dev",
    atWork: [{ ...row, usuallyMs: 5 }],
    waiting: [row],
    failed: [row],
    more: false,
    problems: ["late"],
  },
  runs: { runs: [row], next: "cursor", incomplete: true },
  run: {
    ...row,
    steps: [{ phase: "start", at: 0, note: "x" }],
    outputs: ["builder-0"],
    asked: 3,
    key: "recipes/web.yaml",
    input: { recipe: "web" },
    commands: ["install"],
    result: { imageId: "m-1" },
  },
  verdicts: {
    verdicts: [
      {
        id: "i-1",
        act: "stop",
        why: "idle",
        reason: "Idle",
        numbers: [{ signal: "cpu", worst: 1, below: 5 }],
      },
    ],
    of: 1,
  },
  families: { families: [family] },
  family: {
    ...family,
    regions: { "cn-hangzhou": "m-1" },
    rollback: {
      problem: "none",
      regions: { "cn-hangzhou": "m-1" },
      wouldStepBack: ["m-2 in cn-hangzhou"],
      wouldUnshare: ["m-2 in cn-hangzhou from 1"],
      wouldHold: "web",
      undoes: run,
      wouldLiftHold: "web",
      wouldBringBack: ["m-2 in cn-hangzhou"],
      wouldShare: ["m-2 in cn-hangzhou with 1"],
    },
  },
  fleets: { fleets: [fleet] },
  fleet: {
    ...fleet,
    members: [{ id: "i-1", status: "Running", imageId: "m-1", type: "ecs.g7.large", zone: "h", run }],
    next: "i-1",
    key: "fleets/web.yaml",
    etag: "E",
    changedAt: at,
    commit: "abc",
    text: "family: web",
    note: "fleets/web.json has the same name",
  },
  image: {
    imageId: "m-1",
    ancestors: [link],
    root: "m-0",
    cut: "gone",
    descendants: [link],
    families: [{ ...place, family: "web" }],
    machines: [{ ...place, machine: "i-1" }],
    recipes: ["web"],
    unread: ["cn-beijing: no answer"],
  },
  senders: {
    since: at,
    senders: [
      {
        sender: "github",
        kind: "sender",
        acceptedAt: at,
        refusedAt: at,
        refused: [{ reason: "x", count: 1 }],
      },
    ],
    more: false,
  },
  savings: {
    month: "2026-01",
    problems: ["not known"],
    savings: [
      {
        fleet: "web",
        stops: 1,
        hours: 1,
        unpricedHours: 0,
        amount: 1,
        currency: "CNY",
        days: { "2026-01-05": { hours: 1, amount: 1 } },
      },
    ],
  },
  history: { points: [{ at: 0, fleets: { web: { running: 1, stopped: 0, others: 0, old: 0 } } }] },
  plan: {
    at,
    until: at,
    bakes: [
      {
        at,
        run,
        recipe: "web",
        by: "timer:nightly",
        act: "bake",
        why: "new base",
        delivers: "m-1",
        promotes: "web",
        held: "freeze",
        approval: true,
        assumes: "x",
      },
    ],
    retention: [
      {
        at,
        run,
        recipe: "web",
        changes: [{ ...place, action: "mark", why: "old" }],
        others: 0,
        problem: "x",
        assumes: "y",
      },
    ],
    fleets: [{ at, fleet: "web", act: "size", why: "schedule", desired: 2, min: 1, assumes: "y" }],
    problems: ["x"],
    next: "fleets/web",
  },
  changed: { run },
  drift: {
    at: 0,
    fleets: { web: { running: 1, stopped: 0, others: 0, old: 0 } },
    members: [
      {
        id: "i-1",
        fleet: "web",
        family: "web",
        image: "m-1",
        since: 0,
        status: "Running",
        serves: "m-2",
        reason: "x",
      },
    ],
  },
  text: { text: "x" },
  document: { etag: "E" },
  stored: { key: "recipes/web.yaml", etag: "E", created: true, note: "another" },
  accepted: { run },
};

/** The path of every value in a value. */
function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const below = typeof value === "object" ? Object.entries(Object(value)) : [];
  const inner = below.flatMap(([key, one]) => pathsIn(one, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

/** A copy of a value with another one at a path. */
function changed(value: unknown, [key = "", ...rest]: readonly string[], to: unknown): unknown {
  const inner: unknown = Reflect.get(Object(value), key);
  const next = rest.length === 0 ? to : changed(inner, rest, to);
  return Array.isArray(value)
    ? value.with(Number(key), next)
    : { ...Object(value), ...(next !== undefined && { [key]: next }) };
}

const WRONG = [3, "no date", true, { a: { b: 1 } }, [[1]], null];
const kindOf = (value: unknown): string => (Array.isArray(value) ? "list" : typeof value);

/** Every answer with one value that is wrong, and the path of that value. */
const BROKEN = Object.entries(SAMPLES).flatMap(([name, sample]) =>
  pathsIn(sample)
    // What a run is asked to do and has done is of its own form, whatever its kind.
    .filter(([first = "", ...inner]) => !["result", "input"].includes(first) || inner.length === 0)
    .flatMap((path) => {
      const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), sample);
      const mayBeNull = path.includes("regions");
      const others = WRONG.filter((one) => kindOf(one) !== kindOf(value) || one === null);
      const isDate = value === at;
      return [...others, ...(isDate ? ["no date"] : [])]
        .filter((one) => one !== null || !mayBeNull)
        .map((one) => ({ name, path: path.join("."), body: changed(sample, path, one) }));
    }),
);

const ANSWERS: Readonly<Record<string, Answer<object>>> = ANSWER;
const parsed = (name: string, body: unknown) =>
  parseReply(known<Answer<object>>(ANSWERS[name]), {
    asked: "GET https://kiln/x",
    status: 200,
    headers: new Headers(),
    text: JSON.stringify(body),
    at: 0,
  });

test("a field of a wrong type is named, whichever it is and however deep it stands", () => {
  for (const [name, sample] of Object.entries(SAMPLES)) expect(parsed(name, sample)).toEqual(sample);
  for (const { name, path, body } of BROKEN)
    expect(() => parsed(name, body), `${name}: ${JSON.stringify(body)}`).toThrow(`(${path}`);
  expect(BROKEN.length).toBeGreaterThan(1000);
});

/** The commands that show an answer, and the routes that are answered with it. */
const SHOWN: readonly (readonly [keyof Samples, ...string[]])[] = [
  ["status", "status"],
  ["runs", "runs"],
  ["run", "why", run],
  ["families", "families"],
  ["family", "families", "web"],
  ["fleets", "fleets"],
  ["fleet", "fleet", "web"],
  ["image", "image", "m-1"],
  ["image", "recall", "m-1"],
  ["senders", "senders"],
  ["savings", "savings"],
  ["plan", "plan"],
  ["drift", "drift"],
];

test("every command shows an answer with all fields, and names a field of a wrong type", async () => {
  let body: unknown;
  const server = createServer((request, response) => {
    const said = request.url?.includes("/logs/") ? "output" : JSON.stringify(body);
    response.writeHead(200, { "x-kiln-version": "1" }).end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${known<AddressInfo>(server.address()).port}`;
  const env = { KILN_API: url, KILN_CALLER: "ci", KILN_SECRET: "a-secret-of-ci-0123456789" };
  for (const [name, ...words] of SHOWN) {
    const { next: _, ...last } = known<Readonly<Record<string, unknown>>>(SAMPLES[name]);
    body = last;
    const { exit, out } = await kiln(words, { env });
    const said = words.join(" ");
    expect({ said, exit, out }).toEqual({
      said,
      // A problem of the deployment is a failure.
      exit: name === "status" ? 1 : 0,
      // Times are in the zone of the reader.
      out: expect.not.stringMatching(/undefined|\[object|NaN|\d{4}-\d\d-\d\dT[\d:.]+Z/),
    });
    for (const key of Object.keys(last)) {
      body = { ...last, [key]: ["result", "rollback", "input"].includes(key) ? 3 : { wrong: [1] } };
      expect({ said, ...(await kiln(words, { env })) }).toEqual({
        said,
        exit: 1,
        out: "",
        err: expect.stringContaining(`without what is needed (${key}`),
      });
    }
  }
});
