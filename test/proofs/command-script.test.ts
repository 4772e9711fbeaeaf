/** Inline steps as they are sent, run by a real shell and by that of the simulated guest: both must agree. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, test } from "vitest";
import { explained, scriptOf } from "../../shared/ephemeral-instance/command-script.ts";
import type { CommandStep } from "../../shared/documents/recipe-steps.ts";
import { runOnMachine } from "../cloud/index.ts";

const folder = mkdtempSync(join(tmpdir(), "steps-"));
afterAll(() => rmSync(folder, { recursive: true }));

const stepOf = (command: string, shell = "/bin/bash -e", environment = {}): CommandStep => ({
  kind: "run",
  name: "step",
  command,
  shell,
  environment,
  timeoutMs: 1000,
});

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** The output without error messages and paths of scripts, which programs and shells word differently. */
const comparable = (output: string): string =>
  output.replaceAll(/^(?!kiln: ).*: .*\n/gm, "").replaceAll(/^(kiln: .*) in .*$/gm, "$1");

/** Runs a script as Cloud Assistant does: as a file that `sh` executes, so its first line selects the shell. */
function runHere(script: string): Ran {
  const file = join(folder, "step");
  writeFileSync(file, script, { mode: 0o755 });
  const { status, stdout } = spawnSync("/bin/sh", ["-c", `exec 2>&1; ${file}`], { encoding: "utf8" });
  return { code: status ?? -1, output: stdout };
}

function runThere(script: string): Ran {
  const { code, output } = runOnMachine(script);
  return { code, output };
}

type Row = readonly [name: string, command: string, code: number, where: string, shell?: string];

