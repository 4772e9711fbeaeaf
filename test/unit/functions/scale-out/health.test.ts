import { test } from "vitest";
import {
  type Answers,
  judge,
  withAnswer,
  type HealthFleet,
} from "../../../../functions/scale-out/health/decide.ts";
import { dueLook } from "../../../../functions/scale-out/health/workflow.ts";
import type { CommandResult } from "../../../../shared/cloud/ecs/commands.ts";
import type { Instance } from "../../../../shared/cloud/ecs/instance.ts";
import { parseFleet } from "../../../../shared/documents/fleet.ts";
import { minutes } from "../../../../shared/duration.ts";
import { timerTrigger } from "../../../../shared/triggers.ts";
import { fleetText } from "../../../support/fleets.ts";
import { instanceOf, NOW } from "../stop-idle/fixture.ts";

function fleetOf(health: object = {}): HealthFleet {
  const written = { size: { desired: 4 }, health: { command: "true", ...health } };
  const fleet = parseFleet("web", fleetText(written));
  if (fleet.health === undefined) throw new TypeError("no health");
  return { ...fleet, health: fleet.health };
}

const IDS = ["i-1", "i-2", "i-3", "i-4"];
const member = (id: string, more: Partial<Instance> = {}): Instance => instanceOf({ id, ...more });

/** Those of `IDS` that are not named are well. */
const answersOf = (failed: readonly string[], unknown: readonly string[] = []): Answers => ({
  well: IDS.filter((id) => !failed.includes(id) && !unknown.includes(id)),
  failed: failed.map((id) => ({ id, why: "exit code 1" })),
  unknown: [...unknown],
});

type Look = Parameters<typeof judge>[0];
const look = (answers: Answers, more: Partial<Look> = {}) =>
  judge({
    document: fleetOf(),
    members: IDS.map((id) => member(id)),
    answers,
    before: {},
    hindrance: undefined,
    now: NOW,
    ...more,
  });

test("a member is replaced after so many failures in a row, and success begins the count again", ({
  expect,
}) => {
  let before: Record<string, number> = {};
  for (const [failed, count, replaced] of [
    [true, 1, undefined],
    [true, 2, undefined],
    [false, undefined, undefined],
    [true, 1, undefined],
    [true, 2, undefined],
    [true, 3, "i-2"],
    [true, 3, "i-2"],
  ] as const) {
    const { failing, replace } = look(answersOf(failed ? ["i-2"] : []), { before });
    expect([failing["i-2"], replace]).toEqual([count, replaced]);
    before = failing;
  }
});

test("unknown is no failure: it neither counts nor ends a count, and replaces none", ({ expect }) => {
  const { failing, replace } = look(answersOf([], ["i-2", "i-3"]), { before: { "i-2": 3, "i-3": 1 } });
  expect(failing).toEqual({ "i-2": 3, "i-3": 1 });
  expect(replace).toBeUndefined();
});

const result = (more: Partial<CommandResult>): CommandResult => ({
  state: "ended",
  ok: false,
  exitCode: undefined,
  output: "",
  dropped: 0,
  errorCode: undefined,
  errorInfo: undefined,
  ...more,
});

test.for([
  ["well", result({ ok: true, exitCode: 0 })],
  ["failed", result({ exitCode: 1 })],
  ["failed", result({ exitCode: 7, errorCode: "ExitCodeNonzero" })],
  ["unknown", undefined],
  ["unknown", result({ state: "running" })],
  ["unknown", result({ exitCode: 1, state: "running" })],
  ["unknown", result({ errorCode: "InstanceNotRunning" })],
  ["unknown", result({ errorCode: "ClientNotResponse" })],
  ["unknown", result({ exitCode: 137, errorCode: "TerminationSignal" })],
  ["unknown", result({ errorCode: "Timeout", exitCode: 0 })],
] as const)("an answer is %s: %o", ([kind, given], { expect }) => {
  const { [kind]: found, ...others } = withAnswer({ well: [], failed: [], unknown: [] }, "i-1", given);
  expect(found).toHaveLength(1);
  expect(Object.values(others)).toEqual([[], []]);
});

const OFTEN = { "i-1": 3, "i-2": 3, "i-3": 3 };

test("of more than a third none is replaced, and that is notified once", ({ expect }) => {
  const first = look(answersOf(["i-1", "i-2"]), { before: { "i-1": 2, "i-2": 2 } });
  expect(first.replace).toBeUndefined();
  expect(first.problem).toContain("2 of 4 members fail their health probe at once");
  const later = look(answersOf(["i-1", "i-2"]), { before: OFTEN });
  expect([later.replace, later.problem]).toEqual([undefined, undefined]);
  expect(later.because).toHaveLength(2);
  // Members of which nothing is known prove nothing about the command.
  expect(look(answersOf(["i-1"], ["i-3", "i-4"]), { before: OFTEN }).replace).toBeUndefined();
  expect(look(answersOf(["i-1"], ["i-4"]), { before: OFTEN }).replace).toBe("i-1");
});

