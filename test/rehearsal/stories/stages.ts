/** Two deployments in one account and region, with the same documents and timers of the same instants. */
import { hours, minutes } from "../../../shared/duration.ts";
import { TAG } from "../../../shared/tags.ts";
import type { Cloud } from "../../cloud/index.ts";
import { nothingLeft } from "../leftovers.ts";
import { members, ownImages, servedBy, tagsOf } from "../stage.ts";
import {
  act,
  broken,
  held,
  hold,
  type Look,
  pending,
  type Scene,
  see,
  type Step,
  type Story,
} from "../story.ts";
import { type Answer, BUCKET, type Deployment, deployTwo, SECOND } from "../../support/deployment.ts";
import { fleetText } from "../../support/fleets.ts";
import { IDLE, POLICY } from "../../support/idle.ts";
import { recipeText } from "../../support/recipes.ts";
import { hasEnded, type RunRecord } from "../../support/records.ts";

const BAKE = { to: "bake-image", by: { kind: "oss", key: "recipes/web.yaml" } } as const;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;
const NIGHTLY = { to: "bake-image", by: { kind: "timer", name: "nightly" } } as const;

/** Baked again every night, although nothing has changed. */
const RECIPE = recipeText({ rebake: { onlyIfChanged: false } });
/** Two may run, and idle ones are stopped after two hours. */
const FLEET = fleetText({ limits: { max: 2 }, idle: POLICY });

/** A deployment, and the names under which it is known. */
interface Side {
  readonly name: string;
  readonly kiln: Deployment;
  readonly bucket: string;
  readonly family: string;
}

export const stagesStory: Story = {
  name: "stages",
  title: "Two deployments side by side, production and dev",
  // Twenty past midnight in Shanghai: the night's bake is at three, the check that finds idle hours right after it.
  beginsAt: (dayAt) => dayAt + hours(16) + minutes(20),
  open: async (options) => {
    // The strictest reading of the documents: a task id counts for all functions of the account.
    const fc = { ...options.fc, taskIds: { scope: "account" as const } };
    const [first, second] = await deployTwo({ ...options, fc });
    const sides: Sides = [
      { name: "production", kiln: first, bucket: BUCKET, family: "web" },
      { name: SECOND.stage, kiln: second, bucket: SECOND.bucket, family: `${SECOND.stage}-web` },
    ];
    return { kiln: first, scenes: [images(sides), fleets(sides), night(sides), end(sides)] };
  },
};

type Sides = readonly [Side, Side];

/** Looks at both: broken as soon as one is, held when both are, with the name before each note. */
function both(sides: Sides, look: (side: Side) => Look): Look {
  const looks = sides.map((side) => ({ ...look(side), name: side.name }));
  const notes: string[] = [];
  const waits: string[] = [];
  for (const one of looks) {
    if (one.state === "broken") return broken(`${one.name}: ${one.reason}`);
    if (one.state === "pending") waits.push(`${one.name}: ${one.progress}`);
    else notes.push(...one.notes.map((note) => `${one.name}: ${note}`));
  }
  return waits.length === 0 ? held(...notes) : pending(waits.join("; "));
}

const isOf = (cloud: Cloud, kind: string, id: string, { bucket }: Side): boolean =>
  tagsOf(cloud, kind, id)[TAG.deployment] === bucket;

const imagesOf = (cloud: Cloud, side: Side) =>
  ownImages(cloud).filter(({ imageId }) => isOf(cloud, "image", imageId, side));

const membersOf = (cloud: Cloud, side: Side) =>
  members(cloud, "web").filter(({ instanceId }) => isOf(cloud, "instance", instanceId, side));

/** Both upload an object of the same key, at the same instant. */
const uploads = (sides: Sides, key: string, text: string): Step =>
  act(`both get ${key}, with the same text`, async () => {
    await Promise.all(sides.map(({ kiln }) => kiln.upload(key, text)));
    return held();
  });

/** Until each has `count` images, and its family serves its newest. */
const promotes = (sides: Sides, count: number): Step =>
  see(`each bakes and promotes image number ${count}, its own`, hours(4), ({ cloud }) =>
    both(sides, (side) => {
      const failed = side.kiln.records().find(({ kind, state }) => kind !== "scale" && state === "failed");
      if (failed !== undefined) return broken(`${failed.run}: ${failed.reason}`);
      const own = imagesOf(cloud, side);
      const newest = own.at(-1);
      if (own.length > count) return broken(`${own.length} images`);
      return own.length === count && newest?.family === side.family
        ? held(`${newest.imageId} ${newest.name}`)
        : pending(`${own.length} images, the newest in ${newest?.family || "no family"}`);
    }),
  );

const serve = (sides: Sides): Step =>
  hold("each family answers with the newest image of its deployment", async ({ cloud }) => {
    const served = await Promise.all(sides.map(({ family }) => servedBy(cloud, family)));
    const wrong = sides.filter((side, n) => imagesOf(cloud, side).at(-1)?.imageId !== served[n]);
    return wrong.length === 0
      ? held(...sides.map(({ family }, n) => `${family} → ${served[n]}`))
      : broken(wrong.map(({ family }) => family).join(", "));
  });

function images(sides: Sides): Scene {
  return {
    title: "The same recipe for the same family, uploaded at the same instant",
    link: BAKE,
    steps: [uploads(sides, "recipes/web.yaml", RECIPE), promotes(sides, 1), serve(sides)],
  };
}

