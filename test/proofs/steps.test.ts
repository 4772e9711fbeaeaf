/** Steps of a recipe: files, repeats, exit codes, reboots, long scripts, and the first boot before them. */
import { reasonInChinese } from "../../shared/chinese/reasons.ts";
import { hours } from "../../shared/duration.ts";
import { outputKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import type { RunRecord } from "../support/records.ts";
import { bakeAndPromote, ENDED, recipeText, statesOf } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

const bakeOf = async (kiln: Deployment, provision: readonly unknown[], changes: object = {}) =>
  bakeAndPromote(kiln, recipeText({ provision, test: { commands: ["true"] }, ...changes }));

/** The content of a file in the newest image. */
const fileOf = (kiln: Deployment, path: string): string | undefined => {
  const image = ownImages(kiln)
    .toSorted((a, b) => a.createdAt - b.createdAt)
    .at(-1);
  return image?.disks[0]?.content.files.get(path);
};

const notesOf = (record: RunRecord | undefined): string =>
  record?.steps.map(({ note = "" }) => note).join("\n") ?? "";

const outputOf = ({ cloud }: Deployment, run: string, index: number): string =>
  cloud.oss.find(BUCKET, outputKey(run, `builder-${index}`))?.body.toString() ?? "";

test("an object becomes a file with its mode and owner, in the image and in the image test", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("files/app.conf", "listen 80\r\nkept as it is\n");
  await kiln.upload("files/check.txt", "ok\n");
  const to = "/etc/app's dir/app.conf";
  const runs = await bakeOf(
    kiln,
    ["useradd app", { file: "files/app.conf", to, mode: "0640", owner: "app:app" }, `ls -A "/etc/app's dir"`],
    { test: { commands: [{ file: "files/check.txt", to: "/root/check" }, "grep -q ok /root/check"] } },
  );
  expect(statesOf(runs)).toEqual(ENDED);
  expect(fileOf(kiln, to)).toBe("listen 80\r\nkept as it is\n");
  expect(outputOf(kiln, runs[0]?.run ?? "", 2)).toBe("app.conf\n");
  await kiln.upload("files/app.conf", "listen 8080\n");
  await kiln.cloud.settle({ forMs: hours(2) });
  expect(notesOf(kiln.records("bake-web").at(-1))).toContain("objects (files/app.conf)");
});

test("no signed URL is in an event, a log, a record or an output", async ({ kiln, expect }) => {
  await kiln.upload("files/app.conf", "x\n");
  const runs = await bakeOf(kiln, [
    { file: "files/app.conf", to: "/etc/app.conf" },
    { file: "files/app.conf", to: "/etc/app.conf/below" },
  ]);
  expect(runs[0]?.reason).toContain("/etc/app.conf");
  const texts = [
    ...kiln.cloud.oss.list(BUCKET, "").map(({ body }) => body.toString()),
    ...kiln.cloud.fc.events.map(({ payload }) => payload.toString()),
    ...kiln.cloud.fc.invocations.map(({ logs, result }) => JSON.stringify([logs, result])),
  ];
  for (const text of texts) expect(text).not.toContain("x-oss-signature");
  expect(leftovers(kiln)).toEqual([]);
});

test("a missing file refuses the bake before anything is launched", async ({ kiln, expect }) => {
  const runs = await bakeOf(kiln, [{ file: "files/none", to: "/etc/none" }]);
  expect(runs[0]).toMatchObject({ state: "failed", reason: expect.stringContaining("files/none") });
  expect(kiln.cloud.world.instances.size).toBe(0);
});

const FLAKY = 'echo x >> /root/tries; [ "$(grep -c x /root/tries)" -ge 3 ]';

test("a step that fails is repeated as often as it says, and not more often", async ({ kiln, expect }) => {
  const good = await bakeOf(kiln, [{ name: "mirror", run: FLAKY, retries: 2 }]);
  expect(statesOf(good)).toEqual(ENDED);
  expect(notesOf(good[0])).toContain('"mirror" failed with exit code 1');
  expect(notesOf(good[0])).toContain("it is repeated (2 of 2)");
  const bad = await bakeOf(kiln, [{ name: "mirror", run: FLAKY, retries: 1 }]);
  expect(bad[0]).toMatchObject({
    state: "failed",
    reason: expect.stringContaining('"mirror" failed with exit code 1'),
  });
  expect(leftovers(kiln)).toEqual([]);
});

