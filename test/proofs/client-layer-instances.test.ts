import { done } from "../../shared/cloud/answers.ts";
import { action, send } from "../../shared/cloud/client.ts";
import { agentsOnline, commandResult, runCommand } from "../../shared/cloud/ecs/commands.ts";
import {
  allocatePublicIp,
  createInstance,
  deleteInstance,
  describeInstances,
  dryRunInstances,
  rebootInstance,
  runInstances,
  setAutoRelease,
  startInstance,
  startInstances,
  stopInstance,
  stopInstances,
} from "../../shared/cloud/ecs/instances.ts";
import { metricPoints } from "../../shared/cloud/cms/metrics.ts";
import { availableZones } from "../../shared/cloud/ecs/stock.ts";
import { listFewTaggedIds, tagResources, untagResources } from "../../shared/cloud/ecs/tags.ts";
import { describeTemplates, describeTemplateVersions } from "../../shared/cloud/ecs/templates.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { connected, LAUNCH, onCloud } from "../unit/cloud-layer/connected.ts";

onCloud(
  "instances are launched with nested parameters and read back in our spelling",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const params = {
      ...LAUNCH,
      Amount: 3,
      InstanceName: "web-[1,3]",
      Tag: [{ Key: "kiln:fleet", Value: "web" }],
    };
    const { instanceIds, tradePrice } = await runInstances(client, params, "token-1");
    await cloud.settle({ forMs: minutes(2) });
    const found = await describeInstances(client, { ids: instanceIds });
    expect(found.map(({ name }) => name).toSorted()).toEqual(["web-001", "web-002", "web-003"]);
    for (const instance of found) {
      expect(instance).toMatchObject({
        status: "Running",
        type: "ecs.g7.large",
        zone: "cn-hangzhou-h",
        chargeType: "PostPaid",
        stoppedMode: "Not-applicable",
        tags: { "kiln:fleet": "web" },
      });
      expect(instance.startedAt).toBeGreaterThan(0);
    }
    expect(tradePrice).toBeGreaterThan(0);
  },
);

onCloud(
  "more than a hundred instances are read whole, by tag, by id and past the tag filter's limit",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const tags = { "kiln:fleet": "big" };
    const params = { ...LAUNCH, Amount: 100, Tag: [{ Key: "kiln:fleet", Value: "big" }] };
    const ids: string[] = [];
    for (const token of ["one", "two", "three"])
      ids.push(...(await runInstances(client, params, token)).instanceIds);
    await cloud.settle({ forMs: minutes(5) });
    const idsOf = (found: readonly { readonly id: string }[]): string[] =>
      found.map(({ id }) => id).toSorted();
    expect(idsOf(await describeInstances(client, { tags }))).toEqual(ids.toSorted());
    expect(idsOf(await describeInstances(client, { ids: [...ids, "i-nosuchinstance"] }))).toEqual(
      ids.toSorted(),
    );
    expect(idsOf(await describeInstances(client, { tags, many: true }))).toEqual(ids.toSorted());
    expect(await describeInstances(client, { tags, statuses: ["Stopped"] })).toEqual([]);
    expect(await describeInstances(client, { tags, statuses: ["Stopped", "Running"] })).toHaveLength(300);
  },
);

onCloud(
  "an instance is created stopped, started, given an address, rebooted, stopped and released",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { SystemDisk, ...params } = LAUNCH;
    const created = { ...params, SystemDisk: { ...SystemDisk }, InternetMaxBandwidthOut: 5 };
    const { instanceId } = await createInstance(client, created, "token-1");
    const look = async () => (await describeInstances(client, { ids: [instanceId] }))[0];
    await cloud.settle({ forMs: minutes(2) });
    expect((await look())?.status).toBe("Stopped");
    expect(await allocatePublicIp(client, instanceId)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    await startInstance(client, instanceId);
    await cloud.settle({ forMs: minutes(2) });
    expect((await look())?.status).toBe("Running");
    await rebootInstance(client, instanceId);
    await cloud.settle({ forMs: minutes(3) });
    expect((await look())?.status).toBe("Running");
    await stopInstance(client, instanceId, { stoppedMode: "StopCharging" });
    await cloud.settle({ forMs: minutes(2) });
    expect(await look()).toMatchObject({ status: "Stopped", stoppedMode: "StopCharging" });
    await deleteInstance(client, instanceId);
    await deleteInstance(client, instanceId);
    await cloud.settle({ forMs: minutes(2) });
    expect(await look()).toBeUndefined();
  },
);