const rows: readonly Row[] = [
  ["everything succeeds", "echo a\ntrue\necho b", 0, ""],
  ["the first failing line ends the step", "echo a\nfalse\necho b", 1, " at line 2 (false)"],
  ["the exit code is that of the command", "echo a\ncat /nope\necho b", 1, " at line 2 (cat /nope)"],
  ["a step of one line names no line", "false", 1, ""],
  ["the last line fails", "echo a\ntest a = b", 1, " at line 2 (test a = b)"],
  ["blank lines and comments count", "\n# why\necho a\n\n[ a = b ]", 1, " at line 5 ([ a = b ])"],
  ["a condition of if may fail", "if false; then echo a; else echo b; fi\necho c", 0, ""],
  [
    "a condition of elif may fail",
    "if false; then echo a\nelif test a = b; then echo b\nelse echo c\nfi",
    0,
    "",
  ],
  ["a branch may not fail", "if true; then\n  false\nfi\necho a", 1, " at line 2 (false)"],
  ["a condition of while may fail", "while false; do echo a; done\necho b", 0, ""],
  ["a condition of until may fail", "until true; do echo a; done\necho b", 0, ""],
  [
    "a loop body may not fail",
    "for x in 1 2 3; do\n  echo $x\n  test $x != 2\ndone",
    1,
    " at line 3 (test $x != 2)",
  ],
  ["break ends a loop with success", "for x in 1 2; do\n  break\ndone\necho a", 0, ""],
  ["a command before && may fail", "false && echo a\necho b", 0, ""],
  ["a command after && may not fail", "true && false\necho b", 1, " at line 1 (true && false)"],
  ["a command before || may fail", "false || echo a\necho b", 0, ""],
  ["a command after || may not fail", "false || false\necho b", 1, " at line 1 (false || false)"],
  [
    "a chain over lines fails at its last line",
    "true &&\n  true &&\n  false\necho a",
    1,
    " at line 3 (false)",
  ],
  ["a chain may fail in the middle", "true && false && true\necho a", 0, ""],
  ["a command after ! may fail", "! true\n! false\necho a", 0, ""],
  ["a pipeline after ! may fail", "! true | true\necho a", 0, ""],
  ["a pipeline has the exit code of its last part", "false | cat\necho a", 0, ""],
  ["the last part of a pipeline may not fail", "echo a | grep b\necho c", 1, " at line 1 (echo a | grep b)"],
  ["with pipefail no part may fail", "set -o pipefail\nfalse | cat\necho a", 1, " at line 2 (false | cat)"],
  ["set -euo pipefail", "set -euo pipefail\nfalse | cat\necho a", 1, " at line 2 (false | cat)"],
  ["a failing part of a pipeline ends that part", "{ false; echo a; } | cat\necho b", 0, ""],
  ["a group is not a subshell", "{ false; echo a; }\necho b", 1, " at line 1 ({ false; echo a; })"],
  ["a group over lines", "{\n  true\n  false\n} >/dev/null\necho b", 1, " at line 3 (false)"],
  [
    "a failing subshell ends itself, then the step",
    "( false; echo a )\necho b",
    1,
    " at line 1 (( false; echo a ))",
  ],
  [
    "a subshell over lines",
    "echo a\n( true\n  false\n  echo b )\necho c",
    1,
    " in the command that ends at line 4",
  ],
  ["a subshell before || may fail", "( false; echo a ) || echo b\necho c", 0, ""],
  ["a subshell changes nothing outside", "x=1\n( x=2; cd / )\necho $x", 0, ""],
  ["exit in a subshell", "( exit 3 ) || echo $?\necho a", 0, ""],
  ["a substitution in arguments may fail", "echo $(false) a\necho b", 0, ""],
  ["a substitution in an assignment may not fail", "x=$(false)\necho b", 1, " at line 1 (x=$(false))"],
  ["a substitution continues after a failure", "x=$(false; echo a)\necho $x", 0, ""],
  ["a substitution in export may fail", "export X=$(false)\necho a", 0, ""],
  [
    "a function fails where it is called",
    "f() {\n  echo a\n  false\n  echo b\n}\necho c\nf x\necho d",
    1,
    " at line 7 (f x)",
  ],
  ["a function in a function", "f() { false; }\ng() {\n  f\n  echo a\n}\ng\necho b", 1, " at line 6 (g)"],
  [
    "a function in a condition may fail at any line",
    "f() { false; echo a; }\nif f; then echo b; fi\nf && echo c\nf || echo d",
    0,
    "",
  ],
  ["return with a code", "f() { return 3; }\nf\necho a", 3, " at line 2 (f)"],
  ["return in a condition", "f() { return 3; }\nf || echo $?\necho a", 0, ""],
  ["a function whose last line is a test", "f() { false && true; }\nf\necho a", 1, " at line 2 (f)"],
  ["exit with a code names no line", "echo a\nexit 7\necho b", 7, ""],
  ["exit in a function", "f() { exit 4; }\necho a\nf", 4, " at line 3 (f)"],
  ["exit 0 ends the step with success", "echo a\nexit 0\nfalse", 0, ""],
  ["set +e and set -e", "set +e\nfalse\necho a\nset -e\nfalse\necho b", 1, " at line 5 (false)"],
  ["set +e to the end", "set +e\nfalse\necho a\ntest a = b", 1, " at line 4 (test a = b)"],
  ["an unset variable with -u", "echo a\nset -u\necho $nothing\necho b", 1, " at line 3 (echo $nothing)"],
  [
    "an unset variable in a function",
    "set -u\nf() {\n  echo $nothing\n}\nf x\necho b",
    1,
    " at line 5 (f x)",
  ],
  ["an error of another script names no line", "set -u\nbash -uc 'echo $nothing' || exit 3", 3, ""],
  [
    "a list of && that ends the step",
    "echo a\n[ -f /nope ] && echo b",
    1,
    " at line 2 ([ -f /nope ] && echo b)",
  ],
  [
    "comments after the last command",
    "echo a\n[ -f /nope ] && echo b # why\n\n  # so\n",
    1,
    " at line 2 ([ -f /nope ] && echo b # why)",
  ],
  [
    "continued lines at the end",
    "echo a\n[ -f /nope ] && \\\n  echo b",
    1,
    " at line 2 ([ -f /nope ] && echo b)",
  ],
  [
    "a list of && at the end of a branch",
    "if true; then\n  false && true\nfi",
    1,
    " in the command that ends at line 3",
  ],
  ["a here-document without its end", "true\ncat <<X\na", 0, ""],
  ["a default for an unset variable", "set -u\necho ${nothing:-a}\necho b", 0, ""],
  ["continued lines are one line", "echo a\ntest a = \\\n  b\necho c", 1, " at line 2 (test a = b)"],
  ["lines of a here-document count", "cat <<X\na\n\nb\nX\nfalse\necho c", 1, " at line 6 (false)"],
  ["a here-document of a failing command", "grep z <<X\na\nX\necho c", 1, " at line 1 (grep z <<X)"],
  [
    "the message has the name of a variable, not its value",
    'TOKEN=s3cret\ntest "$TOKEN" = other',
    1,
    ' at line 2 (test "$TOKEN" = other)',
  ],
  ["eval", 'eval "true; false"\necho a', 1, ' at line 1 (eval "true; false")'],
  ["eval of one line", "eval 'echo x'\nfalse\necho a", 1, " at line 2 (false)"],
  [
    "eval of several lines",
    "echo a\neval 'echo x\nfalse'\necho b",
    1,
    " between line 2 (eval 'echo x) and line 4",
  ],
  [
    "eval of a variable",
    'X="\n\nfalse"\neval "$X"\necho a\necho b',
    1,
    ' between line 4 (eval "$X") and line 6',
  ],
  ["another shell fails", 'echo a\nbash -c "exit 5"\necho b', 5, ' at line 2 (bash -c "exit 5")'],
  ["another shell has no -e", 'bash -c "false; echo a"\necho b', 0, ""],
  [
    "a pattern",
    "x=web-1\n[[ $x == web-* ]] && echo a\n[[ $x == db-* || -z $x ]]\necho b",
    1,
    " at line 3 ([[ $x == db-* || -z $x ]])",
  ],
  ["a trap of the step on EXIT", "trap 'echo bye' EXIT\necho a\nfalse\necho b", 1, " at line 3 (false)"],
  ["a trap of the step on ERR", "trap 'echo oops' ERR\necho a\nfalse\necho b", 1, ""],
  ["a successful trap keeps the exit code", "trap 'true' EXIT\nexit 9", 9, ""],
  ["lines before a syntax error run", "echo a\nif then\necho b", 2, " at line 2 (if then)"],
  ["a syntax error that shows at the end", "echo a\nif true; then", 2, " at line 2 (if true; then)"],
  ["without -e the step continues", "false\necho a", 0, "", "/bin/bash"],
  ["without -e the last line decides", "echo a\ntest a = b", 1, " at line 2 (test a = b)", "/bin/bash"],
  ["-eu", "echo a\necho $nothing\necho b", 1, " at line 2 (echo $nothing)", "/bin/bash -eu"],
  ["sh without -e", "false\necho a", 0, "", "/bin/sh"],
  ["sh with -e names no line", "echo a\nfalse\necho b", 1, "", "/bin/sh -e"],
];

