/** `npm run deploy`: its refusals before the first change, the settings it keeps, and its plan. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectApi, type Api } from "../../deploy/api.ts";
import { readSettings } from "../../deploy/config.ts";
import type { Cloud } from "../cloud/index.ts";
import { test } from "../support/commands.ts";
import { NEW_BUCKET, variables } from "../support/shell.ts";

const CALLER = '{"ci":{"secrets":["at-least-16-characters"],"routes":["GET /runs/*"]}}';

// Each command starts the deploy tool, which takes seconds on a busy machine.
const PATIENT = { timeout: 120_000 };

/** Calls that changed something. */
const changes = ({ callLog }: Cloud) =>
  callLog.entries({}).filter(({ action }) => !/^(Get|List|Describe)/.test(action));

type Take = (api: Api, cloud: Cloud) => Promise<unknown> | void;

const JANITOR = "kiln-dev-cn-hangzhou-janitor";
const attached = { PolicyType: "Custom", PolicyName: JANITOR, RoleName: JANITOR };

/** Parts of what setup makes, how each gets lost, and how the refusal names it. */
const LOST: readonly [string, Take, string][] = [
  [
    "a policy of a role",
    (api) => api.rpc("ram", "DetachPolicyFromRole", attached),
    `attach policy ${JANITOR} to its role`,
  ],
  [
    "a role",
    async (api) => {
      await api.rpc("ram", "DetachPolicyFromRole", attached);
      await api.rpc("ram", "DeleteRole", { RoleName: JANITOR });
    },
    `create role ${JANITOR}, attach policy ${JANITOR} to its role`,
  ],
  [
    "the bucket",
    (_, { oss }) => oss.deleteBucket(NEW_BUCKET),
    `create bucket ${NEW_BUCKET}, block public access to ${NEW_BUCKET}, set the lifecycle rules kiln-runs and kiln-locks and kiln-run-index and kiln-deliveries of ${NEW_BUCKET}`,
  ],
];

test.for(["deploy --stage dev", "deploy --plan --stage dev"])(
  "%s comes after setup: without it, or without a part of it, nothing is changed and setup is named",
  PATIENT,
  async (line, { cloud, command, expect }) => {
    const refused = async () => {
      const before = changes(cloud).length;
      const { code, err } = await command(line);
      expect([code, changes(cloud).length]).toEqual([1, before]);
      return err;
    };
    expect(await refused()).toEqual([
      expect.stringMatching(
        `^refused: setup comes first, and would still create bucket ${NEW_BUCKET}, .* and \\d+ more; run npm run setup -- --stage dev, then deploy again$`,
      ),
    ]);
    const { credentials, endpoints } = readSettings(variables(cloud));
    const api = connectApi({ region: cloud.region, credentials, endpoints });
    for (const [name, take, change] of LOST) {
      await command("setup --stage dev");
      await take(api, cloud);
      expect(await refused(), name).toEqual([
        `refused: setup comes first, and would still ${change}; run npm run setup -- --stage dev, then deploy again`,
      ]);
    }
  },
);

/** Refusals with the exit code of a setting that is missing. */
const SETTINGS: ReadonlySet<string> = new Set(["a placeholder"]);

