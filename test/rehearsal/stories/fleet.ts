/** How a fleet grows: past empty zones, under a burst, one machine at a time, by waking, and how it sleeps. */
import { days, hours, minutes } from "../../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../../support/records.ts";
import { putToSleep } from "../../support/world.ts";
import { readExample } from "../examples.ts";
import { members, type Stage } from "../stage.ts";
import {
  act,
  broken,
  held,
  hold,
  type Look,
  onKiln,
  pending,
  type Scene,
  see,
  type Step,
  type Story,
} from "../story.ts";
import { idleScenes } from "./idle.ts";

const POST = { to: "webhook", by: { kind: "http" } } as const;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;

const LADDER = `family: web
launch:
  InstanceType: [ecs.g7.large, ecs.c7.large]
  VSwitchId: [vsw-hangzhou-h, vsw-hangzhou-i]
  SecurityGroupId: sg-default0001
  InstanceName: web-[1,3]-kiln
limits:
  max: 20
`;

/** A hundred requests will want one each. */
const BURST = `family: web
launch:
  InstanceType: ecs.g7.large
  VSwitchId: vsw-hangzhou-h
  SecurityGroupId: sg-default0001
limits:
  max: 60
`;

const upload = (fleet: string, text: string): Step =>
  act(`fleets/${fleet}.yaml is uploaded`, async ({ kiln }) => {
    await kiln.upload(`fleets/${fleet}.yaml`, text);
    return held();
  });

/** A request by webhook and the look at its end. */
function request(
  fleet: string,
  count: number,
  judge: (record: RunRecord, stage: Stage) => Look,
): readonly Step[] {
  let run = "";
  const ask = act(
    `a caller posts { count: ${count} } to /fleets/${fleet}/scale-out`,
    async ({ kiln }) => {
      const { status, body } = await kiln.call("POST", `/fleets/${fleet}/scale-out`, { count });
      run = String(body["run"]);
      return status === 202 ? held(run) : broken(`the webhook answered ${status}`);
    },
    POST,
  );
  const end = see("the run has ended", minutes(30), (stage) => {
    const record = stage.kiln.record(run);
    if (record === undefined || !hasEnded(record)) return pending(record?.note ?? "it has not begun");
    return record.state === "done" ? judge(record, stage) : broken(record.reason ?? "it failed");
  });
  return [ask, end];
}

/** Holds when the record's result has these values, and tells why there is less, or what else was met. */
const result =
  (expected: Readonly<Record<string, unknown>>) =>
  ({ result: found = {} }: RunRecord): Look => {
    const wrong = Object.keys(expected).filter((key) => found[key] !== expected[key]);
    const values = Object.keys(expected).map((key) => `${key} ${String(found[key])}`);
    const why = typeof found["why"] === "string" ? [found["why"]] : [];
    return wrong.length === 0 ? held(values.join(", "), ...why) : broken([...values, ...why].join(", "));
  };

const kinds = (stage: Stage, fleet: string): string[] =>
  members(stage.cloud, fleet).map(
    ({ name, type, zoneId, status }) => `${name} ${type.id} ${zoneId} ${status}`,
  );

