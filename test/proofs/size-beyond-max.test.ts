/** What `limits.max` cuts from a request to a fleet whose size is kept: no number remembers it, so it may be asked for again. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "../support/deployment.ts";
import { test } from "../support/hub.ts";
import { fleetText } from "../support/fleets.ts";
import { jobsOf } from "../support/hub.ts";
import { json } from "../support/known.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { raw, SENDER_SECRET } from "../support/senders.ts";
import { machines } from "../support/world.ts";

const BEARER = { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` };
const TIMERS = { fc: { timers: ["reconcile", "resend"] } };

const sized = (max: number) => ({ size: { desired: 0 }, limits: { max }, onJobCompleted: "release" });

const running = (kiln: Deployment) => machines(kiln).filter(({ status }) => status === "Running").length;

/** What frees room in a fleet at its max of 3. */
const ROOM: Readonly<Record<string, (kiln: Deployment) => Promise<unknown>>> = {
  "max is raised": (kiln) => kiln.upload("fleets/web.yaml", fleetText(sized(30))),
  "members are scaled in": (kiln) =>
    request(kiln, "/fleets/web/scale-in", { instances: machines(kiln).map(({ instanceId }) => instanceId) }),
};

test.for([
  ["max is raised", 5],
  ["members are scaled in", 2],
] as const)(
  "alerts that max leaves no room for are launched once %s: then %i run",
  async ([how, count], { hub, expect }) => {
    const { kiln } = await hub(TIMERS, sized(3));
    const startsAt = new Date(kiln.cloud.time.now()).toISOString();
    const alerts = [0, 1, 2, 3, 4].map((n) => ({
      status: "firing",
      labels: { kiln_fleet: "web" },
      startsAt,
      fingerprint: `f${n}`,
    }));
    const post = async () => {
      const { text } = await raw(kiln, "/senders/alerts", BEARER, JSON.stringify({ version: "4", alerts }));
      return ended(kiln, json<{ runs: { run: string }[] }>(text).runs[0]?.run ?? "");
    };
    expect(await post()).toMatchObject({
      state: "done",
      result: { count: 3, short: 2, later: 0, limited: true },
    });
    await ROOM[how]?.(kiln);
    for (let n = 0; n < 3; n++) {
      await kiln.cloud.settle({ forMs: hours(1) });
      await post();
    }
    expect(running(kiln)).toBe(count);
  },
);

test("a job that max leaves no room for fails, also beside others that arrive with it, and has a machine once it is sent again", async ({
  hub,
  expect,
}) => {
  const world = await hub(TIMERS, sized(3));
  const { kiln } = world;
  const created_at = new Date(kiln.cloud.time.now()).toISOString();
  await jobsOf(world, [1, 2, 3, 4], "queued", { created_at });
  await kiln.cloud.settle({ forMs: minutes(15) });
  expect(
    kiln
      .records("scale")
      .map(({ state }) => state)
      .toSorted(),
  ).toEqual(["done", "done", "done", "failed"]);
  const completed_at = new Date(kiln.cloud.time.now()).toISOString();
  const [first] = machines(kiln);
  await jobsOf(world, [9], "completed", { created_at, completed_at, runner_name: first?.instanceId });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(running(kiln)).toBe(2);
  await jobsOf(world, [1, 2, 3, 4], "queued", { created_at });
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(running(kiln)).toBe(3);
});

test("a request with a key that max leaves no room for is tried again with that key", async ({
  hub,
  expect,
}) => {
  const { kiln } = await hub(TIMERS, sized(2));
  await request(kiln, "/fleets/web/scale-out", { count: 2, key: "first-of-all" });
  const body = { count: 1, key: "one-too-many" };
  const refused = await accepted(kiln, "/fleets/web/scale-out", body);
  expect(await ended(kiln, refused.run)).toMatchObject({ state: "failed", result: { limited: true } });
  await ROOM["members are scaled in"]?.(kiln);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(running(kiln)).toBe(0);
  expect(await request(kiln, "/fleets/web/scale-out", body)).toMatchObject({
    state: "done",
    result: { count: 1 },
  });
});

test("what another limit cuts is launched later, as far as max leaves room for it", async ({
  hub,
  expect,
}) => {
  const { kiln } = await hub(TIMERS, { size: { desired: 0 }, limits: { max: 6, perHour: 4 } });
  expect(await request(kiln, "/fleets/web/scale-out", { count: 5 })).toMatchObject({
    result: { count: 4, later: 1 },
  });
  expect(await request(kiln, "/fleets/web/scale-out", { count: 1 })).toMatchObject({
    state: "done",
    result: { count: 0, later: 1 },
  });
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(running(kiln)).toBe(6);
});
