/** The client of `kiln` repeats a request when the platform is busy or a connection breaks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { kiln } from "../../support/kiln.ts";
import { known } from "../../support/known.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const status =
  (code: number, text = "{}"): Answer =>
  (response) =>
    void response.writeHead(code).end(text);
const broken: Answer = (response) => void response.destroy();

/** A webhook that answers its requests in this order, the last one to all that follow; and what it was sent. */
async function webhook(...answers: readonly Answer[]) {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { "x-kiln-nonce": nonce, "x-kiln-signature": signature } = request.headers;
      seen.push([nonce, signature, Buffer.concat(chunks).toString()].join(" "));
      answers[Math.min(seen.length, answers.length) - 1]?.(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = known<AddressInfo>(server.address());
  return { seen, url: `http://127.0.0.1:${port}` };
}

/** `kiln call POST …` and the pauses that it made. */
async function call(url: string) {
  const pauses: number[] = [];
  const env = { KILN_WEBHOOK: url, KILN_CALLER: "ci", KILN_SECRET: "a-secret-of-ci-0123456789" };
  const sleep = (ms: number) => Promise.resolve(void pauses.push(ms));
  const ended = await kiln(["call", "POST", "/fleets/web/scale-out", '{"count":1}'], { env, sleep });
  return { ...ended, pauses };
}

test("a busy platform and a broken connection get the same bytes again, until they are answered", async () => {
  const { seen, url } = await webhook(status(429), status(503), broken, status(202, '{"run":"r"}'));
  expect(await call(url)).toMatchObject({ exit: 0, out: '{"run":"r"}' });
  expect(seen).toHaveLength(4);
  expect(new Set(seen).size).toBe(1);
});

test("pauses double, differ, and end: the last answer is shown", async () => {
  const { seen, url } = await webhook(status(429, '{"error":"ResourceExhausted"}'));
  const first = await call(url);
  expect(first).toMatchObject({ exit: 1, out: '{"error":"ResourceExhausted"}' });
  expect(seen).toHaveLength(6);
  for (const [n, pause] of first.pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(500 * 2 ** n);
    expect(pause).toBeLessThanOrEqual(1000 * 2 ** n);
  }
  expect((await call(url)).pauses).not.toEqual(first.pauses);
  const refused = await call("http://127.0.0.1:9");
  expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining("does not answer") });
  expect(refused.pauses).toHaveLength(5);
});

test("what will not change is not sent again: other refusals, and a host without an address", async () => {
  for (const code of [400, 403, 404, 409, 413, 422, 500]) {
    const { seen, url } = await webhook(status(code));
    expect((await call(url)).pauses).toEqual([]);
    expect(seen).toHaveLength(1);
  }
  expect((await call("http://kiln.invalid")).pauses).toEqual([]);
});
