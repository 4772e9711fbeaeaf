import fc from "fast-check";
import { test } from "vitest";
import { supersedingImages } from "../../../../../functions/promote-family/family/served.ts";
import { decideTargets, homeTarget } from "../../../../../functions/promote-family/rollback/decide.ts";
import { PREVIOUS } from "../../../../../shared/requests/rollback.ts";
import { image } from "../fixture.ts";

const anyMembers = fc
  .array(
    fc.record({
      createdAt: fc.integer({ min: 0, max: 5 }).map((n) => n * 1000),
      status: fc.constantFrom("Available", "Deprecated", "Creating"),
      test: fc.constantFrom("passed", "failed"),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((given) =>
    given.map(({ createdAt, status, test: result }, n) =>
      image(`m-${n}`, { createdAt, status, tags: { "kiln:gate": result } }),
    ),
  );

/** All possible answers of the family: the newest available image, and others of the same second. */
function answers(members: ReturnType<typeof image>[]) {
  const available = members.filter(({ status }) => status === "Available");
  const newest = Math.max(...available.map(({ createdAt }) => createdAt));
  return available.filter(({ createdAt }) => createdAt === newest);
}

/** The smallest family for which the check fails; null when the rule holds. */
const counterexample = (check: (members: ReturnType<typeof image>[]) => boolean) =>
  fc.check(fc.property(anyMembers, check), { numRuns: 500 }).counterexample;

test("an image that no member supersedes is the only possible answer of its family", ({ expect }) => {
  const found = counterexample((members) =>
    members
      .filter(({ status }) => status === "Available")
      .every((one) => {
        const alone = answers(members).length === 1 && answers(members)[0]?.id === one.id;
        return (supersedingImages(one, members).length === 0) === alone;
      }),
  );
  expect(found).toBeNull();
});

test("after a rollback the family answers with its target and is not empty", ({ expect }) => {
  const found = counterexample((members) => {
    const served = answers(members)[0]?.id;
    const target = homeTarget("web", members, served, PREVIOUS);
    if (!target.ok) return true;
    const plan = decideTargets("web", target.value, { region: "home", members }, []);
    if (!plan.ok) return false;
    const gone = new Set(plan.value.places.map(({ imageId }) => imageId));
    const after = members.map((one) => (gone.has(one.id) ? { ...one, status: "Deprecated" } : one));
    return (
      answers(after).length === 1 && answers(after)[0]?.id === target.value.id && target.value.id !== served
    );
  });
  expect(found).toBeNull();
});

test("the family answers with the same image until the last deprecation of a rollback, then it moves once", ({
  expect,
}) => {
  const found = counterexample((members) => {
    const served = answers(members)[0];
    const target = homeTarget("web", members, served?.id, PREVIOUS);
    if (!target.ok) return true;
    const plan = decideTargets("web", target.value, { region: "home", members }, []);
    if (!plan.ok) return false;
    const early = new Set(plan.value.places.slice(0, -1).map(({ imageId }) => imageId));
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
  const target = homeTarget("web", members, "m-served", PREVIOUS);
  expect(target).toMatchObject({ value: { id: "m-good" } });
  expect(homeTarget("web", members, "m-served", "m-failed")).toMatchObject({
    problem: expect.stringMatching(/^m-failed failed its test/),
  });
  const named = members.map((one) => ({ ...one, name: `${one.id} by name` }));
  expect(homeTarget("web", named, "m-served", "m-old by name")).toMatchObject({ value: { id: "m-old" } });
  expect(homeTarget("web", members, "m-served", "m-none")).toMatchObject({
    problem: expect.stringMatching(/^m-none is not in family web/),
  });
});
