/** Programs of users write through one place, which outlives its reader (OUTPUT-1). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

test("no program of users writes past ownOutput, whose streams may be closed or full", ({ expect }) => {
  const writing = ["cli", "deploy", "test/rehearsal"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((file) => file.endsWith(".ts") && file !== join("deploy", "output.ts"))
      .filter((file) =>
        /process\.(?:stdout|stderr)\.write|^\s*console\.\w+\(/m.test(readFileSync(join(ROOT, file), "utf8")),
      ),
  );
  expect(writing).toEqual([]);
});