test.for<[string, Record<string, string>, RegExp]>([
  ["a placeholder", { KILN_BUCKET: "kiln-1234567890123456" }, /KILN_BUCKET is the placeholder/],
  [
    "a value that the tool cannot read",
    { KILN_FLEET_PASSWORD: "Pa${ss}w0rd!" },
    /^refused: KILN_FLEET_PASSWORD contains \$\{, which the deploy tool would compute; choose a value without it$/,
  ],
  [
    "a value that the tool would change",
    { KILN_APPROVAL_SECRET: "Pa$ss<%= 1 %>" },
    /KILN_APPROVAL_SECRET contains <%,/,
  ],
  [
    "a caller whose secret is short",
    { KILN_CALLERS: '{"ci":{"secrets":["short"],"routes":["GET /*"]}}' },
    /^refused: KILN_CALLERS is malformed: ci\.secrets\.0: must be at least 16 characters long; see README/,
  ],
  [
    "a caller with a misspelt key",
    { KILN_CALLERS: '{"ci":{"secret":["at-least-16-characters"],"routes":["GET /*"]}}' },
    /ci\.secrets: is missing; write a list; ci: does not know secret/,
  ],
  [
    "a sender of an unknown kind",
    { KILN_SENDERS: '{"hub":{"kind":"gitlab"}}' },
    /KILN_SENDERS is malformed: hub\.kind: must be github, alertmanager, cloudmonitor or generic/,
  ],
  ["callers that are no JSON", { KILN_CALLERS: "ci=secret" }, /KILN_CALLERS is not JSON/],
  [
    "a channel without https",
    { KILN_CHANNELS: '{"ops":{"kind":"slack","url":"http://example.com/x"}}' },
    /KILN_CHANNELS is malformed: ops\.url: must begin with https:\/\//,
  ],
  [
    "an endpoint without a scheme",
    { KILN_ECS_ENDPOINT: "ecs-vpc.cn-hangzhou.aliyuncs.com" },
    /KILN_ECS_ENDPOINT is ecs-vpc\.cn-hangzhou\.aliyuncs\.com; begin it with https:\/\/ or http:\/\//,
  ],
  [
    "a webhook without https",
    { KILN_WEBHOOK_URL: "kiln.example.com" },
    /KILN_WEBHOOK_URL is kiln\.example\.com; write https/,
  ],
  [
    "half a VPC",
    { KILN_VPC_ID: "vpc-1" },
    /KILN_VSWITCH_IDS and KILN_SECURITY_GROUP_ID are not set; a VPC needs/,
  ],
  [
    "a reservation of none",
    { KILN_RESERVED_NOTIFIER: "0" },
    /KILN_RESERVED_NOTIFIER is 0; write a whole number from 1 to 20/,
  ],
  [
    "more reservations than fit",
    { KILN_RESERVED_SCALE_OUT: "5" },
    /KILN_RESERVED_… reserve 21 instances together, more than 20; lower some of them/,
  ],
  [
    "more callers than fit",
    { KILN_CALLERS: JSON.stringify({ ci: { secrets: ["s".repeat(4096)], routes: ["GET /*"] } }) },
    /kiln-(?:webhook|api) would have \d+ bytes of variables, more than 4096; shorten KILN_CALLERS/,
  ],
  [
    "a key of another account",
    { KILN_ACCOUNT_ID: "1111111111111111" },
    /the access key is of account 1987654321098765/,
  ],
])("%s is refused before any change", PATIENT, async ([what, env, message], { cloud, command, expect }) => {
  await command("setup");
  const before = changes(cloud);
  const { code, err } = await command("deploy", env);
  expect(code).toBe(SETTINGS.has(what) ? 2 : 1);
  // Callers are a setting of two functions.
  expect(err.filter((line) => message.test(line)).length).toBeGreaterThan(0);
  expect(err.filter((line) => !message.test(line))).toEqual([]);
  expect(changes(cloud)).toEqual(before);
});

test("all that is wrong is said at once", async ({ command, expect }) => {
  const { err } = await command("deploy", { KILN_CALLERS: "x", KILN_FC_ENDPOINT: "fc", KILN_CHANNELS: "[]" });
  expect(err).toHaveLength(3);
});

test(
  "a plan of a new deployment lists its functions, receivers before senders, and changes nothing",
  PATIENT,
  async ({ cloud, command, root, expect }) => {
    writeFileSync(join(root, ".env"), `KILN_CALLERS=${CALLER}\n`);
    await command("setup --stage dev");
    const before = changes(cloud);
    const { code, out, err } = await command("deploy --plan --stage dev");
    expect([code, err]).toEqual([0, []]);
    expect(out).toEqual([
      "from .env: KILN_CALLERS",
      "would create function kiln-dev-notifier",
      "would create function kiln-dev-janitor with resend, cleanup, check-index, redelivery, fleets, removed-recipes, documents",
      "would create function kiln-dev-stop-idle with idle-check, resume",
      "would create function kiln-dev-scale-out with reconcile",
      "would create function kiln-dev-promote-family with retention",
      "would create function kiln-dev-bake-image with recipes, disks, scripts, files, inputs, components, nightly, schedules",
      "would create function kiln-dev-webhook with http",
      "would create function kiln-dev-api with http",
    ]);
    expect(changes(cloud)).toEqual(before);
  },
);

const deployed = test.extend({ there: { KILN_CALLERS: CALLER, KILN_APPROVAL_SECRET: "approval-secret-1" } });

deployed(
  "settings that are in the cloud are kept and named, unless they are unset",
  PATIENT,
  async ({ command, expect }) => {
    const keeps = /^kept as they are in the cloud: (.*) \(--unset <name> removes one\)$/;
    const kept = async (argv: string, env = {}) => {
      const { code, out } = await command(argv, env);
      expect(code).toBe(0);
      return out.flatMap((line) => keeps.exec(line)?.[1] ?? []);
    };
    await command("setup");
    expect(await kept("deploy --plan")).toEqual(["KILN_APPROVAL_SECRET, KILN_CALLERS"]);
    expect(await kept("deploy --plan", { KILN_CALLERS: CALLER })).toEqual(["KILN_APPROVAL_SECRET"]);
    expect(await kept("deploy --plan --unset KILN_CALLERS --unset KILN_APPROVAL_SECRET")).toEqual([]);
    const both = await command("deploy --plan --unset KILN_CALLERS", { KILN_CALLERS: CALLER });
    expect(both.err).toEqual(["refused: --unset KILN_CALLERS, but KILN_CALLERS is set; keep one of the two"]);
    const misspelt = await command("deploy --plan --unset KILN_CALLER");
    expect(misspelt).toMatchObject({
      code: 1,
      err: ["refused: --unset KILN_CALLER, but no function has such a variable; write KILN_CALLERS"],
    });
  },
);

const weak = test.extend({ there: { KILN_APPROVAL_SECRET: "short", KILN_CALLERS: CALLER } });

weak("a setting that is kept is looked at like one that is set", PATIENT, async ({ command, expect }) => {
  await command("setup");
  expect((await command("deploy --plan")).err).toEqual([
    "refused: in the cloud, KILN_APPROVAL_SECRET has 5 characters; write at least 16, such as openssl rand -hex 24 prints",
  ]);
});

const foreign = test.extend({ there: { KILN_BUCKET: "kiln-of-another-team" } });

foreign(
  "functions of these names that belong to another bucket are refused; another stage is none of them",
  PATIENT,
  async ({ cloud, command, expect }) => {
    const { code, err } = await command("deploy");
    expect([code, err.length]).toEqual([1, 8]);
    expect(err).toContain(
      "refused: function kiln-webhook belongs to the deployment of bucket kiln-of-another-team; choose another KILN_STAGE",
    );
    await command("setup --stage dev");
    expect((await command("deploy --plan --stage dev")).code).toBe(0);
    expect((await command("undeploy --yes")).out.filter((line) => line.startsWith("remove"))).toEqual([]);
    expect(cloud.fc.functions.size).toBe(8);
  },
);

const production = test.extend({ there: { KILN_LOG_PROJECT: "" } });

production(
  "a stage with the bucket of another deployment is refused before any change; with its own one it lists no other function",
  PATIENT,
  async ({ cloud, command, expect }) => {
    const message =
      `refused: bucket ${NEW_BUCKET} belongs to the deployment without a stage (function kiln-api); ` +
      "a stage needs a bucket of its own, so set KILN_BUCKET to another one";
    for (const line of ["setup --stage dev", "deploy --stage dev", "undeploy --stage dev --all --yes"])
      expect(await command(line), line).toMatchObject({ code: 1, out: [], err: [message] });
    expect(changes(cloud)).toEqual([]);
    expect(cloud.ram.roles()).toEqual([]);
    const own = await command("undeploy --plan --stage dev", { KILN_BUCKET: "kiln-dev-1" });
    expect(own.out.filter((line) => /function/.test(line))).toEqual([]);
  },
);

/** The ways to a deployment's end. Their output is not read: the exit code and the cloud say what happened. */
const ENDS: readonly (readonly string[])[] = [
  ["--import", "tsx", "deploy/main.ts", "undeploy"],
  ["cli/kiln.js", "undeploy"],
];

production.for(ENDS)(
  "without an answer %j deletes nothing, whatever else it is given; --yes is one",
  PATIENT,
  async (words, { cloud, command, expect }) => {
    await command("setup");
    const before = changes(cloud).length;
    const ran = async (...more: readonly string[]) => {
      const child = spawn(process.execPath, [...words, ...more], {
        cwd: join(import.meta.dirname, "../.."),
        env: { ...process.env, ...variables(cloud) },
        stdio: "ignore",
      });
      const [code]: readonly unknown[] = await once(child, "close");
      return code;
    };
    for (const more of [[], ["--all"], ["--force", "--json"]])
      expect([await ran(...more), changes(cloud).length], more.join(" ")).toEqual([2, before]);
    expect([await ran("--yes"), cloud.fc.functions.size]).toEqual([0, 0]);
  },
);

production(
  "undeploy lists what goes and stays, then asks; only yes goes on",
  PATIENT,
  async ({ cloud, command, expect }) => {
    await command("setup");
    const asked: string[] = [];
    const answers = (answer: string) => (question: string) => {
      asked.push(question);
      return Promise.resolve(answer);
    };
    const before = changes(cloud).length;
    for (const no of ["", "n", "yess", "all"]) {
      const kept = await command("undeploy --all", {}, answers(no));
      expect(kept).toMatchObject({
        code: 1,
        err: ["the deployment above will be deleted", "nothing was changed"],
      });
      expect(kept.out).toContain("would remove function kiln-api");
      expect(changes(cloud).length).toBe(before);
    }
    const gone = await command("undeploy --all", {}, answers("Y"));
    expect([gone.code, cloud.fc.functions.size, asked.length]).toEqual([0, 0, 5]);
    expect((await command("undeploy --all --plan")).code).toBe(0);
  },
);

const staged = test.extend({ there: { KILN_STAGE: "dev" } });

staged(
  "a deployment without a stage touches no function of a stage, even one with its bucket",
  PATIENT,
  async ({ cloud, command, expect }) => {
    for (const line of ["setup", "deploy", "undeploy --all --yes"]) {
      const { code, err } = await command(line);
      expect([code, err], line).toEqual([
        1,
        [
          expect.stringMatching(
            /belongs to stage dev \(function kiln-dev-api\); a stage needs a bucket of its own/,
          ),
        ],
      ]);
    }
    const { out } = await command("undeploy --yes");
    expect(out.filter((line) => line.startsWith("remove"))).toEqual([]);
    expect(cloud.fc.functions.size).toBe(8);
    await command("setup", { KILN_BUCKET: "kiln-other" });
    const other = await command("deploy --plan", { KILN_BUCKET: "kiln-other" });
    expect([other.code, other.out.filter((line) => line.includes("kiln-dev"))]).toEqual([0, []]);
  },
);

const crowded = test.extend({
  there: { KILN_STAGE: "other", KILN_BUCKET: "kiln-other", KILN_RESERVED_BAKE_IMAGE: "66" },
});

crowded(
  "reservations that do not fit beside those of other functions are refused, and these are named",
  PATIENT,
  async ({ command, expect }) => {
    await command("setup");
    const { err } = await command("deploy");
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(
      /Kiln reserves 20 instances, and other functions of the region 81 of the 90 that may be reserved \(.*kiln-other-bake-image 66.*\); lower KILN_RESERVED_…/,
    );
  },
);

const inHeyuan = test.extend({ region: "cn-heyuan" });

inHeyuan("a region without task mode is deployed to with a warning", PATIENT, async ({ command, expect }) => {
  await command("setup");
  const { code, out } = await command("deploy --plan");
  expect([code, out[0]]).toEqual([
    0,
    "warning: cn-heyuan has no task mode: events that arrive twice are noticed in the log of a run only, which costs more calls",
  ]);
});

test(
  "what the deploy tool cannot read is refused in its own words",
  PATIENT,
  async ({ command, root, expect }) => {
    writeFileSync(
      join(root, "s.yaml"),
      "edition: 3.0.0\nresources: { a: { component: x, props: { b: '${vars.c}' } } }\n",
    );
    const { code, err } = await command("deploy");
    expect(code).toBe(1);
    expect(err[0]).toMatch(/^refused: s\.yaml cannot be read: /);
  },
);

const withDomain = test.extend({
  there: { KILN_WEBHOOK_DOMAIN: "kiln.example.com", KILN_WEBHOOK_CERT_ID: "7654321" },
});

withDomain(
  "the domain of the last deployment is kept, and goes when it is unset or replaced",
  PATIENT,
  async ({ command, expect }) => {
    const said = async (argv: string, env = {}) => {
      const { code, out, err } = await command(`deploy --plan${argv}`, env);
      expect([code, err]).toEqual([0, []]);
      return out.filter((line) => !line.includes("function"));
    };
    await command("setup");
    const gone = ["would remove custom domain kiln.example.com"];
    expect(await said("")).toEqual([
      "kept as they are in the cloud: KILN_WEBHOOK_DOMAIN (--unset <name> removes one)",
    ]);
    expect(await said(" --unset KILN_WEBHOOK_DOMAIN")).toEqual(gone);
    const same = { KILN_WEBHOOK_DOMAIN: "kiln.example.com", KILN_WEBHOOK_CERT_ID: "7654321" };
    expect(await said("", same)).toEqual([]);
    expect(await said("", { ...same, KILN_WEBHOOK_DOMAIN: "other.example.com" })).toEqual(gone);
  },
);

withDomain(
  "undeploy takes the webhook's route off its domain, and the domain away with its last route",
  async ({ cloud, command, expect }) => {
    const domains = () => Object.keys(cloud.urls.domains);
    expect(domains()).toEqual(["kiln.example.com"]);
    const { out } = await command("undeploy --yes");
    expect(out).toContain("remove custom domain kiln.example.com");
    expect(domains()).toEqual([]);
  },
);

const theirDomain = test.extend({
  there: {
    KILN_WEBHOOK_DOMAIN: "kiln.example.com",
    KILN_WEBHOOK_CERT_ID: "7654321",
    KILN_BUCKET: "kiln-of-another-team",
  },
});

theirDomain("undeploy leaves the routes of another deployment", async ({ cloud, command, expect }) => {
  const { out } = await command("undeploy --yes");
  expect(out.filter((line) => line.includes("domain"))).toEqual([]);
  expect(Object.keys(cloud.urls.domains)).toEqual(["kiln.example.com"]);
});
