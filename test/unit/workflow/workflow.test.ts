import { test } from "vitest";
import * as z from "zod/mini";
import { minutes, seconds } from "../../../shared/duration.ts";
import { CloudError, type ErrorKind } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { eventsWith, type EventOf } from "../../../shared/workflow/envelope.ts";
import { envelopeOf } from "../../support/records.ts";
import {
  advance,
  failed,
  follow,
  next,
  phase,
  wait,
  type Outcome,
} from "../../../shared/workflow/workflow.ts";

const START = Date.UTC(2026, 0, 5);

const Only = eventsWith(z.strictObject({ name: z.string() }))("only", { index: z.int() });
type Only = EventOf<typeof Only>;

const event: Only = {
  ...envelopeOf("bake-web-20260105-0123456789ab", "test", START),
  seq: 7,
  phase: "only",
  index: 0,
  input: { name: "web" },
};

// The phases under test use the clock and the random numbers and never reach the cloud.
const ports = (now: number) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  ({ clock: { now: () => now }, random: { next: () => 0.5 } }) as unknown as Ports;

const phaseOf = (run: () => Promise<Outcome>) =>
  phase(Only, {
    limitMs: minutes(10),
    run,
    compensate: (_event, reason) => failed(`compensated: ${reason}`),
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

test("an error that a retry may cure becomes a wait and counts as an attempt", async ({ expect }) => {
  const outcome = await advance(phaseOf(refused("wait", "Throttling.User")), event, ports(START));
  if (outcome.kind !== "wait") throw new Error(`expected a wait, got ${outcome.kind}`);
  expect(outcome.throttled).toBe(true);
  expect(follow(event, outcome, START)).toMatchObject({
    attempt: 1,
    phase: "only",
    phaseStartedAt: START,
  });
});

test("a permanent refusal is compensated with the cloud's own words", async ({ expect }) => {
  const outcome = await advance(phaseOf(refused("give-up", "Forbidden.RAM")), event, ports(START));
  expect(outcome).toMatchObject({
    kind: "failed",
    reason: "compensated: ecs RunInstances answered Forbidden.RAM (request R): No.",
  });
});

test("an error that is no refusal is thrown, so that the platform delivers the event again", async ({
  expect,
}) => {
  const run = () => Promise.reject(new TypeError("a bug"));
  await expect(advance(phaseOf(run), event, ports(START))).rejects.toThrow("a bug");
});

test("a phase that would wait beyond its limit is compensated and says why it waited", async ({ expect }) => {
  const run = () => Promise.resolve(wait(seconds(15), "i-1 is Starting"));
  const late = START + minutes(10) - seconds(14);
  expect(await advance(phaseOf(run), event, ports(START + minutes(9)))).toMatchObject({ kind: "wait" });
  expect(await advance(phaseOf(run), event, ports(late))).toMatchObject({
    kind: "failed",
    reason: "compensated: only is not over after 9m46s: i-1 is Starting",
  });
});

const goOn = (index: number, options?: Parameters<typeof next<Only>>[2]) => {
  const outcome = next(Only, { index }, options);
  if (outcome.kind !== "next") throw new Error("next is a transition");
  return outcome;
};

test("the next event starts its phase at its own time, and carries the input along", ({ expect }) => {
  const outcome = goOn(1, { afterMs: seconds(20), note: "went well" });
  expect(follow({ ...event, attempt: 3 }, outcome, START)).toEqual({
    ...event,
    index: 1,
    runAt: START + seconds(20),
    phaseStartedAt: START + seconds(20),
  });
});

test("a transition may replace the input", ({ expect }) => {
  expect(follow(event, goOn(1, { input: { name: "db" } }), START).input).toEqual({ name: "db" });
});

test("an ordinary wait forgets earlier attempts and keeps the start of the phase", ({ expect }) => {
  const following = follow({ ...event, attempt: 3 }, wait(seconds(15), "not yet"), START + minutes(2));
  expect(following).toMatchObject({
    attempt: 0,
    phaseStartedAt: START,
    runAt: START + minutes(2) + seconds(15),
  });
});
