/** Secrets stay inside, whoever quotes them: the cloud, a channel, a caller, a command, a broken object. */
import { days, hours, minutes } from "../../shared/duration.ts";
import { hmac } from "../../shared/hmac.ts";
import { CloudFault, type Fault } from "../cloud/index.ts";
import { test as base } from "../support/deploy.ts";
import { BUCKET, type Deployment, WEBHOOK_SECRET } from "../support/deployment.ts";
import { fleetText, scaleOut } from "../support/fleets.ts";
import { leaks } from "../support/leaks.ts";
import { bakeAndPromote, quickRelease, recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";
import { callsOf, ownImages } from "../support/world.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";

interface Fixtures {
  /** Starts a channel, and closes it after the test. */
  readonly channel: (...given: Parameters<typeof startChannel>) => Promise<ChannelServer>;
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  channel: async ({}, use) => {
    const started: ChannelServer[] = [];
    await use(async (...given) => {
      const channel = await startChannel(...given);
      started.push(channel);
      return channel;
    });
    for (const channel of started) await channel.close();
  },
});

const APPROVAL_SECRET = "approval/secret+0123456789";
/** Characters that JSON, URLs and HTML spell in another way. */
const PASSWORD = 'Aa1"/&<x+y\\z';

/** The ways in which a program quotes a text. */
const QUOTES: readonly ((secret: string) => string)[] = [
  (secret) => `the value "${secret}" is not valid`,
  (secret) => `not valid: ${JSON.stringify({ given: secret })}`,
  (secret) => `not valid: ${JSON.stringify({ request: JSON.stringify({ given: secret }) })}`,
  (secret) => `cannot use https://example.com/?value=${encodeURIComponent(secret)}&more=1`,
  (secret) => `the login ${Buffer.from(`user:${secret}`).toString("base64")} is not known`,
];

const refuse = (kiln: Deployment, fault: Omit<Fault, "kind" | "fault">, error: CloudFault) =>
  kiln.cloud.faults.add({ ...fault, kind: "before", fault: error });

/** Secrets of channels, and channels that quote them. */
const CHANNEL = {
  token: "CHANNELTOKEN123456",
  key: "query-key-98765",
  access: "accesstokenofletters",
  secret: "SECchannel0123456789",
  approval: APPROVAL_SECRET,
};
const channelsAt = (url: string) => ({
  bad: { kind: "slack", url: `${url}/bad/${CHANNEL.token}` },
  worse: { kind: "json", url: `${url}/ops/open-path?key=${CHANNEL.key}`, secret: CHANNEL.secret },
  worst: {
    kind: "dingtalk",
    url: `${url}/robot/send?access_token=${CHANNEL.access}`,
    secret: CHANNEL.secret,
  },
});

/** The answer of a channel. That of the first is cut in the middle of its token. */
function quoting(path: string, body: string): string {
  if (path.startsWith("/bad")) return `${"-".repeat(170)} Cannot POST ${path}`;
  const quoted = /[?&](sign=.*)/.exec(path)?.[1] ?? /"approve":"[^"]*"/.exec(body)?.[0] ?? path;
  return `${quoted} ${CHANNEL.secret}: <pre>Cannot POST ${path}</pre>`;
}

