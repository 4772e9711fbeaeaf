import { outputKey } from "../../shared/keys.ts";
import { BUCKET } from "../support/deployment.ts";
import { test as base } from "vitest";
import { hours, minutes } from "../../shared/duration.ts";
import { startChannel, type ChannelServer, type Posted } from "../support/channel.ts";
import { type Deployment, deployKiln, DOMAIN } from "../support/deployment.ts";
import { browse, type Seen } from "../support/operator.ts";
import { quickRelease, recipeText } from "../support/recipes.ts";
import { accepted, ended, request } from "../support/runs.ts";
import { served } from "../support/world.ts";

interface World extends Pick<ChannelServer, "posted" | "outage"> {
  readonly kiln: Deployment;
  /** Opens the link of an approval in a browser, or clicks a button of its page. */
  readonly open: (link: string, decision?: string) => Promise<Seen>;
}

const SECRET = "approval-secret-0123456789";

const test = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  world: async ({}, use) => {
    const channel = await startChannel();
    const { url, posted, outage } = channel;
    const channels = {
      ops: { kind: "json", url: `${url}/ops/secret-path` },
      team: { kind: "dingtalk", url: `${url}/team/secret-path`, secret: "SEC123" },
    };
    const kiln = await deployKiln({
      env: {
        KILN_CHANNELS: JSON.stringify(channels),
        ...DOMAIN,
        KILN_APPROVAL_SECRET: SECRET,
      },
    });
    const open: World["open"] = (link, decision) => browse(kiln, link, decision);
    await use({ kiln, posted, outage, open });
    await kiln.close();
    await channel.close();
  },
});

const OPS = { notify: [{ channel: "ops" }] };
const kinds = (posted: readonly Posted[]) =>
  posted.map(({ body }) => body.kind).filter((kind) => kind !== "baked");
const text = (kiln: Deployment): string =>
  JSON.stringify([
    kiln.cloud.fc.events.map(({ payload }) => payload.toString()),
    kiln.records(),
    kiln.cloud.oss
      .list("kiln-1234567890123456", "")
      .map(({ key }) => kiln.cloud.oss.get("kiln-1234567890123456", key)?.body.toString()),
  ]);

test("a concurrent attempt that ends differently, and loses, notifies no channel", async ({
  world: { kiln, posted },
  expect,
}) => {
  const { cloud } = kiln;
  await kiln.upload("scripts/web.sh", "echo one");
  const provision = [{ script: "scripts/web.sh" }];
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ provision, family: undefined, test: undefined, ...OPS }),
  );
  await cloud.settle({ until: () => kiln.records("bake")[0]?.phase === "launch", forMs: hours(1) });
  const plan = cloud.fc.events.find(({ payload }) => payload.includes('"phase":"plan"'));
  expect(plan).toBeDefined();
  // Repeated now, the plan fails: its script is gone for a moment.
  cloud.oss.delete(BUCKET, "scripts/web.sh");
  await kiln.invoke("kiln-bake-image", JSON.parse(plan?.payload.toString() ?? "{}"));
  await cloud.settle({ forMs: 5000 });
  expect(cloud.fc.invocations.some(({ result }) => result.includes("the bucket does not have"))).toBe(true);
  await kiln.upload("scripts/web.sh", "echo one");
  const run = String(kiln.records("bake")[0]?.run);
  expect((await ended(kiln, run)).state).toBe("done");
  await cloud.settle({ forMs: minutes(5) });
  expect(posted.map(({ body }) => body.kind)).toEqual(["baked"]);
});

test("a dry run sends no notification, whether it succeeds or fails", async ({
  world: { kiln, posted },
  expect,
}) => {
  await quickRelease(kiln, 1, OPS);
  const second = await quickRelease(kiln, 2, OPS);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const before = posted.length;
  const dry = (path: string, body: object) => request(kiln, path, { ...body, dryRun: true });
  const ended = [
    await dry("/recipes/web/bake", { force: true }),
    await dry("/families/web/promote", { recipe: "web", imageId: second.imageId }),
    await dry("/families/web/promote", { recipe: "web", imageId: "m-none" }),
    await dry("/families/web/rollback", { to: "previous" }),
    await dry("/families/web/rollback", { to: "m-none" }),
  ];
  expect(ended.map(({ state }) => state)).toEqual(["done", "done", "failed", "done", "failed"]);
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(posted).toHaveLength(before);
});

test("a promotion, a failure and a rollback are posted to the channels that subscribed to them, once each", async ({
  world: { kiln, posted },
  expect,
}) => {
  const first = await quickRelease(kiln, 1, OPS);
  await quickRelease(kiln, 2, { notify: [{ channel: "ops" }, { channel: "team", events: ["failed"] }] });
  await request(kiln, "/families/web/promote", { recipe: "web", imageId: first.imageId });
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kinds(posted.filter(({ path }) => path.startsWith("/ops")))).toEqual([
    "promoted",
    "promoted",
    "failed",
    "rolledBack",
  ]);
  expect(posted.at(-1)?.body).toMatchObject({ family: "web", imageId: first.imageId });
  const [team, ...more] = posted.filter(({ path }) => path.startsWith("/team"));
  expect(more).toEqual([]);
  expect(team?.path).toMatch(/timestamp=\d{13}&sign=/);
  expect(team?.body).toMatchObject({ msgtype: "markdown" });
});

test("a channel that is down is retried, hourly in the end, and blocks no run", async ({
  world: { kiln, posted, outage },
  expect,
}) => {
  outage.left = 12;
  const { promotion } = await quickRelease(kiln, 1, { notify: [{ channel: "ops", events: ["promoted"] }] });
  expect(promotion?.state).toBe("done");
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(kinds(posted)).toEqual([]);
  await kiln.cloud.settle({ forMs: hours(7) });
  expect(kinds(posted)).toEqual(["promoted"]);
});