test("exit codes that a step names are no failure, others are", async ({ kiln, expect }) => {
  const good = await bakeOf(kiln, [{ run: "exit 100", okExitCodes: [100] }, "echo on > /etc/on"]);
  expect(statesOf(good)).toEqual(ENDED);
  expect(fileOf(kiln, "/etc/on")).toBe("on\n");
  const bad = await bakeOf(kiln, [{ run: "exit 101", okExitCodes: [0, 100] }]);
  expect(bad[0]?.reason).toContain("failed with exit code 101");
  const late = await bakeOf(kiln, [{ run: "sleep 60", timeout: "10s", okExitCodes: [0, 1, 124, 137] }]);
  expect(late[0]?.state).toBe("failed");
});

test("a step ends with a reboot by exit code 194 or by the word reboot, and the next one runs after it", async ({
  kiln,
  expect,
}) => {
  const runs = await bakeOf(kiln, [
    "echo one > /etc/steps",
    { name: "new kernel", run: "echo two >> /etc/steps; exit 194" },
    "echo three >> /etc/steps",
    "reboot",
    "echo four >> /etc/steps",
  ]);
  expect(statesOf(runs)).toEqual(ENDED);
  expect(fileOf(kiln, "/etc/steps")).toBe("one\ntwo\nthree\nfour\n");
  expect(notesOf(runs[0])).toContain('"new kernel" ended with a reboot');
  const kept = await bakeOf(kiln, [{ run: "exit 194", okExitCodes: [193] }, "exit 193"]);
  expect(kept[0]?.state).toBe("failed");
});

test("a step that restarts its machine itself fails with what to write instead", async ({ kiln, expect }) => {
  for (const last of ["sudo reboot", "shutdown -r now", "systemctl reboot"]) {
    const [bake] = await bakeOf(kiln, [{ name: "kernel", run: `echo new\n${last}\nsleep 100` }]);
    expect(bake?.reason, last).toMatch(
      /"kernel" failed with ExecutionInterrupted .*; for a reboot write - reboot, or end the step with exit 194$/,
    );
    expect(reasonInChinese(bake?.reason ?? ""), last).toMatch(/请写 - reboot/);
  }
});

test("a builder that is released before its steps have ended fails with the key that says when", async ({
  kiln,
  expect,
}) => {
  const step = { run: "sleep 2400", timeout: "50m" };
  const source = {
    builder: {
      family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
      instanceTypes: "ecs.g7.large",
      vSwitchIds: "vsw-hangzhou-h",
      securityGroupId: "sg-default0001",
      expireAfter: "1h",
    },
  };
  await kiln.upload("recipes/web.yaml", recipeText({ source, provision: [step, step, step] }));
  await kiln.cloud.settle({ forMs: hours(4) });
  const reason = kiln.records("bake").at(-1)?.reason ?? "";
  expect(reason).toMatch(
    /^"sleep 2400" failed with .* is gone: the cloud releases a builder 1h after its launch, whatever it does; raise source\.builder\.expireAfter, or make the steps shorter$/,
  );
  expect(reason).not.toContain("reboot");
  expect(reasonInChinese(reason)).toMatch(/请调大 source\.builder\.expireAfter/);
});

