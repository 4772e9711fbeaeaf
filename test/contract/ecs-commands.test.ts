import { test } from "vitest";
import { inCloud, read } from "./ecs-caller.ts";
import type { Caller } from "./ecs-caller.ts";

const MINUTE = 60_000;

/** Runs a script on one machine to its end and answers how it went. */
async function run(
  { cloud, ask }: Caller,
  instanceId: string,
  script: string,
  params: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const command = { Type: "RunShellScript", CommandContent: script, InstanceId: [instanceId], ...params };
  const InvokeId = read(await ask("RunCommand", command), "InvokeId");
  await cloud.settle();
  const results = await ask("DescribeInvocationResults", { InvokeId, ContentEncoding: "PlainText" });
  return read<Record<string, unknown>>(results, "Invocation.InvocationResults.InvocationResult.0");
}

async function machine({ cloud, launch }: Caller, params: Record<string, unknown> = {}): Promise<string> {
  const [id] = await launch(params);
  await cloud.settle({ forMs: 2 * MINUTE });
  return id!;
}

test("what a command leaves on a builder is on the instances of its image", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    const script =
      "set -e\ndnf install -y nginx\nsystemctl enable nginx\necho v7 > /etc/release\n: > /etc/machine-id\nrm -f /etc/ssh/ssh_host_*";
    expect(await run(caller, id, script)).toMatchObject({
      InvocationStatus: "Success",
      InvokeRecordStatus: "Finished",
      ExitCode: 0,
    });
    expect(await run(caller, id, "curl -sf localhost")).toMatchObject({
      InvocationStatus: "Failed",
      ExitCode: 7,
      ErrorCode: "ExitCodeNonzero",
    });
    await ask("StopInstance", { InstanceId: id });
    await cloud.settle();
    const imageId = read(await ask("CreateImage", { InstanceId: id }), "ImageId");
    await cloud.settle();
    const clones = [
      await machine(caller, { ImageFamily: "", ImageId: imageId }),
      await machine(caller, { ImageFamily: "", ImageId: imageId }),
    ];
    const check =
      "cat /etc/release && curl -sf localhost >/dev/null && cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key";
    const outputs: string[] = [];
    for (const clone of clones) outputs.push(String((await run(caller, clone, check))["Output"]));
    expect(outputs[0]).toMatch(/^v7\n/);
    expect(outputs[0]).not.toBe(outputs[1]);
  });
});

test("an image that keeps its identity makes clones", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    await ask("StopInstance", { InstanceId: id });
    await cloud.settle();
    const imageId = read(await ask("CreateImage", { InstanceId: id }), "ImageId");
    await cloud.settle();
    const clone = await machine(caller, { ImageFamily: "", ImageId: imageId });
    const ids = [...cloud.world.disks.values()].map((disk) => disk.content.files.get("/etc/machine-id"));
    expect(ids[0]).toBe(ids[1]);
    expect(cloud.world.mustHave(clone).hostName).not.toBe(cloud.world.mustHave(id).hostName);
    expect((await run(caller, clone, "hostname"))["Output"]).toBe(
      `${cloud.world.mustHave(clone).hostName}\n`,
    );
  });
});

test("user data runs once per instance, and cloud-init says how it ended", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const script = "#!/bin/bash\nsleep 30\necho ran >> /root/ran\nexit 3\n";
    const [id] = await caller.launch({
      UserData: Buffer.from(script).toString("base64"),
      KeyPairName: "default",
    });
    await cloud.settle({ forMs: 40_000 });
    expect(
      await run(caller, id!, "cloud-init status; cloud-init status --wait; cat /root/ran"),
    ).toMatchObject({ Output: "status: running\nstatus: error\nran\n" });
    const good = await machine(caller);
    expect(await run(caller, good, "cloud-init status --wait")).toMatchObject({ Output: "status: done\n" });
    await ask("RebootInstance", { InstanceId: id });
    await cloud.settle({ forMs: 2 * MINUTE });
    expect(await run(caller, id!, "cat /root/ran /root/.ssh/authorized_keys")).toMatchObject({
      Output: expect.stringMatching(/^ran\nssh-ed25519 /),
    });
  });
});

test("a command that takes too long is a Timeout, one on a machine that goes down is interrupted", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    expect(await run(caller, id, "echo a; sleep 100; echo b", { Timeout: 30 })).toMatchObject({
      InvocationStatus: "Timeout",
      Output: "a\n",
      ErrorCode: "ExecutionTimeout",
    });
    const command = { Type: "RunShellScript", CommandContent: "sleep 100", InstanceId: [id], Timeout: 600 };
    const InvokeId = read(await ask("RunCommand", command), "InvokeId");
    await cloud.settle({ forMs: 10_000 });
    const running = await ask("DescribeInvocations", { InvokeId, IncludeOutput: true });
    expect(read(running, "Invocations.Invocation.0.InvocationStatus")).toBe("Running");
    await ask("StopInstance", { InstanceId: id, ForceStop: true });
    await cloud.settle();
    const over = await ask("DescribeInvocationResults", { InvokeId });
    expect(read(over, "Invocation.InvocationResults.InvocationResult.0")).toMatchObject({
      InvocationStatus: "Failed",
      ErrorCode: "ExecutionInterrupted",
    });
  });
});

