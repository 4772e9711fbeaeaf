/** The command line against a deployment on the local cloud, whose clock is not the one of this machine. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { json, known } from "../support/known.ts";
import { kiln as run } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { answered } from "../support/runs.ts";
import { raw, SENDER_SECRET, SENDERS } from "../support/senders.ts";
import { served } from "../support/world.ts";

const settingsOf = ({ cloud, caller }: Deployment) => ({
  KILN_API: cloud.urls.http["kiln-api"],
  KILN_WEBHOOK: cloud.urls.http["kiln-webhook"],
  KILN_CALLER: caller.name,
  KILN_SECRET: caller.secret,
});

/** Runs a command while the world goes on. */
const kiln = (on: Deployment, words: string, env: Record<string, string | undefined> = {}) =>
  answered(on, on.cloud.time.hold(run(words.split(" "), { env: { ...settingsOf(on), ...env } })));

const put = (on: Deployment, name: string, text: string) =>
  answered(on, on.cloud.time.hold(run(["call", "PUT", name, text], { env: settingsOf(on) })));

test("what is built now, why it failed, and what each family serves since when, take one command each", async ({
  deploy,
  expect,
}) => {
  const on = await deploy({ at: Date.UTC(2026, 0, 5, 8) });
  expect(await put(on, "/recipes/shop", recipeText({ family: "shop", test: { skip: true } }))).toMatchObject({
    exit: 0,
  });
  const isInstalling = (): boolean => on.records("bake")[0]?.note?.includes("yum install") === true;
  await on.cloud.settle({ until: isInstalling, forMs: minutes(10) });
  const [bake] = on.records("bake");
  const now = await kiln(on, "status");
  expect(now.exit).toBe(0);
  expect(now.out).toMatch(new RegExp(`at work:\n.*\n  ${bake?.run} .* watch .*"yum install -y nginx" runs`));
  await on.cloud.settle({ forMs: minutes(30) });
  const families = await kiln(on, "families");
  expect(families.out).toMatch(
    new RegExp(`^shop +${served(on, undefined, "shop")} .*27m ago +promote-shop-20260105`, "m"),
  );
  await put(on, "/recipes/shop", recipeText({ provision: ["echo prepared; exit 3"] }));
  await on.cloud.settle({ forMs: minutes(30) });
  const why = await kiln(on, "why shop");
  expect(why.exit).toBe(0);
  for (const part of [
    /^bake-shop-\S+: failed after/,
    /why: .*failed with exit code 3/,
    /the end of builder-0:\n  │ prepared/,
    /next: correct recipe shop or the script that failed/,
  ])
    expect(why.out).toMatch(part);
  const listed = await kiln(on, "runs --name shop --state failed --json");
  expect(JSON.parse(listed.out)).toMatchObject({
    version: 1,
    command: "runs",
    runs: [{ kind: "bake", state: "failed" }],
  });
  expect((await kiln(on, "status")).out).toContain("failed in the last 24 hours");
});

/** Whatever the sentence of the refusal is: of one mistake, of several, of a size, of a channel, of an object that no function reads. */
test("a document is corrected and pushed again, and an object that no function reads is not", async ({
  deploy,
  expect,
}) => {
  const on = await deploy({
    env: { KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: "http://127.0.0.1:1/" } }) },
  });
  const corrected = {
    "fleets/one.yaml": "family: web\n",
    "fleets/several.yaml": "famly: web\nlimit: 3\n",
    "fleets/large.yaml": `# ${"x".repeat(70_000)}\n`,
    "recipes/text.yml": "provision: [\n",
    "recipes/channel.json": recipeText({ notify: ["nowhere"] }),
    "components/nginx/1.0.yaml": "provision: true\n",
  };
  for (const [key, text] of Object.entries(corrected)) await on.upload(key, text);
  const unread = ["fleets/web.YAML", "recipes/deep/web.yaml", "components/nginx/new.yaml"];
  for (const key of unread) await on.upload(key, fleetText());
  await on.cloud.settle({ forMs: hours(2) });
  const nexts = new Set<string | undefined>();
  for (const { run: id } of on.records("check"))
    nexts.add(/next: .*/.exec((await kiln(on, `why ${id}`)).out)?.[0]);
  expect(nexts).toEqual(
    new Set([
      ...Object.keys(corrected).map((key) => `next: correct ${key}, then npm run kiln -- push ${key}`),
      ...unread.map(
        (key) => `next: do with ${key} in the bucket as the reason says; nothing else waits for it`,
      ),
    ]),
  );
});

