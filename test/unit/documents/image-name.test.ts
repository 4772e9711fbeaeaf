import * as fc from "fast-check";
import { test } from "vitest";
import {
  DEFAULT_IMAGE_NAME,
  familyProblem,
  imageNameProblem,
  renderImageName,
  templateProblem,
} from "../../../shared/documents/image-name.ts";

const AT = Date.parse("2026-03-02T04:05:06.789Z");
const run = "bake-web-20260302-0123456789ab";
const anyRecipe = fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/);
const anyHash = fc.stringMatching(/^[0-9a-f]{12}$/);

test("a template is filled with the recipe, the run's time in UTC and the end of its id", ({ expect }) => {
  const name = renderImageName("{recipe}-{date}T{time}-{serial}", { recipe: "web", run, at: AT });
  expect(name).toBe("web-20260302T040506-01234567");
});

test("the default name is good for every recipe at every time, and tells runs apart", ({ expect }) => {
  fc.assert(
    fc.property(
      anyRecipe,
      anyHash,
      anyHash,
      fc.date({ min: new Date(0), noInvalidDate: true }),
      (recipe, one, other, date) => {
        fc.pre(one.slice(0, 8) !== other.slice(0, 8) && date.getUTCFullYear() < 10_000);
        const name = (hash: string) =>
          renderImageName(DEFAULT_IMAGE_NAME, {
            recipe,
            run: `bake-${recipe}-20260302-${hash}`,
            at: date.getTime(),
          });
        expect(imageNameProblem(name(one))).toBeUndefined();
        expect(name(one)).not.toBe(name(other));
      },
    ),
  );
});

test("a template that is accepted makes names the cloud accepts", ({ expect }) => {
  // Mostly good parts, or hardly a template would be accepted.
  const anyPart = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("{recipe}", "{date}", "{time}", "web", "镜像", "-", "_", ":") },
    { weight: 1, arbitrary: fc.constantFrom("{", "http://", ".", " ", "acs:", "{x}") },
    { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
  );
  const anyTemplate = fc.array(anyPart, { maxLength: 6 }).map((parts) => `${parts.join("")}{serial}`);
  fc.assert(
    fc.property(anyTemplate, anyRecipe, anyHash, (template, recipe, hash) => {
      fc.pre(templateProblem(template, recipe) === undefined);
      const name = renderImageName(template, { recipe, run: `bake-${recipe}-20260302-${hash}`, at: AT });
      expect(imageNameProblem(name)).toBeUndefined();
      expect(name).toMatch(/^[A-Za-z\p{Script=Han}][A-Za-z0-9\p{Script=Han}:_-]{1,127}$/u);
    }),
    { numRuns: 500 },
  );
});

test("the cloud's own prefixes are refused where the cloud refuses them", ({ expect }) => {
  expect(imageNameProblem("aliyun-web")).toBeUndefined();
  expect(imageNameProblem("aliyun-web", true)).toMatch(/imported/);
  expect(familyProblem("ALIYUN-web")).toMatch(/aliyun/);
  expect(familyProblem("web:镜像_1")).toBeUndefined();
});

test("names end at 128 characters", ({ expect }) => {
  expect(imageNameProblem("a".repeat(128))).toBeUndefined();
  expect(imageNameProblem("a".repeat(129))).toBe("must be 2 to 128 characters, has 129");
});

test("a period is for imports alone, and elsewhere the refusal names the field for versions", ({
  expect,
}) => {
  for (const name of ["app-1.9.2", "镜像.1", "a.b.c.d"]) {
    expect(imageNameProblem(name, true), name).toBeUndefined();
    expect(imageNameProblem(name), name).toContain("or the version as image.version");
    expect(familyProblem(name), name).toBeDefined();
  }
  for (const name of [".app", "app 1.2", "1.2", "acs:x.1"])
    expect(imageNameProblem(name, true), name).toBeDefined();
  expect(templateProblem("app-1.9.2-{serial}", "app", { imported: true })).toBeUndefined();
  expect(templateProblem("app-1.9.2-{serial}", "app")).toContain("must not hold a period");
});
