import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { readDotEnv } from "../../../deploy/dot-env.ts";
import { readCallers } from "../../../shared/http/config.ts";
import { kiln } from "../../support/kiln.ts";

const folder = () => mkdtempSync(join(tmpdir(), "kiln-first-"));
const PLACE = ["--vswitch", "vsw-a", "--group", "sg-a"];

test("init writes a recipe and a fleet that check accepts, and replaces no file", async ({ expect }) => {
  const cwd = folder();
  expect(await kiln(["init", "shop", ...PLACE], { cwd })).toMatchObject({ exit: 0 });
  expect(await kiln(["check", "recipes", "fleets"], { cwd })).toMatchObject({ exit: 0 });
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

test("a caller is added, and two of its secrets are accepted after each rotation", async ({ expect }) => {
  const root = folder();
  writeFileSync(join(root, ".env"), "A=1\nB=2");
  const run = async (...words: string[]) => kiln(["caller", ...words, "--no-deploy", "--json"], { root });
  const secrets = () => readCallers(readDotEnv(root))["ci"]?.secrets;
  expect(await run("rotate", "ci")).toMatchObject({ exit: 2 });
  expect(await run("add", "ci")).toMatchObject({ exit: 2 });
  expect(await run("add", "ci", "--route", "FETCH /*")).toMatchObject({ exit: 2 });
  const { secret: first } = JSON.parse((await run("add", "ci", "--route", "GET /*")).out);
  expect(secrets()).toEqual([first]);
  expect(await run("add", "ci", "--route", "GET /*")).toMatchObject({ exit: 2 });
  const { secret: second } = JSON.parse((await run("rotate", "ci")).out);
  const { secret: third } = JSON.parse((await run("rotate", "ci")).out);
  expect(secrets()).toEqual([third, second]);
  expect(readDotEnv(root)).toMatchObject({ A: "1", B: "2" });
});

test("callers beyond the room of a function are refused, and .env stays as it is", async ({ expect }) => {
  const root = folder();
  const routes = Array.from({ length: 300 }, (_, index) => ["--route", `GET /fleets/f${index}`]).flat();
  expect(await kiln(["caller", "add", "ci", ...routes, "--no-deploy"], { root })).toMatchObject({ exit: 3 });
  expect(readDotEnv(root)).toEqual({});
});
