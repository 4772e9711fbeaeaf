/** How checks are run and shown, and the command line. */
import { test } from "vitest";
import { runCommand } from "../../../deploy/command.ts";
import { ok, runChecks, unknown, wrong, type Check } from "../../../deploy/doctor/finding.ts";
import { resultLine, summaryLine, toJson } from "../../../deploy/doctor/report.ts";

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

test.for<[string, number, RegExp]>([
  ["doctor --jason", 2, /usage: npm run doctor -- \[--stage <name>\] \[--json\] \[--launch\] \[--wait\]/],
  ["doctor --plan", 2, /--plan is an option of another command/],
  ["setup --launch", 2, /--launch is an option of another command/],
  ["doctor --json", 2, /refused: KILN_REGION is not set/],
])("%s ends with %i", async ([line, code, message], { expect }) => {
  const out: string[] = [];
  const err: string[] = [];
  const around = { root: "/none", env: {}, out: (text: string) => void out.push(text) };
  const ended = await runCommand(line.split(" "), { ...around, err: (text) => void err.push(text) });
  expect([ended, out]).toEqual([code, []]);
  expect(err.join("\n")).toMatch(message);
});
