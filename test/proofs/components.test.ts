/** Components: shared steps with versions that are written once, and parameters. */
import { hours, minutes } from "../../shared/duration.ts";
import { bakedBy } from "../support/bakes.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";
import { accepted, ended } from "../support/runs.ts";
import { ownImages } from "../support/world.ts";

const settled = (kiln: Deployment) => kiln.cloud.settle({ forMs: hours(1) });
const component = (word: string, more: object = {}): string =>
  JSON.stringify({ steps: [`echo ${word} "$WORKERS" >> /etc/made`], ...more });
const recipe = (components: readonly unknown[], more: object = {}): string =>
  recipeText({ components, provision: ["echo own >> /etc/made"], test: { skip: true }, ...more });
const made = (kiln: Deployment): string | undefined =>
  ownImages(kiln).at(-1)?.disks[0]?.content.files.get("/etc/made");
const bakes = (kiln: Deployment) => kiln.records("bake").filter(({ result }) => result?.["skipped"] !== true);

test("the steps of components run first, with their parameters; latest is resolved into the digest and the record", async ({
  kiln,
  expect,
}) => {
  const parameters = { WORKERS: { default: "2" }, LEVEL: {} };
  await kiln.upload(
    "recipes/web.yaml",
    recipe([{ use: "app/latest", parameters: { LEVEL: "1" } }, "base/1.0"]),
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  // The components of a sync may come last.
  await kiln.upload("components/app/1.9.0.yaml", component("nine", { parameters }));
  await kiln.upload("components/base/1.0.yaml", component("base"));
  await settled(kiln);
  expect(made(kiln)).toBe("nine 2\nbase \nown\n");
  expect(bakes(kiln).map(({ state, result }) => [state, result?.["components"]])).toEqual([
    ["done", ["app/1.9.0", "base/1.0"]],
  ]);

  await kiln.upload("components/app/1.10.0.yaml", component("ten", { parameters }));
  await settled(kiln);
  expect(made(kiln)).toBe("ten 2\nbase \nown\n");
  expect(bakes(kiln).at(-1)?.result?.["components"]).toEqual(["app/1.10.0", "base/1.0"]);
  await kiln.invoke("kiln-bake-image", { v: 1, request: "bake", recipe: "web" });
  await settled(kiln);
  expect(ownImages(kiln)).toHaveLength(2);
});

test("the first content of a version counts, and another one under its key is reported and used by nothing", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("components/app/1.0.0.yaml", component("first"));
  await kiln.upload("recipes/web.yaml", recipe(["app/1.0.0"]));
  await settled(kiln);
  await kiln.upload("components/app/1.0.0.yaml", component("second"));
  await settled(kiln);
  expect(kiln.records("check").map(({ reason }) => reason)).toEqual([
    expect.stringContaining("a version is written once: bakes use the first content"),
  ]);
  await kiln.upload("recipes/web.yaml", recipe(["app/1.0.0"], { description: "again" }));
  await settled(kiln);
  expect([ownImages(kiln).length, made(kiln)]).toEqual([2, "first \nown\n"]);
  // Also when it is gone.
  kiln.cloud.oss.delete("kiln-1234567890123456", "components/app/1.0.0.yaml");
  await kiln.upload("recipes/web.yaml", recipe(["app/1.0.0"], { description: "once more" }));
  await settled(kiln);
  expect([ownImages(kiln).length, made(kiln)]).toEqual([3, "first \nown\n"]);
});

test("parameters of a bake reach a component that declares them, unless the recipe gives a value", async ({
  kiln,
  expect,
}) => {
  const parameters = { WORKERS: { default: "2", pattern: "^[0-9a-z]+$" } };
  await kiln.upload("components/app/1.0.0.yaml", component("app", { parameters }));
  const own = { parameters: { WORKERS: { default: "auto" } } };
  await kiln.upload("recipes/web.yaml", recipe(["app/1.0.0"], own));
  await settled(kiln);
  expect(made(kiln)).toBe("app auto\nown\n");
  await bakedBy(kiln, { parameters: { WORKERS: "8" } });
  expect(made(kiln)).toBe("app 8\nown\n");
});