const growing: readonly Scene[] = [
  {
    title: "A family serves an image, and one zone is nearly sold out",
    steps: [
      act("family web serves an image of yesterday", ({ cloud }) => {
        cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: cloud.time.now() - days(1) });
        cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 3);
        cloud.world.stock("ecs.g7.large", "cn-hangzhou-i", 0);
        return Promise.resolve(held("m-web-1", "ecs.g7.large: 3 left in zone h, none in zone i"));
      }),
      upload("shop", LADDER),
    ],
  },
  {
    title: "A partial launch is kept, and the ladder completes it",
    link: SCALE,
    steps: [
      ...request("shop", 8, result({ asked: 8, count: 8, launched: 8 })),
      hold("three are of the first offering, five of the third", (stage) => {
        const types = members(stage.cloud, "shop").map(({ type }) => type.id);
        const first = types.filter((id) => id === "ecs.g7.large").length;
        return first === 3 && types.length === 8
          ? held(...kinds(stage, "shop"))
          : broken(kinds(stage, "shop").join(", "));
      }),
    ],
  },
  {
    title: "Stopped machines are woken before new ones are bought",
    link: SCALE,
    steps: [
      act("an idle check stopped four of the eight", async ({ kiln, cloud }) => {
        const four = members(cloud, "shop").slice(0, 4);
        putToSleep(
          kiln,
          four.map(({ instanceId }) => instanceId),
        );
        await cloud.settle({ forMs: minutes(2) });
        // Their capacity is sold at once: two of the three of the first offering find none.
        cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", 1);
        return held("and of the stock they gave back, one is left");
      }),
      ...request("shop", 5, result({ asked: 5, count: 5, woken: 2, launched: 3 })),
      hold("the rungs that had no stock a moment ago were not asked first", ({ cloud }) => {
        const last = cloud.callLog.entries({ action: "RunInstances" }).at(-1);
        return last?.status === 200 && last.params["InstanceType"] === "ecs.c7.large"
          ? held("one launch call, of the offering with capacity")
          : broken(`${last?.params["InstanceType"]} was asked last`);
      }),
    ],
  },
  {
    title: "Two hundred webhooks at once, every delivery twice, for a fleet of sixty",
    link: SCALE,
    steps: [
      act("zone h has stock again, and its capacity entry expires after ten minutes", async ({ cloud }) => {
        cloud.world.stock("ecs.g7.large", "cn-hangzhou-h", null);
        await cloud.settle({ forMs: minutes(11) });
        return held();
      }),
      upload("burst", BURST),
      act("a hundred callers post { count: 1 }, and each posts it twice", burst, POST),
      see("every run has ended", hours(2), ({ kiln }) => {
        const records = kiln.records("scale-burst-");
        const ended = records.filter(hasEnded);
        if (ended.length < 100) return pending(`${ended.length} of ${records.length}`);
        const done = ended.filter(({ state }) => state === "done").length;
        const turnedAway = ended.find(({ state }) => state === "failed");
        return records.length === 100 && done === 60
          ? held("100 runs: 60 have their machine, 40 were turned away", turnedAway?.reason ?? "")
          : broken(`${records.length} runs, ${done} done`);
      }),
      hold("exactly sixty run", ({ cloud }) => {
        const running = members(cloud, "burst").filter(({ status }) => status === "Running");
        return running.length === 60 && members(cloud, "burst").length === 60
          ? held()
          : broken(`${running.length} of ${members(cloud, "burst").length} run`);
      }),
    ],
  },
  {
    title: "One machine at a time through CreateInstance, pay-as-you-go",
    link: SCALE,
    steps: [
      upload("elastic", readExample("fleets/elastic.yaml")),
      ...request("elastic", 2, result({ asked: 2, count: 2 })),
      hold("both were created, given an address and started", (stage) =>
        raised(stage, "elastic", "PostPaid"),
      ),
    ],
  },
  {
    title: "The same with a subscription, which its fleet allows by name",
    link: SCALE,
    steps: [
      upload("subscription", readExample("fleets/subscription.yaml")),
      ...request("subscription", 1, result({ asked: 1, count: 1 })),
      hold("it runs and is paid for a month", (stage) => raised(stage, "subscription", "PrePaid")),
    ],
  },
];

/** The webhook takes as many requests at once as it has instances; the others are sent again, as callers do. */
async function burst({ kiln }: Stage): Promise<Look> {
  let knocks = 0;
  const knock = async (key: string): Promise<number> => {
    knocks += 1;
    const { status } = await kiln.call("POST", "/fleets/burst/scale-out", { count: 1, key });
    return status === 429 ? knock(key) : status;
  };
  const keys = Array.from({ length: 200 }, (_, n) => `job-${n % 100}`);
  const answers = await Promise.all(keys.map(knock));
  const other = answers.find((status) => status !== 202);
  return other === undefined
    ? held(`200 answers of 202, after ${knocks} knocks`)
    : broken(`one was answered ${other}`);
}

function raised({ cloud }: Stage, fleet: string, chargeType: string): Look {
  const wrong = members(cloud, fleet).filter(
    (one) => one.status !== "Running" || one.publicIp === undefined || one.chargeType !== chargeType,
  );
  return wrong.length === 0
    ? held(
        ...members(cloud, fleet).map(({ instanceId, publicIp }) => `${instanceId} ${chargeType} ${publicIp}`),
      )
    : broken(wrong.map(({ instanceId, status }) => `${instanceId} is ${status}`).join(", "));
}

export const fleetStory: Story = {
  name: "fleet",
  title: "A fleet that grows exactly and sleeps with reasons",
  // Half past eight in the evening in Shanghai, where the scenes of the night begin.
  beginsAt: (dayAt) => dayAt + hours(12) + minutes(30),
  open: onKiln(() => [...growing, ...idleScenes()]),
};
