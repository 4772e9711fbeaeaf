/** `npm run doctor` on the local cloud: a healthy deployment, and the same with one thing broken at a time. */
import { afterAll, beforeAll, test, vi } from "vitest";
import { CHECKS } from "../../deploy/doctor/checks/index.ts";
import { seconds } from "../../shared/duration.ts";
import { zipOf } from "../../deploy/zip.ts";
import { rolesOf } from "../../deploy/policies.ts";
import { deployWith, documentedKey } from "../support/deployer.ts";
import { startChannel, type ChannelServer } from "../support/channel.ts";
import { openHospital, type Hospital } from "../support/doctor.ts";
import { NEW_BUCKET } from "../support/shell.ts";
import { BUCKET_BREAKAGES } from "../support/breakages/bucket.ts";
import { DEPLOYMENT_BREAKAGES } from "../support/breakages/deployment.ts";
import { deniedListing, EVENT_BREAKAGES } from "../support/breakages/events.ts";
import { fault, type Breakage } from "../support/breakages/breakage.ts";
import { WORLD_BREAKAGES } from "../support/breakages/world.ts";

let hospital: Hospital;
let chat: ChannelServer;
let isChatDown = false;

beforeAll(async () => {
  chat = await startChannel(() => (isChatDown ? "gone" : undefined));
  const channels = { ops: { kind: "dingtalk", url: `${chat.url}/robot`, secret: "SEC-of-the-robot" } };
  hospital = await openHospital({ KILN_LOG_PROJECT: "kiln-logs", KILN_CHANNELS: JSON.stringify(channels) });
}, 120_000);

// Minutes on a busy machine, a few seconds on an idle one.
vi.setConfig({ testTimeout: 120_000 });

afterAll(async () => {
  await hospital.cloud.close();
  await chat.close();
});

/** Resources that the doctor must not leave behind. */
const left = ({ cloud }: Hospital) => ({
  functions: [...cloud.fc.functions.keys()].filter((name) => name.includes("probe")),
  roles: cloud.ram.roles().filter(({ name }) => name.includes("probe")),
  policies: cloud.ram.policies().filter(({ name }) => name.includes("probe")),
  instances: cloud.world.instances.size,
});

const NOTHING = { functions: [], roles: [], policies: [], instances: 1 };

test("on a healthy deployment nothing is wrong, and what cannot be known is named", async ({ expect }) => {
  // With no more than README gives the key.
  const key = await deployWith(hospital, documentedKey(), "documented");
  const { code, findings } = await hospital.examine({ env: key() });
  const of = (state: string) => Object.keys(findings).filter((name) => findings[name]?.state === state);
  expect([of("wrong"), of("unknown")]).toEqual([[], ["client-token", "reboot", "long-delay"]]);
  expect(code).toBe(0);
  expect(left(hospital)).toEqual(NOTHING);
  expect(chat.posted).toHaveLength(1);
  const kept = hospital.cloud.oss.list(NEW_BUCKET, "probe/").map(({ key }) => key.split("/").at(-1));
  expect(kept).toEqual(
    expect.arrayContaining([
      "append.json",
      "context.json",
      "timer.json",
      "duplicate.json",
      "upload.json",
      "http.json",
    ]),
  );
  const raw = hospital.cloud.oss
    .list(NEW_BUCKET, "probe/")
    .map(({ key }) => hospital.cloud.oss.find(NEW_BUCKET, key)?.body.toString())
    .join("\n");
  const secrets = hospital.cloud.keys.all().flatMap(({ secret, token }) => [secret, token ?? secret]);
  expect([...secrets, "SEC-of-the-robot"].filter((secret) => raw.includes(secret))).toEqual([]);
});

const BREAKAGES: readonly Breakage[] = [
  ...DEPLOYMENT_BREAKAGES,
  ...BUCKET_BREAKAGES,
  ...EVENT_BREAKAGES,
  ...WORLD_BREAKAGES,
  {
    check: "channels",
    says: /ops: status 404: gone/,
    breaks: () => {
      isChatDown = true;
      return () => (isChatDown = false);
    },
  },
];

test.for(
  BREAKAGES.map((breakage): [string, Breakage] => [`${breakage.check}: ${breakage.says.source}`, breakage]),
)("%s", async ([, { check, says, breaks, examination = {} }], { expect }) => {
  const mend = await breaks?.(hospital);
  const given = typeof examination === "function" ? examination(hospital) : examination;
  const { code, findings } = await hospital.examine({ ...given, only: [check] });
  await mend?.();
  expect(findings[check]).toMatchObject({ state: "wrong", found: expect.stringMatching(says) });
  expect(findings[check]?.todo).toMatch(/\w{3}/);
  expect(code).toBe(1);
  expect(left(hospital)).toEqual(NOTHING);
});

