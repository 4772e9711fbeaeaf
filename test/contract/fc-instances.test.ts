import { test } from "vitest";
import type { Cloud, CloudOptions } from "../cloud/index.ts";
import { fc2 } from "./clients.ts";
import { withCloud } from "./fixture.ts";
import { OSS_PROPS, SIGNED } from "./signed-code.ts";
import { json } from "../support/known.ts";

/** Reads an object before and after a sleep of so many milliseconds; says its own time before, and how it went. */
const READS = `${SIGNED}
const { setTimeout: sleep } = require("node:timers/promises");
const read = async (credentials) => {
  const answer = await fetch(process.env.OSS + "/box/k", { headers: signed("GET", "k", credentials) });
  return answer.status + " " + (/<Code>(.*)<.Code>/.exec(await answer.text())?.[1] ?? "");
};
exports.handler = async (event, { credentials }) => {
  const times = [Date.now(), new Date().getTime()];
  const before = await read(credentials);
  await sleep(Number(event));
  return [...times, before, await read(credentials)];
};`;
const OK = "200 ";

const live = <T>(fc: CloudOptions["fc"], work: (cloud: Cloud) => Promise<T>): Promise<T> =>
  withCloud(
    { code: { reads: READS }, props: { reads: `timeout: 86400\n${OSS_PROPS}` } },
    { fc: fc ?? {}, env: ({ oss }) => ({ OSS: oss }) },
    (cloud) => {
      cloud.oss.createBucket("box");
      cloud.oss.put("box", "k", "x");
      return work(cloud);
    },
  );

/** What invocations say that begin at once and sleep for so long; of their clocks, by how much they are fast. */
async function read(cloud: Cloud, ...sleeps: readonly number[]): Promise<unknown[][]> {
  const before = cloud.fc.invocations.length;
  const headers = { "x-fc-invocation-type": "Async" };
  for (const ms of sleeps) await fc2(cloud).post("/functions/reads/invocations", String(ms), headers);
  await cloud.settle();
  return cloud.fc.invocations.slice(before).map(({ at, result }) => {
    const [now, date, ...read] = json<[number, number, string, string]>(result);
    return [now - at, date - at, ...read];
  });
}

for (const inline of [true, false]) {
  test(`credentials expire as soon as a test says, in a sleep of the invocation too: inline ${inline}`, async ({
    expect,
  }) => {
    await live({ inline }, async (cloud) => {
      const outcomes = async (ms: number) => (await read(cloud, ms)).map((said) => said.slice(2))[0];
      expect(await outcomes(3_600_000)).toEqual([OK, OK]);
      cloud.fc.configure({ sessionMs: 3_600_000 });
      expect(await outcomes(3_599_000)).toEqual([OK, OK]);
      expect(await outcomes(3_601_000)).toEqual([OK, "403 SecurityTokenExpired"]);
    });
  });

  test(`each new instance has a clock of its own, and requests of one that is far off are refused: inline ${inline}`, async ({
    expect,
  }) => {
    const skews = [-60_000, 840_000, 960_000];
    const drawn: number[] = [];
    const skewMs = (): number => {
      const skew = skews[drawn.length] ?? 0;
      drawn.push(skew);
      return skew;
    };
    await live({ inline, skewMs }, async (cloud) => {
      const said = await read(cloud, 1000, 1000, 1000);
      const skewed = "403 RequestTimeTooSkewed";
      expect(said.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
        [-60_000, -60_000, OK, OK],
        [840_000, 840_000, OK, OK],
        [960_000, 960_000, skewed, skewed],
      ]);
      // The same instances, with the clocks they had.
      cloud.fc.configure({ skewMs: () => 5000 });
      const again = await read(cloud, 1000, 1000, 1000, 1000);
      expect(drawn).toHaveLength(3);
      expect(new Set(again.map(([at]) => at))).toEqual(new Set([...skews, 5000]));
      cloud.fc.retire();
      const fresh = await read(cloud, 1000, 1000, 1000, 1000);
      expect(new Set(fresh.map(([at]) => at))).toEqual(new Set([5000]));
    });
  });
}
