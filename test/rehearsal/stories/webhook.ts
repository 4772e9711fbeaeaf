/** The webhook under pressure: a burst, lost deliveries, an alert storm, a failure that is tried again, and a document that is refused. */
import { days, hours, minutes, seconds } from "../../../shared/duration.ts";
import { CloudFault } from "../../cloud/index.ts";
import { startChannel, type ChannelServer } from "../../support/channel.ts";
import { deployKiln, type Deployment } from "../../support/deployment.ts";
import { deployWithGithub, type Hub } from "../../support/github.ts";
import { json, known } from "../../support/known.ts";
import { hasEnded } from "../../support/records.ts";
import { answered } from "../../support/runs.ts";
import { raw, SENDER_SECRET, SENDERS } from "../../support/senders.ts";
import { endSteps } from "../leftovers.ts";
import { members } from "../stage.ts";
import { act, broken, held, hold, pending, type Scene, see, type Step, type Story } from "../story.ts";

const POST = { to: "webhook", by: { kind: "http" } } as const;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;
const UPLOAD = { to: "bake-image", by: { kind: "oss", key: "recipes/shop.yaml" } } as const;

const BURST = 30;
const STORM = 30;
const LOST = 3;

const fleet = (max: number): string => `family: web
launch:
  InstanceType: ecs.g7.large
  VSwitchId: vsw-hangzhou-h
  SecurityGroupId: sg-default0001
limits: { max: ${max} }
notify: [ops]
`;

/** A recipe, and where its mistakes are: two fields are missing, and one has another name. */
const REFUSED = `source:
  builder:
    family: acs:alibaba_cloud_linux_3_2104_lts_x64
    instanceType: [ecs.g7.large]
provision: [yum install -y nginx]
notify: [ops]
`;
const MISTAKES = ["vSwitchIds: is missing", "securityGroupId: is missing", "instanceType: is not known"];

export const webhookStory: Story = {
  name: "webhook",
  title: "No request is lost",
  beginsAt: (dayAt) => dayAt + hours(8),
  open: async (options) => {
    const channel = await startChannel();
    const env = {
      ...options.env,
      KILN_SENDERS: JSON.stringify({ ...SENDERS, alerts: { ...SENDERS.alerts, fleets: ["storm", "late"] } }),
      KILN_CHANNELS: JSON.stringify({ ops: { kind: "json", url: `${channel.url}/ops` } }),
    };
    // Deliveries run side by side, in this process: a thread for each would starve a small machine.
    // An account so small that the platform refuses a part of the burst: functions reserve 20 of its instances.
    const fc = { ...options.fc, inline: true, overlapMs: 1, accountInstances: 20 + BURST / 2 };
    const hub = await deployWithGithub((wanted) =>
      deployKiln({ ...options, fc, env: { ...wanted?.env, ...env } }),
    );
    const close = async (): Promise<void> => {
      await hub.kiln.close();
      await hub.github.close();
      await channel.close();
    };
    return { kiln: { ...hub.kiln, close }, scenes: scenesOf(channel, hub) };
  },
};

const scenesOf = (channel: ChannelServer, hub: Hub): readonly Scene[] => [
  start(),
  burst(),
  caughtUp(hub),
  storm(),
  retried(channel),
  refusedDocument(channel),
  {
    title: "The end state",
    steps: endSteps(hasEnded),
  },
];

const start = (): Scene => ({
  title: "A family serves an image, and four fleets launch from it",
  steps: [
    act("fleets crowd, storm, late and web are uploaded", async ({ kiln, cloud }) => {
      cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: cloud.time.now() - days(1) });
      for (const [name, max] of [
        ["crowd", BURST],
        ["storm", STORM],
        ["late", 5],
        ["web", LOST],
      ] as const)
        await kiln.upload(`fleets/${name}.yaml`, fleet(max));
      return held("m-web-1");
    }),
  ],
});