/** Both are asked at the same instant. */
const posts = (sides: Sides, count: number, asked: Map<string, string>): Step =>
  act(`a caller of each posts { count: ${count} } to /fleets/web/scale-out`, async () => {
    const path = "/fleets/web/scale-out";
    const answers: Answer[] = await Promise.all(sides.map(({ kiln }) => kiln.call("POST", path, { count })));
    for (const [n, { name }] of sides.entries()) asked.set(name, String(answers[n]?.body["run"]));
    const bad = answers.find(({ status }) => status !== 202);
    return bad === undefined ? held(...asked.values()) : broken(`${bad.status} ${JSON.stringify(bad.body)}`);
  });

function fleets(sides: Sides): Scene {
  const asked = new Map<string, string>();
  return {
    title: "The same fleet, in which two may run",
    link: SCALE,
    steps: [
      uploads(sides, "fleets/web.yaml", FLEET),
      posts(sides, 2, asked),
      see("each has two instances of its own image, four in all", minutes(30), ({ cloud }) =>
        both(sides, (side) => {
          const own = membersOf(cloud, side);
          const other = own.find(({ imageId }) => imageId !== imagesOf(cloud, side).at(-1)?.imageId);
          if (other !== undefined) return broken(`${other.instanceId} is of ${other.imageId}`);
          const running = own.filter(({ status }) => status === "Running");
          return running.length === 2 && own.length === 2
            ? held(own.map(({ instanceId }) => instanceId).join(", "))
            : pending(`${running.length} of ${own.length} run`);
        }),
      ),
      posts(sides, 1, asked),
      see("the limit of each counts its own two and turns the third away", minutes(30), ({ cloud }) =>
        both(sides, (side) => {
          const record = side.kiln.record(asked.get(side.name) ?? "");
          if (record === undefined || !hasEnded(record)) return pending("the request is not decided");
          const { length } = membersOf(cloud, side);
          return record.state === "failed" && length === 2
            ? held(record.reason ?? "")
            : broken(`${record.run} is ${record.state}, ${length} instances`);
        }),
      ),
    ],
  };
}

const byTimer = ({ kiln }: Side, timer: string): RunRecord | undefined =>
  kiln.records().find(({ by }) => by === `timer:${timer}`);

function night(sides: Sides): Scene {
  return {
    title: "A night: every timer of both fires at the same instant",
    link: NIGHTLY,
    steps: [
      act("the four instances are idle", ({ cloud }) => {
        cloud.world.load(
          () => true,
          () => IDLE,
        );
        return Promise.resolve(held());
      }),
      promotes(sides, 2),
      serve(sides),
      hold("both nightly bakes began at the same instant, as runs of their own", () => {
        const [one, other] = sides.map((side) => byTimer(side, "nightly"));
        if (one === undefined || other === undefined) return broken("one has no nightly bake");
        return one.beganAt === other.beganAt && one.run !== other.run
          ? held(`${one.beganAt}: ${one.run}, ${other.run}`)
          : broken(`${one.run} at ${one.beganAt}, ${other.run} at ${other.beganAt}`);
      }),
      see("each stops its own two idle instances", hours(3), ({ cloud }) =>
        both(sides, (side) => {
          const own = membersOf(cloud, side);
          const stopped = own.filter(({ status }) => status === "Stopped");
          if (stopped.length < 2) return pending(`${stopped.length} of ${own.length} stopped`);
          const runs = own.map(
            ({ instanceId }) => tagsOf(cloud, "instance", instanceId)[TAG.stoppedBy] ?? "",
          );
          const foreign = runs.find((by) => side.kiln.record(by.split(" ")[0] ?? "") === undefined);
          return foreign === undefined
            ? held(`by ${runs[0]?.split(" ")[0]}`)
            : broken(`stopped by ${foreign}`);
        }),
      ),
    ],
  };
}

function end(sides: Sides): Scene {
  return {
    title: "The end state",
    steps: [
      see("every run is over", minutes(30), () =>
        both(sides, ({ kiln }) => {
          const open = kiln.records().filter((record) => !hasEnded(record));
          return open.length === 0
            ? held(`${kiln.records().length} runs`)
            : pending(open.map(({ run }) => run).join(", "));
        }),
      ),
      hold("each has locks of its own: of the recipe, of its family, of the fleet", ({ cloud }) => {
        const [locks = [], others = []] = sides.map(({ bucket }) =>
          cloud.oss.list(bucket, "locks/").map(({ key }) => key),
        );
        const same = others.map((key) => key.replace(`${SECOND.stage}-web`, "web"));
        return locks.length > 0 && locks.join(" ") === same.join(" ")
          ? held(...locks)
          : broken(`${locks.join(", ")} and ${others.join(", ")}`);
      }),
      hold("no builder, test instance, temporary snapshot or lock", ({ cloud }) => nothingLeft(cloud)),
      hold("no role was refused a call or a delivery", ({ cloud }) => {
        const refused = cloud.callLog
          .entries()
          .filter(({ role, status }) => role !== undefined && (status === 401 || status === 403))
          .map(({ role, action }) => `${role} ${action}`);
        const lost = cloud.fc.refusals.map(({ from, to, reason }) => `${from} to ${to}: ${reason}`);
        return refused.length + lost.length === 0 ? held() : broken([...refused, ...lost].join("; "));
      }),
    ],
  };
}
