import { CreateInstanceRequest } from "@alicloud/ecs20140526/dist/models/CreateInstanceRequest.js";
import * as run from "@alicloud/ecs20140526/dist/models/RunInstancesRequest.js";
import { test } from "vitest";
import { parseFleet } from "../../../shared/documents/fleet.ts";
import { problemsIn } from "./problems-of.ts";

const launch = { InstanceType: "ecs.g7.large", VSwitchId: "vsw-a", SecurityGroupId: "sg-a" };
const fleet = (changes: object, via = "RunInstances") => ({
  family: "web",
  via,
  launch: { ...launch, ...changes },
  limits: { max: 1 },
});

const parameters = Object.values(run.RunInstancesRequest.names());
const { RunInstancesRequest: _, ...partClasses } = run;
const parts = Object.entries(partClasses)
  .filter(([name]) => name.startsWith("RunInstancesRequest"))
  .map(([name, part]) => [name.slice("RunInstancesRequest".length), namesOf(part)] as const);

function namesOf(part: object): string[] {
  return "names" in part && typeof part.names === "function" ? Object.values<string>(part.names()) : [];
}

for (const parameter of parameters) {
  test(`RunInstances' ${parameter} is taken under its own name or refused with a reason`, ({ expect }) => {
    // A map is the right value of no scalar: what comes back tells whether the name was known.
    const found = problemsIn(parseFleet, fleet({ [parameter]: { no: "such value" } }));
    expect(found.filter((problem) => problem.startsWith(`launch.${parameter}: is not known`))).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });
}

for (const [part, names] of parts) {
  test(`every field of ${part} is taken under its own name or refused with a reason`, ({ expect }) => {
    const value = Object.fromEntries(names.map((name) => [name, []]));
    const found = [value, [value]].flatMap((written) => problemsIn(parseFleet, fleet({ [part]: written })));
    expect(found.filter((problem) => /^launch\.\w+(\[0\])?\.\w+: is not known/.test(problem))).toEqual([]);
  });
}

/** A sound value of everything RunInstances has and CreateInstance has not. */
const samples: Readonly<Record<string, unknown>> = {
  CpuOptions: { Core: 2 },
  SchedulerOptions: { DedicatedHostClusterId: "dc-1" },
  SecurityOptions: { TrustedSystemMode: "vTPM" },
  AutoPay: true,
  ClockOptions: { PtpStatus: "enabled" },
  HostNames: ["web-1"],
  ImageOptions: { LoginAsNonRoot: true },
  Ipv6Address: ["2001:db8::1"],
  Ipv6AddressCount: 1,
  LaunchTemplateId: "lt-1",
  LaunchTemplateName: "web",
  LaunchTemplateVersion: 1,
  NetworkInterface: [{}],
  NetworkInterfaceQueueNumber: 8,
  NetworkOptions: { EnableJumboFrame: true },
  PrivateDnsNameOptions: { HostnameType: "Custom" },
  SecurityGroupIds: ["sg-b"],
  UniqueSuffix: true,
};
const created = new Set(Object.values(CreateInstanceRequest.names()));
const refusedAnyway = (name: string) =>
  problemsIn(parseFleet, fleet({ [name]: {} })).some((problem) =>
    /^launch\.\w+: (belongs|is not offered|is of an older)/.test(problem),
  );

/** Set by a call of its own before the first start. */
const SET_LATER = "AutoReleaseTime";

for (const name of parameters.filter(
  (parameter) => !created.has(parameter) && parameter !== SET_LATER && !refusedAnyway(parameter),
)) {
  test(`${name}, which CreateInstance does not know, is refused via CreateInstance`, ({ expect }) => {
    const found = problemsIn(parseFleet, fleet({ [name]: samples[name] }, "CreateInstance"));
    expect(found.join("\n")).toContain(`launch.${name}: must not be used via CreateInstance`);
  });
}

test("what CreateInstance's disks cannot do is refused", ({ expect }) => {
  const disk = { Category: "cloud_auto", Size: 40, BurstingEnabled: true };
  const found = problemsIn(
    parseFleet,
    fleet({ SystemDisk: { ...disk, Encrypted: true }, DataDisk: [disk] }, "CreateInstance"),
  );
  expect(found.map((problem) => problem.split(": ")[0])).toEqual([
    "launch.SystemDisk.BurstingEnabled",
    "launch.SystemDisk.Encrypted",
    "launch.DataDisk[0].BurstingEnabled",
  ]);
});
