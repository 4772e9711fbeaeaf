import { test } from "../support/deploy.ts";
import { check, idleFleet, statuses } from "../support/idle-fleet.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { machines } from "../support/world.ts";

const HOSTS = { HostName: "n-[1,1]" };

/** Each machine answers by its name. */
const command = `case "$(hostname)" in
  n-1) exit 0 ;;
  n-2) exit 1 ;;
  n-3) exit 127 ;;
  n-4) sleep 60 ;;
  n-5) exit 2 ;;
esac
exit 1`;

test("a member that its probe calls busy stays, one of which nothing is known stays and is reported", async ({
  deploy,
  expect,
}) => {
  const kiln = await deploy(QUIET);
  await idleFleet(kiln, 6, HOSTS);
  const byHost = Object.fromEntries(machines(kiln).map(({ hostName, instanceId }) => [hostName, instanceId]));
  const [busy = "", idle = "", missing = "", slow = "", wrong = "", mute = ""] = [1, 2, 3, 4, 5, 6].map(
    (n) => byHost[`n-${n}`] ?? "",
  );
  kiln.cloud.world.mustHave(mute).guest?.active.delete("aliyun");
  const record = await check(kiln, { ...POLICY, probe: { command, timeout: "10s" } }, { launch: HOSTS });
  expect(record).toMatchObject({
    state: "done",
    result: { stopped: [idle], probed: [`${idle}: its probe ended with exit code 1`] },
  });
  expect(statuses(kiln)).toEqual({
    [busy]: "Running",
    [idle]: "Stopped",
    [missing]: "Running",
    [slow]: "Running",
    [wrong]: "Running",
    [mute]: "Running",
  });
  const refused = String(record.result?.["refused"]);
  expect(refused).toContain(`${busy}: Busy its probe ended with exit code 0`);
  for (const id of [missing, slow, wrong, mute]) expect(refused).toContain(`${id}: Unprobed`);
  expect(refused).toContain("exit code 127");
});

test("a check whose probes tell nothing fails, and stops nothing", async ({ deploy, expect }) => {
  const kiln = await deploy(QUIET);
  const [one = ""] = await idleFleet(kiln, 1);
  const record = await check(kiln, { ...POLICY, probe: "exit 3" });
  expect(record.state).toBe("failed");
  expect(JSON.stringify(record)).toContain("its probe ended with exit code 3");
  expect(statuses(kiln)).toEqual({ [one]: "Running" });
});
