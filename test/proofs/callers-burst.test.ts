/** Signed callers at once: what is accepted is fulfilled exactly, and what the platform refuses its sender knows. */
import { hours, seconds } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { sign, type Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { accepted, isOver } from "../support/runs.ts";
import { sendAtOnce, type Prepared } from "../support/sockets.ts";
import { machines } from "../support/world.ts";

/** Several, so that the runs of one do not wait for those of all. */
const FLEETS = ["web", "jobs", "blue", "green", "north", "south"];

/** Signed requests of one second. Without a nonce, equal bodies are equal bytes. */
const signed = ({ cloud, caller }: Deployment, body: object, nonce = "", fleet = "web"): Prepared => {
  const path = `/fleets/${fleet}/scale-out`;
  const text = JSON.stringify(body);
  const { name, secret } = caller;
  const headers = sign("POST", path, text, { at: cloud.time.now(), secret, caller: name, nonce });
  return { path, headers, body: text };
};

/** Sends requests again that were refused with 429 or 503, the same bytes, after growing pauses; answers runs by request. */
async function untilAccepted(kiln: Deployment, requests: readonly Prepared[]) {
  const runs = new Map<Prepared, string>();
  const statuses: number[] = [];
  for (let round = 0; runs.size < requests.length && round < 8; round++) {
    const left = requests.filter((request) => !runs.has(request));
    const answers = await sendAtOnce(kiln, left);
    for (const [n, { status, text }] of answers.entries()) {
      statuses.push(status);
      const request = left[n];
      if (status === 202 && request) runs.set(request, String(JSON.parse(text).run));
    }
    await kiln.cloud.settle({ forMs: seconds(2 ** round) });
  }
  return { runs: [...runs.values()], statuses };
}

const settled = (kiln: Deployment, runs: readonly string[]) =>
  kiln.cloud.settle({
    until: () => runs.every((run) => isOver(kiln, run)),
    forMs: hours(6),
    parallel: 8,
  });

test(
  "300 requests whose bytes are all written before the first answer is read: each 202 is one instance, each 429 is sent again",
  { timeout: 600_000 },
  async ({ deploy, expect }) => {
    // Invocations run side by side, so no request is answered before all have come.
    // Function Compute tries a refused event again after pauses that double, the sixth beyond the half hour; resend does not wait for it.
    const kiln = await deploy({ fc: { overlapMs: 1, timers: ["resend"] } });
    for (const fleet of FLEETS)
      await kiln.upload(`fleets/${fleet}.yaml`, fleetText({ limits: { max: 100 } }));
    // Same caller, second and body: only the nonce differs.
    const requests = Array.from({ length: 300 }, (_, n) =>
      signed(kiln, { count: 1 }, `nonce-${n}-abc`, FLEETS[n % FLEETS.length]),
    );
    const { runs, statuses } = await untilAccepted(kiln, requests);
    expect(statuses.filter((status) => status === 202)).toHaveLength(300);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    // A slow machine meets the webhook's own deadline too: 503 is sent again like 429.
    expect(statuses.filter((status) => ![202, 429, 503].includes(status))).toEqual([]);
    expect(new Set(runs).size).toBe(300);
    await settled(kiln, runs);
    expect(machines(kiln)).toHaveLength(300);
  },
);

test("equal requests of one second are two by their nonces, and one by their bytes or their key", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy();
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 50 } }));
  const distinct = async (...requests: readonly Prepared[]) => {
    const { runs } = await untilAccepted(kiln, requests);
    return new Set(runs).size;
  };
  expect(
    await distinct(signed(kiln, { count: 1 }, "nonce-aaa"), signed(kiln, { count: 1 }, "nonce-bbb")),
  ).toBe(2);
  expect(await distinct(signed(kiln, { count: 1 }), signed(kiln, { count: 1 }))).toBe(1);
  const same = signed(kiln, { count: 1 }, "nonce-ccc");
  expect(await distinct(same, { ...same })).toBe(1);
  const keyed = { count: 1, key: "job-1" };
  expect(
    await distinct(signed(kiln, keyed, "nonce-ddd"), signed(kiln, keyed, "nonce-eee"), signed(kiln, keyed)),
  ).toBe(1);
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(machines(kiln)).toHaveLength(5);
});

test("a key counts for 24 hours from its first use, whatever the time of day", async ({ deploy, expect }) => {
  for (const [at, hoursLater, isSame] of [
    [Date.UTC(2026, 0, 5, 0, 5), 23, true],
    [Date.UTC(2026, 0, 5, 0, 5), 47, false],
    [Date.UTC(2026, 0, 5, 23, 55), 23, true],
    [Date.UTC(2026, 0, 5, 12), 24, false],
  ] as const) {
    const kiln = await deploy({ at });
    await kiln.upload("fleets/web.yaml", fleetText());
    const first = await accepted(kiln, "/fleets/web/scale-out", { count: 1, key: "nightly" });
    await kiln.cloud.settle({ forMs: hours(hoursLater) });
    const next = await accepted(kiln, "/fleets/web/scale-out", { count: 1, key: "nightly" });
    expect(next.run === first.run, `${hoursLater} hours later`).toBe(isSame);
  }
});
