/** Commands about ECS: what happens to it outside of its API. */
import * as z from "zod";
import { BUSY, type Load } from "../core/load.ts";
import type { Instance } from "../ecs/records.ts";
import type { Cloud } from "../index.ts";
import { command, type Command } from "./command.ts";
import { mustBeOneOf, Refused } from "./refused.ts";

const instanceId = z.string();

function mustHave({ world }: Cloud, id: string): Readonly<Instance> {
  mustBeOneOf("instance", id, world.instances.keys(), "GET /_control/world lists them");
  return world.mustHave(id);
}

const stock = command(
  z.strictObject({ instanceType: z.string(), zoneId: z.string(), left: z.int().min(0).nullable() }),
  '{"instanceType": "ecs.g7.large", "zoneId": "cn-hangzhou-h", "left": 0}; null is unlimited',
  ({ instanceType, zoneId, left }, { cloud: { world } }) => {
    mustBeOneOf("instance type", instanceType, world.types.keys());
    mustBeOneOf(
      "zone",
      zoneId,
      [...world.regions.values()].flatMap(({ zones }) => zones),
    );
    world.stock(instanceType, zoneId, left);
  },
);

/** Before this, a number is not an instant of our century but a distance from now. */
const OLDEST_INSTANT = Date.UTC(2000, 0, 1);
const instant = z.number().optional();

/** Everything a machine does, in proportion to its processors. */
function loadWith(cpuAverage: number): Load {
  const share = cpuAverage / BUSY.cpuAverage;
  const scaled = Object.entries(BUSY).map(([name, value]) => [name, value * share]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries of a Load
  return { ...(Object.fromEntries(scaled) as Load), cpuMaximum: Math.min(100, BUSY.cpuMaximum * share) };
}

const load = command(
  z.strictObject({
    instanceId,
    cpuAverage: z.number().min(0).max(100).nullable(),
    fromMs: instant,
    toMs: instant,
  }),
  '{"instanceId": "i-…", "cpuAverage": 2, "fromMs": 1767600000000, "toMs": 1767643200000}; null is a gap in the metrics',
  ({ instanceId: id, cpuAverage, fromMs, toMs }, { cloud }) => {
    mustHave(cloud, id);
    const isDistance = [fromMs, toMs].every((at) => at === undefined || at < OLDEST_INSTANT);
    const start = isDistance ? cloud.time.now() : 0;
    const fromAt = fromMs === undefined ? Number.NEGATIVE_INFINITY : start + fromMs;
    const toAt = toMs === undefined ? Number.POSITIVE_INFINITY : start + toMs;
    if (fromAt >= toAt) throw new Refused(400, "fromMs is not before toMs; a span ends after it begins");
    const measured = cpuAverage === null ? undefined : loadWith(cpuAverage);
    cloud.world.load(id, () => measured, { fromAt, toAt });
  },
);

const reclaim = command(
  z.strictObject({ instanceId }),
  '{"instanceId": "i-…"}',
  ({ instanceId: id }, { cloud }) => {
    if (mustHave(cloud, id).spot.strategy === "NoSpot") {
      throw new Refused(
        400,
        `${id} is no spot instance, so the cloud does not reclaim it; use /_control/vanish`,
      );
    }
    cloud.world.reclaim(id);
  },
);

const vanish = command(
  z.strictObject({ instanceId }),
  '{"instanceId": "i-…"}',
  ({ instanceId: id }, { cloud }) => {
    mustHave(cloud, id);
    cloud.world.vanish(id);
  },
);

/** `…_20260927.vhd` of today, or of the first day after it that is free. */
function freshId({ world, time }: Cloud, like: string): string {
  const taken = new Set([...world.images.values()].map(({ imageId }) => imageId));
  for (let at = time.now(); ; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
    const id = like.replace(/\d{8}(?=\D*$)/, day);
    if (!taken.has(id)) return id;
  }
}

const publishImage = command(
  z.strictObject({ family: z.string() }),
  '{"family": "acs:alibaba_cloud_linux_3_2104_lts_x64"}',
  ({ family }, { cloud }) => {
    const published = [...cloud.world.images.values()].filter(({ ownerAlias }) => ownerAlias === "system");
    mustBeOneOf("public family", family, new Set(published.map((image) => image.family)));
    const [newest] = published
      .filter((image) => image.family === family)
      .toSorted((a, b) => b.createdAt - a.createdAt);
    if (newest === undefined) throw new Refused(404, `family ${family} has no image`);
    const imageId = freshId(cloud, newest.imageId);
    const architecture = newest.architecture === "arm64" ? "arm64" : "x86_64";
    cloud.world.publishImage(family, { imageId, architecture });
    return { imageId };
  },
);

const lag = command(
  z.strictObject({ ms: z.int().min(0) }),
  '{"ms": 30000}; 0 is the truth',
  ({ ms }, { cloud, resets }) => {
    cloud.world.lag(ms);
    resets.push(() => cloud.world.lag(0));
  },
);

const throttle = command(
  z.strictObject({ action: z.string(), callsPerMinute: z.int().min(0) }),
  '{"action": "DescribeInstances", "callsPerMinute": 10}',
  ({ action, callsPerMinute }, { cloud, resets }) => {
    mustBeOneOf("action of ECS", action, cloud.actions.ecs);
    cloud.throttle(action, callsPerMinute);
    resets.push(() => cloud.throttle(action, Number.POSITIVE_INFINITY));
  },
);

const failImage = command(
  z.strictObject({ reason: z.string().default("the snapshot failed") }),
  '{"reason": "the snapshot failed"}',
  ({ reason }, { cloud, resets }) => void resets.push(cloud.world.failNextImage(reason)),
);

export const MACHINES: Readonly<Record<string, Command>> = {
  stock,
  load,
  reclaim,
  vanish,
  "publish-image": publishImage,
  lag,
  throttle,
  "fail-image": failImage,
};