const DIGITS = { WORKERS: { default: "2", pattern: "^[0-9]+$" } };

async function put(kiln: Deployment, parameters: object, use: unknown = "app/1.0.0") {
  await kiln.upload("recipes/web.yaml", recipe([use], { parameters }));
  await settled(kiln);
  const { state, reason } = kiln.records("bake").at(-1) ?? {};
  return [state, reason];
}

test("the pattern of a component holds for the parameter of a recipe that it takes: default, callers and nights", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("components/app/1.0.0.yaml", component("app", { parameters: DIGITS }));
  expect(await put(kiln, { WORKERS: { default: "auto", pattern: "^[a-z0-9]+$" } })).toEqual([
    "failed",
    expect.stringContaining("components[0]: component app/1.0.0: parameters.WORKERS must match ^[0-9]+$"),
  ]);
  expect((await put(kiln, { WORKERS: { default: "4" } }))[0]).toBe("done");
  const { run } = await accepted(kiln, "/recipes/web/bake", { parameters: { WORKERS: "1;rm -rf /" } });
  expect((await ended(kiln, run)).reason).toContain(
    "parameters.WORKERS: must match ^[0-9]+$, the pattern of component app/1.0.0",
  );
  await bakedBy(kiln, { parameters: { WORKERS: "8" } });
  expect(made(kiln)).toBe("app 8\nown\n");
  // A later version asks for more than the value that is served.
  const parameters = { WORKERS: { default: "2", pattern: "^[0-7]$" } };
  await kiln.upload("components/app/1.1.0.yaml", component("app", { parameters }));
  await put(kiln, { WORKERS: { default: "4" } }, "app/1.1.0");
  expect(kiln.records("bake").at(-1)?.result).toMatchObject({
    note: expect.stringContaining("must match ^[0-7]$, the pattern of component app/1.1.0"),
  });
});

test("the pattern of a component holds for a secret of the recipe, which no message quotes", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_SECRETS: JSON.stringify({ COUNT: "twenty" }) } });
  await kiln.upload("components/app/1.0.0.yaml", component("app", { parameters: DIGITS }));
  const secret = await put(kiln, { WORKERS: { fromEnv: "COUNT" } });
  expect(secret).toEqual([
    "failed",
    expect.stringContaining("parameters.WORKERS: COUNT in KILN_SECRETS must match ^[0-9]+$"),
  ]);
  expect(JSON.stringify(secret)).not.toContain("twenty");
});

test("a component that is unsound, missing, or wrongly used fails the bake and says where", async ({
  kiln,
  expect,
}) => {
  await kiln.upload(
    "components/app/1.0.0.yaml",
    component("app", { parameters: { LEVEL: { pattern: "^v" } } }),
  );
  await kiln.upload(
    "components/bad/1.0.0.yaml",
    JSON.stringify({ steps: ["true"], components: ["app/1.0.0"] }),
  );
  await kiln.upload("components/bad.yaml", component("app"));
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(kiln.records("check").map(({ reason }) => reason)).toEqual(
    expect.arrayContaining([
      expect.stringContaining("a component holds steps, and no other components"),
      expect.stringContaining("a component lies at components/<name>/<version>.yaml"),
    ]),
  );
  for (const [use, problem] of [
    ["none/latest", "components[0]: the bucket has no version of none"],
    ["app/1.0.1", "components[0]: there is no components/app/1.0.1.yaml"],
    ["bad/1.0.0", "a component holds steps, and no other components"],
    ["app/1.0.0", "parameters.LEVEL is required"],
    [{ use: "app/1.0.0", parameters: { LEVEL: "1" } }, "parameters.LEVEL must match ^v"],
    [{ use: "app/1.0.0", parameters: { LEVEL: "v1", OTHER: "1" } }, "parameters.OTHER is not declared"],
  ] as const) {
    await kiln.upload("recipes/web.yaml", recipe([use]));
    await kiln.cloud.settle({ forMs: minutes(8) });
    expect(kiln.records("bake").at(-1)?.reason, JSON.stringify(use)).toContain(problem);
  }
  expect(ownImages(kiln)).toEqual([]);
});
