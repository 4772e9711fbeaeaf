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
    void response.writeHead(code, { "x-kiln-version": "1" }).end(text);
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

/** A command line against this deployment. */
const run = (url: string, ...words: string[]) =>
  kiln(words, {
    env: { KILN_API: url, KILN_WEBHOOK: url, KILN_CALLER: "ci", KILN_SECRET: "a-secret-of-ci-0123456789" },
  });

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

test("an address that takes its time is given up after half a minute, not after every try", async () => {
  const time = { ms: 0 };
  const slow: Answer = (response, request) => {
    time.ms += 16_000;
    status(503)(response, request);
  };
  const { seen, url } = await webhook(slow);
  const env = { KILN_API: url, KILN_CALLER: "ci", KILN_SECRET: "a-secret-of-ci-0123456789" };
  expect((await kiln(["status"], { env, now: () => time.ms })).exit).toBe(1);
  expect(seen).toHaveLength(2);
});

test("what will not change is not sent again: other refusals, and a host without an address", async () => {
  for (const code of [400, 403, 404, 409, 413, 422, 500]) {
    const { seen, url } = await webhook(status(code));
    expect((await call(url)).pauses).toEqual([]);
    expect(seen).toHaveLength(1);
  }
  expect((await call("http://kiln.invalid")).pauses).toEqual([]);
});

const COMMANDS = [
  ["status"],
  ["runs"],
  ["families"],
  ["fleet", "web"],
  ["call", "GET", "/status"],
  ["approve", "promote-web-20260105-0123456789ab"],
  ["push", "examples/recipes/web.yaml"],
  ["logs", "bake-web-20260105-0123456789ab", "--output", "builder-0"],
];

test("no signed request follows a redirect, and the message says what was asked, what came and what to compare", async () => {
  for (const words of COMMANDS)
    for (const code of [302, 307]) {
      const elsewhere = await webhook(status(200));
      const { seen, url } = await webhook(
        (response) => void response.writeHead(code, { location: `${elsewhere.url}/login` }).end(),
      );
      const { exit, err } = await run(url, ...words);
      expect([exit, elsewhere.seen]).toEqual([1, []]);
      expect(err).toMatch(
        new RegExp(`[A-Z]+ ${url}/\\S+ answers ${code} with a redirect to ${elsewhere.url}/login`),
      );
      expect(err).toContain("compare KILN_API and KILN_WEBHOOK");
      expect(seen).toHaveLength(1);
    }
});

const html =
  (code: number): Answer =>
  (response) =>
    void response
      .writeHead(code, { "content-type": "text/html; charset=utf-8" })
      .end("<html><style>p { color: red }</style><p>Please <b>sign in</b>, or this is not allowed</html>");

test("a page of a proxy is neither a success nor a refusal of Kiln, whatever its status", async () => {
  for (const words of COMMANDS)
    for (const code of [200, 401, 403, 404]) {
      const { url } = await webhook(html(code));
      const { exit, out, err } = await run(url, ...words);
      expect([exit, out], `${words.join(" ")} ${code}`).toEqual([1, ""]);
      expect(err).toContain(
        `answers ${code} with Please sign in , or this is not allowed, which is no answer of Kiln`,
      );
    }
});

test("another status of success and a body without the facts of its answer are no success", async () => {
  const bodies = ["", "[]", "null", "3", '"run"', "{}", '{"run":3}', '{"runs":[{}]}', '{"error":{"a":1}}'];
  for (const words of COMMANDS.filter(([name]) => name !== "call" && name !== "logs"))
    for (const body of bodies)
      for (const code of [200, 201]) {
        const { url } = await webhook(status(code, body));
        const { exit, out, err } = await run(url, ...words);
        expect([exit, out], `${words.join(" ")} ${code} ${body}`).toEqual([1, ""]);
        expect(err).toContain(` answers ${code} with`);
        expect(err).not.toContain("[object");
      }
});

