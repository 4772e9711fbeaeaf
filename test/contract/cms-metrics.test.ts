import { test } from "vitest";
import { inCloud, read } from "./ecs-caller.ts";
import type { Caller } from "./ecs-caller.ts";
import { json } from "../support/known.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const QUIET = {
  cpuAverage: 1,
  cpuMaximum: 3,
  internetIn: 0,
  internetOut: 0,
  intranetIn: 0,
  intranetOut: 0,
  diskRead: 0,
  diskWrite: 0,
};

interface Point {
  readonly timestamp: number;
  readonly instanceId: string;
  readonly Minimum: number;
  readonly Average: number;
  readonly Maximum: number;
}

async function points(
  { cloud, askCms }: Caller,
  ids: readonly string[],
  params: Record<string, unknown> = {},
): Promise<readonly Point[]> {
  const answer = await askCms("DescribeMetricList", {
    Namespace: "acs_ecs_dashboard",
    MetricName: "CPUUtilization",
    Period: "3600",
    StartTime: String(cloud.time.now() - 6 * HOUR),
    EndTime: String(cloud.time.now()),
    Dimensions: JSON.stringify(ids.map((instanceId) => ({ instanceId }))),
    ...params,
  });
  return json<Point[]>(read<string>(answer, "Datapoints"));
}

test("hourly points follow the load, skip its gaps and the hours an instance was stopped", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, launch, ask } = caller;
    const [busy, quiet] = await launch({ Amount: 2 });
    const start = cloud.time.now();
    cloud.world.load(quiet!, () => QUIET);
    cloud.world.load(quiet!, () => undefined, { fromAt: start + 2 * HOUR, toAt: start + 3 * HOUR });
    await cloud.settle({ forMs: 4 * HOUR });
    await ask("StopInstance", { InstanceId: busy });
    await cloud.settle({ forMs: 2 * HOUR + 5 * 60_000 });
    const all = await points(caller, [busy!, quiet!]);
    const hours = (id: string): number[] =>
      all.filter((point) => point.instanceId === id).map((point) => (point.timestamp - start) / HOUR);
    // The window is open on the left, so hour 0 is outside; hour 4 of the stopped one is a minute short.
    expect(hours(busy!)).toEqual([1, 2, 3]);
    expect(hours(quiet!)).toEqual([1, 3, 4, 5]);
    expect(all.find((point) => point.instanceId === quiet)).toMatchObject({ Average: 1, Maximum: 3 });
    expect(all.find((point) => point.instanceId === busy)).toMatchObject({ Average: 20, Maximum: 45 });
  });
});

test("an hour is made of its minutes: their mean, the least and the most of them", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, launch } = caller;
    const [id = ""] = await launch();
    const hour = cloud.time.now() + HOUR;
    cloud.world.load(id, () => QUIET);
    const input = { ...QUIET, cpuAverage: 99, cpuMaximum: 100 };
    cloud.world.load(id, () => input, { fromAt: hour + 10 * MINUTE, toAt: hour + 25 * MINUTE });
    cloud.world.load(id, () => undefined, { fromAt: hour + 40 * MINUTE, toAt: hour + 50 * MINUTE });
    await cloud.settle({ forMs: 3 * HOUR });
    const window = { StartTime: String(hour - 1), EndTime: String(hour + HOUR - 1) };
    const [whole, ...others] = await points(caller, [id], window);
    expect(others).toEqual([]);
    const minutes = await points(caller, [id], { ...window, Period: "60" });
    const at = ({ timestamp }: Point): number => (timestamp - hour) / MINUTE;
    expect(minutes.map(at)).toEqual(Array.from({ length: 60 }, (_, n) => n).filter((n) => n < 40 || n >= 50));
    expect(minutes.filter(({ Average }) => Average === 99).map(at)).toEqual(
      Array.from({ length: 15 }, (_, n) => 10 + n),
    );
    expect(whole).toMatchObject({
      timestamp: hour,
      Average: (15 * 99 + 35 * 1) / 50,
      Minimum: Math.min(...minutes.map(({ Minimum }) => Minimum)),
      Maximum: 100,
    });
  });
});