test("a channel that quotes its address, its secret and the message gets none of them into log, object or answer", async ({
  channel,
  deploy,
  expect,
}) => {
  const { url } = await channel(quoting);
  const channels = channelsAt(url);
  const kiln = await deploy({
    env: {
      KILN_CHANNELS: JSON.stringify(channels),
      KILN_WEBHOOK_URL: "https://kiln.example.com",
      KILN_APPROVAL_SECRET: APPROVAL_SECRET,
    },
  });
  const notify = Object.keys(channels).map((name) => ({ channel: name }));
  await quickRelease(kiln, 1, { notify, promote: { approval: { within: "1h" } } });
  await kiln.cloud.settle({ forMs: days(1) + hours(3) });
  const kept = kiln.cloud.oss.list(BUCKET, "runs/").filter(({ key }) => key.includes("/undelivered-"));
  expect(kept).toHaveLength(3 * 3);
  const texts = kept.map(({ key }) => kiln.cloud.oss.get(BUCKET, key)?.body.toString());
  expect(texts.filter((text) => text?.includes("status 404: "))).toHaveLength(kept.length);
  expect(leaks(kiln, { secrets: { ...CHANNEL, path: "/ops/open-path" } })).toEqual([]);
  // The link of an approval is the key to it, and the signature of a post is valid for an hour.
  const all = texts.join("\n");
  expect(all).toMatch(/approvals\/promote-web-[^"]*\/\[hidden\]/);
  expect(all).not.toMatch(/[0-9a-f]{64}/);
  expect(all).toContain(": sign=[hidden]");
  expect(all).not.toMatch(/sign=(?!\[hidden\])/);
});

test.for(QUOTES.map((quote) => [quote(PASSWORD), quote] as const))(
  "a refusal that says %s shows no password",
  async ([, quote], { deploy, expect }) => {
    const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: PASSWORD } });
    await kiln.upload("fleets/web.yaml", fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD" }));
    const said = quote(PASSWORD);
    const busy = refuse(
      kiln,
      { product: "ecs", action: "DescribeImageFromFamily", when: (_params, n) => n < 2 },
      new CloudFault(503, "ServiceUnavailable", said),
    );
    refuse(kiln, { product: "ecs", action: "RunInstances" }, new CloudFault(400, "UnheardOf.Refusal", said));
    const run = await scaleOut(kiln, { count: 1 });
    busy();
    expect(run.state).toBe("failed");
    expect(run.reason).toContain("[hidden]");
    expect(run.reason).toContain("UnheardOf.Refusal");
    // It is only hidden where it leaves: the launch itself has it.
    expect(kiln.cloud.callLog.entries({ action: "RunInstances" })[0]?.params["Password"]).toBe(
      `(${PASSWORD.length} characters)`,
    );
    expect(leaks(kiln, { secrets: { PASSWORD }, received: [kiln.records()] })).toEqual([]);
  },
);

test("an error that a function throws shows no secret to its log, its caller or the janitor", async ({
  deploy,
  expect,
}) => {
  const password = "Correct-Horse-7";
  const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: password } });
  // The reader of the document quotes it.
  const broken = "fleets/web.yaml";
  await kiln.upload(broken, fleetText({ family: password, [password]: 1 }));
  const run = await scaleOut(kiln, { count: 1 });
  expect(run.state).toBe("failed");
  const found = leaks(kiln, { secrets: { password } });
  expect(found.filter((leak) => !leak.startsWith(`object ${broken}`))).toEqual([]);
});

test("a fleet that holds the password of its instances is refused, not changed", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy({ env: { KILN_FLEET_PASSWORD: PASSWORD } });
  const launch = { UserData: `#!/bin/sh\necho '${PASSWORD}' | passwd --stdin app\n` };
  await kiln.upload("fleets/web.yaml", fleetText({ passwordFromEnv: "KILN_FLEET_PASSWORD", launch }));
  const { reason } = await scaleOut(kiln, { count: 1 });
  expect(reason).toMatch(/^fleet web: the document holds a secret of this function, .*; remove it/);
  expect(callsOf(kiln, "RunInstances")).toEqual([]);
});

const GITHUB_SECRET = "github-secret-0123456789";
const TOKEN = "bearer-token-0123456789";

const jobQueued = (kiln: Deployment): string =>
  JSON.stringify({
    action: "queued",
    repository: { full_name: "acme/web" },
    workflow_job: { id: 1, labels: ["kiln"], created_at: new Date(kiln.cloud.time.now()).toISOString() },
  });