onCloud("a batch does what it can and says per instance what it could not", async ({ cloud, expect }) => {
  const client = connected(cloud);
  const { instanceIds } = await runInstances(client, { ...LAUNCH, Amount: 3 }, "token-1");
  await cloud.settle({ forMs: minutes(2) });
  const [stopped = "", ...running] = instanceIds;
  await stopInstance(client, stopped, { stoppedMode: "KeepCharging" });
  await cloud.settle({ forMs: minutes(2) });
  const outcomes = await stopInstances(client, instanceIds, { stoppedMode: "StopCharging" });
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  expect(byId.get(stopped)).toMatchObject({ ok: false, code: "IncorrectInstanceStatus" });
  for (const id of running) expect(byId.get(id)).toMatchObject({ ok: true });
  await cloud.settle({ forMs: minutes(2) });
  expect((await startInstances(client, instanceIds)).every(({ ok }) => ok)).toBe(true);
  await cloud.settle({ forMs: minutes(2) });
  for (const id of instanceIds) await deleteInstance(client, id, { force: true });
  await cloud.settle({ forMs: minutes(2) });
  expect(await describeInstances(client, { ids: instanceIds })).toEqual([]);
});

onCloud(
  "a rehearsed launch answers whether it would work and launches nothing",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    expect(await dryRunInstances(client, LAUNCH)).toEqual({ verdict: "yes" });
    const refused = await dryRunInstances(client, { ...LAUNCH, ImageFamily: "no-such-family" });
    expect(refused).toMatchObject({
      verdict: "no",
      error: { code: "InvalidImageFamily.MissingAvailableImage" },
    });
    expect(cloud.world.instances.size).toBe(0);
  },
);

onCloud(
  "the cloud releases an instance at its release time, unless that is removed",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { instanceIds } = await runInstances(client, { ...LAUNCH, Amount: 2 }, "token-1");
    const [first = "", second = ""] = instanceIds;
    await cloud.settle({ forMs: minutes(2) });
    const at = cloud.time.now() + hours(1);
    await setAutoRelease(client, first, at);
    await setAutoRelease(client, second, at);
    await setAutoRelease(client, second, undefined);
    const [one] = await describeInstances(client, { ids: [first] });
    expect(one?.autoReleaseAt).toBe(Math.floor(at / 60_000) * 60_000);
    await cloud.settle({ forMs: hours(2) });
    expect((await describeInstances(client, { ids: instanceIds })).map(({ id }) => id)).toEqual([second]);
  },
);

onCloud(
  "tags are set on more than a call can hold, found again and taken away",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { instanceIds } = await runInstances(client, { ...LAUNCH, Amount: 60 }, "token-1");
    await tagResources(client, "instance", instanceIds, { a: "1", b: "" });
    expect((await listFewTaggedIds(client, "instance", { a: "1", b: "" }, 100))?.toSorted()).toEqual(
      instanceIds.toSorted(),
    );
    await untagResources(client, "instance", instanceIds, ["a"]);
    expect(await listFewTaggedIds(client, "instance", { a: "1" }, 100)).toEqual([]);
    expect(await listFewTaggedIds(client, "instance", { b: "" }, 100)).toHaveLength(60);
  },
);