/** So many members run, and no more come. */
const running = (name: string, count: number): Step =>
  see(count === 1 ? "one instance runs" : `${count} instances run`, hours(1), ({ cloud, kiln }) => {
    const states = members(cloud, name).map(({ status }) => status);
    if (states.length > count) return broken(`there are ${states.length}`);
    const isOver = kiln.records(`scale-${name}-`).every(hasEnded);
    const up = states.filter((status) => status === "Running").length;
    return up === count && isOver ? held() : pending(`${up} of ${count}`);
  });

/** Asks for one instance. The run, or undefined where 429 or 503 mean to come again. */
async function ask(kiln: Deployment, key: string): Promise<string | undefined> {
  const { status, body } = await answered(
    kiln,
    kiln.call("POST", "/fleets/crowd/scale-out", { count: 1, key }),
  );
  if (status === 202) return String(body["run"]);
  if (![429, 503].includes(status)) throw new Error(`it answered ${status} ${JSON.stringify(body)}`);
  return undefined;
}

/** Asks at once, and again after growing pauses where it is refused, as `kiln` does. */
async function askAll(kiln: Deployment): Promise<{ readonly runs: Set<string>; readonly refusals: number }> {
  const runs = new Set<string>();
  let waiting = Array.from({ length: BURST }, (_, n) => `job-${n}`);
  let refusals = 0;
  for (let round = 0; waiting.length > 0 && round < 8; round++) {
    const answers = await Promise.all(waiting.map(async (key) => ({ key, run: await ask(kiln, key) })));
    for (const { run } of answers) if (run !== undefined) runs.add(run);
    waiting = answers.flatMap(({ key, run }) => (run === undefined ? [key] : []));
    refusals += waiting.length;
    await kiln.cloud.settle({ forMs: seconds(2 ** round) });
  }
  return { runs, refusals };
}

function burst(): Scene {
  return {
    title: "A burst: signed POSTs → webhook → scale-out",
    link: POST,
    steps: [
      act(
        `${BURST} callers ask at once for one instance each, and again where they are refused`,
        async ({ kiln }) => {
          const { runs, refusals } = await askAll(kiln);
          if (refusals === 0) return broken("the platform refused none of them");
          return runs.size === BURST
            ? held(`${refusals} refused by the platform and sent again; ${runs.size} × 202`)
            : broken(`${runs.size} runs`);
        },
      ),
      running("crowd", BURST),
    ],
  };
}

/** GitHub never repeats a delivery by itself. */
function caughtUp({ job, reach }: Hub): Scene {
  return {
    title: "Lost deliveries: GitHub → webhook, and the janitor → GitHub → webhook",
    link: { to: "janitor", by: { kind: "timer", name: "redelivery" } },
    steps: [
      act(`${LOST} jobs are announced while the webhook cannot be reached`, async ({ kiln }) => {
        reach(false);
        const ids = Array.from({ length: LOST }, (_, n) => 100 + n);
        const given = await Promise.all(ids.map((id) => answered(kiln, job(id))));
        reach(true);
        return given.every((status) => status === 502) ? held(`${LOST} × 502`) : broken(given.join(", "));
      }),
      running("web", LOST),
      see("the record of the catch-up says so", hours(1), ({ kiln }) => {
        const { result, run } = kiln.records("redeliver").at(-1) ?? {};
        return result?.["delivered"] === LOST
          ? held(`${run}: delivered ${LOST}`)
          : pending(JSON.stringify(result));
      }),
    ],
  };
}

const alert = (kiln: Deployment, name: string, n: number, count = "1") => ({
  status: "firing",
  labels: { alertname: "QueueIsLong", kiln_fleet: name, queue: `q${n}` },
  annotations: { kiln_count: count },
  startsAt: new Date(kiln.cloud.time.now()).toISOString(),
  fingerprint: `f${n}`,
});

const postAlerts = (kiln: Deployment, alerts: readonly object[]) =>
  raw(
    kiln,
    "/senders/alerts",
    { "content-type": "application/json", authorization: `Bearer ${SENDER_SECRET}` },
    JSON.stringify({ version: "4", status: "firing", alerts }),
  );

