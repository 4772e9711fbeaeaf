import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test as base } from "vitest";
import { hours, minutes } from "../../shared/duration.ts";
import { deployKiln, type Deployment } from "../deployment.ts";
import { recipeText } from "./fixture.ts";
import { quickRelease, request } from "./release.ts";

interface Heard {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface World {
  readonly kiln: Deployment;
  readonly heard: Heard[];
  /** How many of the next posts are answered 500. */
  readonly trouble: { left: number };
  /** Opens a link of an approval: a GET without a decision, a POST with one. */
  readonly open: (link: string, decision?: string) => Promise<{ status: number; text: string }>;
}

const SECRET = "approval-secret-0123456789";

const test = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  world: async ({}, use) => {
    const heard: Heard[] = [];
    const trouble = { left: 0 };
    const server = await listen(heard, trouble);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const channels = {
      ops: { kind: "json", url: `${url}/ops/secret-path` },
      team: { kind: "dingtalk", url: `${url}/team/secret-path`, secret: "SEC123" },
    };
    const kiln = await deployKiln({
      env: {
        KILN_CHANNELS: JSON.stringify(channels),
        KILN_WEBHOOK_URL: "https://kiln.example.com",
        KILN_APPROVAL_SECRET: SECRET,
      },
    });
    const open: World["open"] = (link, decision) => {
      const door = new URL(new URL(link).pathname, kiln.cloud.urls.http["kiln-webhook"]);
      const form = decision === undefined ? {} : { method: "POST", body: new URLSearchParams({ decision }) };
      return kiln.cloud.time.hold(
        fetch(door, form).then(async (answer) => ({ status: answer.status, text: await answer.text() })),
      );
    };
    await use({ kiln, heard, trouble, open });
    await kiln.close();
    await new Promise((resolve) => server.close(resolve));
  },
});

function listen(heard: Heard[], trouble: { left: number }): Promise<Server> {
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      if (trouble.left > 0) {
        trouble.left--;
        answer.writeHead(500).end();
        return;
      }
      heard.push({
        path: incoming.url ?? "",
        body: JSON.parse(Buffer.concat(chunks).toString()) as Heard["body"],
      });
      answer.end(JSON.stringify({ errcode: 0 }));
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const OPS = { notify: [{ channel: "ops" }] };
const kinds = (heard: readonly Heard[]) =>
  heard.map(({ body }) => body["kind"]).filter((kind) => kind !== "baked");
const text = (kiln: Deployment): string =>
  JSON.stringify([
    kiln.cloud.fc.events.map(({ payload }) => payload.toString()),
    kiln.records(),
    kiln.cloud.oss
      .list("kiln-1234567890123456", "")
      .map(({ key }) => kiln.cloud.oss.get("kiln-1234567890123456", key)?.body.toString()),
  ]);

test("nothing is told of a dry run, whether it ends well or badly", async ({
  world: { kiln, heard },
  expect,
}) => {
  await quickRelease(kiln, 1, OPS);
  const second = await quickRelease(kiln, 2, OPS);
  await kiln.cloud.settle({ forMs: minutes(5) });
  const before = heard.length;
  const dry = (path: string, body: object) => request(kiln, path, { ...body, dryRun: true });
  const ended = [
    await dry("/recipes/web/bake", { force: true }),
    await dry("/families/web/promote", { recipe: "web", imageId: second.imageId }),
    await dry("/families/web/promote", { recipe: "web", imageId: "m-none" }),
    await dry("/families/web/rollback", { to: "previous" }),
    await dry("/families/web/rollback", { to: "m-none" }),
    await dry("/recipes/none/bake", {}),
  ];
  expect(ended.map(({ state }) => state)).toEqual(["done", "done", "failed", "done", "failed", "failed"]);
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(heard).toHaveLength(before);
});

test("a promotion, a failure and a rollback are told to the channels that asked for them, once each", async ({
  world: { kiln, heard },
  expect,
}) => {
  const first = await quickRelease(kiln, 1, OPS);
  await quickRelease(kiln, 2, { notify: [{ channel: "ops" }, { channel: "team", events: ["failed"] }] });
  await request(kiln, "/families/web/promote", { recipe: "web", imageId: first.imageId });
  await request(kiln, "/families/web/rollback", { to: "previous" });
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(kinds(heard.filter(({ path }) => path.startsWith("/ops")))).toEqual([
    "promoted",
    "promoted",
    "failed",
    "rolledBack",
  ]);
  expect(heard.at(-1)?.body).toMatchObject({ family: "web", imageId: first.imageId });
  const [team, ...more] = heard.filter(({ path }) => path.startsWith("/team"));
  expect(more).toEqual([]);
  expect(team?.path).toMatch(/timestamp=\d{13}&sign=/);
  expect(team?.body).toMatchObject({ msgtype: "markdown" });
});

test("a channel that is down is tried again and holds no run up", async ({
  world: { kiln, heard, trouble },
  expect,
}) => {
  trouble.left = 5;
  const { promotion } = await quickRelease(kiln, 1, { notify: [{ channel: "ops", events: ["promoted"] }] });
  expect(promotion?.state).toBe("done");
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kinds(heard)).toEqual(["promoted"]);
});