test("every permission of every role is tried: without its policy a role may none of it", async ({
  expect,
}) => {
  const { api, settings } = hospital;
  for (const role of rolesOf(settings.place).filter(({ part }) => part !== "oss-events")) {
    const named = { PolicyName: role.name, PolicyType: "Custom" };
    await api.rpc("ram", "DetachPolicyFromRole", { ...named, RoleName: role.name });
    const { findings } = await hospital.examine({ only: [`role-${role.part}`] });
    await api.rpc("ram", "AttachPolicyToRole", { ...named, RoleName: role.name });
    const finding = findings[`role-${role.part}`];
    expect(finding?.state).toBe("wrong");
    const actions = role.policy.Statement.flatMap(({ Action }) => Action);
    for (const action of actions.filter((one) => one !== "ram:PassRole"))
      expect(finding?.found).toContain(action);
  }
});

test("an account without snapshots is not known to have the snapshot service, however its calls are answered", async ({
  expect,
}) => {
  const { api, cloud } = hospital;
  for (const { snapshotId } of cloud.world.snapshots.values())
    await api.rpc("ecs", "DeleteSnapshot", { SnapshotId: snapshotId });
  const { code, findings } = await hospital.examine({ only: ["snapshots"] });
  expect([code, findings["snapshots"]?.state]).toEqual([0, "unknown"]);
  expect(findings["snapshots"]?.found).toMatch(/console of ECS, Snapshots/);
});

test("one refusal that other checks rest on is one finding, and these are unknown", async ({ expect }) => {
  const mend = deniedListing(hospital);
  const { findings } = await hospital.examine();
  mend();
  const wrongs = Object.entries(findings).filter(([, { state }]) => state === "wrong");
  expect(wrongs).toEqual([
    ["probe", expect.objectContaining({ found: expect.stringMatching(/oss:ListObjects/) })],
  ]);
  for (const name of ["delay", "timer", "upload-event", "recipes", "role-janitor", "append"])
    expect(findings[name], name).toMatchObject({ state: "unknown", found: "probe comes first" });
});

test("with --launch a token that was used before is the same launch, and its instance is released", async ({
  expect,
}) => {
  const { findings } = await hospital.examine({ only: ["client-token"], launch: true });
  expect(findings["client-token"]).toMatchObject({ state: "ok" });
  await hospital.cloud.settle({ forMs: 60_000 });
  expect(left(hospital)).toEqual(NOTHING);
});

test("with --launch an instance is rebooted until its agent has a heartbeat again, and released", async ({
  expect,
}) => {
  const { findings } = await hospital.examine({ only: ["reboot"], launch: true });
  expect(findings["reboot"]).toMatchObject({
    state: "ok",
    found: expect.stringMatching(/heartbeat comes \d+ s after a reboot; [1-9]\d* answers before it report/),
  });
  await hospital.cloud.settle({ forMs: 60_000 });
  expect(left(hospital)).toEqual(NOTHING);
});

test("an agent that does not come back after a reboot is wrong, and its instance is released", async ({
  expect,
}) => {
  const { world, faults } = hospital.cloud;
  const mend = faults.interleave({
    product: "ecs",
    action: "RebootInstance",
    before: ({ InstanceId = "" }) => {
      for (const { instanceId, content } of world.disks.values())
        if (instanceId === InstanceId) content.enabled.delete("aliyun");
    },
  });
  const { findings } = await hospital.examine({ only: ["reboot"], launch: true });
  mend();
  expect(findings["reboot"]).toMatchObject({
    state: "wrong",
    found: expect.stringMatching(/reboots, and its Cloud Assistant has no heartbeat/),
  });
  await hospital.cloud.settle({ forMs: 60_000 });
  expect(left(hospital)).toEqual(NOTHING);
});

test("where tokens are forgotten, two launches with one token are wrong, and both are released", async ({
  expect,
}) => {
  const forgetful = await openHospital({}, { cloud: { tokenMs: 0 }, like: hospital });
  const { findings } = await forgetful.examine({ only: ["client-token"], launch: true });
  await forgetful.cloud.settle({ forMs: 60_000 });
  const rest = left(forgetful);
  await forgetful.cloud.close();
  expect(findings["client-token"]).toMatchObject({
    state: "wrong",
    found: expect.stringMatching(/2 instances/),
  });
  expect(rest).toEqual(NOTHING);
});

test("an event that waits longer than its examination is none of the next one", async ({ expect }) => {
  const only = ["delay"];
  expect((await hospital.examine({ only })).findings["delay"]?.state).toBe("ok");
  // Its event with the longest delay arrives while the next one waits for its own.
  await hospital.cloud.settle({ forMs: seconds(3500 - 10) });
  expect((await hospital.examine({ only })).findings["delay"]).toMatchObject({ state: "ok" });
});

