/** What commands say and answer about runs, whatever these are: at work, ended, not there, or followed by another. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, test } from "vitest";
import { kiln } from "../../support/kiln.ts";
import { known } from "../../support/known.ts";

const AT = "2026-01-05T00:00:00.000Z";
const BAKE = "bake-nightly-20260105-0123456789ab";
const PROMOTION = "promote-nightly-20260105-0123456789ab";
const QUESTION = "asked for approval, within 2d. Its image test has passed: nginx. Family shop serves m-1.";

const run = (id: string, more: object = {}) => ({
  run: id,
  kind: id.split("-")[0],
  subject: "nightly",
  by: "timer:nightly",
  state: "running",
  phase: "watch",
  beganAt: AT,
  updatedAt: AT,
  steps: [],
  outputs: [],
  input: {},
  commands: [],
  ...more,
});
const asking = run(PROMOTION, {
  phase: "approve",
  note: "waits for approval",
  steps: [{ phase: "ask", at: 0, note: QUESTION }],
  input: { recipe: "nightly", family: "shop", imageId: "m-2" },
});

test("a fleet without a size is refused before a question, by every command that needs one", async ({
  expect,
}) => {
  const fleet = { fleet: "web", running: 2, stopped: 0, changing: 0, old: 1, members: [] };
  for (const words of [
    ["resize", "web", "1"],
    ["refresh", "web"],
  ]) {
    const on = await deployment();
    on.answers.set("/fleets/web", fleet);
    expect(await on.kiln(...words)).toMatchObject({ exit: 3, err: expect.stringContaining("has no size") });
    expect([on.asked, on.posted]).toEqual([[], []]);
    on.answers.set("/fleets/web", { ...fleet, wanted: { min: 0, desired: 2 } });
    expect((await on.kiln(...words)).exit).toBe(1);
    expect([on.asked.length, on.posted]).toEqual([1, []]);
  }
});

/** A deployment with these runs, and the command lines that ask it; each list is one answer after the other. */
async function deployment(...runs: readonly (ReturnType<typeof run> | readonly ReturnType<typeof run>[])[]) {
  const posted: string[] = [];
  const left = new Map(runs.map((one) => [[one].flat()[0]?.run ?? "", [one].flat()]));
  const answers = new Map<string, object>();
  const answerTo = (url: string): readonly [status: number, body: object] => {
    const other = answers.get(url);
    if (other !== undefined) return [200, other];
    const all = left.get(url.slice("/runs/".length)) ?? [];
    const found = all.length > 1 ? all.shift() : all[0];
    return found === undefined ? [404, { error: `there is no ${url}` }] : [200, found];
  };
  const server = createServer(({ method, url = "" }, response) => {
    if (method === "POST") posted.push(url);
    const [status, body] = method === "POST" ? [202, { run: BAKE }] : answerTo(url);
    response.writeHead(status, { "x-kiln-version": "1" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${known<AddressInfo>(server.address()).port}`;
  const env = {
    KILN_API: url,
    KILN_WEBHOOK: url,
    KILN_CALLER: "ci",
    KILN_SECRET: "a-secret-of-ci-0123456789",
  };
  const asked: string[] = [];
  const ask = (question: string) => {
    asked.push(question);
    return Promise.resolve("n");
  };
  return { answers, posted, asked, kiln: (...words: string[]) => kiln(words, { env, ask }) };
}

test("a run that has ended, or is not there, is nothing to cancel or to reject: the command says so and asks nothing", async ({
  expect,
}) => {
  for (const [command, id] of [
    ["cancel", BAKE],
    ["cancel", PROMOTION],
    ["reject", PROMOTION],
  ] as const) {
    for (const state of ["done", "failed", "cancelled"]) {
      const on = await deployment(run(id, { state }));
      expect(await on.kiln(command, id)).toMatchObject({
        exit: 1,
        err: expect.stringContaining(`has ended already: ${state}`),
      });
      expect([on.asked, on.posted]).toEqual([[], []]);
    }
    const none = await deployment();
    expect(await none.kiln(command, id)).toMatchObject({
      exit: 1,
      err: expect.stringContaining("there is no"),
    });
    expect([none.asked, none.posted]).toEqual([[], []]);
    const atWork = await deployment(run(id));
    expect(await atWork.kiln(command, id)).toMatchObject({
      exit: 1,
      err: expect.stringContaining("is at watch"),
    });
    expect([atWork.asked.length, atWork.posted]).toEqual([1, []]);
  }
});

test("a rejection names the family and the image that it is about, and what the question said, whatever the recipe is called", async ({
  expect,
}) => {
  const { kiln: on } = await deployment(asking);
  const { err } = await on("reject", PROMOTION);
  expect(err).toContain("image m-2 will not join family shop,");
  expect(err).toContain("Its image test has passed: nginx.");
  expect(err).not.toContain("family nightly");
  // An earlier version's event has no such fields.
  const { kiln: before } = await deployment(run(PROMOTION));
  expect((await before("reject", PROMOTION)).err).toContain("image not known will not join family not known");
});

test("watch follows a bake to the end of its promotion, and its exit code is that of both", async ({
  expect,
}) => {
  const baked = { state: "done", result: { imageId: "m-2", promotion: PROMOTION } };
  const promotion = (state: string) => [
    run(PROMOTION),
    run(PROMOTION, { state, ...(state === "failed" && { reason: "its test failed" }) }),
  ];
  for (const [exit, said, ...runs] of [
    [0, "done", run(BAKE, baked), promotion("done")],
    [1, "its test failed", run(BAKE, baked), promotion("failed")],
    [1, "cancelled", run(BAKE, baked), promotion("cancelled")],
    [0, "running: approve", run(BAKE, baked), [asking]],
    [0, "done", run(BAKE, { state: "done", result: { imageId: "m-2" } })],
    [0, "nothing changed", run(BAKE, { state: "done", result: { skipped: true, note: "nothing changed" } })],
    [
      1,
      "needs VERSION",
      run(BAKE, { state: "done", result: { skipped: true, waits: true, note: "needs VERSION" } }),
    ],
    [1, "failed", run(BAKE, { state: "failed" })],
    // It begins some moments later, or never.
    [1, "there is no", run(BAKE, baked)],
  ] as const)
    for (const words of [
      ["watch", BAKE],
      ["logs", BAKE, "-f"],
    ]) {
      const on = await deployment(...structuredClone(runs));
      const { exit: code, out, err } = await on.kiln(...words);
      expect([code, `${out}${err}`], JSON.stringify(runs)).toEqual([exit, expect.stringContaining(said)]);
    }
  const once = await deployment(run(BAKE, baked), promotion("failed"));
  expect((await once.kiln("logs", BAKE)).exit).toBe(0);
});
