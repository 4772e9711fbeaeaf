/** Idle instances are stopped, each with its reason, and started again in working hours. */
import { days, hours, minutes } from "../../../shared/duration.ts";
import { TAG } from "../../../shared/tags.ts";
import type { RunRecord } from "../../support/records.ts";
import { BUSY, type Load } from "../../cloud/index.ts";
import { members, type Stage } from "../stage.ts";
import { act, broken, held, hold, onKiln, pending, type Scene, see, type Story } from "../story.ts";
import { BUCKET } from "../../support/deployment.ts";
import { json, known } from "../../support/known.ts";

const FLEET = "night";
const COUNT = 6;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;
const IDLE = { to: "stop-idle", by: { kind: "timer", name: "idle-check" } } as const;
const RESUME = { to: "stop-idle", by: { kind: "timer", name: "resume" } } as const;

/** Up from eight to eight; what is idle after that sleeps until the morning. */
const DOCUMENT = `family: web
launch:
  InstanceType: [ecs.g7.large, ecs.c7.large]
  VSwitchId: vsw-hangzhou-h
  SecurityGroupId: sg-default0001
  InternetMaxBandwidthOut: 5
limits:
  max: 10
idle:
  signals:
    cpuAverage: 5
    diskWrite: 1000000
  window: 2h
  upDuring:
    timeZone: Asia/Shanghai
    hours: [daily 08:00-20:00]
  resume: true
  cap: { percent: 100 }
`;

const QUIET: Load = { ...BUSY, cpuAverage: 0.8, cpuMaximum: 2, diskWrite: 4_000 };

/** Who does what in the scenes; known once they are launched. */
interface Cast {
  idle: string[];
  busy: string;
  writing: string;
  unmeasured: string;
  wanted: string;
}

/** For any story in which family `web` serves an image; the first scene begins after eight in the evening. */
export function idleScenes(): readonly Scene[] {
  const cast: Cast = { idle: [], busy: "", writing: "", unmeasured: "", wanted: "" };
  return [sixMachines(cast), checkOfIdle(cast), morning(cast)];
}

const checkThatStopped = ({ kiln }: Stage): RunRecord | undefined =>
  kiln
    .records(`idle-${FLEET}`)
    .findLast(({ result }) => Array.isArray(result?.["stopped"]) && result["stopped"].length > 0);

interface ReportedVerdict {
  readonly id: string;
  readonly act: string;
  readonly reason: string;
  readonly risks?: readonly string[];
}

function reasonsOf({ cloud }: Stage, run: RunRecord): readonly string[] {
  const { body } = cloud.oss.get(BUCKET, String(run.result?.["verdicts"])) ?? { body: Buffer.from("[]") };
  const verdicts = json<readonly ReportedVerdict[]>(body.toString());
  return verdicts.map(({ id, reason, risks = [] }) => [`${id} ${reason}`, ...risks].join("; "));
}

export const idleStory: Story = {
  name: "idle",
  title: "A fleet that sleeps at night",
  // Half past eight in the evening in Shanghai.
  beginsAt: (dayAt) => dayAt + hours(12) + minutes(30),
  open: onKiln(() => [
    {
      title: "An image is there",
      steps: [
        act("family web serves an image of yesterday", ({ cloud }) => {
          cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: cloud.time.now() - days(1) });
          return Promise.resolve(held("m-web-1"));
        }),
      ],
    },
    ...idleScenes(),
  ]),
};

