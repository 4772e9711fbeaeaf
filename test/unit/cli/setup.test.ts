import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "vitest";
import { kiln } from "../../support/kiln.ts";

const folder = () => mkdtempSync(join(tmpdir(), "kiln-first-"));
const PLACE = ["--vswitch", "vsw-a", "--group", "sg-a"];

test("init writes a recipe and a fleet that check accepts, and replaces no file", async ({ expect }) => {
  const cwd = folder();
  expect(await kiln(["init", "shop", ...PLACE], { cwd })).toMatchObject({ exit: 0 });
  expect(await kiln(["check", "recipes", "fleets"], { cwd })).toMatchObject({ exit: 0 });
  for (const [file, kind] of [
    ["recipes/shop.yaml", "recipe"],
    ["fleets/shop.yaml", "fleet"],
  ] as const) {
    const [, target = ""] =
      /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(join(cwd, file), "utf8")) ?? [];
    // Wherever the folder is: the schemas are those of this checkout.
    expect(resolve(cwd, dirname(file), target)).toBe(resolve(`schemas/${kind}.schema.json`));
  }
  writeFileSync(join(cwd, "recipes/shop.yaml"), "mine");
  expect(await kiln(["init", "shop", ...PLACE], { cwd })).toMatchObject({ exit: 2 });
  expect(readFileSync(join(cwd, "recipes/shop.yaml"), "utf8")).toBe("mine");
});

test("init asks for what the options leave out, and refuses what no document can hold", async ({
  expect,
}) => {
  const cwd = folder();
  expect(await kiln(["init"], { cwd })).toMatchObject({ exit: 2, err: expect.stringContaining("--vswitch") });
  expect(await kiln(["init", "shop", ...PLACE, "--max", "many"], { cwd })).toMatchObject({ exit: 3 });
  const ask = (question: string) =>
    Promise.resolve(question.includes("vsw") ? "vsw-b" : question.includes("sg") ? "sg-b" : "");
  expect(await kiln(["init"], { cwd, ask })).toMatchObject({ exit: 0 });
  expect(readFileSync(join(cwd, "fleets/web.yaml"), "utf8")).toContain("VSwitchId: [vsw-b]");
});