test("a point appears after its period is over and not before, so the hour that runs has none", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, launch } = caller;
    const [id = ""] = await launch();
    const start = cloud.time.now();
    const newest = async (Period: string): Promise<number> => {
      const window = { Period, StartTime: String(start - 1), EndTime: String(cloud.time.now()) };
      return ((await points(caller, [id], window)).at(-1)?.timestamp ?? Number.NaN) - start;
    };
    await cloud.settle({ forMs: 2 * HOUR });
    expect(await newest("3600")).toBe(0);
    expect(await newest("60")).toBe(2 * HOUR - 3 * MINUTE);
    await cloud.settle({ forMs: 2 * MINUTE });
    expect(await newest("3600")).toBe(HOUR);
    cloud.world.delays({ metricMs: 7 * MINUTE });
    expect(await newest("60")).toBe(2 * HOUR - 6 * MINUTE);
  });
});

test("a long answer comes in pages whose tokens join without gap", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, launch, askCms } = caller;
    const ids = await launch({ Amount: 7 });
    await cloud.settle({ forMs: 6 * HOUR });
    const whole = await points(caller, ids);
    const joined: Point[] = [];
    let NextToken: string | undefined;
    do {
      const page = await askCms("DescribeMetricList", {
        Namespace: "acs_ecs_dashboard",
        MetricName: "CPUUtilization",
        Period: "3600",
        Length: "4",
        StartTime: String(cloud.time.now() - 6 * HOUR),
        Dimensions: JSON.stringify(ids.map((instanceId) => ({ instanceId }))),
        NextToken,
      });
      expect(read(page, "Code")).toBe("200");
      joined.push(...json<Point[]>(read<string>(page, "Datapoints")));
      NextToken = read<string | undefined>(page, "NextToken");
    } while (NextToken !== undefined);
    expect(joined).toEqual(whole);
    expect(joined).toHaveLength(28);
  });
});

test("more than 50 instances, too long a page and an unknown metric are refused", async ({ expect }) => {
  await inCloud(async (caller) => {
    const many = Array.from({ length: 51 }, (_, index) => `i-${index}`);
    await expect(points(caller, many)).rejects.toMatchObject({ code: "InvalidParameterValue" });
    await expect(points(caller, ["i-1"], { Length: "1441" })).rejects.toMatchObject({
      code: "InvalidParameterValue",
    });
    await expect(points(caller, ["i-1"], { MetricName: "Mood" })).rejects.toMatchObject({
      code: "ResourceNotFound",
    });
    await expect(points(caller, ["i-1"], { Period: "7" })).rejects.toMatchObject({
      code: "InvalidParameterValue",
    });
    expect(await points(caller, ["i-none"])).toEqual([]);
  });
});

test("DescribeMetricLast answers one point per instance, public traffic only where there is an address", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, launch, askCms } = caller;
    const [bare] = await launch();
    const [open] = await launch({ InternetMaxBandwidthOut: 5 });
    await cloud.settle({ forMs: 3 * HOUR });
    const last = async (MetricName: string): Promise<Point[]> => {
      const query = {
        Namespace: "acs_ecs_dashboard",
        MetricName,
        Period: "60",
        Dimensions: JSON.stringify([{ instanceId: bare }, { instanceId: open }]),
      };
      return json<Point[]>(read<string>(await askCms("DescribeMetricLast", query), "Datapoints"));
    };
    expect((await last("CPUUtilization")).map((point) => point.instanceId)).toEqual([bare, open]);
    expect((await last("VPC_PublicIP_InternetOutRate")).map((point) => point.instanceId)).toEqual([open]);
  });
});