test("logs follows a run: its steps and outputs as they come, and its end as the exit code", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  const provision = ["echo one; sleep 200; echo more", "echo two; exit 3"];
  await on.upload("recipes/shop.yaml", recipeText({ family: "shop", provision }));
  await on.cloud.settle({ until: () => on.records("bake").length > 0, forMs: minutes(5) });
  const id = on.records("bake")[0]?.run ?? "";
  const lines: string[] = [];
  let over = false;
  // The world goes on beside a pause of the command.
  const sleep = () => setTimeout(5);
  const following = run(["logs", id, "-f"], { env: settingsOf(on), sleep, out: (line) => lines.push(line) });
  void following.finally(() => (over = true));
  while (!over) {
    await on.cloud.settle({ forMs: minutes(1) });
    // A world at rest settles without a turn of the event loop.
    await setTimeout(1);
  }
  expect((await following).exit).toBe(1);
  const at = (part: string) => lines.findIndex((line) => line.includes(part));
  expect(at("── builder-0")).toBeGreaterThan(at("is ready for commands"));
  expect(lines[at("── builder-0") + 1]).toBe("  │ one");
  // The rest of an output follows when it is there, without what was printed before.
  expect(at("  │ more")).toBeGreaterThan(at("── builder-0") + 1);
  expect(lines.filter((line) => line.endsWith("│ one"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("── builder-0"))).toHaveLength(1);
  expect(lines.at(-1)).toMatch(/^failed: "echo two; exit 3" failed with exit code 3/);
  expect((await kiln(on, `logs ${id} --output 0`)).out).toBe("one\nmore");
});

test("fleets shows members by image, and keep keeps one of them", async ({ deploy, expect }) => {
  const on = await deploy();
  await on.upload("fleets/web.yaml", fleetText());
  await scaleOut(on, { count: 2 });
  on.cloud.world.publishImage("web", { imageId: "m-web-2" });
  expect((await kiln(on, "fleets")).out).toMatch(/^web +web +m-web-2 +2 +0 +0 +2 +10$/m);
  const { fleets } = json<{ fleets: [{ members: { id: string }[] }] }>(
    (await kiln(on, "fleets web --json")).out,
  );
  const id = fleets[0].members[0]?.id ?? "";
  expect(await kiln(on, `keep web ${id} --for 2d`)).toMatchObject({ exit: 0 });
  await on.cloud.settle({ forMs: minutes(5) });
  const tag = on.cloud.world.tags.of("instance", id).find(({ key }) => key === "kiln:keep");
  expect(Date.parse(tag?.value ?? "") - on.cloud.time.now()).toBeGreaterThan(minutes(47 * 60));
});

const APPROVALS = {
  KILN_APPROVAL_SECRET: "approval-secret-0123456789",
  KILN_WEBHOOK_URL: "https://kiln.example.com",
  KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: "http://127.0.0.1:9/" } }),
};
/** A recipe whose promotion asks for approval. */
const APPROVED = recipeText({
  family: "shop",
  test: { skip: true },
  promote: { approval: { within: "2d" } },
  notify: [{ channel: "ops" }],
});

test("a promotion that waits for approval is approved, once, by a caller that may decide", async ({
  deploy,
  expect,
}) => {
  const on = await deploy({ env: APPROVALS });
  await on.upload("recipes/shop.yaml", APPROVED);
  await on.cloud.settle({ until: () => on.records("promote")[0]?.phase === "approve", forMs: minutes(60) });
  const id = on.records("promote")[0]?.run ?? "";
  expect((await kiln(on, `why ${id}`)).out).toContain(`next: npm run kiln -- approve ${id}`);
  expect(await kiln(on, `approve ${id}`)).toMatchObject({ exit: 0 });
  expect(await kiln(on, `reject ${id} --yes`)).toMatchObject({
    exit: 1,
    err: expect.stringContaining("Already decided"),
  });
  await on.cloud.settle({ forMs: minutes(30) });
  expect(on.record(id)).toMatchObject({ state: "done" });
  expect(on.record(id)?.steps.some(({ note }) => note === "approve by webhook:ci")).toBe(true);
});

