/** `npm run setup` on the local cloud: bucket, roles and policies. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectApi } from "../../deploy/api.ts";
import { readSettings } from "../../deploy/config.ts";
import { rolesOf } from "../../deploy/policies.ts";
import { type Cloud, CloudFault } from "../cloud/index.ts";
import { test } from "../support/commands.ts";
import { deployWith, documentedKey } from "../support/deployer.ts";
import { ACCOUNT, NEW_BUCKET, variables } from "../support/shell.ts";

const PARTS = "api bake-image janitor notifier oss-events promote-family scale-out stop-idle webhook".split(
  " ",
);

const lifecycleOf = (settings: ReadonlyMap<string, string>): string =>
  settings.get(`${NEW_BUCKET} lifecycle`) ?? "";

test("a new account gets a closed bucket with rules, and a role with a policy of its own for each function", async ({
  cloud,
  command,
  expect,
}) => {
  const made = await command("setup --stage dev");
  expect(made).toMatchObject({ code: 0, err: [] });
  expect(made.out).toContain(`create bucket ${NEW_BUCKET}`);
  expect(cloud.oss.buckets()).toMatchObject([{ name: NEW_BUCKET }]);
  expect(lifecycleOf(cloud.oss.settings)).toContain("<ID>kiln-locks</ID>");
  expect(cloud.oss.settings.get(`${NEW_BUCKET} publicAccessBlock`)).toContain("true");
  const names = PARTS.map((part) => `kiln-dev-cn-hangzhou-${part}`);
  expect(cloud.ram.roles().map(({ name, policies }) => [name, ...policies])).toEqual(
    names.map((name) => [name, name]),
  );
  expect(cloud.ram.roles().find(({ name }) => name.endsWith("oss-events"))?.trust).toContain(
    "oss.aliyuncs.com",
  );
  for (const { versions } of cloud.ram.policies())
    expect(versions[0]?.document).not.toMatch(/\$\{|kiln-\*|:functions\/kiln-[^d]/);
});

test("the key of README is enough for setup and for undeploy --all", async ({ cloud, command, expect }) => {
  const { credentials, endpoints } = readSettings(variables(cloud));
  const api = connectApi({ region: cloud.region, credentials, endpoints });
  const key = await deployWith({ api, cloud }, documentedKey());
  for (const line of ["setup", "setup", "undeploy --all --yes"])
    expect(await command(line, key()), line).toMatchObject({ code: 0, err: [] });
  expect(cloud.oss.buckets()).toEqual([]);
  expect(cloud.ram.roles().map(({ name }) => name)).toEqual(["deployer"]);
});

test("repeated, setup changes nothing; a plan changes nothing and says the same", async ({
  cloud,
  command,
  expect,
}) => {
  const planned = await command("setup --plan");
  expect(cloud.oss.buckets()).toEqual([]);
  expect(cloud.ram.roles()).toEqual([]);
  const made = await command("setup");
  const changes = made.out.filter((line) => !line.startsWith("role Aliyun"));
  expect(planned.out.filter((line) => line.startsWith("would "))).toEqual(
    changes.map((line) => `would ${line}`),
  );
  expect((await command("setup")).out).toContain("everything exists already");
});

test("a role that may be passed on is in the policies that launch after the next setup, and out again after another", async ({
  cloud,
  command,
  expect,
}) => {
  const passed = () =>
    cloud.ram
      .policies()
      .filter(({ versions, default: id }) =>
        versions.find((version) => version.id === id)?.document.includes("ram:PassRole"),
      )
      .map(({ name }) => name);
  await command("setup");
  expect(passed()).toEqual([]);
  const changed = await command("setup", { KILN_INSTANCE_ROLES: "web, build" });
  expect(changed.out).toContain("update policy kiln-cn-hangzhou-scale-out");
  expect(passed()).toContain("kiln-cn-hangzhou-scale-out");
  expect(passed()).not.toContain("kiln-cn-hangzhou-janitor");
  await command("setup");
  expect(passed()).toEqual([]);
});

test("a policy of five versions is updated all the same: its oldest version goes", async ({
  cloud,
  command,
  expect,
}) => {
  for (const roles of ["a", "b", "c", "d", "e", "f", "g"])
    expect(await command("setup", { KILN_INSTANCE_ROLES: roles })).toMatchObject({ code: 0, err: [] });
  const policy = cloud.ram.policies().find(({ name }) => name === "kiln-cn-hangzhou-scale-out");
  expect(policy?.versions.map(({ id }) => id)).toEqual(["v3", "v4", "v5", "v6", "v7"]);
  expect(policy?.versions.at(-1)?.document).toContain(`acs:ram::${ACCOUNT}:role/g"`);
});

test("rules of the user stay; one that takes logs too early is refused before any change", async ({
  cloud,
  command,
  expect,
}) => {
  const rule = (id: string, prefix: string) =>
    `<Rule><ID>${id}</ID><Prefix>${prefix}</Prefix><Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule>`;
  const set = (rules: string) =>
    cloud.oss.settings.set(
      `${NEW_BUCKET} lifecycle`,
      `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`,
    );
  cloud.oss.createBucket(NEW_BUCKET);
  for (const prefix of ["", "runs/2026", "lock"]) {
    set(rule("tidy", prefix));
    const refused = await command("setup");
    expect(refused).toMatchObject({ code: 1, out: [] });
    expect(refused.err).toEqual([
      `refused: rule tidy of bucket ${NEW_BUCKET} expires or archives logs of Kiln before 30 days; limit it to other prefixes`,
    ]);
  }
  expect(cloud.ram.roles()).toEqual([]);
  set(rule("tidy", "scratch/"));
  expect((await command("setup")).code).toBe(0);
  expect(lifecycleOf(cloud.oss.settings)).toMatch(/tidy.*kiln-runs.*kiln-locks/s);
});

test.for<[string, (cloud: Cloud) => void, RegExp]>([
  [
    "has or had versions",
    ({ oss }) => oss.suspendVersioning(NEW_BUCKET),
    /: versioning is Suspended; use another bucket: once on it cannot be undone, and locks do not hold with it$/,
  ],
  [
    "keeps objects from changes",
    ({ oss }) => oss.settings.set(`${NEW_BUCKET} worm`, "<State>Locked</State>"),
    /: a retention policy is Locked; delete it while it is InProgress, or use another bucket$/,
  ],
  [
    "encrypts with a key of the customer",
    ({ oss }) => oss.settings.set(`${NEW_BUCKET} encryption`, "<KMSMasterKeyID>9468da86</KMSMasterKeyID>"),
    /: objects are encrypted with key 9468da86; encrypt the bucket with OSS-managed keys/,
  ],
])(
  "a bucket that %s is refused before any change",
  async ([, spoil, message], { cloud, command, expect }) => {
    cloud.oss.createBucket(NEW_BUCKET);
    spoil(cloud);
    const { code, out, err } = await command("setup");
    expect([code, out, err]).toEqual([1, [], [expect.stringMatching(message)]]);
    expect(cloud.ram.roles()).toEqual([]);
  },
);

test("a bucket in another region, and one of another account, are refused", async ({
  cloud,
  command,
  expect,
}) => {
  cloud.oss.createBucket(NEW_BUCKET, "cn-shanghai");
  cloud.oss.createForeignBucket("kiln-theirs", "theirs");
  const abroad = await command("setup");
  expect(abroad.err).toEqual([
    `refused: bucket ${NEW_BUCKET} is in another region, not in cn-hangzhou; name one in cn-hangzhou`,
  ]);
  const theirs = await command("setup", { KILN_BUCKET: "kiln-theirs" });
  expect(theirs.err).toEqual([
    "refused: bucket kiln-theirs belongs to another account, or the key has no oss:GetBucketInfo; use another name, or give the key AliyunOSSFullAccess",
  ]);
  expect(cloud.ram.roles()).toEqual([]);
});

test("roles of another deployment, and roles that are not of Kiln, are refused before any change", async ({
  cloud,
  command,
  expect,
}) => {
  await command("setup");
  const other = { KILN_BUCKET: "kiln-other" };
  const refused = await command("setup", other);
  expect(refused).toMatchObject({ code: 1, out: [] });
  expect(refused.err).toHaveLength(PARTS.length);
  expect(refused.err[0]).toBe(
    `refused: role kiln-cn-hangzhou-api is there and of ${NEW_BUCKET}; choose another KILN_STAGE, or delete that role`,
  );
  expect(cloud.oss.buckets().map(({ name }) => name)).toEqual([NEW_BUCKET]);
  expect((await command("setup --stage dev", other)).code).toBe(0);
});

test.for<[string, Record<string, string>, RegExp]>([
  ["no region", { KILN_REGION: "" }, /^refused: KILN_REGION is not set; write it into \.env: a region/],
  ["no bucket", { KILN_BUCKET: "" }, /^refused: KILN_BUCKET is not set/],
  [
    "the placeholder of an account",
    { KILN_ACCOUNT_ID: "1234567890123456" },
    /KILN_ACCOUNT_ID is the placeholder/,
  ],
  ["the placeholder of a bucket", { KILN_BUCKET: "kiln-1234567890123456" }, /KILN_BUCKET is the placeholder/],
  [
    "a bucket with capitals",
    { KILN_BUCKET: "Kiln" },
    /KILN_BUCKET is "Kiln", which is not the name of a bucket/,
  ],
  ["a stage with a dash", { KILN_STAGE: "dev-1" }, /stage "dev-1" is not a-z and 0-9/],
  [
    "a misspelt variable",
    { KILN_INSTANCE_ROLE: "web" },
    /^refused: KILN_INSTANCE_ROLE is not a variable of Kiln; write KILN_INSTANCE_ROLES$/,
  ],
  ["no key", { ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" }, /ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set/],
  [
    "an unknown key",
    { ALIBABA_CLOUD_ACCESS_KEY_ID: "LTAIunknown" },
    /the access key is refused: GetCallerIdentity/,
  ],
  [
    "the key of another account",
    { KILN_ACCOUNT_ID: "1111111111111111" },
    /is of account 1987654321098765, but/,
  ],
])("%s is refused before any change", async ([, env, message], { cloud, command, expect }) => {
  const { code, err } = await command("setup", env);
  // A setting is a part of the command line; what the cloud says of it is not.
  const isOfCloud = /GetCallerIdentity|is of account/.test(message.source);
  expect([code, err.length]).toEqual([isOfCloud ? 1 : 2, 1]);
  expect(err[0]).toMatch(message);
  expect([cloud.oss.buckets(), cloud.ram.roles()]).toEqual([[], []]);
});

const throttled = (cloud: Cloud, times: number): (() => void) =>
  cloud.faults.add({
    product: "ram",
    action: "CreatePolicy",
    kind: "before",
    fault: new CloudFault(400, "Throttling.User", "Request was denied due to user flow control."),
    when: (_, n) => n < times,
  });

test("a call that is throttled is made again", async ({ cloud, command, expect }) => {
  throttled(cloud, 2);
  expect(await command("setup")).toMatchObject({ code: 0, err: [] });
  expect(cloud.ram.policies()).toHaveLength(PARTS.length);
});

test("what stops half-way says so and why, and goes on when it is run again", async ({
  cloud,
  command,
  expect,
}) => {
  const end = cloud.faults.add({
    product: "ram",
    action: "AttachPolicyToRole",
    kind: "before",
    fault: new CloudFault(403, "NoPermission", "You are not authorized to do this action."),
  });
  const { code, out, err } = await command("setup");
  end();
  expect([code, err]).toEqual([1, [expect.stringMatching(/^AttachPolicyToRole answered NoPermission: /)]]);
  expect(out.at(-1)).toBe(
    "not finished, for the reason below; then run npm run setup again, which goes on where it stopped",
  );
  const again = await command("setup");
  expect(again).toMatchObject({ code: 0, err: [] });
  expect(again.out).not.toContain(`create bucket ${NEW_BUCKET}`);
});

test("two stages in one command line and environment are refused; an unknown option is a usage error", async ({
  command,
  expect,
}) => {
  const { code, err } = await command("setup --stage dev", { KILN_STAGE: "prod" });
  expect([code, err]).toEqual([2, ["refused: --stage dev differs from KILN_STAGE=prod; keep one of them"]]);
  expect(await command("setup --stages dev")).toMatchObject({ code: 2 });
});

test("variables of .env are read and named; the shell's own come first", async ({
  command,
  root,
  expect,
}) => {
  writeFileSync(join(root, ".env"), `KILN_BUCKET="kiln-from-file"\nKILN_REGION=cn-beijing\n# comment\n`);
  const { out } = await command("setup --plan", { KILN_BUCKET: "" });
  expect(out[0]).toBe("from .env: KILN_BUCKET");
  expect(out).toContain("would create bucket kiln-from-file");
});

test("every policy fits into the 6144 characters of RAM, and no role is longer than 64", ({ expect }) => {
  const place = { account: ACCOUNT, region: "ap-southeast-1", bucket: "b".repeat(63) };
  for (const { name, policy } of rolesOf({ ...place, stage: "s".repeat(16), instanceRoles: ["a", "b"] })) {
    expect(name.length).toBeLessThanOrEqual(64);
    expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
  }
});