test("StopInvocation ends what runs", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    const InvokeId = read(
      await ask("RunCommand", {
        Type: "RunShellScript",
        CommandContent: "sleep 100; echo no",
        InstanceId: [id],
      }),
      "InvokeId",
    );
    await cloud.settle({ forMs: 10_000 });
    await ask("StopInvocation", { InvokeId });
    await cloud.settle();
    const over = await ask("DescribeInvocationResults", { InvokeId });
    expect(read(over, "Invocation.InvocationResults.InvocationResult.0")).toMatchObject({
      InvocationStatus: "Terminated",
      InvokeRecordStatus: "Stopped",
      Output: "",
    });
  });
});

test("output beyond 24 KiB is dropped and counted, and comes as base64 unless asked otherwise", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const id = await machine(caller);
    const line = "x".repeat(99);
    const result = await run(
      caller,
      id,
      `for a in 1 2 3 4 5 6 7 8 9 10; do for b in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do echo ${line}; done; done`,
    );
    expect(String(result["Output"])).toHaveLength(24 * 1024);
    expect(result["Dropped"]).toBe(300 * 100 - 24 * 1024);
    const raw = await caller.ask("DescribeInvocationResults", { InstanceId: id });
    const output = read<string>(raw, "Invocation.InvocationResults.InvocationResult.0.Output");
    expect(Buffer.from(output, "base64").toString("utf8")).toBe(result["Output"]);
  });
});

test("of a long output its beginning and its end are kept", async ({ expect }) => {
  await inCloud(async (caller) => {
    const id = await machine(caller);
    const result = await run(caller, id, "for n in $(seq 10001 15000); do echo $n; done");
    const lines = String(result["Output"]).split("\n");
    expect([lines[0], lines[999], lines.at(-2)]).toEqual(["10001", "11000", "15000"]);
    expect(result["Dropped"]).toBe(30_000 - 24 * 1024);
  });
});

test("a running command shows the first 6,000 bytes that it had printed a second before", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    const script =
      "sleep 1.5; echo one; sleep 8; for n in $(seq 10001 15000); do echo $n; done; sleep 20; echo end";
    const command = { Type: "RunShellScript", CommandContent: script, InstanceId: [id] };
    const InvokeId = read(await ask("RunCommand", command), "InvokeId");
    const shown = async (forMs: number) => {
      await cloud.settle({ forMs });
      const results = await ask("DescribeInvocationResults", { InvokeId, ContentEncoding: "PlainText" });
      return read<Record<string, unknown>>(results, "Invocation.InvocationResults.InvocationResult.0");
    };
    // A script begins two seconds after the command, so it prints after 3.5 seconds.
    expect(await shown(3800)).toMatchObject({ InvocationStatus: "Running", Output: "" });
    expect(await shown(300)).toMatchObject({ Output: "one\n" });
    const later = await shown(10_000);
    expect(later).toMatchObject({ InvocationStatus: "Running", Dropped: 0 });
    expect(String(later["Output"])).toMatch(/^one\n10001\n[^]*\n10999\n11$/);
    const last = await shown(60_000);
    expect(last).toMatchObject({
      InvocationStatus: "Success",
      Output: expect.stringMatching(/\n15000\nend\n$/),
    });
  });
});

test("one unfit target refuses the request, and without an agent a command is Aborted after a minute", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask, launch, refusal } = caller;
    const good = await machine(caller);
    const [young] = await launch();
    const command = { Type: "RunShellScript", CommandContent: "true" };
    expect(await refusal("RunCommand", { ...command, InstanceId: [good, young] })).toBe(
      "400 InvalidInstance.NotMatch",
    );
    expect(await refusal("RunCommand", { ...command, InstanceId: ["i-none"] })).toBe(
      "404 InvalidInstance.NotFound",
    );
    expect(await refusal("RunCommand", command)).toBe("400 MissingParam.InstanceId");
    expect(
      await refusal("RunCommand", {
        ...command,
        CommandContent: "x".repeat(18 * 1024 + 1),
        InstanceId: [good],
      }),
    ).toBe("403 CmdContent.ExceedLimit");
    await run(caller, good, "systemctl disable aliyun");
    await ask("RebootInstance", { InstanceId: good });
    await cloud.settle({ forMs: 2 * MINUTE });
    expect(await run(caller, good, "true")).toMatchObject({
      InvocationStatus: "Aborted",
      ErrorCode: "DeliveryTimeout",
    });
  });
});

