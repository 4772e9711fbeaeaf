import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "vitest";
import { files } from "../../../schemas/described.ts";
import type { DocumentKind } from "../../../shared/documents/foreign.ts";
import { KINDS } from "../../../schemas/json-schema.ts";
import { EXAMPLES, fits, isAccepted, kindOf, read, SCHEMAS, SOUND } from "../../support/schemas/documents.ts";

test("the generated files are those of the sources: npm run schemas", ({ expect }) => {
  for (const [name, text] of Object.entries(files()))
    expect(readFileSync(join("schemas", name), "utf8") === text, name).toBe(true);
});

test("the first line of each example names the schema of its kind", ({ expect }) => {
  expect(EXAMPLES.length).toBeGreaterThan(9);
  for (const path of EXAMPLES) {
    const [, target = ""] =
      /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(path, "utf8")) ?? [];
    // Where it lies, and where README has it copied to: beside the folder examples.
    for (const at of [path, relative("examples", path)])
      expect(realpathSync(join(dirname(at), target)), at).toBe(
        resolve(`schemas/${kindOf(path)}.schema.json`),
      );
  }
});

test("a sound document fits its schema", ({ expect }) => {
  for (const [kind, document] of SOUND) {
    expect(isAccepted(kind, document), JSON.stringify(document)).toBe(true);
    expect(fits(kind, document), JSON.stringify(document)).toBe(true);
  }
});

test("the schema refuses the usual slips", ({ expect }) => {
  const refused = (path: string, change: (document: Record<string, unknown>) => unknown): void =>
    expect(fits(kindOf(path), change(Object(read(path)))), String(change)).toBe(false);
  refused("examples/recipes/web.yaml", ({ provision, ...rest }) => ({ ...rest, provison: provision }));
  refused("examples/recipes/web.yaml", ({ source, ...rest }) => ({ ...rest, sources: source }));
  refused("examples/recipes/web.yaml", (recipe) => ({ ...recipe, provision: [{ "curl -H Host": "x" }] }));
  refused("examples/recipes/web.yaml", (recipe) => ({ ...recipe, whenBusy: "wait" }));
  refused("examples/fleets/web.yaml", ({ limits, family }) => ({ limits, family }));
  refused("examples/fleets/web.yaml", (fleet) => ({ ...fleet, limits: { max: "ten" } }));
  refused("examples/fleets/web.yaml", (fleet) => ({ ...fleet, launch: { instanceType: "ecs.g7.large" } }));
  refused("examples/components/nginx/1.0.0.yaml", () => ({ steps: [], provision: [] }));
});

/** A document with a value put into it, by the keys on the way. */
function withValue(document: unknown, path: string, value: unknown): unknown {
  const [key = "", ...rest] = path.split(".");
  const map: Record<string, unknown> = Object(document);
  return { ...map, [key]: rest.length === 0 ? value : withValue(map[key] ?? {}, rest.join("."), value) };
}

const BUILDER = { vSwitchIds: ["vsw-a"], securityGroupId: "sg-a", instanceTypes: ["ecs.g7.large"] };
const RECIPE = { source: { builder: { ...BUILDER, family: "acs:x" } }, provision: ["true"], family: "web" };
const FLEET = {
  family: "web",
  launch: { LaunchTemplateId: "lt-1" },
  limits: { max: 10 },
  idle: { signals: { cpuAverage: 5 } },
};
const UTC = { timeZone: "UTC" };
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));

