/** Approvals and kept instances where the webhook has only the address of its trigger, which shows no pages. */
import { hours, minutes } from "../../shared/duration.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";
import { test as base } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { browse, paste } from "../support/operator.ts";
import { recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { served, tagsOf } from "../support/world.ts";

const ADDRESS = "https://kiln-webhook-abcdefgh.cn-hangzhou.fcapp.run";

interface World {
  readonly channel: ChannelServer;
  readonly kiln: Deployment;
}

const test = base.extend<{ world: World }>({
  world: async ({ deploy }, use) => {
    const channel = await startChannel();
    const kinds = ["json", "dingtalk", "feishu", "slack"];
    const channels = kinds.map((kind) => [kind, { kind, url: `${channel.url}/${kind}` }]);
    const kiln = await deploy({
      ...QUIET,
      env: {
        KILN_CHANNELS: JSON.stringify(Object.fromEntries(channels)),
        KILN_WEBHOOK_URL: ADDRESS,
        KILN_APPROVAL_SECRET: "a secret of the tests 0123456789",
      },
    });
    await use({ channel, kiln });
    await channel.close();
  },
});

/** Uploads a recipe whose promotion asks for approval, and returns the commands of the question. */
async function untilAsked({ kiln, channel }: World) {
  const notify = ["json", "dingtalk", "feishu", "slack"].map((name) => ({ channel: name }));
  const approval = { promote: { approval: { within: "4h" } }, notify, provision: [], test: { skip: true } };
  await kiln.upload("recipes/web.yaml", recipeText(approval));
  const question = () => channel.posted.find(({ body }) => body.kind === "approval");
  await kiln.cloud.settle({ until: () => question() !== undefined, forMs: hours(2) });
  await kiln.cloud.settle({ forMs: minutes(1) });
  const { approve = "", reject = "" } = question()?.body.commands ?? {};
  return { approve, reject, links: question()?.body.links };
}

const addressIn = (command: string): string => /https:\S+/.exec(command)?.[0] ?? "";

test("an approval is given by pasting the command of its notification, and no channel shows a link to follow", async ({
  world,
  expect,
}) => {
  const { kiln, channel } = world;
  const { approve, reject, links } = await untilAsked(world);
  expect(links).toEqual({});
  const texts = channel.posted
    .filter(({ path }) => path !== "/json")
    .map(({ body }) => JSON.stringify(body))
    .filter((text) => text.includes("/approvals/"));
  expect(texts).toHaveLength(3);
  for (const text of texts) {
    expect(text).toContain(approve);
    expect(text).toContain(reject);
    expect(text).not.toMatch(/\]\(https?:|<https?:/);
  }
  // A browser would only download the answer.
  expect(await answered(kiln, browse(kiln, addressIn(approve)))).toMatchObject({ isDownload: true });
  const shown = await answered(kiln, paste(kiln, `curl -sS ${addressIn(approve)}`));
  expect(shown).toMatch(
    /^Image m-\w+ of recipe web waits for approval to join family web\.\nIts recipe skips/,
  );
  expect(shown).toContain("Nothing is decided yet.");
  expect(kiln.records("promote")[0]).toMatchObject({ state: "running", phase: "approve" });
  expect(await answered(kiln, paste(kiln, approve))).toBe("Approved. The promotion goes on.\n");
  expect(await answered(kiln, paste(kiln, reject))).toMatch(/^Already decided/);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("promote")[0]?.state).toBe("done");
  expect(served(kiln)).toBe(kiln.records("bake")[0]?.result?.["imageId"]);
});

test("the other command rejects, and a changed one decides nothing", async ({ world, expect }) => {
  const { kiln } = world;
  const { approve, reject } = await untilAsked(world);
  const forged = approve.replace(/[0-9a-f]{4} -d/, "0000 -d");
  expect(await answered(kiln, paste(kiln, forged))).toMatch(/^This link is not valid/);
  expect(await answered(kiln, paste(kiln, reject))).toMatch(/^Rejected\./);
  await kiln.cloud.settle({ forMs: minutes(30) });
  expect(kiln.records("promote")[0]?.reason).toMatch(/was rejected/);
});

test("an instance whose stop is announced is kept by pasting its command, until the stop is due", async ({
  world,
  expect,
}) => {
  const { kiln, channel } = world;
  const [kept = "", other = ""] = await idleFleet(kiln, 2);
  await check(kiln, { ...POLICY, notice: "2h", notify: ["json"] });
  await kiln.cloud.settle({ forMs: minutes(2) });
  const commands = channel.posted[0]?.body.commands?.keep ?? {};
  expect(Object.keys(commands)).toEqual([kept, other]);
  const seen = await answered(kiln, browse(kiln, addressIn(commands[kept] ?? "")));
  expect(seen).toMatchObject({ isDownload: true });
  expect(await answered(kiln, paste(kiln, commands[kept] ?? ""))).toMatch(
    new RegExp(`^Instance ${kept} of fleet web is to be kept until 2026-01-0\\d \\d\\d:\\d\\d UTC`),
  );
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(Object.keys(tagsOf(kiln, kept))).toContain("kiln:keep");
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(await answered(kiln, paste(kiln, commands[other] ?? ""))).toMatch(/^This link has expired/);
  expect(Object.keys(tagsOf(kiln, other))).not.toContain("kiln:keep");
});