test("secrets of callers and senders are in no log and no answer, whatever the cloud or a request quotes", async ({
  deploy,
  expect,
}) => {
  const senders = {
    github: { kind: "github", secrets: [GITHUB_SECRET], labels: { kiln: { fleet: "web", count: 1 } } },
    alerts: { kind: "alertmanager", tokens: [TOKEN], fleets: ["web"] },
  };
  const kiln = await deploy({
    env: { KILN_SENDERS: JSON.stringify(senders), KILN_APPROVAL_SECRET: APPROVAL_SECRET },
  });
  const secrets = { GITHUB_SECRET, TOKEN, WEBHOOK_SECRET, APPROVAL_SECRET };
  const said = Object.values(secrets).join(" and ");
  const error = new CloudFault(403, "AccessDenied", said);
  const heal = [
    refuse(kiln, { product: "fc", action: "InvokeFunction" }, error),
    refuse(
      kiln,
      { product: "oss", action: "AppendObject", when: ({ key = "" }) => key.includes("bake") },
      error,
    ),
  ];
  const post = (path: string, body: string, headers = {}) =>
    answered(kiln, kiln.call("POST", path, body, headers));
  await kiln.upload("recipes/web.yaml", recipeText({ rebake: false }));
  const body = jobQueued(kiln);
  const signed = { "x-hub-signature-256": `sha256=${hmac(GITHUB_SECRET, body)}` };
  const answers = [
    await post("/senders/github", body, signed),
    await post("/recipes/web/bake", "{}"),
    await post(`/senders/github/${GITHUB_SECRET}`, "{}"),
    await post("/fleets/web/scale-out", JSON.stringify({ [WEBHOOK_SECRET]: 1 })),
    await post("/recipes/web/bake", JSON.stringify({ parameters: { TOKEN: WEBHOOK_SECRET } })),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 503, 404, 400, 400]);
  for (const healed of heal) healed();
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(leaks(kiln, { secrets, received: answers })).toEqual([]);
});

test("a reason that quotes the address of a channel is posted without it", async ({
  channel,
  deploy,
  expect,
}) => {
  const token = "CHANNELTOKEN123456";
  const { url, posted } = await channel();
  const channels = { ops: { kind: "json", url: `${url}/ops/${token}` } };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  const provision = [{ name: "post", run: `echo "curl: (22) ${url}/ops/${token} answered 404"; exit 22` }];
  await bakeAndPromote(kiln, recipeText({ provision, notify: [{ channel: "ops" }] }));
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(posted.map(({ body }) => body["reason"])).toEqual([expect.stringContaining("[hidden]")]);
  expect(
    leaks(kiln, { secrets: { token }, received: [posted.map(({ body }) => body)], places: ["received"] }),
  ).toEqual([]);
});

const BUILD_TOKEN = "build-token-0123456789";
const BUILD_NUMBER = "20260105123456";

/** Objects but for recipes and logs: the log of a run holds its recipe, as its events do. */
const outputsThatShow = (kiln: Deployment, secrets: Readonly<Record<string, string>>): string[] =>
  leaks(kiln, { secrets, places: ["object"] }).filter((leak) => !/ recipes\/|\.jsonl/.test(leak));