/** Values of one key that break a rule of that key alone, and the nearest that do not. */
const ONE_KEY: readonly (readonly [
  kind: "recipe" | "fleet",
  path: string,
  wrong: readonly unknown[],
  right: readonly unknown[],
])[] = [
  [
    "recipe",
    "provision",
    [[{}], [{ run: "a", script: "scripts/a.sh" }], [{ name: "x" }]],
    [[{ run: "a" }], [{ reboot: true }]],
  ],
  ["recipe", "source", [{}, { ...RECIPE.source, snapshot: { id: "s-1" } }], [RECIPE.source]],
  [
    "recipe",
    "source.builder",
    [BUILDER, { ...BUILDER, image: "m-1", family: "web" }],
    [{ ...BUILDER, image: "m-1" }],
  ],
  ["recipe", "family", ["", "acs:web", "AliYun-x", "http://x", "a.b", "1x"], ["web", "镜像-1", "we"]],
  ["recipe", "image.tags", [many(9), { "kiln:x": "1" }, { "KILN:x": "1" }, { "acs:x": "1" }], [many(8), {}]],
  ["recipe", "parameters", [{ "1a": {} }, { "a-b": {} }, { _A: {} }], [{ A1_b: {} }]],
  [
    "recipe",
    "schedule",
    ["bad", { cron: "bad" }, "0 3 * *"],
    ["0 3 * * 1-5", { cron: " 5 */2 1,15 * mon " }],
  ],
  ["fleet", "idle.signals", [{}], [{ cpuAverage: 5 }]],
  ["fleet", "idle.cap", [{}], [{ count: 1 }]],
  [
    "fleet",
    "idle.upDuring",
    [
      { ...UTC, hours: ["Mon-Fri 8-20"] },
      { ...UTC, hours: ["Mon-Fri 08:00-25:00"] },
    ],
    [{ ...UTC, hours: ["Mon-Fri 08:00-20:00", "daily 00:00-24:00"] }],
  ],
  [
    "fleet",
    "calendar.holidays",
    [["2026-02-30"], ["2026-13-01"], ["2026-04-31"], ["2026-10-01 - 2026-10-07"]],
    [["2028-02-29"], ["2026-10-01..2026-10-07"], []],
  ],
];

test("a mistake in one key is refused by the schema as Kiln refuses it, and what is next to it is not", ({
  expect,
}) => {
  for (const [kind, path, wrong, right] of ONE_KEY) {
    const base = withValue(
      kind === "recipe" ? RECIPE : FLEET,
      path.startsWith("calendar") ? "calendar" : "x",
      UTC,
    );
    const { x: _, ...document }: Record<string, unknown> = Object(base);
    for (const [values, isSound] of [
      [wrong, false],
      [right, true],
    ] as const)
      for (const value of values) {
        const changed = withValue(document, path, value);
        const said = `${path}: ${JSON.stringify(value)}`;
        expect([said, isAccepted(kind, changed), fits(kind, changed)]).toEqual([said, isSound, isSound]);
      }
  }
});

const DURATIONS: readonly (readonly [DocumentKind, (value: string) => unknown])[] = [
  ["component", (timeout) => ({ steps: [{ run: "a", timeout }] })],
  ["recipe", (keepFailed) => withValue(RECIPE, "keepFailed", keepFailed)],
  ["fleet", (notice) => withValue(FLEET, "idle.notice", notice)],
  ["fleet", (time) => withValue(FLEET, "idle.releaseAfter", time)],
  ["fleet", (grace) => withValue(FLEET, "idle.grace", grace)],
];
const COUNTS = [
  0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 23, 24, 25, 59, 60, 99, 100, 168, 169, 299, 300, 364, 365, 366,
];
const LONGER = [1439, 1440, 1441, 1800, 8759, 8760, 8761, 10080, 10081, 86399, 86400, 86401, 604800, 604801];

test("a duration of one unit is refused by the schema where Kiln refuses it, and one of several is not", ({
  expect,
}) => {
  const single = [...COUNTS, ...LONGER].flatMap((count) =>
    ["d", "h", "m", "s"].map((unit) => `${count}${unit}`),
  );
  for (const [kind, documentOf] of DURATIONS) {
    for (const text of [...single, "007h", "20", "20min", "1.5h", "2 h", "5m1h", ""])
      expect([text, fits(kind, documentOf(text))]).toEqual([text, isAccepted(kind, documentOf(text))]);
    for (const text of ["1h30m", "1d2h", "90m10s"]) expect(fits(kind, documentOf(text)), text).toBe(true);
  }
});

test("each pattern means the same with and without the flag of editors", ({ expect }) => {
  const patternsIn = (value: unknown): readonly string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) =>
          key === "pattern" && typeof inner === "string" ? [inner] : patternsIn(inner),
        )
      : [];
  for (const pattern of KINDS.flatMap((kind) => patternsIn(SCHEMAS.get(kind))))
    expect(() => new RegExp(pattern, "u"), pattern).not.toThrow();
});
