/** From a recipe to a stopped fleet: the story of `npm start`. */
import { hours, minutes } from "../../../shared/duration.ts";
import type { RunRecord } from "../../support/records.ts";
import { BUSY, type Load } from "../../cloud/index.ts";
import { readExample } from "../examples.ts";
import { members, ownImages, servedBy, type Stage } from "../stage.ts";
import { endSteps } from "../leftovers.ts";
import { type Baking, watchBake } from "../steps/bake.ts";
import { watchPromotion } from "../steps/promotion.ts";
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
import { BUCKET } from "../../support/deployment.ts";
import { json } from "../../support/known.ts";

const BASE = "acs:alibaba_cloud_linux_3_2104_lts_x64";
const UPLOAD = { to: "bake-image", by: { kind: "oss", key: "recipes/web.yaml" } } as const;
const PROMOTE = { to: "promote-family", by: { kind: "event", from: "bake-image" } } as const;
const POST = { to: "webhook", by: { kind: "http" } } as const;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;
const IDLE = { to: "stop-idle", by: { kind: "timer", name: "idle-check" } } as const;
const NIGHTLY = { to: "bake-image", by: { kind: "timer", name: "nightly" } } as const;

/** A web server without requests: its own cron jobs and the agent. */
const QUIET: Load = {
  ...BUSY,
  cpuAverage: 1.5,
  cpuMaximum: 3,
  internetIn: 0,
  internetOut: 0,
  intranetIn: 9_000,
  intranetOut: 7_000,
};

/** Runs of one kind, newest last, that a trigger of this name began. */
const runsBy = ({ kiln }: Stage, kind: string, by: string): readonly RunRecord[] =>
  kiln.records(`${kind}-`).filter((record) => record.by === by);

/** What the scenes know of one another. */
interface Plot {
  readonly first: Baking;
  readonly second: Baking;
  readonly recipe: string;
  scaleRun: string;
  busy: string;
}

export const mainStory: Story = {
  name: "main",
  title: "From a recipe to a stopped fleet",
  // Late enough for one night, early enough for three idle hours before it: the night is 03:00 in Shanghai.
  beginsAt: (dayAt) => dayAt + hours(13),
  open: onKiln(() => {
    const plot: Plot = {
      first: {},
      second: {},
      recipe: readExample("recipes/web.yaml"),
      scaleRun: "",
      busy: "",
    };
    return [
      upload(plot),
      imageTest(plot),
      scaleOut(plot),
      idleCheck(plot),
      nightly(plot),
      changedRecipe(plot),
      familyMoves(plot),
      leftovers(),
    ] satisfies readonly Scene[];
  }),
};

/** The unexpected answer of the webhook, and its meaning. */
function refused(status: number, body: Readonly<Record<string, unknown>>): Look {
  const { errorMessage } = body;
  const said = typeof errorMessage === "string" ? errorMessage : JSON.stringify(body);
  const reason = `the webhook answered ${status} ${said}`;
  return status === 401
    ? broken(reason, "the signature key: the caller's secret is none of those in KILN_CALLERS")
    : broken(reason);
}

interface Verdict {
  readonly id: string;
  readonly act: "keep" | "warn" | "stop";
  readonly reason: string;
}

/** The verdicts of an idle check, as it left them in the bucket. */
function reasons({ cloud, kiln }: Stage, run: string): readonly string[] {
  const key = String(kiln.record(run)?.result?.["verdicts"]);
  return readVerdicts(cloud.oss.get(BUCKET, key)).map(
    ({ id, act: verdict, reason }) => `${id} ${verdict === "stop" ? "stopped" : "left alone"}: ${reason}`,
  );
}

const readVerdicts = ({ body }: { readonly body: Buffer }): readonly Verdict[] =>
  json<readonly Verdict[]>(body.toString());

/** What the newest check said of the first machine. */
function lastVerdict({ cloud }: Stage): string {
  const newest = cloud.oss
    .list(BUCKET, "runs/")
    .filter(({ key }) => /\/verdicts[^/]*\.json$/.test(key))
    .toSorted((a, b) => b.lastModifiedAt - a.lastModifiedAt)[0];
  const [verdict] = newest ? readVerdicts(newest) : [];
  return verdict ? `${verdict.id} ${verdict.reason}` : "no check yet";
}

function upload(plot: Plot): Scene {
  return {
    title: "A recipe is uploaded: OSS trigger → bake-image",
    link: UPLOAD,
    steps: [
      act("recipes/web.yaml is uploaded", async ({ kiln }) => {
        await kiln.upload("recipes/web.yaml", plot.recipe);
        return held();
      }),
      ...watchBake(plot.first, BASE),
    ],
  };
}

function imageTest(plot: Plot): Scene {
  return {
    title: "The image is tested: bake-image → promote-family",
    link: PROMOTE,
    steps: watchPromotion(plot.first, "web"),
  };
}

