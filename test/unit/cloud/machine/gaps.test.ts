/** Commands and constructs that a machine does not simulate: they are named, and no answer is made up for them. */
import { test } from "vitest";
import { freshDisk, runOnMachine as run } from "../../../cloud/index.ts";

const SAID = "guest: not simulated: ";

test("a command that is not simulated is named in the output and noted, and the script goes on", ({
  expect,
}) => {
  const ran = run("perl -e 'print 1'\necho after");
  expect(ran).toMatchObject({ code: 0, output: `${SAID}perl -e 'print 1'\nafter\n` });
  expect(ran.unsupported).toEqual(["perl -e 'print 1'"]);
});

test("it is named whatever the script does with its output", ({ expect }) => {
  for (const script of [
    "perl -e 1 > /dev/null 2>&1",
    "exec > /var/log/x.log 2>&1\nperl -e 1",
    "perl -e 1 | cat > /dev/null",
    "(perl -e 1) &> /dev/null &",
    "bash -c 'perl -e 1' 2> /dev/null",
    "perl -e 1 || true",
  ]) {
    const ran = run(script);
    expect(ran.output, script).toContain(SAID);
    expect(ran.unsupported, script).toHaveLength(1);
  }
});

test("it ends the script where its answer is needed, and no later line runs", ({ expect }) => {
  for (const script of [
    "x=$(perl -e 1)",
    "x=`perl -e 1`",
    "echo $(perl -e 1 || true)",
    "if perl -e 1; then :; fi",
    "while perl -e 1; do :; done",
    "until perl -e 1; do :; done",
    "! perl -e 1",
    "if ! perl -e 1 &> /dev/null; then :; fi",
    "f() { perl -e 1; }; if f; then :; fi",
    "bash -c 'if perl -e 1; then :; fi'",
    "cat <(perl -e 1)",
    "if echo a | perl -e 1; then :; fi",
    "if [ -d /sys/firmware/efi ]; then :; fi",
  ]) {
    const ran = run(`trap 'echo trapped' EXIT\n${script}\necho never`);
    expect(ran.code, script).toBe(2);
    expect(ran.output, script).toContain("(and its answer is needed)");
    expect(ran.output, script).not.toContain("never");
    expect(ran.unsupported, script).toHaveLength(1);
  }
});

test("a use of a known program that is not simulated is one, too", ({ expect }) => {
  for (const command of [
    "sed -n '/a/{p;p}' /etc/hosts",
    "awk 'BEGIN { x = 1 } END { print x }' /etc/hosts",
    "systemctl list-units",
    "curl -fsSL https://example.com/install.sh",
    "dnf config-manager --enable extras",
    "rpm -i https://example.com/a.rpm",
    "dnf install -y https://example.com/a.rpm",
    "stat /etc/hosts",
    "date -d 'last friday'",
    "find /etc -perm 600",
    "hostnamectl",
    "cloud-init query v1",
    "tar xzf a.tgz",
    "shopt -s globstar",
    "shopt -s failglob nocaseglob",
    "trap 'echo x' DEBUG",
    "set -v",
    "set -o posix",
    "sort -k1,1M /etc/hosts",
    "sort -m /etc/hosts /etc/hosts",
    "cat /proc/cpuinfo",
    "grep -c processor /proc/cpuinfo",
    "wc -l < /proc/meminfo",
  ]) {
    const ran = run(command);
    expect(ran.unsupported.length, command).toBe(1);
    expect(ran.output, command).toContain(SAID);
  }
});

test("constructs of the shell that are not simulated end the script", ({ expect }) => {
  for (const [script, named] of [
    ["select x in a b; do echo $x; done", "select"],
    ["coproc cat", "coproc"],
    ["exec {fd}> /tmp/x", "{fd} before a redirection"],
    ["x=a; echo ${x@A}", "${name@A}"],
    ["while :; do :; done", "more than 10000 rounds of the loop at line 1"],
  ] as const) {
    const ran = run(`${script}\necho never`);
    expect(ran.output, script).toBe(`${SAID}${named}\n`);
    expect(ran, script).toMatchObject({ code: 2, unsupported: [named] });
  }
});

test("a file of another interpreter is not simulated", ({ expect }) => {
  const ran = run("#!/usr/bin/python3\nprint(1)");
  expect(ran.unsupported).toEqual(["#!/usr/bin/python3"]);
  const script = "printf '#!/usr/bin/perl\\nprint 1' > /tmp/x; chmod +x /tmp/x; /tmp/x; echo after";
  expect(run(script)).toMatchObject({ unsupported: ["#!/usr/bin/perl"], code: 0 });
});

test("a download leaves a file that says so, and running it is not simulated", ({ expect }) => {
  const ran = run(
    "curl -fsSLo /usr/local/bin/tool https://example.com/tool\nchmod +x /usr/local/bin/tool\ntool --version",
  );
  expect(ran.code).toBe(0);
  expect(ran.unsupported).toHaveLength(2);
  expect(ran.disk.files.get("/usr/local/bin/tool")).toBe("#!not-simulated https://example.com/tool\n");
});

test("a step without a first line is read by the system's sh", ({ expect }) => {
  const script = 'source /etc/os-release\nif [[ "$ID" =~ ^(ubuntu|alinux) ]]; then touch /etc/seen; fi';
  const steps = { source: "source /etc/os-release\necho $ID", options: "set -euo pipefail\necho ok" };
  expect(run(script, freshDisk("alinux")).disk.files.has("/etc/seen")).toBe(true);
  expect(run(script, freshDisk("ubuntu"))).toMatchObject({ code: 2 });
  expect(run(steps.source, freshDisk("alinux")).output).toBe("alinux\n");
  expect(run(steps.source, freshDisk("ubuntu")).output).toBe("script: 1: source: not found\n\n");
  expect(run(steps.options, freshDisk("alinux"))).toMatchObject({ code: 0, output: "ok\n" });
  expect(run(steps.options, freshDisk("ubuntu")).code).toBe(2);
});

test("a step with a first line is read by that shell on every system", ({ expect }) => {
  const script = "a=(1 2)\necho ${#a[@]}";
  for (const system of ["alinux", "ubuntu"] as const) {
    for (const line of ["#!/bin/bash", "#!/usr/bin/env bash", "#! /bin/bash -eu"])
      expect(run(`${line}\n${script}`, freshDisk(system))).toMatchObject({ code: 0, output: "2\n" });
  }
  expect(run(`#!/bin/sh\n${script}`, freshDisk("alinux")).output).toBe("2\n");
  expect(run(`#!/bin/sh\n${script}`, freshDisk("ubuntu")).code).toBe(2);
});

test("an interpreter that is not installed runs nothing", ({ expect }) => {
  for (const line of ["#!/bin/zsh", "#!/usr/bin/env ksh", "#!/bin/bash\r", "#!/usr/local/bin/bash\r"])
    expect(run(`${line}\necho never`), line).toMatchObject({ code: 127, unsupported: [] });
  expect(run("#!/bin/dash\necho never", freshDisk("alinux")).code).toBe(127);
  expect(run("#!/bin/dash\necho dash", freshDisk("ubuntu"))).toMatchObject({ code: 0, output: "dash\n" });
  expect(run("#! /bin/bash -eu -o pipefail\necho never").code).not.toBe(0);
  const zsh = "dnf install -y zsh\nprintf '#!/bin/zsh\\necho never' > /tmp/x; chmod +x /tmp/x; /tmp/x";
  expect(run(zsh).unsupported).toEqual(["#!/bin/zsh"]);
});