onCloud(
  "a command runs where the agent is online, and its output and exit code come back",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { instanceIds } = await runInstances(client, LAUNCH, "token-1");
    const [instanceId = ""] = instanceIds;
    expect((await agentsOnline(client, instanceIds)).size).toBe(0);
    await cloud.settle({ forMs: minutes(5) });
    expect(await agentsOnline(client, instanceIds)).toEqual(new Set([instanceId]));
    const command = { instanceId, script: "exit 3", timeoutMs: minutes(1), name: "probe", tags: { a: "b" } };
    const invocationId = await runCommand(client, command, "token-2");
    expect(await runCommand(client, command, "token-2")).toBe(invocationId);
    expect((await commandResult(client, invocationId, instanceId)).state).toBe("running");
    await cloud.settle({ forMs: minutes(2) });
    const result = await commandResult(client, invocationId, instanceId);
    expect(result).toMatchObject({ state: "ended", ok: false, exitCode: 3 });
  },
);

onCloud(
  "hourly points come for more instances than one call can name, oldest first",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { instanceIds } = await runInstances(client, { ...LAUNCH, Amount: 60 }, "token-1");
    await cloud.settle({ forMs: hours(6) });
    const now = cloud.time.now();
    const points = await metricPoints(client, "CPUUtilization", [...instanceIds, "i-nosuchinstance"], {
      periodMs: hours(1),
      fromAt: now - hours(5),
      toAt: now,
    });
    expect([...points.keys()]).toEqual([...instanceIds, "i-nosuchinstance"]);
    expect(points.get("i-nosuchinstance")).toEqual([]);
    for (const id of instanceIds) {
      const list = points.get(id) ?? [];
      expect(list.length).toBeGreaterThanOrEqual(3);
      expect(list.map(({ at }) => at)).toEqual(list.map(({ at }) => at).toSorted((a, b) => a - b));
      for (const { minimum, average, maximum } of list) {
        expect(minimum).toBeLessThanOrEqual(average);
        expect(average).toBeLessThanOrEqual(maximum);
      }
    }
  },
);

onCloud(
  "points of a minute come by the minute, and those of an address say which it is",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { instanceIds } = await runInstances(
      client,
      { ...LAUNCH, InternetMaxBandwidthOut: 5, Amount: 1 },
      "token-1",
    );
    await cloud.settle({ forMs: hours(1) });
    const [id = ""] = instanceIds;
    const asked = { periodMs: minutes(1), fromAt: cloud.time.now() - minutes(15), toAt: cloud.time.now() };
    const list =
      (await metricPoints(client, "VPC_PublicIP_InternetInRate", instanceIds, asked)).get(id) ?? [];
    expect(list).toHaveLength(12);
    expect(new Set(list.map(({ ip }) => ip))).toEqual(new Set([cloud.world.mustHave(id).publicIp]));
    expect(list.slice(1).map(({ at }, n) => at - (list[n]?.at ?? 0))).toEqual(
      list.slice(1).map(() => minutes(1)),
    );
  },
);

onCloud("zones that have a type differ from those that do not", async ({ cloud, expect }) => {
  const zones = await availableZones(connected(cloud), "ecs.g7.large");
  expect(zones.map(({ zone }) => zone)).toContain("cn-hangzhou-h");
});

onCloud("launch templates are read over all pages, by name and by version", async ({ cloud, expect }) => {
  const client = connected(cloud);
  const create = (LaunchTemplateName: string) =>
    send(
      client,
      {
        action: action("CreateLaunchTemplate", () => import("#ecs/CreateLaunchTemplate")),
        params: { LaunchTemplateName, InstanceType: "ecs.g7.large", Tag: [{ Key: "a", Value: "b" }] },
      },
      done,
    );
  expect(await describeTemplates(client)).toEqual([]);
  await create("web");
  await create("jobs");
  expect((await describeTemplates(client)).map(({ name }) => name).toSorted()).toEqual(["jobs", "web"]);
  const [web] = await describeTemplates(client, ["web", "none-of-this-name"]);
  expect(web).toMatchObject({ name: "web", defaultVersion: 1, latestVersion: 1 });
  for (const which of [{ name: "web" }, { id: web?.id ?? "" }]) {
    const versions = await describeTemplateVersions(client, which, "default");
    expect(versions).toMatchObject([{ version: 1, isDefault: true, data: { InstanceType: "ecs.g7.large" } }]);
  }
});
