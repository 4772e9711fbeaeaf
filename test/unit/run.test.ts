import fc from "fast-check";
import { test } from "vitest";
import { RunId } from "../../shared/names.ts";
import { runKey } from "../../shared/keys.ts";
import { runId, subjectOf, type RunKind } from "../../shared/workflow/run-id.ts";

const kinds = fc.constantFrom<RunKind>("bake", "promote", "scale", "idle");
const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/);
const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });

test("every run id is a legal id, a legal task id with its number, and names its subject", ({ expect }) => {
  fc.assert(
    fc.property(kinds, names, instants, fc.string(), (kind, name, at, identity) => {
      const id = runId(kind, name, at, [identity]);
      expect(RunId.safeParse(id).success).toBe(true);
      expect(`${id}-123456789`).toMatch(/^[A-Za-z_][\w-]{0,127}$/);
      expect(subjectOf(id)).toBe(name);
      expect(runKey(id)).toContain(new Date(at).toISOString().slice(0, 10));
    }),
  );
});

test("the same trigger makes the same run, another one another", ({ expect }) => {
  const at = Date.UTC(2026, 0, 5);
  expect(runId("bake", "web", at, ["a"])).toBe(runId("bake", "web", at, ["a"]));
  expect(runId("bake", "web", at, ["a"])).not.toBe(runId("bake", "web", at, ["b"]));
  expect(runId("bake", "web", at, ["a"])).not.toBe(runId("bake", "db", at, ["a"]));
});

test("a log cannot be asked for under something that is no run id", ({ expect }) => {
  expect(() => runKey("../secrets")).toThrow("not a run id");
});