test("a script that is too long for a command is downloaded and runs once, by its first line", async ({
  kiln,
  expect,
}) => {
  const long = Array.from({ length: 1_500 }, (_, n) => `# line ${n} of a script that is long`).join("\n");
  await kiln.upload(
    "scripts/own.sh",
    `#!/bin/bash -e\r\n${long.replaceAll("\n", "\r\n")}\r\necho own $TIER >> /etc/ran\r\n`,
  );
  await kiln.upload("scripts/bare.sh", `${long}\necho bare $(basename "$PWD") >> /etc/ran\n`);
  await kiln.upload("scripts/bad.sh", `#!/bin/bash\n${long}\nexit 7\n`);
  const runs = await bakeOf(kiln, [
    { script: "scripts/own.sh", environment: { TIER: "front" } },
    { script: "scripts/bare.sh", workingDir: "/var/log" },
    "ls /var/tmp > /etc/left",
  ]);
  expect(statesOf(runs)).toEqual(ENDED);
  expect(fileOf(kiln, "/etc/ran")).toBe("own front\nbare log\n");
  expect(fileOf(kiln, "/etc/left")).not.toContain("kiln-script");
  const bad = await bakeOf(kiln, [{ script: "scripts/bad.sh" }]);
  expect(bad[0]?.reason).toContain("failed with exit code 7");
});

test("exit codes that a step accepts are those of its script, not of the download before it", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/long.sh", `${"# filler\n".repeat(3000)}exit 1\n`);
  const step = { script: "scripts/long.sh", okExitCodes: [1] };
  // The place of the script is taken, so it cannot be put there.
  const bad = await bakeOf(kiln, ["mkdir /var/tmp/kiln-script-1", step, "echo on > /etc/on"]);
  expect(bad[0]?.reason).toMatch(/"scripts\/long\.sh" failed with exit code 1: .*is a folder/);
  expect(statesOf(await bakeOf(kiln, [step]))).toEqual(ENDED);
});

test("scripts with the line ends of Windows run", async ({ kiln, expect }) => {
  await kiln.upload("scripts/dos.sh", "#!/bin/bash\r\necho dos > /etc/dos\r\n");
  expect(statesOf(await bakeOf(kiln, [{ script: "scripts/dos.sh" }]))).toEqual(ENDED);
  expect(fileOf(kiln, "/etc/dos")).toBe("dos\n");
});

const withUserData = (userData: string) => ({
  source: {
    builder: {
      family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
      instanceTypes: ["ecs.g7.large"],
      vSwitchIds: ["vsw-hangzhou-h"],
      securityGroupId: "sg-default0001",
      userData,
    },
  },
});

test("the first command waits for the first boot, and a first boot that fails says so", async ({
  kiln,
  expect,
}) => {
  const slow = withUserData("#!/bin/bash\nsleep 400\necho ready > /etc/base-ready\n");
  expect(statesOf(await bakeOf(kiln, ["test -f /etc/base-ready"], slow))).toEqual(ENDED);
  const broken = withUserData("#!/bin/bash\necho no mirror answers >&2\nexit 3\n");
  const [bake] = await bakeOf(kiln, ["echo never > /etc/never"], broken);
  expect(bake?.reason).toMatch(/"first boot" failed with exit code 1.*user data or cloud-init failed/s);
  expect(outputOf(kiln, bake?.run ?? "", 0)).toContain("no mirror answers");
  expect(leftovers(kiln)).toEqual([]);
  expect(ownImages(kiln)).toHaveLength(1);
});

test("user data that reboots is waited for, be it by its script or at the end of cloud-init", async ({
  kiln,
  expect,
}) => {
  const script = withUserData("#!/bin/bash\nsleep 200\necho one > /etc/restarted\nreboot\n");
  const restarted = await bakeOf(kiln, ["test -f /etc/restarted"], script);
  expect(statesOf(restarted)).toEqual(ENDED);
  expect(notesOf(restarted[0])).toMatch(/went down during its first boot .*repeated/);
  // cloud-init obeys power_state after it has ended.
  const config = "/var/lib/cloud/instance/cloud-config.txt";
  const later = `#!/bin/bash\nmkdir -p ${config.replace(/\/[^/]*$/, "")}\necho "power_state:" > ${config}\n`;
  const [baked] = await bakeOf(kiln, ["true"], withUserData(later));
  const at = (part: string): number =>
    baked?.steps.find(({ note = "" }) => note.includes(part))?.at ?? Number.NaN;
  expect(at('"first boot" succeeded') - at('"first boot" runs')).toBeGreaterThan(40_000);
});
