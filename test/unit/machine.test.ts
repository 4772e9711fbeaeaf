import { test } from "vitest";
import { minutes, seconds } from "../../shared/duration.ts";
import { CloudError, type ErrorKind } from "../../shared/errors.ts";
import type { Continuation } from "../../shared/events/line.ts";
import { real } from "../../shared/ports.ts";
import {
  advance,
  done,
  failed,
  follow,
  next,
  wait,
  type Machine,
  type Outcome,
} from "../../shared/machine.ts";

interface Event extends Continuation {
  readonly phase: "only";
  readonly job: { readonly name: string };
}

const START = Date.UTC(2026, 0, 5);

const event: Event = {
  v: 1,
  run: "bake-web-20260105-0123456789ab",
  seq: 7,
  notBefore: START,
  began: START,
  since: START,
  tries: 0,
  by: "test",
  trail: [],
  phase: "only",
  job: { name: "web" },
};

const ports = (now: number) => ({ clock: { ...real.clock, now: () => now }, dice: { next: () => 0.5 } });

const machineOf = (step: () => Promise<Outcome<Event>>): Machine<Event, ReturnType<typeof ports>> => ({
  steps: { only: step },
  limitsMs: { only: minutes(10) },
  giveUp: (_event, reason) => failed(`gave up: ${reason}`),
});

const refused = (kind: ErrorKind, code: string) => () =>
  Promise.reject(
    new CloudError({
      product: "ecs",
      action: "RunInstances",
      code,
      status: 400,
      requestId: "R",
      kind,
      said: "No.",
      hint: "",
    }),
  );

test("an error that asks for patience becomes a wait and counts as trouble", async ({ expect }) => {
  const outcome = await advance(machineOf(refused("wait", "Throttling.User")), event, ports(START));
  expect(outcome).toMatchObject({ kind: "wait", troubled: true });
  expect(follow(event, outcome, START)).toMatchObject({ seq: 8, tries: 1, phase: "only", since: START });
});

test("a refusal for good takes the give-up road with the cloud's own words", async ({ expect }) => {
  const outcome = await advance(machineOf(refused("give-up", "Forbidden.RAM")), event, ports(START));
  expect(outcome).toMatchObject({
    kind: "failed",
    reason: "gave up: ecs RunInstances answered Forbidden.RAM (request R): No.",
  });
});

test("anything that is no refusal is thrown, so that the platform delivers the event again", async ({
  expect,
}) => {
  const step = () => Promise.reject(new TypeError("a bug"));
  await expect(advance(machineOf(step), event, ports(START))).rejects.toThrow("a bug");
});

test("a phase that would wait beyond its limit gives up and says what it waited for", async ({ expect }) => {
  const step = () => Promise.resolve(wait(seconds(15), "i-1 is Starting"));
  const late = START + minutes(10) - seconds(14);
  expect(await advance(machineOf(step), event, ports(START + minutes(9)))).toMatchObject({ kind: "wait" });
  expect(await advance(machineOf(step), event, ports(late))).toMatchObject({
    kind: "failed",
    reason: "gave up: only is not over after 9m46s: i-1 is Starting",
  });
});

test("the next event counts up, starts its phase's clock at its own time, and carries the job along", ({
  expect,
}) => {
  const outcome: Outcome<Event> = next({ phase: "only" }, seconds(20), "went well");
  expect(follow({ ...event, tries: 3 }, outcome, START)).toEqual({
    ...event,
    seq: 8,
    notBefore: START + seconds(20),
    since: START + seconds(20),
    trail: [{ phase: "only", at: START, note: "went well" }],
  });
});

test("an ordinary wait forgets earlier trouble and keeps the phase's clock", ({ expect }) => {
  const following = follow({ ...event, tries: 3 }, wait(seconds(15), "not yet"), START + minutes(2));
  expect(following).toMatchObject({ tries: 0, since: START, notBefore: START + minutes(2) + seconds(15) });
});

test("a long trail is shortened in its middle, so that the payload stays small", ({ expect }) => {
  let at: Event = event;
  for (let n = 0; n < 100; n++) at = follow(at, next({ phase: "only" }, 0, `step ${n}`), START + n) ?? at;
  expect(at.trail.length).toBeLessThanOrEqual(40);
  expect(at.trail.at(0)?.note).toBe("step 0");
  expect(at.trail.at(-1)?.note).toBe("step 99");
});

test("nothing follows an end", ({ expect }) => {
  expect(follow(event, done({}), START)).toBeUndefined();
  expect(follow(event, failed("no"), START)).toBeUndefined();
});

test("a trail of long notes in wide letters is shortened by its bytes, and keeps its ends", ({ expect }) => {
  let last: Event = event;
  for (let n = 0; n < 30; n++) {
    last = follow(last, next({ phase: "only" as const }, 0, "写".repeat(400)), START + n) ?? last;
  }
  expect(Buffer.byteLength(JSON.stringify(last.trail))).toBeLessThanOrEqual(12 * 1024);
  expect([last.trail[0]?.at, last.trail.at(-1)?.at]).toEqual([START, START + 29]);
});
