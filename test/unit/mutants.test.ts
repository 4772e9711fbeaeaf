/** The table of planted faults fits the sources. That tests catch them, `npm run mutants` shows. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { EQUIVALENT, MUTANTS, plant } from "../mutants/mutants.ts";

const ROOT = join(import.meta.dirname, "../..");

test("every planted fault has one place, changes it, and names tests that exist", ({ expect }) => {
  for (const mutant of MUTANTS) {
    const source = readFileSync(join(ROOT, mutant.file), "utf8");
    expect(plant(mutant, source), mutant.name).not.toBe(source);
    expect(mutant.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(mutant.tests.length > 0, mutant.name).toBe(mutant.simulated !== true);
  }
});

test("no two faults have the same name", ({ expect }) => {
  const names = [...MUTANTS, ...EQUIVALENT].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
