import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { load } from "js-yaml";
import { test } from "vitest";
import { visible } from "../../../shared/documents/characters.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { problemsIn } from "./problems-of.ts";

const read = (key: string): unknown => load(readFileSync(`examples/${key}`, "utf8"));
const primary = { InstanceType: "Primary", VSwitchId: "vsw-a", SecurityGroupId: "sg-a" };
/** As many keys as one document can hold, so that a change can meet every rule. */
const wide = {
  family: "web",
  via: "RunInstances",
  ladder: ["spot", "onDemand"],
  launch: {
    InstanceType: ["ecs.g7.large"],
    NetworkInterface: [primary, {}],
    SpotStrategy: "SpotWithPriceLimit",
    SpotPriceLimit: 0.5,
    SystemDisk: { Category: "cloud_auto", Size: 40, ProvisionedIops: 100 },
    DataDisk: [{ Category: "cloud_essd", PerformanceLevel: "PL1", Size: 40, Encrypted: true, KMSKeyId: "k" }],
    HostName: "web-[1,3]-x",
    UniqueSuffix: true,
    Tag: [{ Key: "team", Value: "web" }],
    UserData: { object: "scripts/a.sh" },
    PrivatePoolOptions: { MatchCriteria: "None" },
  },
  limits: { max: 3, perRequest: 2, perHour: 3, perDay: 10 },
  idle: {
    signals: { cpuAverage: 5 },
    upDuring: { timeZone: "UTC", hours: ["daily 08:00-20:00"] },
    cap: { count: 1 },
  },
};
const documents = [
  [parseFleet, wide],
  [parseFleet, read("fleets/subscription.yaml")],
  [parseFleet, read("fleets/elastic.yaml")],
  [parseRecipe, read("recipes/web.yaml")],
  [parseRecipe, read("recipes/from-disks.yaml")],
  [parseRecipe, read("recipes/from-upload.yaml")],
] as const;

/** Every place in a document, as the keys that lead there. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner, index) => (String(index) === key ? replaced(inner, rest, by) : inner));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const map = value as Readonly<Record<string, unknown>>;
  return { ...map, [key]: replaced(map[key], rest, by) };
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    null,
    "",
    0,
    -1,
    true,
    [],
    {},
    [{}],
    [[]],
    { below: "x" },
    "SpotAsPriceGo",
    "PrePaid",
    "CreateInstance",
  ),
);
const changed = fc.constantFrom(...documents).chain(([parse, document]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...places(document)), anything), { minLength: 1, maxLength: 3 })
    .map((changes) => ({
      parse,
      document: changes.reduce((made, [path, by]) => changeAt(made, path, by), document),
    })),
);

/** A change may have removed the place of the next one. */
function changeAt(document: unknown, path: readonly string[], by: unknown): unknown {
  const there = places(document).some((place) => place.join("\0") === path.join("\0"));
  return there ? replaced(document, path, by) : document;
}

test("whatever is written where, the answer is a document or its problems, never another error", ({
  expect,
}) => {
  fc.assert(
    fc.property(changed, ({ parse, document }) => {
      for (const problem of problemsIn(parse, document)) expect(problem).toMatch(/: \S/);
    }),
    { numRuns: 500 },
  );
});

test("the wide document is sound", ({ expect }) => {
  expect(problemsIn(parseFleet, wide)).toEqual([]);
});

/** Maps whose keys users choose. */
const isMapOfUser = (path: readonly string[]): boolean => ["tags", "environment"].includes(path.at(-1) ?? "");

test("an unknown key is found at any depth, and named with its path", ({ expect }) => {
  const anyMap = fc.constantFrom(...documents).chain(([parse, document]) => {
    const maps = places(document).filter((path) => {
      const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document);
      return typeof value === "object" && !Array.isArray(value) && !isMapOfUser(path);
    });
    return fc.constantFrom(...maps).map((path) => ({ parse, document, path }));
  });
  // Every object has the last ones already.
  const unknown = fc.constantFrom("zzzzzz", "__proto__", "constructor", "toString", "hasOwnProperty");
  fc.assert(
    fc.property(anyMap, unknown, ({ parse, document, path }, name) => {
      const value = path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document);
      const found = problemsIn(parse, replaced(document, path, { ...Object(value), [name]: { a: 1 } }));
      const place = [...path, name].join(".").replaceAll(/\.(\d+)/g, "[$1]");
      expect(found.filter((problem) => problem.startsWith(`${place}: is not known`))).toHaveLength(1);
    }),
  );
});

test("no text of a document takes a control character, and no name takes a line break", ({ expect }) => {
  const texts = documents.flatMap(([parse, document]) =>
    places(document)
      .filter(
        (path) =>
          typeof path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), document) === "string",
      )
      .map((path) => ({ parse, document, path })),
  );
  expect(texts.length).toBeGreaterThan(50);
  for (const { parse, document, path } of texts) {
    const found = problemsIn(parse, replaced(document, path, "a\0b"));
    expect(found.join("\n"), path.join(".")).toContain("must not contain the control character U+0000");
  }
  const step = { run: "true", environment: { A: "b" } };
  const bad = ["a\nb", "a\rb", "a\tb", "a\u001bb", "a\u007fb", "a\u0085b", "a\u2028b"];
  const isControl = (text: string): boolean => /(?![\n\t])\p{Cc}/u.test(text);
  for (const text of bad) {
    const fields = [
      [{ provision: [{ ...step, name: text }] }, "provision[0].name"],
      [{ provision: [{ ...step, user: text }] }, "provision[0].user"],
      [{ provision: [{ ...step, workingDir: `/${text}` }] }, "provision[0].workingDir"],
      [{ image: { tags: { [text]: "a" } } }, `image.tags.${visible(text)}`],
      [{ image: { tags: { a: text } } }, "image.tags.a"],
      [{ source: { builder: { image: text } } }, "source.builder.image"],
    ] as const;
    for (const [change, place] of fields) {
      const found = problemsIn(parseRecipe, { ...Object(read("recipes/web.yaml")), ...change });
      const own = found.filter((problem) => problem.startsWith(`${place}: `)).join();
      if (isControl(text)) expect(found.join(), place).toContain("control character U+00");
      else expect(own, `${place} ${text}`).toMatch(/one line|U\+2028/);
    }
    const value = recipeWith({ ...step, environment: { A: text } });
    if (isControl(text)) expect(() => parseRecipe("web", value)).toThrow("control character U+00");
    else expect(parseRecipe("web", value).provision).toHaveLength(1);
  }
});

const recipeWith = (step: object): string =>
  JSON.stringify({ ...Object(read("recipes/web.yaml")), provision: [step] });

test("a step without a name is called by its first line, without tabs", ({ expect }) => {
  const [step] = parseRecipe("web", recipeWith({ run: "printf '\tred'\ntrue" })).provision;
  expect(step?.name).toBe("printf ' red'");
});

test("an entry of a list that is nothing is a problem and no other error", ({ expect }) => {
  for (const list of ["Tag", "DataDisk", "NetworkInterface"]) {
    const launch = { ...wide.launch, [list]: [null] };
    expect(problemsIn(parseFleet, { ...wide, launch }).join(), list).toContain(`launch.${list}`);
  }
});
