/** A step that does too much is reported as not simulated, and stops neither the world nor its process. */
import { test } from "vitest";
import { runOnMachine as run } from "../../../cloud/index.ts";

test.for([
  ["a function that calls itself", "f() { f; }; f"],
  ["one that calls itself in a subshell", "f() { (f); }; f"],
  ["one that asks itself", "f() { x=$(f); }; f"],
  ["a file that reads itself", "printf '. /tmp/s\\n' > /tmp/s; . /tmp/s"],
  ["a script that runs itself", "printf 'bash /tmp/s\\n' > /tmp/s; bash /tmp/s"],
  ["a trap that never ends", "trap f EXIT; f() { f; }; exit"],
  ["a sequence of a hundred million", "seq 1 100000000 | tail -1"],
  ["braces of a hundred million", "echo {1..100000000} | wc -c"],
  ["braces that multiply", `echo ${"{a,b}".repeat(40)} | wc -c`],
  ["a wide conversion", "printf '%1000000000d' 1"],
  ["a precise conversion", "printf '%.1000000000f' 1"],
  ["a loop without an end", "while :; do :; done"],
  ["one in a pipe", "until false; do echo x; done | tail -1"],
  ["loops within loops", "for i in {1..2000}; do for j in {1..2000}; do :; done; done"],
  ["a text that doubles", "x=a; while :; do x=$x$x; done"],
  ["a text that is added to", "x=a; while :; do x+=$x; done"],
  ["an array that doubles", 'a=(1); while :; do a+=("${a[@]}"); done'],
  ["arguments that double", 'set -- a; while :; do set -- "$@" "$@"; done'],
  ["a file that doubles", "echo a > /tmp/x; while :; do cat /tmp/x /tmp/x > /tmp/y; mv /tmp/y /tmp/x; done"],
  [
    "a long text that is read again and again",
    "x=$(seq 1 100000); for i in {1..9000}; do echo $x; done > /dev/null",
  ],
] as const)("%s", ([, script], { expect }) => {
  const ran = run(`${script}\necho never`);
  expect(ran).toMatchObject({ code: 2 });
  expect(ran.unsupported).toHaveLength(1);
  expect(ran.output).not.toContain("never");
});

test("a pattern that backtracks without end answers", ({ expect }) => {
  const text = `${"a".repeat(40)}b`;
  expect(run(`[[ ${text} =~ ^(a+)+$ ]]`).code).toBe(1);
  expect(run(`[[ ${text} == ${"*a".repeat(20)}*c ]]`).code).toBe(1);
  expect(run(`echo ${text} | grep -E '^(a|aa)+$'`).code).toBe(1);
});

test("what a large script does within a bound is done", ({ expect }) => {
  expect(run("seq 1 300000 | tail -1").output).toBe("300000\n");
  expect(run("for i in $(seq 1 9000); do echo $i >> /tmp/x; done; wc -l < /tmp/x").output).toBe("9000\n");
  expect(run("f() { [ $1 = 0 ] || f $(($1 - 1)); }; f 60; echo done").output).toBe("done\n");
});

test("a construct that is not simulated ends the step also where it is a part", ({ expect }) => {
  for (const script of [
    "(select x in a; do :; done)",
    "select x in a; do :; done | cat",
    "{ coproc cat; } &",
    "bash -c 'coproc cat' || true",
  ])
    expect(run(`${script}\necho never`), script).toMatchObject({
      code: 2,
      unsupported: [expect.any(String)],
    });
});
