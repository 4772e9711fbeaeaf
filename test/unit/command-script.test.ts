/** Inline steps as they are sent: run by the shell of this machine and by the guest's, which must agree. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, test } from "vitest";
import { explained, scriptOf } from "../../shared/command-script.ts";
import type { CommandStep } from "../../shared/documents/recipe-steps.ts";
import { runOnGuest } from "./guest.ts";

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

/** What the step itself says: error messages of programs and shells differ in their wording. */
const told = (output: string): string =>
  output.replaceAll(/^(?!kiln: ).*: .*\n/gm, "").replaceAll(/^(kiln: .*) in .*$/gm, "$1");

/** As Cloud Assistant does: a file that `sh` executes, so that the kernel reads its first line. */
function runHere(script: string): Ran {
  const file = join(folder, "step");
  writeFileSync(file, script, { mode: 0o755 });
  const { status, stdout } = spawnSync("/bin/sh", ["-c", `exec 2>&1; ${file}`], { encoding: "utf8" });
  return { code: status ?? -1, output: stdout };
}

function runThere(script: string): Ran {
  const { code, output } = runOnGuest(script);
  return { code, output };
}

type Row = readonly [claim: string, command: string, code: number, where: string, shell?: string];

const rows: readonly Row[] = [
  ["everything succeeds", "echo a\ntrue\necho b", 0, ""],
  ["the first failing line ends it", "echo a\nfalse\necho b", 1, " at line 2 (false)"],
  ["with the code of the command", "echo a\ncat /nope\necho b", 1, " at line 2 (cat /nope)"],
  ["one line is named by its step", "false", 1, ""],
  ["the last line fails", "echo a\ntest a = b", 1, " at line 2 (test a = b)"],
  ["blank lines and comments count", "\n# why\necho a\n\n[ a = b ]", 1, " at line 5 ([ a = b ])"],
  ["a condition is a question", "if false; then echo a; else echo b; fi\necho c", 0, ""],
  ["elif too", "if false; then echo a\nelif test a = b; then echo b\nelse echo c\nfi", 0, ""],
  ["a branch is none", "if true; then\n  false\nfi\necho a", 1, " at line 2 (false)"],
  ["while asks", "while false; do echo a; done\necho b", 0, ""],
  ["until asks", "until true; do echo a; done\necho b", 0, ""],
  [
    "what a loop does counts",
    "for x in 1 2 3; do\n  echo $x\n  test $x != 2\ndone",
    1,
    " at line 3 (test $x != 2)",
  ],
  ["break leaves a loop well", "for x in 1 2; do\n  break\ndone\necho a", 0, ""],
  ["before && it is a question", "false && echo a\necho b", 0, ""],
  ["after && it is not", "true && false\necho b", 1, " at line 1 (true && false)"],
  ["before || it is a question", "false || echo a\necho b", 0, ""],
  ["after || it is not", "false || false\necho b", 1, " at line 1 (false || false)"],
  ["a chain over lines ends where it ends", "true &&\n  true &&\n  false\necho a", 1, " at line 3 (false)"],
  ["a chain that ends in the middle", "true && false && true\necho a", 0, ""],
  ["! asks", "! true\n! false\necho a", 0, ""],
  ["! of a pipeline asks", "! true | true\necho a", 0, ""],
  ["a pipeline counts by its last part", "false | cat\necho a", 0, ""],
  ["which may fail", "echo a | grep b\necho c", 1, " at line 1 (echo a | grep b)"],
  ["pipefail counts every part", "set -o pipefail\nfalse | cat\necho a", 1, " at line 2 (false | cat)"],
  [
    "set -euo pipefail, as people write it",
    "set -euo pipefail\nfalse | cat\necho a",
    1,
    " at line 2 (false | cat)",
  ],
  ["a part of a pipeline ends itself", "{ false; echo a; } | cat\necho b", 0, ""],
  ["a group is no shell of its own", "{ false; echo a; }\necho b", 1, " at line 1 ({ false; echo a; })"],
  ["a group over lines", "{\n  true\n  false\n} >/dev/null\necho b", 1, " at line 3 (false)"],
  ["a subshell ends itself, then the step", "( false; echo a )\necho b", 1, " at line 1 (( false; echo a ))"],
  [
    "a subshell over lines",
    "echo a\n( true\n  false\n  echo b )\necho c",
    1,
    " in the command that ends at line 4",
  ],
  ["a subshell that is asked", "( false; echo a ) || echo b\necho c", 0, ""],
  ["a subshell changes nothing outside", "x=1\n( x=2; cd / )\necho $x", 0, ""],
  ["exit in a subshell", "( exit 3 ) || echo $?\necho a", 0, ""],
  ["a substitution in words does not count", "echo $(false) a\necho b", 0, ""],
  ["one in an assignment does", "x=$(false)\necho b", 1, " at line 1 (x=$(false))"],
  ["it goes on inside of it", "x=$(false; echo a)\necho $x", 0, ""],
  ["export hides it", "export X=$(false)\necho a", 0, ""],
  [
    "a function fails where it is called",
    "f() {\n  echo a\n  false\n  echo b\n}\necho c\nf x\necho d",
    1,
    " at line 7 (f x)",
  ],
  ["a function in a function", "f() { false; }\ng() {\n  f\n  echo a\n}\ng\necho b", 1, " at line 6 (g)"],
  [
    "a function that is asked is asked all through",
    "f() { false; echo a; }\nif f; then echo b; fi\nf && echo c\nf || echo d",
    0,
    "",
  ],
  ["return with a code", "f() { return 3; }\nf\necho a", 3, " at line 2 (f)"],
  ["return where it is asked", "f() { return 3; }\nf || echo $?\necho a", 0, ""],
  ["a function whose last line is a test", "f() { false && true; }\nf\necho a", 1, " at line 2 (f)"],
  ["exit says its code and no more", "echo a\nexit 7\necho b", 7, ""],
  ["exit in a function", "f() { exit 4; }\necho a\nf", 4, " at line 3 (f)"],
  ["exit 0 ends it well", "echo a\nexit 0\nfalse", 0, ""],
  ["set +e takes it back", "set +e\nfalse\necho a\nset -e\nfalse\necho b", 1, " at line 5 (false)"],
  ["set +e to the end", "set +e\nfalse\necho a\ntest a = b", 1, " at line 4 (test a = b)"],
  ["an unset variable with -u", "echo a\nset -u\necho $nothing\necho b", 1, " at line 3 (echo $nothing)"],
  [
    "an unset variable in a function",
    "set -u\nf() {\n  echo $nothing\n}\nf x\necho b",
    1,
    " at line 5 (f x)",
  ],
  ["a mistake of another script is none of the step", "set -u\nbash -uc 'echo $nothing' || exit 3", 3, ""],
  ["a list that ends the step", "echo a\n[ -f /nope ] && echo b", 1, " at line 2 ([ -f /nope ] && echo b)"],
  [
    "comments after it",
    "echo a\n[ -f /nope ] && echo b # why\n\n  # so\n",
    1,
    " at line 2 ([ -f /nope ] && echo b # why)",
  ],
  ["one that goes on", "echo a\n[ -f /nope ] && \\\n  echo b", 1, " at line 2 ([ -f /nope ] && echo b)"],
  ["one in a branch", "if true; then\n  false && true\nfi", 1, " in the command that ends at line 3"],
  ["a here-document left open", "true\ncat <<X\na", 0, ""],
  ["its default is none", "set -u\necho ${nothing:-a}\necho b", 0, ""],
  ["continued lines are one", "echo a\ntest a = \\\n  b\necho c", 1, " at line 2 (test a = b)"],
  ["a here-document counts its lines", "cat <<X\na\n\nb\nX\nfalse\necho c", 1, " at line 6 (false)"],
  ["one that is read by what fails", "grep z <<X\na\nX\necho c", 1, " at line 1 (grep z <<X)"],
  [
    "a variable is named, not its value",
    'TOKEN=s3cret\ntest "$TOKEN" = other',
    1,
    ' at line 2 (test "$TOKEN" = other)',
  ],
  ["eval", 'eval "true; false"\necho a', 1, ' at line 1 (eval "true; false")'],
  ["eval of one line counts no other", "eval 'echo x'\nfalse\necho a", 1, " at line 2 (false)"],
  ["eval of lines", "echo a\neval 'echo x\nfalse'\necho b", 1, " between line 2 (eval 'echo x) and line 4"],
  [
    "eval of what is not known",
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
  ["a trap of its own on EXIT", "trap 'echo bye' EXIT\necho a\nfalse\necho b", 1, " at line 3 (false)"],
  ["a trap of its own on ERR", "trap 'echo oops' ERR\necho a\nfalse\necho b", 1, ""],
  ["a trap that ends well changes no code", "trap 'true' EXIT\nexit 9", 9, ""],
  ["it runs what is before a mistake", "echo a\nif then\necho b", 2, " at line 2 (if then)"],
  ["a mistake that shows at the end", "echo a\nif true; then", 2, " at line 2 (if true; then)"],
  ["without -e it goes on", "false\necho a", 0, "", "/bin/bash"],
  ["without -e the last line counts", "echo a\ntest a = b", 1, " at line 2 (test a = b)", "/bin/bash"],
  ["-eu", "echo a\necho $nothing\necho b", 1, " at line 2 (echo $nothing)", "/bin/bash -eu"],
  ["sh without -e", "false\necho a", 0, "", "/bin/sh"],
  ["sh with -e says no line", "echo a\nfalse\necho b", 1, "", "/bin/sh -e"],
];

for (const [claim, command, code, where, shell] of rows) {
  test(`${claim}: ${JSON.stringify(command)}`, ({ expect }) => {
    const step = stepOf(command, shell, { TIER: "it's", LINES_OF: "a\nb" });
    const script = scriptOf(step, command);
    const here = runHere(script);
    expect(here.code).toBe(code);
    expect(explained(step, here.output).where).toBe(where);
    expect(explained(step, here.output).output).not.toContain("kiln:");
    const there = runThere(script);
    expect({ ...there, output: told(there.output) }).toEqual({ ...here, output: told(here.output) });
  });
}

const traced: readonly (readonly [claim: string, command: string, output: string, shell?: string])[] = [
  ["a program", "set -x\ncat /nope\necho b", "+ cat /nope\ncat: /nope: No such file or directory\n"],
  ["a test", "echo a\ntest a = b", "+ echo a\na\n+ test a = b\n", "/bin/bash -eux"],
  ["exit", "echo a\nexit 7", "+ echo a\na\n+ exit 7\n", "/bin/bash -eux"],
  ["a list at the end", "test a = b && echo b\n", "+ test a = b\n", "/bin/bash -ex"],
  ["no failure", "echo a\ntrue", "+ echo a\na\n+ true\n", "/bin/bash -eux"],
  ["going on", "false\necho a", "+ false\n+ echo a\na\n", "/bin/bash -x"],
];

for (const [claim, command, output, shell] of traced) {
  test(`a trace shows the step and nothing beside it: ${claim}`, ({ expect }) => {
    const step = stepOf(command, shell, { TIER: "it's", LINES_OF: "a\nb" });
    const here = runHere(scriptOf(step, command));
    expect(explained(step, here.output).output).toBe(output);
  });
}

test("a mistake that the guest does not know is named by its line, too", ({ expect }) => {
  for (const [command, where] of [
    ["readonly A=1\n\nA=2\necho b", " at line 3 (A=2)"],
    ["echo a\necho ${A B}\necho b", " at line 2 (echo ${A B})"],
    ['echo a\necho "b\necho c', " at line 3 (echo c)"],
  ] as const) {
    const step = stepOf(command);
    expect(explained(step, runHere(scriptOf(step, command)).output).where).toBe(where);
  }
});

test("bash's own numbers are those of the step, and another script's are its own", ({ expect }) => {
  const other = join(folder, "other");
  writeFileSync(other, "\nnope-other\n");
  for (const [command, said] of [
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
    for (const line of said) expect(output).toContain(`/${line}`);
  }
});

/** Scripts out of everything that asks, groups or ends; each line says where it has come to. */
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
    .map((parts) =>
      parts
        .map(([not, command, then]) => `${not}${command}${then}`)
        .join("")
        .replace(/(?: && | \|\| |; )$/, ""),
    ),
  script: fc
    .tuple(tie("list"), tie("list"), fc.array(tie("list"), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([f, g, lines, pipefail]) =>
      [
        ...(pipefail ? ["set -o pipefail"] : []),
        `f() { ${f.replaceAll(/\b[fg]\b/g, "false")}; }`,
        `g() {\n${g.replaceAll(/\bg\b/g, "f")}\n}`,
        ...lines.map((line, index) => `echo ${index} $?\n${line}`),
        "echo end $?",
      ].join("\n"),
    ),
}));

