import { connect } from "node:net";
import { test } from "vitest";
import { startCloud } from "../cloud/index.ts";
import { aliOss, openApi } from "./clients.ts";

const REGION = { RegionId: "cn-hangzhou" };

/** Sends bytes as they are and answers the status line. */
const speak = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
    socket.once("data", (data) => {
      resolve(data.toString().split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });

test("one address serves three products by the shape of the call", async ({ expect }) => {
  const cloud = await startCloud();
  const ask = (action: string, version: string, query: Record<string, string>) =>
    openApi(cloud.urls.ecs, cloud.accessKey, { action, version, query });
  await ask("DescribeInstances", "2014-05-26", REGION);
  await ask("DescribeMetricList", "2019-01-01", {
    Namespace: "acs_ecs_dashboard",
    MetricName: "CPUUtilization",
  });
  await openApi(cloud.urls.fc, cloud.accessKey, {
    style: "ROA",
    method: "GET",
    action: "ListFunctions",
    version: "2023-03-30",
    path: "/2023-03-30/functions",
  });
  expect(cloud.callLog.entries().map(({ product }) => product)).toEqual(["ecs", "cms", "fc"]);
  await cloud.close();
});

test("a request line of two hundred kilobytes and one with a whole URL in it are served", async ({
  expect,
}) => {
  const cloud = await startCloud();
  const host = new URL(cloud.urls.ecs).host;
  const long = `GET /?Action=X&UserData=${"a".repeat(200_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  expect(await speak(cloud.urls.ecs, long)).not.toContain("431");
  const whole = `GET http://box.oss-cn-hangzhou.aliyuncs.com/key HTTP/1.1\r\nHost: box.oss-cn-hangzhou.aliyuncs.com\r\n\r\n`;
  expect(await speak(cloud.urls.oss, whole)).toContain("403");
  expect(cloud.callLog.entries().at(-1)?.params).toEqual({ bucket: "box", key: "key" });
  await cloud.close();
});

test("two clouds with the same seed live through the same history, another seed through another", async ({
  expect,
}) => {
  const live = async (seed: number): Promise<unknown> => {
    const cloud = await startCloud({ seed });
    cloud.oss.createBucket("box");
    await aliOss(cloud, "box").put("k", Buffer.from("x"));
    await cloud.settle({ forMs: 1000 });
    const { id, secret } = cloud.keys.assume("worker", 1000);
    const history = [cloud.snapshot(), cloud.accessKey, id, secret];
    await cloud.close();
    return history;
  };
  const once = await live(7);
  expect(await live(7)).toEqual(once);
  expect(await live(8)).not.toEqual(once);
});

test("the answers carry the cloud's time, and this process tells it until the cloud is closed", async ({
  expect,
}) => {
  const before = Date.now();
  const cloud = await startCloud({ at: Date.UTC(2030, 0, 1) });
  expect(Date.now()).toBe(Date.UTC(2030, 0, 1));
  expect(new Date()).toBeInstanceOf(Date);
  const answer = await fetch(cloud.urls.oss);
  expect(answer.headers.get("date")).toBe("Tue, 01 Jan 2030 00:00:00 GMT");
  await cloud.settle({ forMs: 60_000 });
  expect(new Date().toISOString()).toBe("2030-01-01T00:01:00.000Z");
  await cloud.close();
  expect(Date.now()).toBeGreaterThanOrEqual(before);
  expect(Date.now()).toBeLessThan(before + 60_000);
});

test("ports are taken in a row when the first is given", async ({ expect }) => {
  // Below the ports the system hands out by itself, and not the same for two test processes.
  const port = 10_000 + (process.pid % 10_000) * 2;
  const cloud = await startCloud({ port });
  expect([cloud.urls.ecs, cloud.urls.oss]).toEqual([
    `http://127.0.0.1:${port}`,
    `http://127.0.0.1:${port + 1}`,
  ]);
  await cloud.close();
});
