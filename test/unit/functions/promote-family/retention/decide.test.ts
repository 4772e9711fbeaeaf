import fc from "fast-check";
import { test } from "vitest";
import { decideRetention, type Holdings } from "../../../../../functions/promote-family/retention/decide.ts";
import { days, hours } from "../../../../../shared/duration.ts";
import { image } from "../fixture.ts";

const NOW = Date.UTC(2026, 0, 31);
const RULES = { keep: 1, youngerThanMs: days(7), deleteAfterMs: days(1) };

const anyImage = fc.record({
  ageDays: fc.integer({ min: 0, max: 100 }),
  status: fc.constantFrom("Available", "Deprecated", "Creating", "CreateFailed"),
  test: fc.constantFrom(undefined, "passed", "failed"),
  rolledBack: fc.boolean(),
  member: fc.boolean(),
  needed: fc.boolean(),
  /** Hours from now until it may be deleted. */
  retireIn: fc.option(fc.integer({ min: -100, max: 100 }), { nil: undefined }),
});

const anyHoldings = fc
  .tuple(fc.array(anyImage, { maxLength: 12 }), fc.nat(), fc.boolean())
  .map(([given, pick, isFormer]): Holdings => {
    const images = given.map(({ ageDays, status, test: result, rolledBack, member, retireIn }, n) =>
      image(`m-${n}`, {
        status,
        family: member ? "web" : "",
        createdAt: NOW - days(ageDays),
        tags: {
          ...(result !== undefined && { "kiln:gate": result }),
          ...(rolledBack && { "kiln:promotion": "rolled-back rollback-web-20260101-000000000000" }),
          ...(retireIn !== undefined && { "kiln:retire-at": new Date(NOW + hours(retireIn)).toISOString() }),
        },
      }),
    );
    const available = images.filter((one) => one.status === "Available" && one.family === "web");
    const served = available[pick % Math.max(available.length, 1)]?.id;
    const references = new Map(
      images.map(({ id }, n) => [id, given[n]?.needed ? ["instance i-1 (Stopped)"] : []]),
    );
    return { images, family: "web", served, references, isFormer };
  });

/** The smallest holdings for which the check fails; null when the rule holds. */
const counterexample = (check: (holdings: Holdings, gone: ReadonlySet<string>) => boolean) =>
  fc.check(
    fc.property(anyHoldings, (holdings) => {
      const gone = decideRetention(holdings, RULES, NOW).filter(({ action }) => action === "delete");
      return check(holdings, new Set(gone.map(({ image: { id } }) => id)));
    }),
    { numRuns: 500 },
  ).counterexample;

test("an image that is needed or served is never deleted, nor one that is young and not failed where the recipe delivers", ({
  expect,
}) => {
  const found = counterexample(({ images, served, references, isFormer }, gone) =>
    images
      .filter(({ id }) => gone.has(id))
      .every(
        ({ id, createdAt, tags }) =>
          references.get(id)?.length === 0 &&
          id !== served &&
          (isFormer || NOW - createdAt >= RULES.youngerThanMs || tags["kiln:gate"] === "failed"),
      ),
  );
  expect(found).toBeNull();
});

test("an image is never deleted before the time in its tag, or without a tag", ({ expect }) => {
  const found = counterexample(({ images }, gone) =>
    images
      .filter(({ id }) => gone.has(id))
      .every(({ tags }) => Date.parse(tags["kiln:retire-at"] ?? "") <= NOW),
  );
  expect(found).toBeNull();
});

test("the newest good images stay, and the one a rollback would go back to", ({ expect }) => {
  const found = counterexample(({ images, served, isFormer }, gone) => {
    if (isFormer) return true;
    const good = images
      .filter(
        ({ family, status, tags }) =>
          family === "web" &&
          status === "Available" &&
          tags["kiln:gate"] !== "failed" &&
          tags["kiln:promotion"] === undefined,
      )
      .toSorted((a, b) => b.createdAt - a.createdAt);
    const current = images.find(({ id }) => id === served);
    const previous = good.find(
      ({ id, createdAt }) => id !== served && createdAt <= (current?.createdAt ?? 0),
    );
    return good.slice(0, RULES.keep).every(({ id }) => !gone.has(id)) && !gone.has(previous?.id ?? "");
  });
  expect(found).toBeNull();
});

test("the newest good image stays while its family serves an older one, whatever became of its promotions", ({
  expect,
}) => {
  const found = counterexample(({ images, served, isFormer }, gone) => {
    const [newest] = images
      .filter(
        ({ status, tags }) =>
          status === "Available" &&
          tags["kiln:gate"] !== "failed" &&
          tags["kiln:promotion"]?.startsWith("rolled-back") !== true,
      )
      .toSorted((a, b) => b.createdAt - a.createdAt);
    const servedAt = images.find(({ id }) => id === served)?.createdAt ?? 0;
    return isFormer || newest === undefined || newest.createdAt <= servedAt || !gone.has(newest.id);
  });
  expect(found).toBeNull();
});