test("events of an earlier examination are not taken for those of the next, which are lost", async ({
  expect,
}) => {
  const { cloud, api } = hospital;
  const only = ["delay", "payload", "payload-limit", "dead-letter", "timer", "upload-event"];
  const late = new Set<string>();
  const began = cloud.fc.invocations.length;
  await hospital.examine({ only: [...only, "pass-role"] });
  for (const { function: name, payload } of cloud.fc.invocations.slice(began))
    if (name === "kiln-probe" && !payload.startsWith('{"orders"')) late.add(payload);
  expect(late.size).toBeGreaterThanOrEqual(only.length);
  const undo = [
    cloud.fc.lose(({ payload }) => !late.has(payload) && !payload.includes('"orders"')),
    cloud.faults.interleave({
      product: "fc",
      action: "PutAsyncInvokeConfig",
      after: async () => {
        for (const payload of late) await api.queue("kiln-probe", payload);
      },
    }),
  ];
  const { findings } = await hospital.examine({ only: [...only, "pass-role"] });
  for (const end of undo) end();
  const states = only.map((name) => [name, findings[name]?.state]);
  expect(states).toEqual(only.map((name) => [name, "wrong"]));
});

test("an examination whose probe another one takes over knows nothing more, and leaves that one's probe", async ({
  expect,
}) => {
  const look = async (name: string) => {
    const { findings } = await hospital.examine({ only: [name] });
    return [findings[name]?.state, findings["removed"]?.state];
  };
  let second: Promise<unknown> | undefined;
  let first: Promise<unknown> | undefined;
  // Each has just made the trigger of its check: the second begins in the midst of the first, and ends after it.
  const end = hospital.cloud.faults.interleave({
    product: "fc",
    action: "CreateTrigger",
    after: async () => {
      if (second !== undefined) return void (await first);
      await new Promise<void>((goOn) => {
        const stop = hospital.cloud.faults.interleave({
          product: "fc",
          action: "CreateTrigger",
          before: () => goOn(),
        });
        second = look("http-event").finally(stop);
      });
    },
  });
  first = look("timer");
  expect(await first).toEqual(["unknown", "ok"]);
  expect(left(hospital).functions).toEqual(["kiln-probe"]);
  expect(await second).toEqual(["ok", "ok"]);
  end();
  expect(left(hospital)).toEqual(NOTHING);
});

test.for(["CreateFunction", "CreateTrigger"])(
  "interrupted at %s, it leaves nothing",
  async (action, { expect }) => {
    const controller = new AbortController();
    const end = hospital.cloud.faults.interleave({
      product: "fc",
      action,
      after: () => controller.abort(new Error("interrupted")),
    });
    const only = ["put-if-absent", "timer", "delay"];
    await expect(hospital.examine({ only, interrupt: controller.signal })).rejects.toThrow("interrupted");
    end();
    expect(left(hospital)).toEqual(NOTHING);
  },
);

test("a probe that could not be removed is reported, and removed by the next examination", async ({
  expect,
}) => {
  const mend = fault("fc", "DeleteFunction")(hospital);
  const { code, findings } = await hospital.examine({ only: ["append"] });
  mend();
  expect([code, findings["removed"]?.state]).toEqual([1, "wrong"]);
  expect(left(hospital).functions).toEqual(["kiln-probe"]);
  expect((await hospital.examine({ only: ["append"] })).code).toBe(0);
  expect(left(hospital)).toEqual(NOTHING);
});

test("a function of the probe's name that another deployment has stays", async ({ expect }) => {
  const { api } = hospital;
  const { props } = hospital.declared[0] ?? {};
  const code = { zipFile: zipOf({ "index.js": "" }).toString("base64") };
  const role = String(props?.["role"]);
  const variables = { KILN_BUCKET: "kiln-other" };
  const body = { functionName: "kiln-probe", runtime: "nodejs20", handler: "index.handler", role, code };
  await api.fc("POST", "/functions", {}, { ...body, environmentVariables: variables });
  const { findings } = await hospital.examine({ only: ["append"] });
  expect(findings["append"]).toMatchObject({ found: expect.stringMatching(/belongs to another deployment/) });
  expect(left(hospital).functions).toEqual(["kiln-probe"]);
  await api.fc("DELETE", "/functions/kiln-probe");
});

test("every check has something that breaks it", ({ expect }) => {
  const broken = new Set([...BREAKAGES.map(({ check }) => check), "client-token", "reboot"]);
  const names = CHECKS.map(({ name }) => name).filter((name) => !name.startsWith("role-"));
  expect(names.filter((name) => !broken.has(name))).toEqual([]);
});
