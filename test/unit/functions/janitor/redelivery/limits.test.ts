import { createServer } from "node:http";
import { test } from "vitest";
import { listDeliveries } from "../../../../../functions/janitor/redelivery/github.ts";
import { hours, seconds } from "../../../../../shared/duration.ts";

const NOW = Date.UTC(2026, 0, 5);
const clock = {
  now: () => NOW,
  after: (ms: number) => AbortSignal.timeout(ms),
  sleep: () => Promise.resolve(),
};

test("whatever instant an answer names, no call waits for more than an hour, and for whole milliseconds", async ({
  expect,
}) => {
  let headers: Record<string, string> = {};
  const server = createServer((_, answer) => answer.writeHead(429, headers).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const api = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const hook = {
    kind: "repository",
    repository: "acme/shop",
    hook: 1,
    token: "0123456789abcdef",
    api,
  } as const;
  const reset = (at: number) => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(at) });
  const far = ["1e30", "99999999", "3601"].map((after) => ({ "retry-after": after }));
  for (const [given, until] of [
    ...[...far, reset(NOW + hours(1)), reset(NOW / 1000 + 7200)].map((one) => [one, NOW + hours(1)] as const),
    [{ "retry-after": "1.00051" }, NOW + 1001],
    [{ "retry-after": "60" }, NOW + seconds(60)],
    [reset(1), NOW],
  ] as const) {
    headers = given;
    const listed = await listDeliveries(hook, { since: 0, pagesMax: 1 }, clock);
    expect(listed, JSON.stringify(given)).toMatchObject({ kind: "limited", until });
  }
  server.close();
});

test("a list whose pages come slowly is read for two minutes, and is not complete", async ({ expect }) => {
  let now = NOW;
  const server = createServer(({ headers }, answer) => {
    now += seconds(9);
    const link = `<http://${headers.host}/repos/acme/shop/hooks/1/deliveries?cursor=v1>; rel="next"`;
    answer.writeHead(200, { link }).end("[]");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const api = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const hook = {
    kind: "repository",
    repository: "acme/shop",
    hook: 1,
    token: "0123456789abcdef",
    api,
  } as const;
  const listed = await listDeliveries(hook, { since: 0, pagesMax: 30 }, { ...clock, now: () => now });
  expect(listed).toMatchObject({ complete: false });
  expect(now - NOW).toBeLessThan(seconds(150));
  server.close();
});
