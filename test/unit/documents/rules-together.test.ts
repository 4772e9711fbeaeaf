/** Rules between fields, beside other mistakes: an author sees everything in the first round. */
import { test } from "vitest";
import { isMap } from "../../../shared/documents/fields.ts";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { parseRecipe } from "../../../shared/documents/recipe.ts";
import { problemsIn } from "./problems-of.ts";

type Document = Readonly<Record<string, unknown>>;

/** Both documents in one; the second has the word on a key that both have. */
function together(one: unknown, other: unknown): unknown {
  if (!isMap(one) || !isMap(other)) return other;
  return {
    ...one,
    ...Object.fromEntries(
      Object.entries(other).map(([key, value]) => [key, key in one ? together(one[key], value) : value]),
    ),
  };
}

const builder = {
  image: "m-1",
  instanceTypes: "ecs.g7.large",
  vSwitchIds: "vsw-1",
  securityGroupId: "sg-1",
};
const upload = { source: { upload: {} }, family: "web", test: { skip: true } };

/** A recipe that breaks a rule between fields, and what is said of it. */
const RECIPES: readonly (readonly [broken: Document, said: string])[] = [
  [{ source: { builder }, promote: { approval: { within: "1h" } } }, "promote: needs family:"],
  [{ source: { builder }, test: { commands: ["a"] } }, "test.commands: needs family:"],
  [
    { source: { builder }, family: "web", promote: { approval: { within: "1h" } } },
    "promote.approval: needs a channel",
  ],
  [{ ...upload, provision: ["a"] }, "provision: needs source.builder, this source is upload"],
  [{ ...upload, schedule: "0 3 * * *" }, "schedule: has no meaning"],
  [{ ...upload, image: { version: "1" } }, "image.version: is not known to imports"],
  [{ ...upload, encrypt: true }, "encrypt: is not known to imports"],
  [{ source: { instance: { id: "i-1" } }, family: "web" }, "test.vSwitchIds: is missing; write vSwitchIds"],
  [
    { source: { builder }, provision: [{ run: "a", timeout: "3h" }] },
    "provision[0].timeout: must be shorter than source.builder.expireAfter",
  ],
  [
    { source: { builder }, family: "web", encrypt: true, promote: { accounts: ["1234567890"] } },
    "promote.accounts: cannot get an image that the service key encrypts",
  ],
  [
    { source: { builder }, parameters: { A: {} }, provision: [{ run: "a", environment: { A: "b" } }] },
    "parameters.A: is also set under environment",
  ],
];

/** One mistake in each map, in a field that none of these rules needs. */
const BESIDE_RECIPE: readonly Document[] = [
  { zzz: 1 },
  { promote: { outranked: "x" } },
  { promote: { consumers: ["x"] } },
  { test: { timeout: "x" } },
  { test: { keepFailed: "x" } },
  { image: { bootMode: "x" } },
  { rebake: { nightly: "x" } },
  { retention: { keep: "x" } },
  { whenBusy: "x" },
  { pauseAfter: "x" },
];

const fleet = {
  family: "web",
  launch: { InstanceType: "ecs.g7.large", VSwitchId: "vsw-1", SecurityGroupId: "sg-1" },
  limits: { max: 3 },
};
const prepaid = { launch: { InstanceChargeType: "PrePaid" } };

const FLEETS: readonly (readonly [broken: Document, said: string])[] = [
  [prepaid, "launch.InstanceChargeType: must be PostPaid"],
  [prepaid, "launch.Period: is missing"],
  [{ ...prepaid, expireAfter: "2h" }, "expireAfter: must not be used with a subscription"],
  [{ ...prepaid, idle: {} }, "idle: must have action: stop"],
  [{ launch: { Period: 1 } }, "launch.Period: must be used with InstanceChargeType: PrePaid"],
  [{ launch: { SpotStrategy: "SpotWithPriceLimit" } }, "launch.SpotPriceLimit: is missing"],
  [{ launch: { SpotDuration: 1 } }, "launch.SpotDuration: must be used with a SpotStrategy"],
  [{ ladder: ["spot"] }, "ladder: must not name spot"],
  [{ launch: { HostNames: ["a1"] } }, "launch.HostNames: must name every instance"],
  [{ schedule: [{ days: "daily", from: "08:00", to: "20:00", min: 1 }] }, "schedule: must be used with size"],
  [
    { schedule: [{ days: "daily", from: "08:00", to: "20:00", min: 1 }] },
    "schedule: must be used with calendar",
  ],
  [{ size: { min: 4 } }, "size.min: must be at most the fleet's max"],
  [{ refresh: {} }, "refresh: must be used with size"],
  [{ health: { command: "true" } }, "health: must be used with size"],
  [{ onJobCompleted: "stop" }, "onJobCompleted: must be used with idle"],
  [{ idle: { window: "2h" } }, "idle.signals: is missing"],
  [{ idle: { keepRunning: 4 } }, "idle.keepRunning: must be at most limits.max"],
  [{ idle: { resume: true } }, "idle.resume: must be used with upDuring"],
  [{ idle: { notify: ["ops"] } }, "idle.notify: must be used with notice"],
  [{ idle: { upDuring: { hours: ["daily 08:00-20:00"] } } }, "idle.upDuring.timeZone: must be written"],
  [
    { idle: { action: "release" }, launch: { DeletionProtection: true } },
    "idle.action: must be stop while launch.DeletionProtection is true",
  ],
];

const BESIDE_FLEET: readonly Document[] = [
  { zzz: 1 },
  { launch: { KeyPairName: "?" } },
  { launch: { Tenancy: "x" } },
  { limits: { perHour: "x" } },
  { os: "x" },
  { onRemoval: "x" },
  { wake: "x" },
];
/** Only where the fleet has such a policy, which would otherwise be another document. */
const BESIDE_IDLE: readonly Document[] = [{ idle: { coverage: "x" } }, { idle: { dryRun: "x" } }];

function silent(
  parse: typeof parseRecipe | typeof parseFleet,
  rules: typeof RECIPES,
  beside: (broken: Document) => readonly Document[],
): readonly string[] {
  const said = (document: unknown, sentence: string): boolean =>
    problemsIn(parse, document).some((problem) => problem.startsWith(sentence));
  return rules.flatMap(([broken, sentence]) =>
    [{}, ...beside(broken)]
      .filter((mistake) => !said(together(broken, mistake), sentence))
      .map((mistake) => `${sentence} beside ${JSON.stringify(mistake)}`),
  );
}

test("every rule between the fields of a recipe is said beside every mistake in another field", ({
  expect,
}) => {
  const badSource = (broken: Document): Document => {
    const [kind = ""] = Object.keys(Object(broken["source"]));
    return { source: { [kind]: { zzz: 1, ...(kind === "builder" && { securityGroupId: "x" }) } } };
  };
  expect(silent(parseRecipe, RECIPES, (broken) => [...BESIDE_RECIPE, badSource(broken)])).toEqual([]);
});

test("every rule between the fields of a fleet is said beside every mistake in another field", ({
  expect,
}) => {
  const whole = FLEETS.map(([broken, said]) => [Object(together(fleet, broken)), said] as const);
  const beside = (broken: Document) => [...BESIDE_FLEET, ...("idle" in broken ? BESIDE_IDLE : [])];
  expect(silent(parseFleet, whole, beside)).toEqual([]);
});
