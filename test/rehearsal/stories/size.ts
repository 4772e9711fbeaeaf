/** A fleet whose size is kept: replacements, a canary that fails, drift, scale-in, a night, a holiday and a new image. */
import { days, hours, minutes } from "../../../shared/duration.ts";
import { Drift } from "../../../shared/drift.ts";
import { recipeText } from "../../support/recipes.ts";
import { hasEnded } from "../../support/records.ts";
import { BUSY, type Load } from "../../cloud/index.ts";
import { members, servedBy, type Stage } from "../stage.ts";
import { act, broken, held, hold, type Look, onKiln, pending, type Scene, see, type Step } from "../story.ts";
import type { Story } from "../story.ts";

const RECONCILE = { to: "scale-out", by: { kind: "timer", name: "reconcile" } } as const;
const IDLE_LOAD: Load = { ...BUSY, cpuAverage: 0.8, cpuMaximum: 2, diskWrite: 4_000 };

const LAUNCH = {
  InstanceType: ["ecs.g7.large", "ecs.c7.large"],
  VSwitchId: "vsw-hangzhou-h",
  SecurityGroupId: "sg-default0001",
};

/** Three members by day, none at night and on the holiday. */
const shop = (holiday: string): string =>
  JSON.stringify({
    family: "web",
    launch: LAUNCH,
    size: { min: 0, desired: 0, max: 4 },
    schedule: [{ days: "daily", from: "04:00", to: "18:00", min: 1, desired: 3 }],
    calendar: { timeZone: "Asia/Shanghai", holidays: [holiday] },
    idle: { signals: { cpuAverage: 5 }, window: "4h", grace: "10m", cap: { percent: 100 } },
    refresh: {
      onPromotion: "refresh",
      canary: { percent: 10, soak: "5m" },
      probe: { command: "grep -q works /etc/release" },
    },
  });

const SPOT = JSON.stringify({
  family: "web",
  launch: { ...LAUNCH, SpotStrategy: "SpotAsPriceGo" },
  size: { desired: 2, max: 4 },
});

/** What the scenes learn: images in the order in which the family served them, and members of interest. */
interface Known {
  readonly images: string[];
  before: string[];
  busy: string;
}

const post = (path: string, body: Readonly<Record<string, unknown>>): Step =>
  act(`a caller posts ${JSON.stringify(body)} to ${path}`, async ({ kiln }) => {
    const { status, body: answer } = await kiln.call("POST", path, body);
    return status === 202 ? held(String(answer["run"])) : broken(`it answered ${status}`);
  });

const upload = (key: string, text: (now: number) => string): Step =>
  act(`${key} is uploaded`, async ({ kiln, cloud }) => {
    await kiln.upload(key, text(cloud.time.now()));
    return held();
  });

/** The test of an image is a part of other stories. */
const BRIEF = { test: { skip: true }, rebake: { nightly: false } };

/** Image `n` is baked and served; `text` is in it. */
const release = (known: Known, n: number, text: string): readonly Step[] => [
  upload("recipes/web.yaml", () => recipeText({ ...BRIEF, provision: [`echo "${text}" > /etc/release`] })),
  see(`an image with release ${text} is promoted`, hours(2), ({ cloud }) => {
    const image = cloud.world.served(cloud.region, "web")?.imageId;
    if (image === undefined || image === known.images[n - 1]) return pending("it is baked");
    known.images[n] = image;
    return held(image);
  }),
];

const up = ({ cloud }: Stage, fleet: string) =>
  members(cloud, fleet).filter(({ status }) => status === "Running");

const shown = (machines: ReturnType<typeof up>): string =>
  machines.map(({ instanceId, imageId }) => `${instanceId} of ${imageId}`).join(", ") || "none";

/** So many members of a fleet run, all of the image of release `n`, none of them among `gone`. */
function run(
  known: Known,
  title: string,
  { fleet = "shop", count, n, gone = () => [] }: Expected,
  withinMs = minutes(30),
): Step {
  return see(title, withinMs, (stage) => {
    const found = up(stage, fleet);
    const isRight = (one: (typeof found)[number]) =>
      one.imageId === known.images[n] && !gone().includes(one.instanceId);
    return found.length === count && found.every(isRight) ? held(shown(found)) : pending(shown(found));
  });
}