test("a variable of a recipe reaches its command, and no log, answer, record or message shows it", async ({
  channel,
  deploy,
  expect,
}) => {
  const { url, posted } = await channel();
  const kiln = await deploy({
    env: { KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: `${url}/ops` } }) },
  });
  const environment = { LICENSE: BUILD_TOKEN, TIER: "front" };
  const document = (run: string) =>
    recipeText({
      provision: [{ name: "install", run, environment }],
      family: undefined,
      test: undefined,
      notify: [{ channel: "ops" }],
    });
  const [good] = await bakeAndPromote(kiln, document('echo "$LICENSE" > /etc/license; echo "used $LICENSE"'));
  expect(good?.state).toBe("done");
  const snapshot = kiln.cloud.world.snapshots.get(ownImages(kiln)[0]?.disks[0]?.snapshotId ?? "");
  expect(snapshot?.content.files.get("/etc/license")).toBe(`${BUILD_TOKEN}\n`);
  const [bad] = await bakeAndPromote(kiln, document('echo "no package for $LICENSE on $TIER"; exit 3'));
  await kiln.cloud.settle({ forMs: minutes(5) });
  // Short values are no secrets, and the reason stays readable.
  expect(bad?.reason).toContain('"install" failed with exit code 3: no package for [hidden] on front');
  const said = `CommandContent ${document("true")} is not valid`;
  refuse(kiln, { product: "ecs", action: "RunCommand" }, new CloudFault(400, "InvalidParameter", said));
  const [refused] = await bakeAndPromote(kiln, document("true"));
  expect(refused?.reason).toContain('"LICENSE":"[hidden]"');
  await kiln.upload("recipes/odd.yaml", document("true").replace(`"${BUILD_TOKEN}"`, BUILD_NUMBER));
  await kiln.cloud.settle({ forMs: minutes(5) });
  const [odd] = kiln.records("bake-odd");
  expect(odd?.reason).toContain("environment.LICENSE: must be text; put quotes");
  // The last one is about the document that is not valid.
  expect(posted.map(({ body }) => body.kind)).toEqual(["baked", "failed", "failed", "failed"]);
  const received = [posted, kiln.records()];
  const secrets = { BUILD_TOKEN, BUILD_NUMBER };
  expect(leaks(kiln, { secrets, received, places: ["log", "answer", "received"] })).toEqual([]);
  expect(outputsThatShow(kiln, secrets)).toEqual([]);
});

/** Of steps without a name of their own, and of the lines at which a step stops. Long lines are cut in the middle of a value. */
test("a value that a command holds is in no record, answer, output or message that names the command by its line", async ({
  channel,
  deploy,
  expect,
}) => {
  const { url, posted } = await channel();
  const channels = { ops: { kind: "json", url: `${url}/ops` } };
  const kiln = await deploy({ env: { KILN_CHANNELS: JSON.stringify(channels) } });
  const common = { family: "web", notify: [{ channel: "ops" }] };
  const password = "Hunter2XyzSecretOfCommand";
  const lines = [
    `export DB_PASSWORD=${password}; false`,
    `echo 1; export DB_PASSWORD="${password}"; exit 3`,
    `test -e /etc/none-of-these-files-with-a-long-name -a 1 = 1 --token=${password}`,
    `curl --fail -u admin:${password} http://127.0.0.1:1/`,
    `false "a very long text of a step that goes on and on" --password ${password}`,
    `echo "a b c d e f g h i j k l m n o p q r s t u v ${password}" | passwd --stdin none`,
    `echo one\nfalse DB_PASSWORD=${password}\necho two`,
    `eval "$(echo true)"\nfalse --api-key ${password} && true\nDB_TOKEN=${password} false\necho two`,
  ];
  for (const line of lines) {
    const [bake] = await bakeAndPromote(kiln, recipeText({ ...common, provision: [line] }));
    expect(bake?.state, line).toBe("failed");
    const runs = await bakeAndPromote(
      kiln,
      recipeText({ ...common, provision: ["true"], test: { commands: [line] } }),
    );
    expect(runs.at(-1)?.state, line).toBe("failed");
    for (const { run } of kiln.records()) await answered(kiln, kiln.api("GET", `/runs/${run}`));
  }
  await kiln.cloud.settle({ forMs: minutes(5) });
  expect(posted.length).toBeGreaterThanOrEqual(2 * lines.length);
  // A reader still finds the step.
  expect(kiln.records("bake").map(({ reason }) => reason)).toContainEqual(
    expect.stringMatching(/^"export DB_PASSWORD=\[hidden\]" failed with exit code 1/),
  );
  const secrets = { password };
  const received = [posted, kiln.records()];
  expect(leaks(kiln, { secrets, received, places: ["log", "answer", "received"] })).toEqual([]);
  expect(outputsThatShow(kiln, secrets)).toEqual([]);
});
