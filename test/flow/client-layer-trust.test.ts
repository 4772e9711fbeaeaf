/** What happens when the cloud refuses, is busy, loses an answer or does not believe us. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { test } from "vitest";
import { describeImages, familyImage } from "../../shared/cloud/ecs/images.ts";
import { describeInstances, runInstances } from "../../shared/cloud/ecs/instances.ts";
import { metricPoints } from "../../shared/cloud/cms/metrics.ts";
import { getObject } from "../../shared/cloud/oss/objects.ts";
import { waitMs } from "../../shared/cloud/retry.ts";
import { clientToken } from "../../shared/cloud/ecs/token.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import { connected, LAUNCH, onCloud } from "../unit/cloud-layer/connected.ts";
import { CloudFault, startCloud } from "../cloud/index.ts";

/** The CloudError a call ends in. */
async function refusalOf(call: Promise<unknown>): Promise<CloudError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof CloudError) return outcome;
  throw new Error(`expected a CloudError, got ${inspect(outcome)}`);
}

onCloud("a throttled call is to be repeated after the minute, and then works", async ({ cloud, expect }) => {
  const client = connected(cloud);
  cloud.throttle("DescribeImages", 1);
  await describeImages(client, { name: "any" });
  const error = await refusalOf(describeImages(client, { name: "any" }));
  expect(error.kind).toBe("wait");
  expect(error.code).toMatch(/^Throttling/);
  await cloud.settle({ forMs: waitMs(error.code, 0, { next: () => 0 }) });
  expect(await describeImages(client, { name: "any" })).toEqual([]);
});

onCloud(
  "an answer lost after the launch costs no second instance when the token is the same",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const params = { ...LAUNCH, Amount: 2 };
    const token = clientToken("bake-1", "launch", 0, params);
    cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "after", when: (_, n) => n === 0 });
    const lost = await refusalOf(runInstances(client, params, token));
    expect(lost.kind).toBe("wait");
    const { instanceIds } = await runInstances(client, params, token);
    expect([...cloud.world.instances.keys()].toSorted()).toEqual(instanceIds.toSorted());
    expect(instanceIds).toHaveLength(2);
  },
);

onCloud(
  "a token used with other parameters is a fault to report, not one to repeat",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    await runInstances(client, LAUNCH, "token-1");
    const error = await refusalOf(runInstances(client, { ...LAUNCH, Amount: 2 }, "token-1"));
    expect(error.kind).toBe("give-up");
    expect(error.message).toContain("token");
  },
);

onCloud(
  "a session that ended waits for the next invocation's credentials, in every product",
  async ({ cloud, expect }) => {
    const { id, secret, token } = cloud.keys.assume("baker", hours(1));
    const session = { accessKeyId: id, accessKeySecret: secret, securityToken: token };
    const client = connected(cloud, { credentials: session });
    await describeImages(client, { name: "any" });
    await getObject(client, "none");
    await cloud.settle({ forMs: hours(2) });
    for (const call of [
      () => describeInstances(client, { ids: ["i-1"] }),
      () => getObject(client, "none"),
      () =>
        metricPoints(client, "CPUUtilization", ["i-1"], { periodMs: hours(1), fromAt: 0, toAt: minutes(1) }),
    ]) {
      const error = await refusalOf(call());
      expect(error.kind, error.message).toBe("wait");
      expect(inspect(error, { depth: 9 })).not.toContain(token);
    }
  },
);

onCloud("a wrong secret is named as that, and neither key nor secret is shown", async ({ cloud, expect }) => {
  const credentials = { accessKeyId: cloud.accessKey.id, accessKeySecret: "not-the-secret-at-all" };
  const client = connected(cloud, { credentials });
  for (const call of [
    () => describeInstances(client, { ids: ["i-1"] }),
    () => getObject(client, "none"),
    () =>
      metricPoints(client, "CPUUtilization", ["i-1"], { periodMs: hours(1), fromAt: 0, toAt: minutes(1) }),
  ]) {
    const error = await refusalOf(call());
    expect(error.kind).toBe("give-up");
    expect(error.message).toMatch(/secret does not belong to the access key/);
    const shown = inspect(error, { depth: 9 });
    expect(shown).not.toContain("not-the-secret-at-all");
    expect(shown).not.toContain(cloud.accessKey.id);
  }
});

test("a missing permission names the action to allow", async ({ expect }) => {
  const cloud = await startCloud({ roles: { reader: { Version: "1", Statement: [] } } });
  const { id, secret, token } = cloud.keys.assume("reader", hours(1));
  const session = { accessKeyId: id, accessKeySecret: secret, securityToken: token };
  const client = connected(cloud, { credentials: session });
  const error = await refusalOf(runInstances(client, LAUNCH, "token-1"));
  expect(error.kind).toBe("give-up");
  expect(error.message).toContain("ecs:RunInstances");
  const metrics = await refusalOf(
    metricPoints(client, "CPUUtilization", ["i-1"], { periodMs: hours(1), fromAt: 0, toAt: minutes(1) }),
  );
  expect(metrics.message).toContain("cms:QueryMetricList");
  await cloud.close();
});

onCloud(
  "no stock asks for another choice, a busy cloud for the same one again",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const answers = [
      new CloudFault(
        403,
        "OperationDenied.NoStock",
        "The requested resource is sold out in the specified zone.",
      ),
      new CloudFault(
        503,
        "ServiceUnavailable",
        "The request has failed due to a temporary failure of the server.",
      ),
    ];
    const kinds = ["change", "wait"];
    for (const [index, fault] of answers.entries()) {
      const lift = cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "before", fault });
      const error = await refusalOf(runInstances(client, LAUNCH, `token-${index}`));
      expect(error.kind).toBe(kinds[index]);
      expect(error.message).toContain(fault.message);
      expect(error.requestId).toMatch(/^[0-9A-F-]{36}$/);
      lift();
    }
    expect(cloud.world.instances.size).toBe(0);
  },
);

onCloud(
  "a cloud that cannot be reached, or answers with a page, is open and to be repeated",
  async ({ cloud, expect }) => {
    const refused = connected(cloud, { endpoints: { ecs: "http://127.0.0.1:9", oss: "http://127.0.0.1:9" } });
    expect((await refusalOf(familyImage(refused, "any"))).kind).toBe("wait");
    expect((await refusalOf(getObject(refused, "any"))).kind).toBe("wait");
    const pages: RequestListener[] = [
      (_, answer) => answer.writeHead(502, { "content-type": "text/html" }).end("<html>Bad Gateway</html>"),
      (_, answer) => answer.writeHead(200, { "content-type": "application/json" }).end("[]"),
      (_, answer) => answer.writeHead(200, { "content-type": "application/json" }).end('{"Images":{}}'),
    ];
    for (const page of pages) {
      const server = createServer(page);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const client = connected(cloud, { endpoints: { ecs: url, oss: url } });
      expect((await refusalOf(describeImages(client, { name: "any" }))).kind).toBe("wait");
      server.close();
      server.closeAllConnections();
    }
  },
);
