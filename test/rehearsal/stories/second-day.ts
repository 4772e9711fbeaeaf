/** Three nights after a first release: decisions of an operator stand, and whatever failed is made good. */
import { hours, minutes } from "../../../shared/duration.ts";
import { TAG } from "../../../shared/tags.ts";
import { hasEnded, type RunRecord } from "../../support/records.ts";
import { recipeText } from "../../support/recipes.ts";
import { releaseIn } from "../../support/bakes.ts";
import { endSteps } from "../leftovers.ts";
import { servedBy, tagsOf, type Stage } from "../stage.ts";
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

const BASE = "acs:alibaba_cloud_linux_3_2104_lts_x64";
const HOME = "cn-hangzhou";
const ABROAD = "cn-shanghai";
const ACCOUNT = "1000000000000001";
const NIGHTLY = { to: "bake-image", by: { kind: "timer", name: "nightly" } } as const;
const BY_NIGHT = "timer:nightly";

/** Copied abroad, shared, and kept once; its release is a parameter. */
const RECIPE = recipeText({
  parameters: { RELEASE: { default: "v0", pattern: "^v" } },
  provision: ["yum install -y nginx", "systemctl enable nginx", 'echo "$RELEASE" > /etc/release'],
  promote: { regions: [ABROAD], accounts: [ACCOUNT] },
  retention: { enabled: true, keep: 1, youngerThan: "1d", deleteAfter: "2h" },
});

/** Fails as long as the bucket does not have its script. */
const FAILING = recipeText({ family: "api", provision: [{ script: "scripts/api.sh" }], pauseAfter: 2 });

/** Images in the order in which they were made, and the run that was asked for last. */
interface Known {
  readonly made: string[];
  run: string;
}

export const secondDayStory: Story = {
  name: "second-day",
  title: "Three nights: values kept, a copy delivered again, a hold, a pause, a shared image retired",
  // Midnight in Shanghai; nights bake at three and retire at four.
  beginsAt: (dayAt) => dayAt + hours(16),
  open: onKiln(() => {
    const known: Known = { made: [], run: "" };
    return [before(known), firstNight(known), secondNight(known), thirdNight(known), END];
  }),
};

const recordOf = (stage: Stage, run: string, expected: (record: RunRecord) => Look): Look => {
  const record = stage.kiln.record(run);
  return record && hasEnded(record) ? expected(record) : pending(record?.note ?? "it goes on");
};

const upload = (key: string, text: string): Step =>
  act(`${key} is uploaded`, async ({ kiln }) => {
    await kiln.upload(key, text);
    return held();
  });

function post(known: Known, path: string, body: Readonly<Record<string, unknown>>): Step {
  return act(`a caller posts ${JSON.stringify(body)} to ${path}`, async ({ kiln }) => {
    const { status, body: answer } = await kiln.call("POST", path, body);
    known.run = String(answer["run"]);
    return status === 202
      ? held(`run ${known.run}`)
      : broken(`it answered ${status}: ${JSON.stringify(answer)}`);
  });
}

/** The run that was asked for ends well. */
const done = (known: Known, title: string): Step =>
  see(title, hours(3), (stage) =>
    recordOf(stage, known.run, ({ state, reason, result }) =>
      state === "done" ? held(JSON.stringify(result)) : broken(reason ?? state),
    ),
  );

/** The newest bake of a recipe in this scene, asked for by `by`. */
const bakeOf = ({ kiln, sceneAt }: Stage, recipe: string, by: string): RunRecord | undefined =>
  kiln
    .records(`bake-${recipe}-`)
    .findLast((record) => record.by.startsWith(by) && Date.parse(record.beganAt) >= sceneAt);

