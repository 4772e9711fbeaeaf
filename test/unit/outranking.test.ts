import fc from "fast-check";
import { test } from "vitest";
import { outranking } from "../../functions/promote-family/plan.ts";
import { aimAt, homeTarget } from "../../functions/promote-family/rollback-plan.ts";
import { image } from "./promote-fixture.ts";

const anyMembers = fc
  .array(
    fc.record({
      createdAt: fc.integer({ min: 0, max: 5 }).map((n) => n * 1000),
      status: fc.constantFrom("Available", "Deprecated", "Creating"),
      gate: fc.constantFrom("passed", "failed"),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((given) =>
    given.map(({ createdAt, status, gate }, n) =>
      image(`m-${n}`, { createdAt, status, tags: { "kiln:gate": gate } }),
    ),
  );

/** Everything the family could answer with: the newest available, and whichever was made in the same second. */
function answers(members: ReturnType<typeof image>[]) {
  const available = members.filter(({ status }) => status === "Available");
  const newest = Math.max(...available.map(({ createdAt }) => createdAt));
  return available.filter(({ createdAt }) => createdAt === newest);
}

/** The smallest family for which the check fails; null when the rule holds. */
const counterexample = (check: (members: ReturnType<typeof image>[]) => boolean) =>
  fc.check(fc.property(anyMembers, check), { numRuns: 500 }).counterexample;

test("an image that nothing outranks is the only one its family can answer with", ({ expect }) => {
  const found = counterexample((members) =>
    members
      .filter(({ status }) => status === "Available")
      .every((one) => {
        const alone = answers(members).length === 1 && answers(members)[0]?.id === one.id;
        return (outranking(one, members).length === 0) === alone;
      }),
  );
  expect(found).toBeNull();
});

test("after a rollback's steps the family answers with its goal and is not empty", ({ expect }) => {
  const found = counterexample((members) => {
    const served = answers(members)[0]?.id;
    const target = homeTarget("web", members, served, undefined);
    if (typeof target === "string") return true;
    const plan = aimAt("web", target, { region: "home", members }, []);
    if (plan.kind === "refuse") return false;
    const gone = new Set(plan.steps.map(({ imageId }) => imageId));
    const after = members.map((one) => (gone.has(one.id) ? { ...one, status: "Deprecated" } : one));
    return answers(after).length === 1 && answers(after)[0]?.id === target.id && target.id !== served;
  });
  expect(found).toBeNull();
});

test("until its last step a rollback leaves the family with what it served, then it moves once", ({
  expect,
}) => {
  const found = counterexample((members) => {
    const served = answers(members)[0];
    const target = homeTarget("web", members, served?.id, undefined);
    if (typeof target === "string") return true;
    const plan = aimAt("web", target, { region: "home", members }, []);
    if (plan.kind === "refuse") return false;
    const early = new Set(plan.steps.slice(0, -1).map(({ imageId }) => imageId));
    const during = members.map((one) => (early.has(one.id) ? { ...one, status: "Deprecated" } : one));
    return answers(during).some(({ createdAt }) => createdAt === served?.createdAt);
  });
  expect(found).toBeNull();
});

test("a rollback goes to the newest good image before the served one, past those that failed", ({
  expect,
}) => {
  const members = [
    image("m-old", { createdAt: 1000 }),
    image("m-good", { createdAt: 2000 }),
    image("m-failed", { createdAt: 3000, tags: { "kiln:gate": "failed" } }),
    image("m-served", { createdAt: 4000 }),
  ];
  const target = homeTarget("web", members, "m-served", undefined);
  expect(target).toMatchObject({ id: "m-good" });
  expect(homeTarget("web", members, "m-served", "m-failed")).toMatch(/^m-failed failed its gate/);
  const named = members.map((one) => ({ ...one, name: `${one.id} by name` }));
  expect(homeTarget("web", named, "m-served", "m-old by name")).toMatchObject({ id: "m-old" });
  expect(homeTarget("web", members, "m-served", "m-none")).toMatch(/^m-none is not in family web/);
});