const few = (count: number, answers: Partial<Answers>, more: Partial<Look> = {}) =>
  look(
    { well: [], failed: [], unknown: [], ...answers },
    { members: IDS.slice(0, count).map((id) => member(id)), before: OFTEN, ...more },
  );
const FAILED = [{ id: "i-1", why: "exit code 1" }];

test("of one or two members one is replaced, and the next one only after a member has been well", ({
  expect,
}) => {
  expect(few(1, { failed: FAILED }).replace).toBe("i-1");
  expect(few(2, { failed: FAILED, well: ["i-2"] }).replace).toBe("i-1");
  expect(few(2, { failed: FAILED, well: ["i-2"] }, { isTried: true }).replace).toBe("i-1");
  expect(few(2, { failed: FAILED, unknown: ["i-2"] }).replace).toBe("i-1");
  const again = few(1, { failed: FAILED }, { isTried: true, before: { "i-1": 2 } });
  expect([again.replace, again.problem]).toEqual([
    undefined,
    "a member fails its health probe as the one that it replaced did, so it stays: the command is at fault, or something that both need",
  ]);
  expect(few(2, { failed: [...FAILED, { id: "i-2", why: "exit code 1" }] }).replace).toBeUndefined();
  expect(few(3, { failed: FAILED, unknown: ["i-2", "i-3"] }).replace).toBeUndefined();
  const members = IDS.map((id) => member(id, { status: id === "i-1" ? "Running" : "Stopped" }));
  expect(few(4, { failed: FAILED }, { members }).replace).toBe("i-1");
});

test.for([
  [{ tags: { "kiln:keep": "" } }, "kiln:keep"],
  [{ deletionProtection: true }, "protected"],
  [{ chargeType: "PrePaid" }, "subscription"],
  [{ locks: ["security"] }, "locked"],
] as const)("a member that is to stay is reported once and not replaced: %o", ([more, why], { expect }) => {
  const members = [member("i-1", more), ...IDS.slice(1).map((id) => member(id))];
  const first = look(answersOf(["i-1"]), { members, before: { "i-1": 2 } });
  expect(first.replace).toBeUndefined();
  expect(first.problem).toContain(why);
  expect(look(answersOf(["i-1"]), { members, before: OFTEN }).problem).toBeUndefined();
});

test("one is replaced at a time, the oldest first, and none while something else is at work", ({
  expect,
}) => {
  const ids = ["i-1", "i-2", "i-3", "i-4", "i-5", "i-6"];
  const members = ids.map((id, index) => member(id, { createdAt: NOW - minutes(1000 + index) }));
  const answers = { well: ids.slice(2), failed: answersOf(["i-1", "i-2"]).failed, unknown: [] };
  const found = look(answers, { members, before: OFTEN });
  expect(found.replace).toBe("i-2");
  expect(found.because).toEqual([
    expect.stringContaining("i-2: it is replaced"),
    expect.stringContaining("i-1: another is replaced"),
  ]);
  const waits = look(answers, { members, before: OFTEN, hindrance: "scale-web-1 is at work" });
  expect([waits.replace, waits.problem]).toEqual([undefined, undefined]);
  expect(waits.because[0]).toContain("scale-web-1 is at work");
});

test("counts of members that are gone are dropped", ({ expect }) => {
  const gone = look(answersOf(["i-1"]), { before: { "i-9": 3 } });
  expect(gone.failing).toEqual({ "i-1": 1 });
});

test("a fleet is due once in each interval, by the timer only", ({ expect }) => {
  const from = Date.UTC(2026, 0, 5, 8, 4);
  const firings = Array.from({ length: 24 }, (_, index) => from + minutes(5 * index));
  const count = (every: string, trigger = (at: number) => timerTrigger("reconcile", at, "b")) => {
    const fleet = fleetOf({ every });
    return firings.filter((at) => dueLook(fleet, trigger(at)) !== undefined).length;
  };
  expect(["5m", "7m", "10m", "1h"].map((every) => count(every))).toEqual([24, 17, 12, 2]);
  expect(count("5m", (at) => ({ at, by: "promotion:p", identity: [] }))).toBe(0);
  expect(dueLook(parseFleet("web", fleetText()), timerTrigger("reconcile", from, "b"))).toBeUndefined();
});
