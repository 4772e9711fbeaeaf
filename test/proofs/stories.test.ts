/** The stories of `npm start` that take long: one starts the deploy tool, the other plays a night twice. */
import { test } from "vitest";
import { runCommand } from "../rehearsal/command.ts";

async function start(args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    isLive: false,
    now: () => performance.timeOrigin + performance.now(),
    build: () => Promise.resolve(),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test.for(["deploy", "stages"])("the story %s holds", { timeout: 180_000 }, async (story, { expect }) => {
  const { code, out } = await start(["--story", story]);
  expect(out).toContain("Everything held.");
  expect(code).toBe(0);
});
