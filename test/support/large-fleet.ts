/** A fleet of thousands, bought straight from the cloud: Kiln comes in only to look after it. */
import { connect, type CloudClient } from "../../shared/cloud/client.ts";
import { runInstances } from "../../shared/cloud/ecs/instances.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { BUSY } from "../cloud/index.ts";
import { BUCKET, type Deployment } from "./deployment.ts";
import { IDLE, age } from "./idle.ts";

const PER_LAUNCH = 100;

/** The client layer with the account's own key. */
export const clientOf = ({ cloud }: Deployment): CloudClient =>
  connect({
    region: cloud.region,
    accountId: cloud.accountId,
    credentials: { accessKeyId: cloud.accessKey.id, accessKeySecret: cloud.accessKey.secret },
    endpoints: cloud.urls,
    bucket: BUCKET,
    stage: "",
    fcSignature: "acs3",
  });

/** Tags of a member. */
const TAGS = Object.entries({
  "kiln:deployment": BUCKET,
  "kiln:fleet": "web",
  "kiln:role": "member",
  "kiln:run": "scale-web-20260105-0123456789ab",
  "kiln:image": "m-web-1",
  team: "web",
}).map(([Key, Value]) => ({ Key, Value }));

/** Fills the world with `count` members that have run for five hours; every tenth works, the others do not. */
export async function largeFleet(kiln: Deployment, count: number, policy: object): Promise<void> {
  const { cloud } = kiln;
  cloud.world.quotas({ launchesPerMinute: Number.POSITIVE_INFINITY });
  const client = clientOf(kiln);
  for (let batch = 0; batch < count / PER_LAUNCH; batch++) {
    const params = {
      ImageId: "m-web-1",
      InstanceType: "ecs.g7.large",
      SystemDisk: { Category: "cloud_essd" },
      VSwitchId: "vsw-hangzhou-h",
      SecurityGroupId: "sg-default0001",
      Amount: PER_LAUNCH,
      Tag: TAGS,
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
  const launch = {
    InstanceType: "ecs.g7.large",
    VSwitchId: "vsw-hangzhou-h",
    SecurityGroupId: "sg-default0001",
  };
  const fleet = { family: "web", launch, limits: { max: 10_000 }, idle: policy };
  await kiln.upload("fleets/web.yaml", JSON.stringify(fleet));
}