test("errors of other forms are shown as words", async () => {
  const said = [
    ['{"error":{"code":"X","message":"the reason"}}', "the reason"],
    ['{"Code":"AccessDenied","Message":"no trigger"}', "AccessDenied: no trigger"],
    ["<Error><Code>NoSuchBucket</Code></Error>", "NoSuchBucket"],
    ['{"error":"the reason"}', "the reason"],
  ] as const;
  for (const [body, words] of said) {
    const { url } = await webhook(status(500, body));
    const { exit, err } = await run(url, "status");
    expect(exit).toBe(1);
    expect(err).toContain(words);
  }
});

test("an answer that does not end is not read to its end", async () => {
  let sent = 0;
  const { url } = await webhook((response) => {
    const more = (): void => {
      for (; sent < 1024 && !response.destroyed; sent++)
        if (!response.write(Buffer.alloc(256 * 1024))) return void response.once("drain", more);
    };
    more();
  });
  const { exit, err } = await run(url, "status");
  expect([exit, err]).toEqual([1, expect.stringContaining("GET /status with more than Kiln does")]);
  expect(sent).toBeLessThan(512);
});

const env = (url: string, more: Readonly<Record<string, string>> = {}) => ({
  env: {
    KILN_API: url,
    KILN_WEBHOOK: url,
    KILN_CALLER: "ci",
    KILN_SECRET: "a-secret-of-ci-0123456789",
    ...more,
  },
});

test("no path leads a signed request to another host", async () => {
  const elsewhere = await webhook(status(200));
  const { url, seen } = await webhook(status(200));
  const host = elsewhere.url.slice("http://".length);
  for (const path of [`//${host}/x`, `/\\${host}/x`, `/\t/${host}/x`, `\\\\${host}`])
    for (const method of ["GET", "POST", "PUT", "DELETE"])
      expect((await kiln(["call", method, path], env(url))).exit, `path ${path}`).toBe(2);
  expect([elsewhere.seen, seen]).toEqual([[], []]);
});

test("an address with a user or a password is refused, and no message shows it", async () => {
  const { url, seen } = await webhook(status(200));
  const password = "hunter2-s3cr3t";
  for (const before of [
    `http://user:${password}@`,
    `http://${password}@`,
    `user:${password}@`,
    `ftp://u:${password}@`,
  ]) {
    const { exit, out, err } = await kiln(["status"], env(url.replace("http://", before)));
    expect([exit, `${out}${err}`.includes(password)], `as ${before}`).toEqual([2, false]);
  }
  expect(seen).toEqual([]);
  expect((await kiln(["call", "GET", "/x"], env(url.replace("http", "HTTP")))).exit).toBe(0);
});

test("a mistake of the user's own side is refused at once", async () => {
  const { url, seen } = await webhook(status(200));
  const sleep = () => Promise.reject(new Error("it waits"));
  for (const caller of ["中文", "a\nb", "é"])
    expect((await kiln(["status"], { ...env(url, { KILN_CALLER: caller }), sleep })).exit).toBe(2);
  expect((await kiln(["call", "GET", "/runs", "{}"], { ...env(url), sleep })).exit).toBe(2);
  expect(seen).toEqual([]);
});

test("a proxy that refuses is named, at once", async () => {
  const { url, seen } = await webhook((response) => void response.writeHead(407).end("proxy"));
  const { exit, err } = await kiln(["status"], env(url));
  expect([exit, err]).toEqual([1, expect.stringContaining("407")]);
  expect(seen).toHaveLength(1);
});

test("an answer without the mark of Kiln is none, whatever its text looks like", async () => {
  for (const text of [
    "{}",
    "login please",
    '{"error":"not found by the gateway"}',
    "<!DOCTYPE html><html>login</html>",
  ])
    for (const code of [200, 404])
      for (const words of COMMANDS) {
        const { url } = await webhook((response) => void response.writeHead(code).end(text));
        const { exit, out, err } = await run(url, ...words);
        expect([exit, out], `${words.join(" ")} ${code} ${text}`).toEqual([1, ""]);
        expect(err).toContain("no answer of Kiln");
      }
});

