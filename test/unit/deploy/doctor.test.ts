/** How checks are run and shown, and the command line. */
import { test } from "vitest";
import { runCommand } from "../../../deploy/command.ts";
import { ok, runChecks, unknown, wrong, type Check } from "../../../deploy/doctor/finding.ts";
import { resultLine, summaryLine, toJson } from "../../../deploy/doctor/report.ts";
import { alone } from "../../support/shell.ts";

const check = (name: string, run: Check<null>["run"], needs: readonly string[] = []): Check<null> => ({
  name,
  run,
  needs,
});

const CHECKS = [
  check("first", () => Promise.resolve(ok("it is there"))),
  check("second", () => Promise.resolve(wrong("it is broken", "mend it"))),
  check("third", () => Promise.reject(new Error("no answer"))),
  check("fourth", () => Promise.resolve(ok("never asked")), ["first", "second"]),
  check("fifth", () => Promise.resolve(ok("asked")), ["first", "left out"]),
];

const run = (interrupt = new AbortController().signal) =>
  runChecks(CHECKS, null, { interrupt, say: () => {} });

test("an error is a finding, and a check whose needs are not met is not made", async ({ expect }) => {
  const results = await run();
  expect(Object.fromEntries(results.map(({ name, finding }) => [name, finding]))).toEqual({
    first: ok("it is there"),
    second: wrong("it is broken", "mend it"),
    third: unknown("no answer"),
    fourth: unknown("second comes first"),
    fifth: ok("asked"),
  });
});

test("an interruption ends the examination", async ({ expect }) => {
  await expect(run(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});

test("each check has a line, a wrong one says what to do, and JSON says the same", async ({ expect }) => {
  const results = await run();
  const lines = results.map(resultLine).join("\n").split("\n");
  expect(lines.slice(0, 3).map((line) => line.trim().replaceAll(/ {2,}/g, " "))).toEqual([
    "ok first it is there",
    "wrong second it is broken",
    "→ mend it",
  ]);
  expect(summaryLine(results)).toBe("2 ok, 1 wrong, 2 unknown");
  expect(JSON.parse(toJson(results))).toMatchObject({
    wrong: 1,
    unknown: 2,
    checks: [
      { name: "first", state: "ok" },
      { name: "second", state: "wrong", found: "it is broken", todo: "mend it" },
      {},
      {},
      {},
    ],
  });
});

/** Runs a script without any variable. */
async function ran(line: string) {
  const out: string[] = [];
  const err: string[] = [];
  const around = { root: "/none", env: {}, out: (text: string) => void out.push(text) };
  const exit = await runCommand(line.split(" "), {
    ...around,
    err: (text) => void err.push(text),
    ask: alone,
  });
  return { exit, out: out.join("\n"), err: err.join("\n") };
}

const SCRIPTS = ["setup", "deploy", "undeploy", "doctor"] as const;

test.for(SCRIPTS)(
  "%s has help, and --json that is one document also when it is refused",
  async (name, { expect }) => {
    for (const word of ["--help", "-h"]) {
      const help = await ran(`${name} ${word}`);
      expect(help).toMatchObject({ exit: 0, err: "" });
      for (const said of [`usage: npm run ${name} --`, "--stage NAME", "--json", "--help"])
        expect(help.out).toContain(said);
    }
    const refused = await ran(`${name} --json`);
    expect(refused.exit).toBe(2);
    expect(JSON.parse(refused.out)).toMatchObject({
      version: 1,
      command: name,
      error: expect.stringContaining("KILN_REGION is not set"),
    });
    const wrong = await ran(`${name} --json --nope`);
    expect(wrong.exit).toBe(2);
    expect(JSON.parse(wrong.out)).toMatchObject({ error: expect.stringContaining("--nope") });
  },
);

test("the help of undeploy says of every option what it takes away, as README does", async ({ expect }) => {
  const { out } = await ran("undeploy --help");
  expect(out).toMatch(/delete the functions, triggers, roles and policies/);
  expect(out).toMatch(/--all +delete the objects of Kiln too, .* and the bucket when nothing else is in it/);
  expect(out).toMatch(/--yes +do not ask/);
});

test.for<[string, number, RegExp]>([
  ["doctor --jason", 2, /usage: npm run doctor -- \[--stage NAME\] \[--launch\] \[--wait\] \[--json\]/],
  ["doctor --plan", 2, /Unknown option '--plan'/],
  ["setup --launch", 2, /Unknown option '--launch'/],
  ["setup", 2, /refused: KILN_REGION is not set/],
])("%s ends with %i", async ([line, code, message], { expect }) => {
  const ended = await ran(line);
  expect([ended.exit, ended.out]).toEqual([code, ""]);
  expect(ended.err).toMatch(message);
});
