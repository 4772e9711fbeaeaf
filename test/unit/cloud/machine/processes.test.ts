/** Commands that run beside a script, in the machine's time. */
import { test } from "vitest";
import { freshDisk, runOnMachine as run } from "../../../cloud/index.ts";

test("commands in the background take their time at once, and a script waits for them alone if it says so", ({
  expect,
}) => {
  expect(run("sleep 100 & sleep 60 & wait").waitedMs).toBe(100_000);
  expect(run("sleep 100 & sleep 60").waitedMs).toBe(60_000);
  expect(run("sleep 100 & kill $!; wait $!")).toMatchObject({ code: 143, waitedMs: 0 });
  expect(run("(sleep 30; kill $$) & sleep 100; echo never")).toMatchObject({ code: 143, waitedMs: 30_000 });
  expect(run("timeout 10 sh -c 'sleep 60 & wait'")).toMatchObject({ code: 124, waitedMs: 10_000 });
});

test("what a script leaves in the background goes on, and its output is lost", ({ expect }) => {
  const ran = run("(sleep 60; echo late; date +%T > /tmp/late) &\necho now");
  expect(ran).toMatchObject({ code: 0, output: "now\n", waitedMs: 0 });
  expect(ran.disk.files.get("/tmp/late")).toBe("08:01:00\n");
  const daemon = "nohup sh -c 'while :; do sleep 60; done' > /dev/null 2>&1 &";
  expect(run(daemon)).toMatchObject({ code: 0, waitedMs: 0, unsupported: [] });
});

test("a signal whose effect is not simulated is named", ({ expect }) => {
  for (const command of [
    "kill -STOP $$",
    "kill -HUP 1",
    "kill 0",
    "kill -- -$$",
    "kill -l",
    "trap -l",
    "ulimit -n",
  ])
    expect(run(command).unsupported, command).toHaveLength(1);
  expect(run("alias ll='ls -l'", freshDisk("ubuntu")).unsupported).toHaveLength(1);
});