interface Expected {
  readonly fleet?: string;
  readonly count: number;
  /** Of `known.images`. */
  readonly n: number;
  readonly gone?: () => readonly string[];
}

/** For `forMs` exactly `count` members of the shop run at every look. */
const stays = (title: string, count: number, forMs: number): Step =>
  act(title, async (stage) => {
    const { cloud } = stage;
    let worst: Look | undefined;
    const look = (): boolean => {
      const found = up(stage, "shop");
      if (found.length !== count) worst = broken(`${found.length} run: ${shown(found)}`);
      return worst !== undefined;
    };
    await cloud.settle({ forMs, until: look });
    return worst ?? held(shown(up(stage, "shop")));
  });

const happens = (title: string, what: (stage: Stage) => void): Step =>
  act(title, (stage) => {
    what(stage);
    return Promise.resolve(held());
  });

function begins(known: Known): Scene {
  return {
    title: "Two fleets with a size: timer → scale-out",
    link: RECONCILE,
    steps: [
      happens("their members will be idle", ({ cloud }) =>
        cloud.world.load(
          () => true,
          () => IDLE_LOAD,
        ),
      ),
      ...release(known, 0, "1 works"),
      upload("fleets/shop.yaml", (now) => shop(dateIn(now + days(1)))),
      upload("fleets/batch.yaml", () => SPOT),
      run(known, "three members of the shop run, as its schedule says", { count: 3, n: 0 }),
      run(known, "two of the spot fleet run", { fleet: "batch", count: 2, n: 0 }),
    ],
  };
}

/** The day in Shanghai. */
const dateIn = (at: number): string => new Date(at + hours(8)).toISOString().slice(0, 10);

function losses(known: Known): Scene {
  return {
    title: "One member vanishes, another is reclaimed",
    link: RECONCILE,
    steps: [
      happens("a spot member is gone, and the cloud takes the other one back", (stage) => {
        known.before = up(stage, "batch").map(({ instanceId }) => instanceId);
        const [lost = "", taken = ""] = known.before;
        stage.cloud.world.remove(lost);
        stage.cloud.world.reclaim(taken);
      }),
      run(known, "both are replaced", { fleet: "batch", count: 2, n: 0, gone: () => known.before }),
    ],
  };
}

function canary(known: Known): Scene {
  return {
    title: "A promotion whose canary fails",
    link: RECONCILE,
    steps: [
      happens("the members of the shop are noted", (stage) => {
        known.before = up(stage, "shop").map(({ instanceId }) => instanceId);
      }),
      ...release(known, 1, "2 fails"),
      see("a canary runs beside the others", minutes(30), (stage) =>
        up(stage, "shop").some(({ imageId }) => imageId === known.images[1]) ? held() : pending("not yet"),
      ),
      see("its probe fails, and the refresh says so", hours(1), ({ kiln }) => {
        const record = kiln.records("refresh-shop").at(-1);
        if (record === undefined || !hasEnded(record)) return pending(record?.note ?? "no refresh yet");
        return record.state === "failed" ? held(record.reason ?? "") : broken("the refresh is done");
      }),
      hold("the three members of before run, and no other", (stage) => {
        const ids = up(stage, "shop").map(({ instanceId }) => instanceId);
        return ids.join() === known.before.join() ? held(...ids) : broken(shown(up(stage, "shop")));
      }),
      happens("one of them vanishes", ({ cloud }) => cloud.world.remove(known.before[0] ?? "")),
      run(known, "it is replaced by one of the image before", {
        count: 3,
        n: 0,
        gone: () => known.before.slice(0, 1),
      }),
      drift(known, 5, "was rolled back"),
    ],
  };
}

