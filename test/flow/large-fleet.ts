/** A fleet of thousands, bought straight from the cloud: Kiln comes in only to look after it. */
import { connect } from "../../shared/cloud/client.ts";
import { runInstances } from "../../shared/cloud/instances.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { BUSY } from "../cloud/ecs/load.ts";
import { BUCKET, type Deployment } from "../deployment.ts";
import { fleetText } from "./fleet.ts";
import { age, IDLE } from "./idle-fleet.ts";

const PER_LAUNCH = 100;

/** Fills the world with `count` members that have run for five hours; every tenth works, the others do not. */
export async function largeFleet(kiln: Deployment, count: number, policy: object): Promise<void> {
  const { cloud } = kiln;
  cloud.world.quotas.launchesPerMinute = Number.POSITIVE_INFINITY;
  const client = connect({
    region: cloud.region,
    accountId: cloud.accountId,
    credentials: { accessKeyId: cloud.accessKey.id, accessKeySecret: cloud.accessKey.secret },
    endpoints: cloud.urls,
    bucket: BUCKET,
    fcSignature: "fc",
  });
  const own = { "kiln:fleet": "web", "kiln:role": "member", "kiln:run": "scale-web-20260105-0123456789ab" };
  const Tag = Object.entries({ ...own, "kiln:image": "m-web-1", team: "web" }).map(([Key, Value]) => ({
    Key,
    Value,
  }));
  for (let batch = 0; batch < count / PER_LAUNCH; batch++) {
    const params = {
      ImageId: "m-web-1",
      InstanceType: "ecs.g7.large",
      VSwitchId: "vsw-hangzhou-h",
      SecurityGroupId: "sg-default0001",
      Amount: PER_LAUNCH,
      Tag,
    };
    await runInstances(client, params, `large-${batch}`);
  }
  await cloud.settle({ forMs: minutes(2) });
  age(kiln, hours(5));
  cloud.world.load(
    () => true,
    () => IDLE,
  );
  for (const [n, id] of [...cloud.world.instances.keys()].entries()) {
    if (n % 10 === 0) cloud.world.load(id, () => ({ ...BUSY, cpuAverage: 60 }));
  }
  await kiln.upload("fleets/web.yaml", fleetText({ limits: { max: 10_000 }, idle: policy }));
}