for (const [name, command, code, where, shell] of rows) {
  test(`${name}: ${JSON.stringify(command)}`, ({ expect }) => {
    const step = stepOf(command, shell, { TIER: "it's", LINES_OF: "a\nb" });
    const script = scriptOf(step, command);
    const here = runHere(script);
    expect(here.code).toBe(code);
    expect(explained(step, here.output).where).toBe(where);
    expect(explained(step, here.output).output).not.toContain("kiln:");
    const there = runThere(script);
    expect({ ...there, output: comparable(there.output) }).toEqual({
      ...here,
      output: comparable(here.output),
    });
  });
}

const traced: readonly (readonly [name: string, command: string, output: string, shell?: string])[] = [
  ["a program", "set -x\ncat /nope\necho b", "+ cat /nope\ncat: /nope: No such file or directory\n"],
  ["a test", "echo a\ntest a = b", "+ echo a\na\n+ test a = b\n", "/bin/bash -eux"],
  ["exit", "echo a\nexit 7", "+ echo a\na\n+ exit 7\n", "/bin/bash -eux"],
  ["a list at the end", "test a = b && echo b\n", "+ test a = b\n", "/bin/bash -ex"],
  ["no failure", "echo a\ntrue", "+ echo a\na\n+ true\n", "/bin/bash -eux"],
  ["a failure without -e", "false\necho a", "+ false\n+ echo a\na\n", "/bin/bash -x"],
];

for (const [name, command, output, shell] of traced) {
  test(`a trace shows the step and nothing else: ${name}`, ({ expect }) => {
    const step = stepOf(command, shell, { TIER: "it's", LINES_OF: "a\nb" });
    const here = runHere(scriptOf(step, command));
    expect(explained(step, here.output).output).toBe(output);
  });
}

test("an error that the simulated shell does not know is named by its line, too", ({ expect }) => {
  for (const [command, where] of [
    ["readonly A=1\n\nA=2\necho b", " at line 3 (A=2)"],
    ["echo a\necho ${A B}\necho b", " at line 2 (echo ${A B})"],
    ['echo a\necho "b\necho c', " at line 3 (echo c)"],
  ] as const) {
    const step = stepOf(command);
    expect(explained(step, runHere(scriptOf(step, command)).output).where).toBe(where);
  }
});

test("line numbers of bash are those of the step, and another script keeps its line numbers", ({
  expect,
}) => {
  const other = join(folder, "other");
  writeFileSync(other, "\nnope-other\n");
  for (const [command, messages] of [
    [
      "echo a\nnope-here || bash OTHER || true\nexit 3",
      ["step: line 2: nope-here", "other: line 2: nope-other"],
    ],
    ["set -u\n\necho $nothing", ["step: line 3: nothing"]],
    ["echo a\nif then\necho b", ["step: line 2: syntax error"]],
    ["readonly A=1\nA=2", ["step: line 2: A: readonly"]],
  ] as const) {
    const step = stepOf(command.replace("OTHER", other), undefined, { LINES_OF: "a\nb" });
    const { output } = explained(step, runHere(scriptOf(step, step.command)).output);
    for (const line of messages) expect(output).toContain(`/${line}`);
  }
});

/** Commands with what stands before and after each of them; nothing stands after the last. */
const joined = (parts: readonly (readonly [not: string, command: string, then: string])[]): string =>
  parts
    .map((part) => part.join(""))
    .join("")
    .replace(/(?: && | \|\| |; )$/, "");