interface Refusals {
  readonly sender: string;
  readonly refused: readonly { readonly reason: string; readonly count: number }[];
}

function storm(): Scene {
  return {
    title: "An alert storm with one invalid alert: Alertmanager → webhook → scale-out",
    link: SCALE,
    steps: [
      act(
        `a group of ${STORM + 1} alerts arrives in one delivery, one of them with the count "many"`,
        async ({ kiln }) => {
          const alerts = Array.from({ length: STORM + 1 }, (_, n) =>
            alert(kiln, "storm", n, n === 7 ? "many" : "1"),
          );
          const { status, text } = await postAlerts(kiln, alerts);
          const { refused = [] } = json<{ refused?: { at: string; reason: string }[] }>(text);
          return status === 202 && refused.length === 1 && refused[0]?.at === "alerts[7]"
            ? held(`202, refused: ${refused[0].at}: ${refused[0].reason}`)
            : broken(`it answered ${status} ${text}`);
        },
        POST,
      ),
      running("storm", STORM),
      hold("GET /senders counts the alert that was refused", async ({ kiln }) => {
        const { body } = await answered(kiln, kiln.api("GET", "/senders"));
        const rows = known<readonly Refusals[]>(body["senders"]);
        const [why] = rows.find(({ sender }) => sender === "alerts")?.refused ?? [];
        return why?.count === 1 ? held(`${why.count} × ${why.reason}`) : broken(JSON.stringify(rows));
      }),
    ],
  };
}

function retried(channel: ChannelServer): Scene {
  let restock = (): void => undefined;
  let firing: object = {};
  /** An hour later the alert is sent again. */
  const repeat = (title: string): Step =>
    act(
      title,
      async ({ kiln, cloud }) => {
        restock();
        await cloud.settle({ forMs: hours(1) });
        const { status, text } = await postAlerts(kiln, [firing]);
        return status === 202 ? held() : broken(`it answered ${status} ${text}`);
      },
      POST,
    );
  return {
    title: "A failure is tried again: Alertmanager → webhook → scale-out",
    link: SCALE,
    steps: [
      act("an alert fires while its type is sold out", async ({ kiln, cloud }) => {
        const fault = new CloudFault(403, "OperationDenied.NoStock", "The requested resource is sold out.");
        restock = cloud.faults.add({ product: "ecs", action: "RunInstances", kind: "before", fault });
        firing = alert(kiln, "late", 1);
        const { status, text } = await postAlerts(kiln, [firing]);
        return status === 202 ? held() : broken(`it answered ${status} ${text}`);
      }),
      see("the run fails, and the channel of the fleet is notified", minutes(30), () => {
        const said = channel.posted.find(({ body }) => body.kind === "failed")?.body;
        return said === undefined ? pending("no message yet") : held(String(said.title));
      }),
      repeat("there is stock again, and an hour later Alertmanager repeats the alert"),
      running("late", 1),
      repeat("it is repeated once more, and launches nothing"),
      running("late", 1),
    ],
  };
}

function refusedDocument(channel: ChannelServer): Scene {
  return {
    title: "A document that is refused reaches its author: OSS trigger → bake-image → janitor → notifier",
    link: UPLOAD,
    steps: [
      act(`recipes/shop.yaml is uploaded with ${MISTAKES.length} mistakes`, async ({ kiln }) => {
        await kiln.upload("recipes/shop.yaml", REFUSED);
        return held();
      }),
      see("its own channel shows what is wrong, and where", minutes(30), () => {
        const said = channel.posted.find(({ body }) => JSON.stringify(body).includes("shop"))?.body;
        if (said === undefined) return pending("no message yet");
        const reason = String(said["reason"]);
        const all = [`has ${MISTAKES.length} problems`, ...MISTAKES];
        const missing = all.filter((part) => !reason.includes(part));
        return missing.length === 0
          ? held(String(said.title), ...reason.split("; "))
          : broken(`the message does not say: ${missing.join(", ")}: ${reason}`);
      }),
    ],
  };
}
