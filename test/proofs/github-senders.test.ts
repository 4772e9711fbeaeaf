import { createHmac } from "node:crypto";
import { minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { raw, SENDER_SECRET } from "../support/senders.ts";
import { machines, tagsOf } from "../support/world.ts";

const SENDERS = {
  shop: { secret: SENDER_SECRET, label: "kiln-web", fleet: "web" },
  mall: { secret: "a-third-secret-of-a-sender-54321", label: "kiln-web", fleet: "web" },
  lab: { secret: "another-secret-of-a-sender-98765", label: "kiln-gpu", fleet: "gpu" },
};
type Sender = keyof typeof SENDERS;

/** `KILN_SENDERS` with three organizations, two of which share a fleet. The machines of both fleets have the same names. */
const KILN_SENDERS = JSON.stringify(
  Object.fromEntries(
    Object.entries(SENDERS).map(([name, { secret, label, fleet }]) => [
      name,
      { kind: "github", secrets: [secret], labels: { [label]: { fleet } } },
    ]),
  ),
);

async function deployAll(deploy: (options: { env: { KILN_SENDERS: string } }) => Promise<Deployment>) {
  const kiln = await deploy({ env: { KILN_SENDERS } });
  const text = fleetText({ launch: { InstanceName: "runner-[1,3]" }, onJobCompleted: "release" });
  for (const fleet of ["web", "gpu"]) await kiln.upload(`fleets/${fleet}.yaml`, text);
  const ago = (ms: number) => new Date(kiln.cloud.time.now() - ms).toISOString();
  const created_at = ago(0);
  /** Posts that the sender's job of that number changes, and lets ten minutes pass. */
  const job = async (sender: Sender, id: number, action: string, fields: object = {}) => {
    const { secret, label } = SENDERS[sender];
    const body = JSON.stringify({
      action,
      repository: { full_name: `${sender}/app` },
      workflow_job: { id, labels: [label], created_at, ...fields },
    });
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
    await raw(kiln, `/senders/${sender}`, headers, body);
    await kiln.cloud.settle({ forMs: minutes(10) });
  };
  const fleets = () => machines(kiln).map(({ instanceId }) => tagsOf(kiln, instanceId)["kiln:fleet"]);
  return { kiln, job, ago, fleets };
}

const runner_name = "runner-001";

for (const labels of [["self-hosted"], ["kiln-gpu"]])
  test(`a runner of one sender is no machine of another's fleet, whatever its name is: ${labels.join()}`, async ({
    deploy,
    expect,
  }) => {
    const { kiln, job, ago, fleets } = await deployAll(deploy);
    await job("shop", 1, "queued");
    const [machine] = machines(kiln);
    for (const name of [runner_name, machine?.instanceId])
      await job("lab", 5, "in_progress", { labels, started_at: ago(0), runner_name: name });
    expect(fleets()).toEqual(["web"]);
  });

test("a begun job of one sender's runner does not keep another's machine of the same name", async ({
  deploy,
  expect,
}) => {
  const { job, ago, fleets } = await deployAll(deploy);
  await job("shop", 1, "queued");
  await job("lab", 2, "queued");
  expect(fleets()).toEqual(["web", "gpu"]);
  await job("shop", 1, "in_progress", { started_at: ago(0), runner_name });
  await job("lab", 2, "in_progress", { started_at: ago(0), runner_name });
  await job("shop", 1, "completed", { completed_at: ago(minutes(15)), runner_name });
  expect(fleets()).toEqual(["gpu"]);
  await job("lab", 2, "completed", { completed_at: ago(0), runner_name });
  expect(fleets()).toEqual([]);
});

test("a begun job keeps the machine of a fleet from the end of another sender's job", async ({
  deploy,
  expect,
}) => {
  const { job, ago, fleets } = await deployAll(deploy);
  await job("shop", 1, "queued");
  await job("shop", 1, "in_progress", { started_at: ago(0), runner_name });
  await job("mall", 2, "in_progress", { started_at: ago(0), runner_name });
  await job("shop", 1, "completed", { completed_at: ago(minutes(15)), runner_name });
  expect(fleets()).toEqual(["web"]);
});