test("a channel nobody configured ends in the failure box, and the run is done all the same", async ({
  world: { kiln },
  expect,
}) => {
  const { promotion } = await quickRelease(kiln, 1, {
    notify: [{ channel: "nobody", events: ["promoted"] }],
  });
  expect(promotion?.state).toBe("done");
  await kiln.cloud.settle({ forMs: hours(2) });
  const failures = kiln.cloud.oss.list("kiln-1234567890123456", "failures/");
  expect(failures).toHaveLength(1);
  expect(
    failures[0] && kiln.cloud.oss.get("kiln-1234567890123456", failures[0].key)?.body.toString(),
  ).toContain("KILN_CHANNELS does not know channel nobody");
});

test("no address, secret or link of an approval is in any event, record or object", async ({
  world: { kiln, heard, open },
  expect,
}) => {
  const asked = quickReleaseUntilAsked(kiln, heard);
  const link = await asked;
  await open(link, "approve");
  await kiln.cloud.settle({ forMs: hours(1) });
  expect(kiln.records("promote")[0]?.state).toBe("done");
  for (const secret of ["secret-path", "SEC123", SECRET, link.split("/").at(-1) ?? ""]) {
    expect(text(kiln)).not.toContain(secret);
  }
});

const APPROVAL = { promote: { approval: { within: "4h" } }, ...OPS };

/** Bakes an image whose promotion asks, and answers the link that was posted. */
async function quickReleaseUntilAsked(kiln: Deployment, heard: readonly Heard[]): Promise<string> {
  await kiln.upload(
    "recipes/web.yaml",
    recipeText({ provision: [], test: { skip: true }, rebake: { nightly: false }, ...APPROVAL }),
  );
  const question = () => heard.find(({ body }) => body["kind"] === "approval");
  await kiln.cloud.settle({ until: () => question() !== undefined, forMs: hours(2) });
  return String((question()?.body["links"] as Record<string, string> | undefined)?.["approve"]);
}

test("a promotion waits until a person presses the button; following the link alone decides nothing", async ({
  world: { kiln, heard, open },
  expect,
}) => {
  const link = await quickReleaseUntilAsked(kiln, heard);
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
  expect((await open(link, "approve")).status).toBe(410);
});

test("a rejected promotion fails and its family stays as it is", async ({
  world: { kiln, heard, open },
  expect,
}) => {
  const link = await quickReleaseUntilAsked(kiln, heard);
  await open(link, "reject");
  await kiln.cloud.settle({ forMs: minutes(30) });
  const [promotion] = kiln.records("promote");
  expect(promotion?.reason).toMatch(/^m-\w+ was rejected; its family web stays as it is$/);
  expect(kiln.cloud.world.imaging.newestOf("cn-hangzhou", "web")).toBeUndefined();
});

test("nobody's answer in time is a no, and the link has expired", async ({
  world: { kiln, heard, open },
  expect,
}) => {
  const link = await quickReleaseUntilAsked(kiln, heard);
  await kiln.cloud.settle({ forMs: hours(5) });
  const [promotion] = kiln.records("promote");
  expect(promotion?.reason).toMatch(/^nobody approved m-\w+ until .* \(promote\.approval\.within\)/);
  expect((await open(link, "approve")).status).toBe(410);
});
