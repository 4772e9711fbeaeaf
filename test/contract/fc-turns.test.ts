import { test } from "vitest";
import { seconds } from "../../shared/duration.ts";
import { fc2 } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { OSS_PROPS, SIGNED } from "./signed-code.ts";

/** Reads the object `box/<its event>` four times, one after the other, and two at once at the end. */
const READS = `${SIGNED}
const http = require("node:http");
const ask = (path, credentials) => new Promise((resolve, reject) => {
  http.get(process.env.OSS + "/box/" + path, { headers: signed("GET", path, credentials) }, (answer) => {
    answer.on("data", () => {}).on("error", reject).on("end", () => resolve(answer.statusCode));
  }).on("error", reject);
});
exports.handler = async (event, { credentials }) => {
  const name = event.toString();
  for (let n = 0; n < 4; n++) await ask(name + n, credentials);
  await Promise.all([ask(name + "4", credentials), ask(name + "5", credentials)]);
};`;

const NAMES = ["a", "b", "c"];

/** The reads of three events that are due a second apart, in the order in which they were served. */
const order = (seed: number, overlapMs?: number): Promise<string> =>
  withCloud(
    { code: { reads: READS }, props: { reads: `timeout: 300\n${OSS_PROPS}` } },
    {
      fc: { inline: true, ...(overlapMs !== undefined && { overlapMs }) },
      seed,
      env: ({ oss }) => ({ OSS: oss }),
    },
    async (cloud) => {
      cloud.oss.createBucket("box");
      for (const [n, name] of NAMES.entries()) {
        const headers = { "x-fc-invocation-type": "Async", "x-fc-async-delay": String(n + 1) };
        await fc2(cloud).post("/functions/reads/invocations", name, headers);
      }
      await cloud.settle();
      const calls = cloud.callLog.entries({ action: "GetObject" });
      return calls.map(({ params }) => params["key"]).join(" ");
    },
  );

test("invocations that overlap take turns, call by call, and the seed decides the order", async ({
  expect,
}) => {
  const one = await order(1, seconds(10));
  expect(await order(1, seconds(10))).toBe(one);
  expect(await order(2, seconds(10))).not.toBe(one);
  expect(one.split(" ").toSorted()).toEqual(NAMES.flatMap((name) => [0, 1, 2, 3, 4, 5].map((n) => name + n)));
  // Each invocation makes its own calls in their order.
  for (const name of NAMES)
    expect(one.split(" ").filter((key) => key.startsWith(name) && key < `${name}4`)).toEqual(
      [0, 1, 2, 3].map((n) => name + n),
    );
  // Some call of one comes between two of another.
  expect(one).toMatch(/a\d (b\d |c\d )+a\d/);
});

test("without an overlap each invocation ends before the next one begins", async ({ expect }) => {
  expect(
    (await order(1))
      .split(" ")
      .map((key) => key[0])
      .join(""),
  ).toBe("aaaaaabbbbbbcccccc");
});
