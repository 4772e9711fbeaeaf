/** `parameters` of a recipe: what is declared, and where its values may stand. */
import { test } from "vitest";
import { imageOf } from "../../support/baked-image.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { problemsIn } from "./problems-of.ts";

const builder = {
  family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
  instanceTypes: ["ecs.g7.large"],
  vSwitchIds: ["vsw-hangzhou-h"],
  securityGroupId: "sg-default0001",
};
const recipe = (changes: object) => ({ source: { builder }, family: "web", ...changes });
// On one line, everything behind `parameters:` counts as a value that may be secret.
const problems = (changes: object) => problemsIn(parseRecipe, JSON.stringify(recipe(changes), null, 2));
const declared = {
  RELEASE: { default: "v0", pattern: "^v" },
  app_tier: {},
  REGISTRY: { fromEnv: "NPM_READ" },
};

test("a default, a pattern, a secret and a required parameter are declared, names as they are written", ({
  expect,
}) => {
  expect(parseRecipe("web", JSON.stringify(recipe({ parameters: declared }))).parameters).toEqual(declared);
});

test("each mistake in a declaration is named at its place", ({ expect }) => {
  const mistakes = [
    [{ PATH: {} }, /^parameters\.PATH: is reserved: shells/],
    [{ "1A": {} }, /^parameters\.1A: a name is letters/],
    [{ serial: {} }, /^parameters\.serial: is a placeholder of image\.name; .* SERIAL/],
    [
      { A: { pattern: "(" } },
      /^parameters\.A\.pattern: must be a regular expression, and is none: Unterminated group/,
    ],
    [{ A: { pattern: "^(a+)+$" } }, /^parameters\.A\.pattern: may take too long/],
    [{ A: { default: "w1", pattern: "^v" } }, /^parameters\.A\.default: must match \^v/],
    [
      { A: { default: `v${"1".repeat(100)}`, pattern: "^v" } },
      /^parameters\.A\.default: must have at most 100/,
    ],
    [{ A: { default: 1 } }, /^parameters\.A\.default: must be text/],
    [{ A: { fromEnv: "B", default: "x" } }, /^parameters\.A\.default: does not go with fromEnv/],
    [{ A: { fromEnv: "$B" } }, /^parameters\.A\.fromEnv: must be a name in KILN_SECRETS/],
    [
      { A: { required: true } },
      /^parameters\.A\.required: .*a parameter without default: and fromEnv: is required/,
    ],
  ] as const;
  for (const [parameters, message] of mistakes)
    expect(problems({ parameters }), JSON.stringify(parameters)).toEqual([expect.stringMatching(message)]);
});

test("a step's own variable is no parameter, in provision and in test", ({ expect }) => {
  const step = { run: "true", environment: { RELEASE: "x" } };
  const message = /^parameters\.RELEASE: is also set under environment of a step/;
  expect(problems({ parameters: declared, provision: [step] })).toEqual([expect.stringMatching(message)]);
  expect(problems({ parameters: declared, test: { commands: [step] } })).toEqual([
    expect.stringMatching(message),
  ]);
});

test("name, version, descriptions and tags take declared names and no others", ({ expect }) => {
  const name = "web-{RELEASE}-{serial}";
  const sound = {
    description: "release {RELEASE}",
    image: { name, version: "{RELEASE}", description: "for {app_tier}", tags: { release: "{RELEASE}" } },
  };
  expect(problems({ parameters: declared, ...sound })).toEqual([]);
  for (const [field, text] of [
    ["image.name", "web-{OTHER}-{serial}"],
    ["image.version", "{OTHER}"],
    ["image.description", "the {OTHER}"],
    ["image.tags.a", "{OTHER}"],
  ] as const) {
    const [, key = "", tag] = field.split(".");
    const image = { [key]: tag === undefined ? text : { [tag]: text } };
    const [first = ""] = problems({ parameters: declared, image });
    expect(first, field).toMatch(new RegExp(`^${field}: must use only .*\\{RELEASE\\}.*, has \\{OTHER\\}`));
    const secret = JSON.parse(JSON.stringify(image).replaceAll("OTHER", "REGISTRY"));
    expect(problems({ parameters: declared, image: secret })[0], field).toMatch(
      /must not hold \{REGISTRY\}, which is a secret .*; remove it/,
    );
  }
});

test("without parameters nothing is filled in, and the rules are those of before", ({ expect }) => {
  expect(problems({ description: "braces {like} these", image: { tags: { a: "{b}" } } })).toEqual([]);
  expect(problems({ image: { version: "{RELEASE}" } })).toEqual([
    expect.stringMatching(/^image\.version: must be 1 to 40 letters/),
  ]);
  expect(problems({ image: { name: "web-{RELEASE}-{serial}" } })).toEqual([
    expect.stringMatching(/^image\.name: must use only \{recipe\}, \{date\}, \{time\} and \{serial\}/),
  ]);
});

test("the image carries the values where the recipe names them", ({ expect }) => {
  const image = {
    version: "{RELEASE}",
    description: "tier {app_tier} ${RELEASE}",
    tags: { release: "{RELEASE}" },
  };
  const made = imageOf(recipe({ parameters: declared, image }), { RELEASE: "v1.2", app_tier: "front" });
  expect(made).toMatchObject({ version: "v1.2", description: "tier front $v1.2", tags: { release: "v1.2" } });
});
