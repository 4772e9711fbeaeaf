/** The git commit of a recipe, from the checkout of `kiln push` to its image. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minutes } from "../../shared/duration.ts";
import { OWN_TAGS_MAX } from "../../shared/tags.ts";
import { test as base } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { kiln as command } from "../support/kiln.ts";
import { goldenOf, recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { imagesIn, HOME, ownImages, tagOf } from "../support/world.ts";

/** A checkout without a commit. */
const test = base.extend<{ folder: string; git: (...words: string[]) => string }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-"));
    mkdirSync(join(folder, "recipes"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
  git: async ({ folder }, use) => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    const git = (...words: string[]) =>
      execFileSync("git", ["-C", folder, ...who, ...words], { encoding: "utf8" }).trim();
    git("init", "--quiet");
    await use(git);
  },
});

function pushed(kiln: Deployment, folder: string) {
  const env = {
    KILN_API: kiln.cloud.urls.http["kiln-api"],
    KILN_CALLER: kiln.caller.name,
    KILN_SECRET: kiln.caller.secret,
  };
  const words = ["push", "recipes/web.yaml"];
  return answered(kiln, kiln.cloud.time.hold(command(words, { cwd: folder, env })));
}

test("the commit of a checkout is in the record of a bake and in a tag of its image and copies, as long as one is free", async ({
  kiln,
  folder,
  git,
  expect,
}) => {
  const file = join(folder, "recipes/web.yaml");
  const source = { instance: { id: await goldenOf(kiln), stop: false } };
  const promote = { regions: ["cn-shanghai"] };
  const write = (tags: number) => {
    const all = Object.fromEntries(Array.from({ length: tags }, (_, n) => [`k${n}`, "v"]));
    const image = { tags: all };
    writeFileSync(file, recipeText({ source, provision: [], test: { skip: true }, promote, image }));
  };
  const push = async () => {
    expect(await pushed(kiln, folder)).toMatchObject({ exit: 0 });
    await kiln.cloud.settle({ forMs: minutes(45) });
    const { result } = kiln.records("bake").at(-1) ?? {};
    return { said: result?.["commit"], tag: tagOf(kiln, String(result?.["imageId"]), "kiln:commit") };
  };
  write(0);
  expect(await push()).toEqual({ said: undefined, tag: undefined });
  git("add", ".");
  git("commit", "--quiet", "-m", "first");
  write(OWN_TAGS_MAX.image - 1);
  const dirty = `${git("rev-parse", "HEAD")}-dirty`;
  expect(await push()).toEqual({ said: dirty, tag: dirty });
  expect(tagOf(kiln, imagesIn(kiln, "cn-shanghai").at(-1)?.imageId ?? "", "kiln:commit")).toBe(dirty);
  write(OWN_TAGS_MAX.image);
  git("commit", "--quiet", "-a", "-m", "second");
  expect(await push()).toEqual({ said: git("rev-parse", "HEAD"), tag: undefined });
  expect(imagesIn(kiln, HOME)).toHaveLength(3);
  expect(ownImages(kiln)).toHaveLength(6);
});

test.for(["main", "0".repeat(41), `${"a".repeat(40)} rm -rf`])(
  "a commit is an id and nothing else: %s",
  async (commit, { kiln, expect }) => {
    const asked = kiln.api("PUT", "/recipes/web", recipeText(), { "x-kiln-commit": commit });
    expect((await answered(kiln, asked)).status).toBe(400);
  },
);