function scaleOut(plot: Plot): Scene {
  return {
    title: "Three instances are requested: signed POST → webhook → scale-out",
    link: SCALE,
    steps: [
      act("fleets/web.yaml is uploaded", async ({ kiln }) => {
        await kiln.upload("fleets/web.yaml", readExample("fleets/web.yaml"));
        return held();
      }),
      postThree(plot),
      THREE_RUN,
      hold("each is made of the image the family answers with", async ({ cloud }) => {
        const served = await servedBy(cloud, "web");
        const wrong = members(cloud, "web").filter(({ imageId }) => imageId !== served);
        return wrong.length === 0
          ? held(String(served))
          : broken(wrong.map(({ instanceId, imageId }) => `${instanceId} is of ${imageId}`).join(", "));
      }),
      see("the run is done, after checking that itself", minutes(10), ({ kiln }) => {
        const record = kiln.record(plot.scaleRun);
        if (record?.state === "failed") return broken(record.reason ?? "it failed");
        return record?.state === "done" ? held() : pending(record?.note ?? "it goes on");
      }),
      hold(
        "GET /runs/<id> tells the caller so",
        async ({ kiln }) => {
          const { status, body } = await kiln.call("GET", `/runs/${plot.scaleRun}`);
          return status === 200 && body["state"] === "done"
            ? held(`${plot.scaleRun}: done`)
            : refused(status, body);
        },
        POST,
      ),
    ],
  };
}

function idleCheck(plot: Plot): Scene {
  return {
    title: "Hours pass, one instance is busy: timer → stop-idle",
    link: IDLE,
    steps: [
      act("one of the three is busy, two are idle", ({ cloud }) => {
        const ids = members(cloud, "web").map(({ instanceId }) => instanceId);
        plot.busy = ids[1] ?? "";
        for (const id of ids) cloud.world.load(id, () => (id === plot.busy ? BUSY : QUIET));
        return Promise.resolve(held(`${plot.busy}: 20 % CPU on average, the others 1.5 %`));
      }),
      see("the two idle instances are stopped and no longer charged", hours(6), (stage) => {
        const { cloud } = stage;
        const fleet = members(cloud, "web");
        if (fleet.find(({ instanceId }) => instanceId === plot.busy)?.status !== "Running") {
          return broken(`${plot.busy} is busy and was stopped`);
        }
        const stopped = fleet.filter(({ status }) => status === "Stopped");
        if (stopped.length < 2) return pending(`${stopped.length} of 2 stopped; ${lastVerdict(stage)}`);
        const charged = stopped.filter(({ stoppedMode }) => stoppedMode !== "StopCharging");
        return charged.length === 0
          ? held()
          : broken(charged.map(({ instanceId, stoppedMode }) => `${instanceId}: ${stoppedMode}`).join(", "));
      }),
      see("the record gives the reason for each of the three", minutes(10), (stage) => {
        const run = runsBy(stage, "idle", "timer:idle-check").findLast(
          ({ result }) => Array.isArray(result?.["stopped"]) && result["stopped"].length > 0,
        );
        return run === undefined ? pending("the check is not over") : held(...reasons(stage, run.run));
      }),
    ],
  };
}

function nightly(plot: Plot): Scene {
  return {
    title: "At night nothing has changed: timer → bake-image",
    link: NIGHTLY,
    steps: [
      see("the nightly bake is skipped, and says why", hours(9), (stage) => {
        const run = runsBy(stage, "bake", "timer:nightly").at(-1);
        if (run?.state === "failed") return broken(run.reason ?? "it failed");
        if (run?.state !== "done") return pending("it is not 03:00 in Shanghai yet");
        const { skipped, note } = run.result ?? {};
        return skipped === true ? held(String(note)) : broken("it baked although nothing had changed");
      }),
      hold("there is still one image, and the busy machine still runs", ({ cloud }) => {
        const count = ownImages(cloud).length;
        const { status } = cloud.world.mustHave(plot.busy);
        return count === 1 && status === "Running"
          ? held()
          : broken(`${count} images; ${plot.busy} is ${status}`);
      }),
    ],
  };
}

function changedRecipe(plot: Plot): Scene {
  return {
    title: "The recipe is changed and uploaded again: OSS trigger → bake-image",
    link: UPLOAD,
    steps: [
      act("a user changes the index page", async ({ kiln }) => {
        await kiln.upload("recipes/web.yaml", plot.recipe.replace("Baked by Kiln", "Baked by Kiln, again"));
        return held();
      }),
      ...watchBake(plot.second, BASE),
    ],
  };
}

function familyMoves(plot: Plot): Scene {
  return {
    title: "The family moves on: bake-image → promote-family",
    link: PROMOTE,
    steps: [
      ...watchPromotion(plot.second, "web"),
      hold("it is another image than before", () =>
        plot.second.image?.imageId === plot.first.image?.imageId ? broken("it is the same image") : held(),
      ),
    ],
  };
}

function leftovers(): Scene {
  return {
    title: "The end state",
    steps: [...endSteps()],
  };
}

function postThree(plot: Plot): Step {
  return act(
    "a caller posts { count: 3 } to /fleets/web/scale-out",
    async ({ kiln, cloud }) => {
      const { status, body } = await kiln.call("POST", "/fleets/web/scale-out", { count: 3 });
      if (status !== 202) return refused(status, body);
      plot.scaleRun = String(body["run"]);
      const early = members(cloud, "web").length;
      return early === 0
        ? held(`202 at once, run ${plot.scaleRun}`)
        : broken(`it answered only after ${early} machines were made`);
    },
    POST,
  );
}

const THREE_RUN = see("three instances run", minutes(20), ({ cloud }) => {
  const states = members(cloud, "web").map(({ status }) => status);
  return states.length === 3 && states.every((status) => status === "Running")
    ? held(
        ...members(cloud, "web").map(({ instanceId, type, zoneId }) => `${instanceId} ${type.id} ${zoneId}`),
      )
    : pending(states.join(", ") || "none yet");
});