test("a kept command is invoked again with parameters of its own", async ({ expect }) => {
  await inCloud(async (caller) => {
    const { cloud, ask, refusal } = caller;
    const id = await machine(caller);
    const kept = {
      Type: "RunShellScript",
      CommandContent: "echo {{who}} {{ACS::InstanceId}}",
      InstanceId: [id],
      KeepCommand: true,
      EnableParameter: true,
      Parameters: '{"who":"you"}',
    };
    const CommandId = read(await ask("RunCommand", kept), "CommandId");
    const InvokeId = read(
      await ask("InvokeCommand", { CommandId, InstanceId: [id], Parameters: '{"who":"me"}' }),
      "InvokeId",
    );
    await cloud.settle();
    const result = await ask("DescribeInvocationResults", { InvokeId, ContentEncoding: "PlainText" });
    expect(read(result, "Invocation.InvocationResults.InvocationResult.0.Output")).toBe(`me ${id}\n`);
    expect(await refusal("InvokeCommand", { CommandId: "c-none", InstanceId: [id] })).toBe(
      "404 InvalidCmdId.NotFound",
    );
  });
});

test("a command runs as its user and in its folder, and is invalid where the machine lacks them", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const id = await machine(caller);
    const who = "echo $(whoami) $(id -u) $HOME $(pwd)";
    expect(await run(caller, id, who)).toMatchObject({ Output: "root 0 /root /root\n", Username: "root" });
    const without = {
      Output: "",
      InvocationStatus: "Invalid",
      InvokeRecordStatus: "Failed",
    };
    expect(await run(caller, id, who, { Username: "app" })).toMatchObject({
      ...without,
      ErrorCode: "AccountNotExists",
      ErrorInfo: "the specified account does not exists",
    });
    expect(await run(caller, id, who, { WorkingDir: "/srv/app" })).toMatchObject({
      ...without,
      ErrorCode: "DirectoryNotExists",
      ErrorInfo: "the specified directory does not exists",
    });
    await run(caller, id, "useradd app; useradd -M bare; mkdir /srv/app");
    expect((await run(caller, id, who, { Username: "app" }))["Output"]).toBe(
      "app 1000 /home/app /home/app\n",
    );
    expect((await run(caller, id, who, { Username: "bare" }))["ErrorCode"]).toBe("DirectoryNotExists");
    const both = { Username: "app", WorkingDir: "/srv/app" };
    expect((await run(caller, id, who, both))["Output"]).toBe("app 1000 /home/app /srv/app\n");
    expect(await run(caller, id, "dnf install -y nginx", both)).toMatchObject({ ExitCode: 1 });
    expect(await run(caller, id, "touch mine", both)).toMatchObject({ ExitCode: 1 });
    expect(await run(caller, id, "touch mine", { Username: "app" })).toMatchObject({ ExitCode: 0 });
  });
});

test("content that is no Base64 and texts that are too long are refused", async ({ expect }) => {
  await inCloud(async (caller) => {
    const id = await machine(caller);
    const ask = async (params: Record<string, unknown>) =>
      await caller.ask("RunCommand", {
        Type: "RunShellScript",
        CommandContent: "ZXhpdA==",
        InstanceId: [id],
        ContentEncoding: "Base64",
        ...params,
      });
    for (const CommandContent of ["%%%", "a", "exit 0", "ZXhpdA=", "ZXhp=dA="])
      await expect(ask({ CommandContent }), CommandContent).rejects.toThrow(/can not be base64/);
    await expect(ask({ CommandContent: "%%%", ContentEncoding: "base64" })).rejects.toThrow(
      /can not be base64/,
    );
    await expect(ask({ Name: "n".repeat(129) })).rejects.toThrow(/command name exceeds/);
    await expect(ask({ Description: "d".repeat(513) })).rejects.toThrow(/command description exceeds/);
    await expect(ask({ WorkingDir: `/${"d".repeat(200)}` })).rejects.toThrow(/WorkingDir is not valid/);
    await ask({ Name: "n".repeat(128), Description: "d".repeat(512) });
    await ask({ CommandContent: "%%%", ContentEncoding: "none" });
  });
});

test("what a command began in the background goes on after it, and ends with its machine", async ({
  expect,
}) => {
  await inCloud(async (caller) => {
    const { cloud, ask } = caller;
    const id = await machine(caller);
    const before = cloud.time.now();
    const script = "(sleep 600; echo late > /tmp/late; sleep 600; echo never > /tmp/never) & echo now";
    expect(await run(caller, id, script)).toMatchObject({ Output: "now\n", ExitCode: 0 });
    expect(cloud.time.now() - before).toBeLessThan(MINUTE);
    await cloud.settle({ forMs: 11 * MINUTE });
    expect(await run(caller, id, "cat /tmp/late")).toMatchObject({ Output: "late\n" });
    await ask("RebootInstance", { InstanceId: id });
    await cloud.settle({ forMs: 20 * MINUTE });
    expect(await run(caller, id, "cat /tmp/never")).toMatchObject({ ExitCode: 1 });
  });
});