/** The drift of the next hour has so many rows of another image, with a reason among them. */
function drift(known: Known, count: number, reason: string): Step {
  return act(`the drift of the next hour names ${count} members of another image`, async (stage) => {
    const { kiln, cloud } = stage;
    const now = cloud.time.now();
    await cloud.settle({ forMs: hours(1) - (now % hours(1)) + minutes(6) });
    const { body } = await kiln.api("GET", "/drift");
    const rows = Drift.parse(body).members.filter(({ serves }) => serves !== undefined);
    const reasons = [...new Set(rows.map(({ fleet, reason: why }) => `${fleet}: ${why}`))];
    const areRight = rows.every(({ serves }) => serves === known.images.at(-1));
    return rows.length === count && areRight && reasons.join().includes(reason)
      ? held(...reasons)
      : broken(`${rows.length} rows: ${reasons.join("; ")}`);
  });
}

function refreshed(known: Known): Scene {
  return {
    title: "The next promotion: its canary is well",
    link: RECONCILE,
    steps: [
      ...release(known, 2, "3 works"),
      run(known, "all three members of the shop are replaced", { count: 3, n: 2 }, hours(2)),
      hold("the family serves the image that they run", async ({ cloud }) => {
        const served = await servedBy(cloud, "web");
        return served === known.images[2] ? held(served ?? "") : broken(`it serves ${served}`);
      }),
      // The spot fleet says nothing about refresh.
      drift(known, 2, "batch: refresh.onPromotion is leave"),
    ],
  };
}

const scaleIn: Scene = {
  title: "A caller wants one member less: signed POST → stop-idle",
  link: { to: "stop-idle", by: { kind: "event", from: "webhook" } },
  steps: [
    post("/fleets/shop/scale-in", { count: 1 }),
    see("two run", minutes(15), (stage) =>
      up(stage, "shop").length === 2 ? held(shown(up(stage, "shop"))) : pending(shown(up(stage, "shop"))),
    ),
    stays("it stays so", 2, minutes(15)),
  ],
};

function night(known: Known): Scene {
  return {
    title: "Six in the evening, and one member is at work",
    link: RECONCILE,
    steps: [
      act("a minute before the hour one goes to work for a minute", async (stage) => {
        const { cloud } = stage;
        const edgeAt = Math.ceil((cloud.time.now() - hours(10)) / days(1)) * days(1) + hours(10);
        await cloud.settle({ forMs: edgeAt - cloud.time.now() - minutes(1) });
        known.busy = up(stage, "shop")[0]?.instanceId ?? "";
        const fromAt = cloud.time.now();
        cloud.world.load(known.busy, () => BUSY, { fromAt, toAt: fromAt + minutes(1) });
        return held(known.busy);
      }),
      see("the idle one is stopped, the one that worked is kept", minutes(15), (stage) => {
        const found = up(stage, "shop").map(({ instanceId }) => instanceId);
        if (!found.includes(known.busy)) return broken(`${known.busy} was stopped`);
        return found.length === 1 ? held(known.busy) : pending(found.join(", "));
      }),
      see("once its work is a quarter of an hour ago, it is stopped as well", hours(2), (stage) =>
        up(stage, "shop").length === 0 ? held() : pending(shown(up(stage, "shop"))),
      ),
    ],
  };
}

function holiday(known: Known): Scene {
  return {
    title: "A promotion at night, a holiday, and a request on it",
    link: RECONCILE,
    steps: [
      ...release(known, 3, "4 works"),
      act("the morning comes", async ({ cloud }) => {
        const morningAt = Math.ceil(cloud.time.now() / days(1)) * days(1) - hours(4);
        await cloud.settle({ forMs: morningAt - cloud.time.now() });
        return held("04:00 in Shanghai");
      }),
      stays("no member is launched: it is a holiday", 0, minutes(30)),
      post("/fleets/shop/scale-out", { count: 2 }),
      run(known, "two run, of the image of the night; those that sleep have an older one", {
        count: 2,
        n: 3,
      }),
      stays("they stay", 2, minutes(20)),
    ],
  };
}

export const sizeStory: Story = {
  name: "size",
  title: "A fleet whose size is kept: losses, a canary, a night, a holiday",
  // Two in the afternoon in Shanghai.
  beginsAt: (dayAt) => dayAt + hours(6),
  open: onKiln(() => {
    const known: Known = { images: [], before: [], busy: "" };
    return [
      begins(known),
      losses(known),
      canary(known),
      refreshed(known),
      scaleIn,
      night(known),
      holiday(known),
    ];
  }),
};