test("a notification for an unknown channel is kept beside the log of its run, which is done", async ({
  world: { kiln },
  expect,
}) => {
  const { promotion } = await quickRelease(kiln, 1, {
    notify: [{ channel: "unknown", events: ["promoted"] }],
  });
  expect(promotion?.state).toBe("done");
  await kiln.cloud.settle({ forMs: hours(2) });
  const kept = kiln.cloud.oss.get(
    BUCKET,
    outputKey(promotion?.run ?? "", "undelivered-promoted-unknown.json"),
  );
  expect(kept?.body.toString()).toContain("KILN_CHANNELS has no channel unknown");
});

test("no address, secret or link of an approval is in any event, record or object", async ({
  world: { kiln, posted, open },
  expect,
}) => {
  const link = await releaseUntilAsked(kiln, posted);
  await open(link, "approve");
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("promote")[0]?.state).toBe("done");
  for (const secret of ["secret-path", "SEC123", SECRET, link.split("/").at(-1) ?? ""]) {
    expect(text(kiln)).not.toContain(secret);
  }
});

const APPROVAL = { promote: { approval: { within: "4h" } }, ...OPS };

/** Bakes an image whose promotion asks for an approval, and returns the link that was posted. */
async function releaseUntilAsked(kiln: Deployment, posted: readonly Posted[]): Promise<string> {
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ provision: [], test: { skip: true }, rebake: { nightly: false }, ...APPROVAL }),
  );
  const question = () => posted.find(({ body }) => body.kind === "approval");
  await kiln.cloud.settle({ until: () => question() !== undefined, forMs: hours(2) });
  return String(question()?.body.links?.approve);
}

test("a promotion waits until an operator clicks the button; following the link alone decides nothing", async ({
  world: { kiln, posted, open },
  expect,
}) => {
  const link = await releaseUntilAsked(kiln, posted);
  expect(link).toMatch(
    /^https:\/\/kiln\.example\.com\/approvals\/promote-web-\d{8}-\w{12}\/\d{10}\/[0-9a-f]{64}$/,
  );
  const shown = await open(link);
  expect(shown.status).toBe(200);
  expect(shown.text).toContain('<button name="decision" value="approve">');
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("promote")[0]).toMatchObject({ state: "running", note: "waits for approval" });
  expect(
    (
      await open(
        link.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
        "approve",
      )
    ).status,
  ).toBe(404);
  expect((await open(link, "approve")).text).toContain("Approved");
  expect((await open(link, "reject")).status).toBe(409);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("promote")[0]?.state).toBe("done");
  // The same decision again is no other one: the answer to the first may have been lost.
  expect((await open(link, "approve")).text).toContain("Approved");
  expect((await open(link, "reject")).status).toBe(409);
  expect((await open(link)).status).toBe(409);
});

test("a decision on a promotion that has ended without one is refused, and the page says how it ended", async ({
  world: { kiln, posted, open },
  expect,
}) => {
  const link = await releaseUntilAsked(kiln, posted);
  const run = String(kiln.records("promote")[0]?.run);
  await accepted(kiln, `/runs/${run}/cancel`, {});
  expect((await ended(kiln, run)).state).toBe("cancelled");
  const end = kiln.record(run);
  for (const decision of ["approve", "reject", undefined]) {
    const shown = await open(link, decision);
    expect([shown.status, shown.text]).toEqual([410, expect.stringContaining("has ended (cancelled)")]);
  }
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.record(run)).toEqual(end);
  expect(served(kiln)).toBeUndefined();
});

test("a rejected promotion fails and its family stays as it is", async ({
  world: { kiln, posted, open },
  expect,
}) => {
  const link = await releaseUntilAsked(kiln, posted);
  await open(link, "reject");
  await kiln.cloud.settle({ forMs: minutes(30) });
  const [promotion] = kiln.records("promote");
  expect(promotion?.reason).toMatch(
    /^m-\w+ was rejected by link; its family web stays as it is, and is held until the hold is lifted$/,
  );
  expect(kiln.cloud.world.served("cn-hangzhou", "web")).toBeUndefined();
});

test("an approval that is not given in time is refused, and its link has expired", async ({
  world: { kiln, posted, open },
  expect,
}) => {
  const link = await releaseUntilAsked(kiln, posted);
  await kiln.cloud.settle({ forMs: hours(5) });
  const [promotion] = kiln.records("promote");
  expect(promotion?.reason).toMatch(/^m-\w+ was not approved until .* \(promote\.approval\.within\)/);
  expect((await open(link, "approve")).status).toBe(410);
});

test("a message is retried until its channel takes it, and a bake goes on, where a secret is spelled like a name", async ({
  expect,
}) => {
  const channel = await startChannel();
  channel.outage.left = 3;
  const channels = Object.fromEntries(
    ["web-team1", "other"].map((name) => [name, { kind: "json", url: `${channel.url}/hooks/web-team1` }]),
  );
  const kiln = await deployKiln({
    env: { KILN_CHANNELS: JSON.stringify(channels), KILN_SECRETS: JSON.stringify({ STAGE: "web-team1" }) },
  });
  const family = "web-team1";
  const text = recipeText({ family, notify: ["web-team1", "other"], promote: {}, test: undefined });
  await kiln.upload("recipes/web-team1.yaml", text);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(kiln.records().filter(({ state }) => state !== "done")).toEqual([]);
  expect(channel.posted.map(({ body }) => `${body.kind} ${String(body["subject"])}`).toSorted()).toEqual(
    ["baked", "baked", "promoted", "promoted"].map((kind) => `${kind} ${family}`),
  );
  await kiln.close();
  await channel.close();
});