/** A bake and its promotion end; `expected` judges the promotion. */
function bakes(known: Known, by: string, expected: (promotion: RunRecord) => Look): Step {
  return see("an image is baked and its promotion ends", hours(26), (stage) => {
    const bake = bakeOf(stage, "web", by);
    if (bake === undefined || !hasEnded(bake)) return pending(bake?.note ?? "no run yet");
    if (bake.state === "failed") return broken(bake.reason ?? "it failed");
    const { imageId, promotion, note } = bake.result ?? {};
    if (typeof imageId !== "string") return broken(String(note));
    return recordOf(stage, String(promotion), (record) => {
      if (!known.made.includes(imageId)) known.made.push(imageId);
      return expected(record);
    });
  });
}

const promoted = (record: RunRecord): Look =>
  record.state === "done" ? held(String(record.result?.["proved"])) : broken(record.reason ?? record.state);

/** The night delivers an image that is there, and bakes none. */
const delivers = (known: Known, n: number): Step =>
  see("at three it is delivered again, without a bake", hours(26), (stage) => {
    const bake = bakeOf(stage, "web", BY_NIGHT);
    if (bake === undefined || !hasEnded(bake)) return pending(bake?.note ?? "no run yet");
    if (bake.result?.["delivers"] !== known.made[n])
      return broken(bake.reason ?? JSON.stringify(bake.result));
    return recordOf(stage, String(bake.result?.["promotion"]), (record) =>
      record.state === "done" ? held(String(bake.result?.["note"])) : broken(record.reason ?? record.state),
    );
  });

const servesBoth = (known: Known, n: number, release: string): Step =>
  hold(`both regions serve image ${n + 1}, with release ${release}`, async ({ kiln, cloud }) => {
    const home = await servedBy(cloud, "web");
    const abroad = cloud.world.served(ABROAD, "web")?.copiedFrom?.imageId;
    const inside = releaseIn(kiln, home ?? "")?.trim();
    return home === known.made[n] && abroad === home && inside === release
      ? held(`${home}, ${inside}`)
      : broken(`${HOME} ${home}, ${ABROAD} a copy of ${abroad}, release ${inside}`);
  });

function before(known: Known): Scene {
  return {
    title: "Before the nights: a first image, a release by hand, and a recipe that fails",
    link: { to: "bake-image", by: { kind: "oss", key: "recipes/web.yaml" } },
    steps: [
      upload("recipes/web.yaml", RECIPE),
      bakes(known, "upload:", promoted),
      servesBoth(known, 0, "v0"),
      act(`the next copy to ${ABROAD} will fail`, ({ cloud }) => {
        cloud.world.failNextCopy(ABROAD, "storage error");
        return Promise.resolve(held());
      }),
      post(known, "/recipes/web/bake", { parameters: { RELEASE: "v42" } }),
      bakes(known, "webhook:", (record) =>
        record.state === "failed"
          ? held(record.reason?.split("\n")[0] ?? "")
          : broken("it was promoted without a copy"),
      ),
      servesBoth(known, 0, "v0"),
      upload("recipes/api.yaml", FAILING),
      see("the recipe api fails: its script is not in the bucket", minutes(10), (stage) =>
        failedOnce(bakeOf(stage, "api", "upload:")),
      ),
    ],
  };
}

const failedOnce = (bake: RunRecord | undefined): Look => {
  if (bake === undefined || !hasEnded(bake)) return pending(bake?.note ?? "no run yet");
  return bake.state === "failed" ? held(bake.reason ?? "") : broken(`it is ${bake.state}`);
};

function firstNight(known: Known): Scene {
  return {
    title: "The first night: a copy that failed is delivered again, and a recipe pauses",
    link: NIGHTLY,
    steps: [
      delivers(known, 1),
      servesBoth(known, 1, "v42"),
      see("the recipe api fails for the second time, and pauses", hours(1), (stage) =>
        failedOnce(bakeOf(stage, "api", BY_NIGHT)),
      ),
      hold("the status names it", async ({ kiln, cloud }) => {
        const { body } = await cloud.time.hold(kiln.api("GET", "/status"));
        const problems = JSON.stringify(body["problems"]);
        return problems.includes("recipe api is paused") ? held(problems) : broken(problems);
      }),
    ],
  };
}