test("a command says which setting, secret or route is wrong, with its exit code", async ({
  deploy,
  expect,
}) => {
  const reader = { secrets: ["a-secret-of-the-reader-0123"], routes: ["GET /runs", "GET /runs/*"] };
  const on = await deploy({ env: { KILN_CALLERS: JSON.stringify({ ci: reader }) } });
  const KILN_SECRET = reader.secrets[0];
  expect(await kiln(on, "runs", { KILN_SECRET })).toMatchObject({ exit: 0, out: "no runs" });
  expect(await kiln(on, "status", { KILN_SECRET })).toMatchObject({
    exit: 4,
    err: expect.stringContaining("may not GET /status"),
  });
  expect(await kiln(on, "runs")).toMatchObject({ exit: 4, err: expect.stringContaining("KILN_SECRET") });
  expect(await kiln(on, "runs", { KILN_API: "" })).toMatchObject({
    exit: 2,
    err: expect.stringContaining("KILN_API is not set"),
  });
  expect(await kiln(on, "runs", { KILN_API: "http://127.0.0.1:9" })).toMatchObject({
    exit: 1,
    err: expect.stringContaining("does not answer"),
  });
  expect(await kiln(on, "runs --state broken", { KILN_SECRET })).toMatchObject({
    exit: 3,
    err: expect.stringContaining("state: must be queued"),
  });
  expect(await kiln(on, "runs --limit many", { KILN_SECRET })).toMatchObject({ exit: 2 });
  expect(await kiln(on, "why nothing", { KILN_SECRET })).toMatchObject({
    exit: 1,
    err: expect.stringContaining("no run of nothing"),
  });
});

test("a family with a name in Chinese is asked for as any other", async ({ kiln: on, expect }) => {
  for (const words of [
    "families 镜像族",
    "call GET /families/镜像族",
    "call GET /families/%E9%95%9C%E5%83%8F%E6%97%8F",
  ]) {
    const { exit, out, err } = await kiln(on, words);
    expect([exit, `${out}${err}`]).toEqual([1, expect.stringContaining("is in family 镜像族")]);
  }
});

test("a bake that another one kept out names it as the next thing to look at", async ({
  kiln: on,
  expect,
}) => {
  await put(on, "/recipes/shop", recipeText({ family: "shop", test: { skip: true } }));
  await on.cloud.settle({ until: () => on.records("bake")[0]?.phase === "watch", forMs: minutes(10) });
  const [first] = on.records("bake");
  await answered(on, on.call("POST", "/recipes/shop/bake", {}));
  await on.cloud.settle({
    until: () => on.records("bake").some(({ state }) => state === "failed"),
    forMs: minutes(5),
  });
  expect((await kiln(on, "why shop")).out).toContain(`next: npm run kiln -- logs ${first?.run} -f`);
});

test("the next step fits the kind of a failed run, who asked for it, and how far it got", async ({
  deploy,
  expect,
}) => {
  const on = await deploy({ env: APPROVALS });
  const asked = async (words: string): Promise<void> => {
    await kiln(on, words);
    await on.cloud.settle({ forMs: hours(1) });
  };
  const nextOf = async (run = ""): Promise<string | undefined> =>
    /next: (.*)/.exec((await kiln(on, `why ${run}`)).out)?.[1];
  await asked("rollback none --yes");
  await on.upload("recipes/script.yml", recipeText({ provision: [{ script: "scripts/none.sh" }] }));
  await on.upload("recipes/shop.yaml", APPROVED);
  await on.cloud.settle({ until: () => on.records("promote")[0]?.phase === "approve", forMs: hours(2) });
  const rejected = on.records("promote")[0]?.run;
  await asked(`reject ${rejected} --yes`);
  await asked("promote shop shop m-none");
  const wrong = on.records("promote").find(({ run: id }) => id !== rejected)?.run;
  const again = "remove the cause, then send the same request again";
  expect(await nextOf(on.records("rollback")[0]?.run)).toBe(again);
  expect(await nextOf(wrong)).toBe(again);
  expect(await nextOf(rejected)).toBe(
    "npm run kiln -- unhold shop, when later images may join the family again",
  );
  expect(await nextOf(on.records("bake-script")[0]?.run)).toBe(
    "remove the cause, then npm run kiln -- bake script",
  );
});

test("a scale-out that failed is asked for again as it was, and by hand only if its alert does not come again", async ({
  deploy,
  expect,
}) => {
  const on = await deploy({ env: { KILN_SENDERS: JSON.stringify(SENDERS) } });
  await on.upload("fleets/web.yaml", fleetText({ family: "missing", limits: { max: 9 } }));
  await answered(on, on.call("POST", "/fleets/web/scale-out", { count: 3 }));
  const body = JSON.stringify({
    version: "4",
    alerts: [1, 2].map((n) => ({
      status: "firing",
      labels: { kiln_fleet: "web" },
      startsAt: new Date(on.cloud.time.now()).toISOString(),
      fingerprint: `f${n}`,
    })),
  });
  await raw(on, "/senders/alerts", { authorization: `Bearer ${SENDER_SECRET}` }, body);
  await on.cloud.settle({ forMs: minutes(5) });
  const nexts: Record<string, string | undefined> = {};
  for (const { run: id, by } of on.records("scale")) {
    nexts[by] = /next: .*/.exec((await kiln(on, `why ${id}`)).out)?.[0];
  }
  const command = (count: number) => `npm run kiln -- call POST /fleets/web/scale-out '{"count":${count}}'`;
  expect(nexts).toEqual({
    "webhook:ci": `next: remove the cause, then ${command(3)}`,
    "sender:alerts": `next: remove the cause; the next repeat of the alert tries again by itself; if none comes, ${command(2)}`,
  });
});