test("facts that an answer may have are checked, too", async () => {
  const id = "bake-web-20260105-0123456789ab";
  const at = "2026-01-05T00:00:00.000Z";
  const sound = {
    run: id,
    kind: "bake",
    subject: "web",
    by: "x",
    state: "failed",
    phase: "p",
    beganAt: at,
    updatedAt: at,
  };
  const facts = { ...sound, steps: [], outputs: [], input: {}, commands: [] };
  for (const wrong of [
    { reason: 5 },
    { note: {} },
    { state: "" },
    { beganAt: "x" },
    { updatedAt: "" },
    { steps: [{ phase: "p", at: 1e300 }] },
    { steps: [{ phase: "p", at: 0, note: 3 }] },
  ]) {
    const one = await webhook(status(200, JSON.stringify({ ...facts, ...wrong })));
    const many = await webhook(status(200, JSON.stringify({ runs: [{ ...sound, ...wrong }] })));
    for (const [url, words] of [
      [one.url, ["logs", id]],
      [one.url, ["why", id]],
      ...("steps" in wrong ? [] : [[many.url, ["runs"]] as const]),
    ] as const) {
      const { exit, err } = await run(url, ...words);
      expect([exit, err], `with ${JSON.stringify(wrong)}`).toEqual([
        1,
        expect.stringContaining("without what is needed"),
      ]);
    }
  }
});

test("the URL of the webhook in KILN_API, and that of the API in KILN_WEBHOOK, is named as such, whatever it answers", async () => {
  const id = "bake-web-20260105-0123456789ab";
  const of =
    (name: string, code: number, text: string): Answer =>
    (response) =>
      void response.writeHead(code, { "x-kiln-version": "1", "x-kiln-function": name }).end(text);
  const answers = [
    [404, '{"error":"no route"}'],
    [401, '{"error":"not authenticated"}'],
    [403, '{"error":"not allowed"}'],
    [200, "{}"],
    [400, '{"error":"since: no parameters here"}'],
  ] as const;
  for (const [code, text] of answers)
    for (const [words, own, other, setting] of [
      [["status"], "api", "webhook", "KILN_API"],
      [["runs"], "api", "webhook", "KILN_API"],
      [["why", id], "api", "webhook", "KILN_API"],
      [["call", "GET", "/nope"], "api", "webhook", "KILN_API"],
      [["scale-out", "web", "1"], "webhook", "api", "KILN_WEBHOOK"],
      [["call", "POST", "/nope"], "webhook", "api", "KILN_WEBHOOK"],
    ] as const) {
      const swapped = await webhook(of(other, code, text));
      expect(await run(swapped.url, ...words)).toMatchObject({
        exit: 2,
        out: "",
        err: expect.stringContaining(
          `${setting} is ${swapped.url}, the URL of the ${other}: write the URL of the ${own}`,
        ),
      });
      const right = await webhook(of(own, code, text));
      expect((await run(right.url, ...words)).err).not.toContain("the URL of the");
    }
});

test("a port of this machine that is closed is final, and the message asks for the local cloud", async () => {
  const { port } = new URL((await closed()).url);
  for (const host of ["127.0.0.1", "127.0.0.2", "localhost", "[::1]"]) {
    const ended = await call(`http://${host}:${port}`);
    expect(ended).toMatchObject({
      exit: 1,
      pauses: [],
      err: expect.stringContaining("refuses the connection: does npm run cloud run"),
    });
  }
});

/** A port on which nothing listens any more. */
async function closed(): Promise<{ readonly url: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = known<AddressInfo>(server.address());
  await new Promise((resolve) => void server.close(resolve));
  return { url: `http://127.0.0.1:${port}` };
}

test("a search that stops before the oldest run says so, and how it goes on", async () => {
  const next = "0000000000001-f-bake-web-20260105-0123456789ab";
  const { seen, url } = await webhook(status(200, JSON.stringify({ runs: [], next })));
  const searched = await run(url, "runs", "--name", "web", "--state", "failed");
  expect(seen).toHaveLength(30);
  const command = `npm run kiln -- runs --state failed --name web --cursor ${next}`;
  expect(searched).toMatchObject({ exit: 0, out: expect.stringContaining("no runs so far") });
  expect(searched.out).toContain(`not all runs are searched; ${command}`);
  // Whether a run has failed is not known, so it does not say that none has.
  const why = await run(url, "why", "web");
  expect(why).toMatchObject({
    exit: 1,
    err: expect.stringContaining("not all are searched; npm run kiln -- runs"),
  });
});