function secondNight(known: Known): Scene {
  return {
    title: "The second night: values are kept, a hold keeps the image back, a pause lasts",
    link: NIGHTLY,
    steps: [
      post(known, "/families/web/hold", { why: "release freeze" }),
      done(known, "family web is held"),
      act(`the vendor publishes a new image in ${BASE}`, ({ cloud }) => {
        cloud.world.publishImage(BASE, { imageId: "aliyun_3_x64_20G_alibase_20300101.vhd" });
        return Promise.resolve(held());
      }),
      bakes(known, BY_NIGHT, ({ state, reason, result }) => {
        const kept = result?.["held"];
        return state === "done" && kept !== undefined
          ? held(JSON.stringify(kept))
          : broken(reason ?? `it is ${state} without a hold`);
      }),
      hold("the new image has the release that a caller asked for", ({ kiln }) => {
        const inside = releaseIn(kiln, known.made[2] ?? "")?.trim();
        return inside === "v42" ? held(inside) : broken(String(inside));
      }),
      servesBoth(known, 1, "v42"),
      hold("the recipe api was skipped, not baked", (stage) => {
        const bake = bakeOf(stage, "api", BY_NIGHT);
        const { skipped, note } = bake?.result ?? {};
        return skipped === true ? held(String(note)) : broken(bake?.reason ?? "no run");
      }),
    ],
  };
}

/** Accounts that may use an image at home; undefined when it is gone. */
const sharesOf = ({ cloud }: Stage, imageId: string | undefined): string[] | undefined => {
  const image = cloud.world.images.get(`${HOME}:${imageId}`);
  return image && [...image.sharedWith.keys()];
};

function thirdNight(known: Known): Scene {
  return {
    title: "The third night: the hold is lifted, the recipe resumed, and the oldest image retired",
    link: NIGHTLY,
    steps: [
      post(known, "/families/web/unhold", {}),
      done(known, "the hold is lifted"),
      upload("scripts/api.sh", "yum install -y nginx\nsystemctl enable nginx\n"),
      post(known, "/recipes/api/resume", {}),
      done(known, "the recipe api is resumed"),
      hold(`the oldest image is shared with ${ACCOUNT}`, (stage) => {
        const shares = sharesOf(stage, known.made[0]);
        return shares?.includes(ACCOUNT) === true ? held(...shares) : broken(String(shares));
      }),
      delivers(known, 2),
      servesBoth(known, 2, "v42"),
      see("the recipe api is baked", hours(4), ({ kiln, sceneAt }) => {
        const baked = kiln
          .records("bake-api-")
          .find(({ beganAt, result }) => Date.parse(beganAt) >= sceneAt && result?.["imageId"] !== undefined);
        return baked === undefined ? pending("no image yet") : held(String(baked.result?.["imageId"]));
      }),
      see("at four the oldest image is taken back from the account, and tagged", hours(4), (stage) => {
        const retireAt = tagsOf(stage.cloud, "image", known.made[0] ?? "")[TAG.retireAt];
        if (retireAt === undefined) return pending("it is not tagged");
        const shares = sharesOf(stage, known.made[0]);
        return shares?.length === 0
          ? held(`it is deleted after ${retireAt}`)
          : broken(`shared with ${String(shares)}`);
      }),
      ...isDeleted(known),
      servesBoth(known, 2, "v42"),
    ],
  };
}

/** Past the time in its tag, retention deletes it. */
const isDeleted = (known: Known): readonly Step[] => [
  see("its time passes", hours(3), ({ cloud }) => {
    const retireAt = tagsOf(cloud, "image", known.made[0] ?? "")[TAG.retireAt] ?? "";
    return cloud.time.now() > Date.parse(retireAt) ? held() : pending(`it is kept until ${retireAt}`);
  }),
  post(known, "/recipes/web/retire", {}),
  done(known, "retention runs again"),
  hold("the oldest image is gone", (stage) =>
    sharesOf(stage, known.made[0]) === undefined ? held() : broken("it is there"),
  ),
];

const END: Scene = { title: "The end state", steps: endSteps(hasEnded, hours(2)) };