test("whatever a script asks, groups and calls, the guest ends it where bash does, and says the same", ({
  expect,
}) => {
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
    expect([told(output), String(code)], script).toEqual([told(here[2 * index] ?? ""), here[2 * index + 1]]);
  }
});

test("a text with a first line of its own keeps it, and is not stopped for it", ({ expect }) => {
  const command = "#!/bin/bash\nfalse\necho $TIER";
  const { shell: _shell, ...step } = stepOf(command, undefined, { TIER: "front" });
  const script = scriptOf(step, command);
  expect(script).toBe("#!/bin/bash\nexport TIER='front'\nfalse\necho $TIER");
  expect(runHere(script)).toEqual({ code: 0, output: "front\n" });
  expect(runThere(script)).toEqual({ code: 0, output: "front\n" });
});

test("PowerShell gets its variables and stops at an error, in inline steps only", ({ expect }) => {
  const step = stepOf("Get-Service nginx", undefined, { TIER: "it's" });
  expect(scriptOf(step, step.command, "powershell")).toBe(
    "$ErrorActionPreference = 'Stop'\n$env:TIER = 'it''s'\nGet-Service nginx",
  );
  const script = { ...step, kind: "script" as const };
  expect(scriptOf(script, "Get-Service nginx", "powershell")).toBe("$env:TIER = 'it''s'\nGet-Service nginx");
});

test("a long line is cut, and words of the step's own that look like ours name no line it does not have", ({
  expect,
}) => {
  const long = `false ${"x".repeat(200)}`;
  const step = stepOf(`true\n${long}`);
  const { output } = runHere(scriptOf(step, step.command));
  expect(explained(step, output).where).toBe(` at line 2 (${long.slice(0, 100)}…)`);
  for (const said of ["kiln: line 1 0\n", "kiln: line 900 0\n", "kiln: line 5 77 0\n"]) {
    expect(explained(step, said)).toEqual({ output: "", where: "" });
  }
  expect(explained(undefined, "kiln: line 5 0")).toEqual({ output: "", where: "" });
});