function sixMachines(cast: Cast): Scene {
  return {
    title: "Six machines of different use",
    link: SCALE,
    steps: [
      act(`fleets/${FLEET}.yaml is uploaded`, async ({ kiln }) => {
        await kiln.upload(`fleets/${FLEET}.yaml`, DOCUMENT);
        return held();
      }),
      act(`a caller posts { count: ${COUNT} } to /fleets/${FLEET}/scale-out`, async ({ kiln }) => {
        const { status } = await kiln.call("POST", `/fleets/${FLEET}/scale-out`, { count: COUNT });
        return status === 202 ? held() : broken(`the webhook answered ${status}`);
      }),
      see("all of them run", minutes(20), ({ cloud }) => {
        const running = members(cloud, FLEET).filter(({ status }) => status === "Running");
        return running.length === COUNT ? held() : pending(`${running.length} of ${COUNT}`);
      }),
      act("two do nothing, the others have something that speaks for them", ({ cloud }) => {
        const [a = "", b = "", busy = "", writing = "", unmeasured = "", wanted = ""] = members(
          cloud,
          FLEET,
        ).map(({ instanceId }) => instanceId);
        Object.assign(cast, { idle: [a, b], busy, writing, unmeasured, wanted });
        for (const id of [a, b, wanted]) cloud.world.load(id, () => QUIET);
        cloud.world.load(busy, () => BUSY);
        cloud.world.load(writing, () => ({ ...QUIET, diskWrite: 30_000_000 }));
        // Its metrics went missing half of the time.
        cloud.world.load(unmeasured, (at) => (Math.floor(at / hours(1)) % 2 === 0 ? QUIET : undefined));
        cloud.world.tag(wanted, { "kiln:keep": "" });
        return Promise.resolve(
          held(
            `${busy} computes, ${writing} writes to its disk, ${unmeasured} is measured only every other hour`,
            `${wanted} has the tag kiln:keep`,
          ),
        );
      }),
    ],
  };
}

function checkOfIdle(cast: Cast): Scene {
  return {
    title: "A check of idle machines: timer → stop-idle",
    link: IDLE,
    steps: [
      see("the two that do nothing sleep, and cost nothing but their disks", hours(6), ({ cloud }) => {
        const states = members(cloud, FLEET);
        const wrong = states.filter(
          ({ instanceId, status }) => status !== "Running" && !cast.idle.includes(instanceId),
        );
        if (wrong.length > 0)
          return broken(`${wrong.map(({ instanceId }) => instanceId).join(", ")} was stopped`);
        const asleep = states.filter(({ stoppedMode }) => stoppedMode === "StopCharging");
        return asleep.length === cast.idle.length ? held() : pending(`${asleep.length} of 2 sleep`);
      }),
      see("the record gives the reason for each of the six, with numbers", minutes(10), (stage) => {
        const run = checkThatStopped(stage);
        return run === undefined ? pending("the check is not over") : held(...reasonsOf(stage, run));
      }),
      hold("the record tells what it saves and how many calls it took", (stage) => {
        const { savings, calls } = checkThatStopped(stage)?.result ?? {};
        if (savings === undefined) return broken("the record has no savings");
        return held(`savings ${JSON.stringify(savings)}`, `calls ${JSON.stringify(calls)}`);
      }),
    ],
  };
}

function morning(cast: Cast): Scene {
  return {
    title: "In the morning: timer → stop-idle, resume",
    link: RESUME,
    steps: [
      act(
        "over night all but one instance of their type sell out; a user stops the busy one",
        ({ cloud }) => {
          cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
          cloud.world.stop(cast.busy);
          return Promise.resolve(held());
        },
      ),
      see("the two sleepers are up at eight", hours(14), ({ cloud }) => {
        const up = cast.idle.filter((id) => cloud.world.instances.get(id)?.status === "Running");
        return up.length === cast.idle.length
          ? held()
          : pending(`${up.length} of ${cast.idle.length} are up`);
      }),
      see("the one without stock of its type took the next of its fleet", minutes(10), ({ kiln }) => {
        const run = kiln.records("resume").find(({ result }) => result?.["changed"] !== undefined);
        if (run === undefined) return pending("the resume is not over");
        return held(...known<readonly string[]>(run.result?.["changed"]));
      }),
      hold("what the person stopped stays down", ({ cloud }) => {
        const { status } = cloud.world.mustHave(cast.busy);
        const marked = cloud.world.tags.has("instance", cast.busy, TAG.stoppedBy);
        return status === "Stopped" && !marked ? held() : broken(`${cast.busy} is ${status}`);
      }),
    ],
  };
}