test("every image has exactly one verdict with a reason", ({ expect }) => {
  const found = counterexample((holdings) => {
    const verdicts = decideRetention(holdings, RULES, NOW);
    return (
      new Set(verdicts.map(({ image: { id } }) => id)).size === holdings.images.length &&
      verdicts.every(({ why }) => why !== "")
    );
  });
  expect(found).toBeNull();
});

test("an image is tagged, waits and is deleted; one that is needed again loses its tag", ({ expect }) => {
  const old = (id: string, tags = {}) => image(id, { status: "Available", createdAt: NOW - days(60), tags });
  const kept = ["m-a", "m-b"].map((id, n) =>
    image(id, { status: "Available", createdAt: NOW - days(20 + n), tags: {} }),
  );
  const at = (inMs: number) => ({ "kiln:retire-at": new Date(NOW + inMs).toISOString() });
  const images = [
    ...kept,
    old("m-new"),
    old("m-soon", at(hours(1))),
    old("m-due", at(-1)),
    old("m-back", at(-1)),
  ];
  const references = new Map([["m-back", ["launch template web version 3"]]]);
  const verdicts = decideRetention({ images, family: "web", served: "m-a", references }, RULES, NOW);
  expect(Object.fromEntries(verdicts.map((verdict) => [verdict.image.id, verdict.action]))).toEqual({
    "m-a": "keep",
    "m-b": "keep",
    "m-new": "mark",
    "m-soon": "wait",
    "m-due": "delete",
    "m-back": "unmark",
  });
  expect(verdicts.find((verdict) => verdict.image.id === "m-back")?.why).toBe(
    "it is needed by launch template web version 3",
  );
});

const at = (id: string, ageDays: number, tags: Record<string, string>) =>
  image(id, { createdAt: NOW - days(ageDays), tags });

test("of the images that failed their test youth protects the newest, and a hold the newest that waits", ({
  expect,
}) => {
  const failed = { "kiln:gate": "failed" };
  const held = { "kiln:gate": "passed", "kiln:promotion": "held promote-web-20260101-000000000000" };
  const images = [
    at("m-6", 1, failed),
    at("m-5", 2, failed),
    at("m-4", 3, failed),
    at("m-3", 20, held),
    at("m-2", 30, held),
    { ...at("m-1", 40, {}), family: "web" },
  ];
  const verdicts = decideRetention(
    { images, family: "web", served: "m-1", references: new Map() },
    RULES,
    NOW,
  );
  expect(verdicts.map(({ image: { id }, action }) => `${id} ${action}`)).toEqual([
    "m-6 keep",
    "m-5 mark",
    "m-4 mark",
    "m-3 keep",
    "m-2 mark",
    "m-1 keep",
  ]);
});

test("in a region that the recipe does not name any more only what something refers to stays, and what the family serves", ({
  expect,
}) => {
  const former = { ...at("m-0", 50, {}), family: "web" };
  const images = [at("m-3", 1, {}), at("m-2", 1, {}), { ...at("m-1", 40, {}), family: "web" }, former];
  const references = new Map([["m-2", ["instance i-1 (Stopped)"]]]);
  const verdicts = decideRetention(
    { images, family: "web", served: "m-1", references, isFormer: true },
    RULES,
    NOW,
  );
  expect(verdicts.map(({ image: { id }, action }) => `${id} ${action}`)).toEqual([
    "m-3 mark",
    "m-2 keep",
    "m-1 keep",
    "m-0 mark",
  ]);
});

test("a recipe without a family keeps its newest images, and a user any image with the tag kiln:keep", ({
  expect,
}) => {
  const keep = (value: string) => ({ "kiln:keep": value });
  const images = [
    at("m-5", 20, {}),
    at("m-4", 30, {}),
    at("m-3", 40, keep("always")),
    at("m-2", 50, keep(new Date(NOW + 1).toISOString())),
    at("m-1", 60, keep(new Date(NOW - days(1)).toISOString())),
  ].map((one) => ({ ...one, family: "" }));
  const verdicts = decideRetention(
    { images, family: undefined, served: undefined, references: new Map() },
    RULES,
    NOW,
  );
  expect(verdicts.map(({ image: { id }, action }) => `${id} ${action}`)).toEqual([
    "m-5 keep",
    "m-4 mark",
    "m-3 keep",
    "m-2 keep",
    "m-1 mark",
  ]);
});