/** A program whose streams are closed, on a full disk, or one of both. */
function deaf(words: readonly string[], [out, err]: readonly [out: Deaf, err: Deaf], given = {}) {
  const full = openSync("/dev/full", "w");
  const stdio = [out, err].map((one) => (one === "full" ? full : "pipe"));
  const child = spawn(process.execPath, ["cli/kiln.js", ...words], {
    stdio: ["ignore", ...stdio],
    env: { ...process.env, ...given },
  });
  closeSync(full);
  let said = "";
  if (out === "closed") child.stdout?.destroy();
  if (err === "closed") child.stderr?.destroy();
  else child.stderr?.on("data", (part: Buffer) => (said += part.toString()));
  return new Promise<{ readonly status: number | null; readonly said: string }>((done) =>
    child.on("close", (status) => done({ status, said })),
  );
}
type Deaf = "closed" | "full" | "read";

test("a command does its work and answers its own exit code, whether its output can be written or not", async ({
  deploy,
  expect,
}) => {
  const on = await deploy();
  const folder = mkdtempSync(join(tmpdir(), "kiln-deaf-"));
  mkdirSync(join(folder, "fleets"));
  const files = ["a", "b", "c"].map((name) => join(folder, "fleets", `${name}.yaml`));
  for (const file of files) writeFileSync(file, fleetText());
  writeFileSync(join(folder, "wrong.yaml"), "family: [\n");
  for (const streams of [
    ["closed", "read"],
    ["closed", "closed"],
    ["full", "read"],
    ["full", "full"],
    ["read", "full"],
  ] as const) {
    const none = await deaf(["check", join(folder, "none.yaml")], streams);
    const wrong = await deaf(["check", join(folder, "wrong.yaml")], streams);
    const fine = await deaf(["--help"], streams);
    expect([none.status, wrong.status, fine.status], String(streams)).toEqual([1, 3, 0]);
    if (streams[0] === "full" && streams[1] === "read")
      expect(wrong.said).toContain("the output is not complete: ENOSPC");
    else if (streams[1] === "read") expect(wrong.said).toBe("");
    const pushed = deaf(["push", ...files], streams, settingsOf(on));
    expect((await answered(on, on.cloud.time.hold(pushed))).status).toBe(0);
    for (const name of ["a", "b", "c"]) {
      expect(on.cloud.oss.find(BUCKET, `fleets/${name}.yaml`), `${String(streams)} ${name}`).toBeDefined();
      on.cloud.oss.delete(BUCKET, `fleets/${name}.yaml`);
    }
  }
  rmSync(folder, { recursive: true });
});

test("the local cloud prints its line of JSON alone, and the lines for a user beside it when they are asked for", async ({
  expect,
}) => {
  for (const hints of [[], ["--hints"]]) {
    const child = spawn(process.execPath, [
      "--import",
      "tsx",
      "test/cloud/main.ts",
      "--speed",
      "0",
      ...hints,
    ]);
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { webhook } = known<{ readonly webhook: string }>(json(String(line)));
    const isSaid = (): boolean => said.includes("npm run kiln -- ui");
    for (let n = 0; n < 250 && !isSaid() && hints.length > 0; n++) await setTimeout(20);
    expect([webhook, said]).toEqual([
      expect.stringMatching(/^http/),
      hints.length === 0 ? "" : expect.stringContaining(`KILN_WEBHOOK=${webhook}`),
    ]);
    const [page] = /http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]+/.exec(said) ?? [];
    expect(page === undefined ? "none" : (await fetch(page)).status).toBe(hints.length === 0 ? "none" : 200);
    child.kill();
    await once(child, "close");
  }
});

test("the local cloud has a help", ({ expect }) => {
  const { status, stdout } = spawnSync("npx", ["tsx", "test/cloud/main.ts", "--help"], { encoding: "utf8" });
  expect([status, stdout]).toEqual([0, expect.stringContaining("usage: npm run cloud")]);
});