/** Two functions, and lines that call them. */
const scriptFrom = ([f, g, lines, pipefail]: readonly [string, string, readonly string[], boolean]): string =>
  [
    ...(pipefail ? ["set -o pipefail"] : []),
    `f() { ${f.replaceAll(/\b[fg]\b/g, "false")}; }`,
    `g() {\n${g.replaceAll(/\bg\b/g, "f")}\n}`,
    ...lines.map((line, index) => `echo ${index} $?\n${line}`),
    "echo end $?",
  ].join("\n");

/** Scripts of conditions, groups and exits. Each line prints its number. */
const scripts = fc.letrec<{ command: string; list: string; script: string }>((tie) => ({
  command: fc.oneof(
    { maxDepth: 2, depthIdentifier: "command" },
    {
      weight: 6,
      arbitrary: fc.constantFrom("true", "false", "echo a", "f", "g", "x=$(false)", "x=$(false; echo b)"),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom("return 3", "exit 4", "set +e", "set -e", "[[ a == b* ]]", "eval false"),
    },
    tie("list").map((list) => `( ${list} )`),
    tie("list").map((list) => `{ ${list}; }`),
    fc.tuple(tie("list"), tie("list"), tie("list")).map(([a, b, c]) => `if ${a}; then ${b}; else ${c}; fi`),
    tie("list").map((list) => `for i in 1 2; do ${list}; done`),
    fc.tuple(tie("list"), tie("list")).map(([a, b]) => `while ${a}; do ${b}; break; done`),
    fc.tuple(tie("command"), tie("command")).map(([a, b]) => `${a} | { cat; ${b}; }`),
  ),
  list: fc
    .array(
      fc.tuple(
        fc.constantFrom("", "", "", "! "),
        tie("command"),
        fc.constantFrom(" && ", " || ", "; ", "; "),
      ),
      {
        minLength: 1,
        maxLength: 3,
        depthIdentifier: "command",
      },
    )
    .map(joined),
  script: fc
    .tuple(tie("list"), tie("list"), fc.array(tie("list"), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(scriptFrom),
}));

test("the guest ends every script at the line where bash ends it, with the same output", ({ expect }) => {
  const made = fc
    .sample(scripts.script, { numRuns: 50, seed: 7 })
    .map((text) => scriptOf(stepOf(text), text));
  const runs = made.map((script, index) => {
    writeFileSync(join(folder, `fuzz-${index}`), script, { mode: 0o755 });
    return `${join(folder, `fuzz-${index}`)}\necho "=$?"`;
  });
  const { stdout } = spawnSync("/bin/sh", ["-c", `exec 2>&1\n${runs.join("\n")}`], { encoding: "utf8" });
  const here = stdout.split(/=(\d+)\n/);
  for (const [index, script] of made.entries()) {
    const { code, output } = runThere(script);
    const expected = [comparable(here[2 * index] ?? ""), here[2 * index + 1]];
    expect([comparable(output), String(code)], script).toEqual(expected);
  }
});

test("a text that begins with #! keeps its first line and gets no -e", ({ expect }) => {
  const command = "#!/bin/bash\nfalse\necho $TIER";
  const { shell: _shell, ...step } = stepOf(command, undefined, { TIER: "front" });
  const script = scriptOf(step, command);
  expect(script).toBe("#!/bin/bash\nexport TIER='front'\nfalse\necho $TIER");
  expect(runHere(script)).toEqual({ code: 0, output: "front\n" });
  expect(runThere(script)).toEqual({ code: 0, output: "front\n" });
});

test("PowerShell gets the variables, and inline steps stop at an error", ({ expect }) => {
  const step = stepOf("Get-Service nginx", undefined, { TIER: "it's" });
  expect(scriptOf(step, step.command, "powershell")).toBe(
    "$ErrorActionPreference = 'Stop'\n$env:TIER = 'it''s'\nGet-Service nginx",
  );
  const script = { ...step, kind: "script" as const };
  expect(scriptOf(script, "Get-Service nginx", "powershell")).toBe("$env:TIER = 'it''s'\nGet-Service nginx");
});

test("a long line is cut, and output that imitates a trap names no line that does not exist", ({
  expect,
}) => {
  const long = `false ${"x".repeat(200)}`;
  const step = stepOf(`true\n${long}`);
  const { output } = runHere(scriptOf(step, step.command));
  expect(explained(step, output).where).toBe(` at line 2 (${long.slice(0, 100)}…)`);
  for (const printout of ["kiln: line 1 0\n", "kiln: line 900 0\n", "kiln: line 5 77 0\n"]) {
    expect(explained(step, printout)).toEqual({ output: "", where: "" });
  }
  expect(explained(undefined, "kiln: line 5 0")).toEqual({ output: "", where: "" });
});