test("a search goes on behind the cursor of another one, and one that has looked at all runs says nothing", async () => {
  const cursors: (string | null)[] = [];
  const { url } = await webhook((response, request) => {
    cursors.push(new URL(request.url ?? "", "http://x").searchParams.get("cursor"));
    status(200, '{"runs":[]}')(response, request);
  });
  expect(await run(url, "runs", "--cursor", "0000000000001")).toMatchObject({ exit: 0, out: "no runs" });
  expect(cursors).toEqual(["0000000000001"]);
});

test("a function that the platform ended is named as such, and no address is doubted", async () => {
  const ended = (errorMessage: string): Answer =>
    function answer(response) {
      const headers = { "x-fc-error-type": "UnhandledInvocationError" };
      response.writeHead(502, headers).end(JSON.stringify({ errorMessage }));
    };
  for (const [said, next] of [
    ["Function timed out after 15 seconds (maxMemoryUsage: 0MB)", "more than its time limit"],
    ["Process exited unexpectedly before completing request", "its log says why"],
  ] as const) {
    const { url } = await webhook(ended(said));
    const { exit, err } = await run(url, "status");
    expect(exit).toBe(1);
    expect(err).toContain(said);
    expect(err).toContain(next);
    expect(err).not.toContain("KILN_API");
  }
});

/** A server whose clock runs sixty times as fast as that of the caller, busy for its first requests, as the functions verify. */
async function fastWebhook(busy: number) {
  let ms = Date.now();
  const clock = { pass: (by: number) => (ms += by * 60) };
  let asked = 0;
  const answer: Answer = (response, request) => {
    const isStale = Math.abs(ms / 1000 - Number(request.headers["x-kiln-timestamp"])) > 300;
    const [code, error] = isStale
      ? [401, "not authenticated"]
      : asked++ < busy
        ? [503, "cannot be accepted now, send it again"]
        : [200, "none"];
    const headers = { "x-kiln-version": "1", date: new Date(ms).toUTCString() };
    response.writeHead(code, headers).end(JSON.stringify({ error, etag: "e" }));
  };
  const server = await webhook(answer);
  const started = ms;
  const sleep = (by: number) => Promise.resolve(void clock.pass(by));
  const now = () => started + (ms - started) / 60;
  const call = (method: string) =>
    kiln(["call", method, "/fleets/web"], {
      env: {
        KILN_API: server.url,
        KILN_WEBHOOK: server.url,
        KILN_CALLER: "ci",
        KILN_SECRET: "a-secret-of-ci-0123456789",
      },
      sleep,
      now,
    });
  return { ...server, call };
}

test("a read is signed for each try, and a change whose signature ran out says what was in the way", async () => {
  const three = await fastWebhook(3);
  expect(await three.call("GET")).toMatchObject({ exit: 0 });
  const always = await fastWebhook(100);
  const read = await always.call("GET");
  expect(read.exit).toBe(1);
  expect(`${read.out}${read.err}`).not.toContain("with this secret");

  const change = await (await fastWebhook(100)).call("POST");
  expect(change.exit).toBe(1);
  expect(change.err).toMatch(
    /answers 503, for longer than the signature of POST \/fleets\/web holds \(then 401\)/,
  );
  expect(change.err).toContain("npm run kiln -- runs");
});

test("the JSON of watch names watch, and that of logs names logs", async () => {
  const id = "bake-web-20260105-0123456789ab";
  const at = "2026-01-05T00:00:00.000Z";
  const begun = { run: id, kind: "bake", subject: "web", by: "x", phase: "p", beganAt: at, updatedAt: at };
  const { url } = await webhook(
    status(200, JSON.stringify({ ...begun, state: "done", steps: [], outputs: [], input: {}, commands: [] })),
  );
  for (const name of ["watch", "logs"])
    expect(JSON.parse((await run(url, name, id, "--json")).out)).toMatchObject({ version: 1, command: name });
});
