/** From a recipe to a sleeping fleet: the story of `npm start`. */
import { hours, minutes } from "../../../shared/duration.ts";
import type { RunRecord } from "../../../shared/journal.ts";
import { outputKey } from "../../../shared/run.ts";
import { BUSY, type Load } from "../../cloud/ecs/load.ts";
import { BUCKET } from "../../deployment.ts";
import { readExample } from "../examples.ts";
import { members, ownImages, servedBy, type Stage } from "../stage.ts";
import { nothingLeft } from "../leftovers.ts";
import { type Baking, watchBake } from "../steps/bake.ts";
import { watchPromotion } from "../steps/promotion.ts";
import { act, broken, held, hold, type Look, pending, type Scene, see, type Story } from "../story.ts";

const BASE = "acs:alibaba_cloud_linux_3_2104_lts_x64";
const UPLOAD = { to: "bake-image", by: { kind: "oss", key: "recipes/web.yaml" } } as const;
const PROMOTE = { to: "promote-family", by: { kind: "event", from: "bake-image" } } as const;
const POST = { to: "webhook", by: { kind: "http" } } as const;
const SCALE = { to: "scale-out", by: { kind: "event", from: "webhook" } } as const;
const IDLE = { to: "stop-idle", by: { kind: "timer", name: "idle-check" } } as const;
const NIGHTLY = { to: "bake-image", by: { kind: "timer", name: "nightly" } } as const;

/** A web server nobody asks for anything: its own cron jobs and the agent. */
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

export const mainStory: Story = {
  name: "main",
  title: "From recipe to sleeping fleet",
  // Late enough for one night, early enough for three idle hours before it: the night is 03:00 in Shanghai.
  beginsAt: (dayAt) => dayAt + hours(13),
  scenes: () => {
    const first: Baking = {};
    const second: Baking = {};
    const recipe = readExample("recipes/web.yaml");
    let scaleRun = "";
    let busy = "";
    return [
      {
        title: "A recipe is uploaded: OSS trigger → bake-image",
        link: UPLOAD,
        steps: [
          act("a person uploads recipes/web.yaml", async ({ kiln }) => {
            await kiln.upload("recipes/web.yaml", recipe);
            return held();
          }),
          ...watchBake(first, BASE),
        ],
      },
      {
        title: "The image is tested: bake-image → promote-family",
        link: PROMOTE,
        steps: watchPromotion(first, "web"),
      },
      {
        title: "Three machines are asked for: signed POST → webhook → scale-out",
        link: SCALE,
        steps: [
          act("a person uploads fleets/web.yaml", async ({ kiln }) => {
            await kiln.upload("fleets/web.yaml", readExample("fleets/web.yaml"));
            return held();
          }),
          act(
            "a caller posts { count: 3 } to /fleets/web/scale-out",
            async ({ kiln, cloud }) => {
              const { status, body } = await kiln.call("POST", "/fleets/web/scale-out", { count: 3 });
              if (status !== 202) return refused(status, body);
              scaleRun = String(body["run"]);
              const early = members(cloud, "web").length;
              return early === 0
                ? held(`202 at once, run ${scaleRun}`)
                : broken(`it answered only after ${early} machines were made`);
            },
            POST,
          ),
          see("three machines run", minutes(20), ({ cloud }) => {
            const states = members(cloud, "web").map(({ status }) => status);
            return states.length === 3 && states.every((status) => status === "Running")
              ? held(
                  ...members(cloud, "web").map(
                    ({ instanceId, type, zoneId }) => `${instanceId} ${type.id} ${zoneId}`,
                  ),
                )
              : pending(states.join(", ") || "none yet");
          }),
          hold("each is made of the image the family answers with", async ({ cloud }) => {
            const served = await servedBy(cloud, "web");
            const wrong = members(cloud, "web").filter(({ imageId }) => imageId !== served);
            return wrong.length === 0
              ? held(String(served))
              : broken(wrong.map(({ instanceId, imageId }) => `${instanceId} is of ${imageId}`).join(", "));
          }),
          see("the run is done, after checking that itself", minutes(10), ({ kiln }) => {
            const record = kiln.record(scaleRun);
            if (record?.state === "failed") return broken(record.reason ?? "it failed");
            return record?.state === "done" ? held() : pending(record?.note ?? "it goes on");
          }),
          hold(
            "GET /runs/<id> tells the caller so",
            async ({ kiln }) => {
              const { status, body } = await kiln.call("GET", `/runs/${scaleRun}`);
              return status === 200 && body["state"] === "done"
                ? held(`${scaleRun}: done`)
                : refused(status, body);
            },
            POST,
          ),
        ],
      },
      {
        title: "Hours pass, one machine is busy: timer → stop-idle",
        link: IDLE,
        steps: [
          act("one of the three gets work, two have next to nothing to do", ({ cloud }) => {
            const ids = members(cloud, "web").map(({ instanceId }) => instanceId);
            busy = ids[1] ?? "";
            for (const id of ids) cloud.world.load(id, () => (id === busy ? BUSY : QUIET));
            return Promise.resolve(held(`${busy}: 20 % CPU on average, the others 1.5 %`));
          }),
          see("the two others are stopped, and not charged for", hours(6), (stage) => {
            const { cloud } = stage;
            const fleet = members(cloud, "web");
            if (fleet.find(({ instanceId }) => instanceId === busy)?.status !== "Running") {
              return broken(`${busy} is busy and was stopped`);
            }
            const stopped = fleet.filter(({ status }) => status === "Stopped");
            if (stopped.length < 2) return pending(`${stopped.length} of 2 stopped; ${lastVerdict(stage)}`);
            const charged = stopped.filter(({ stoppedMode }) => stoppedMode !== "StopCharging");
            return charged.length === 0
              ? held()
              : broken(
                  charged.map(({ instanceId, stoppedMode }) => `${instanceId}: ${stoppedMode}`).join(", "),
                );
          }),
          see("each of the three has its reason", minutes(10), (stage) => {
            const run = runsBy(stage, "idle", "timer:idle-check").findLast(
              ({ result }) => Array.isArray(result?.["stopped"]) && result["stopped"].length > 0,
            );
            return run === undefined ? pending("the check is not over") : held(...reasons(stage, run.run));
          }),
        ],
      },
      {
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
            const { status } = cloud.world.mustHave(busy);
            return count === 1 && status === "Running"
              ? held()
              : broken(`${count} images; ${busy} is ${status}`);
          }),
        ],
      },
      {
        title: "The recipe is changed and uploaded again: OSS trigger → bake-image",
        link: UPLOAD,
        steps: [
          act("a person changes the index page", async ({ kiln }) => {
            await kiln.upload("recipes/web.yaml", recipe.replace("Baked by Kiln", "Baked by Kiln, again"));
            return held();
          }),
          ...watchBake(second, BASE),
        ],
      },
      {
        title: "The family moves on: bake-image → promote-family",
        link: PROMOTE,
        steps: [
          ...watchPromotion(second, "web"),
          hold("it is another image than before", () =>
            second.image?.imageId === first.image?.imageId ? broken("it is the same image") : held(),
          ),
        ],
      },
      {
        title: "What is left",
        steps: [
          see("every run is over", minutes(10), ({ kiln }) => {
            const open = kiln.records().filter(({ state }) => state !== "done");
            return open.length === 0
              ? held()
              : pending(open.map(({ run, state }) => `${run} ${state}`).join(", "));
          }),
          hold("no builder, test machine, stray snapshot or claim", ({ cloud }) => nothingLeft(cloud)),
        ],
      },
    ] satisfies readonly Scene[];
  },
};

/** What the front door answered instead, and what that means. */
function refused(status: number, body: Readonly<Record<string, unknown>>): Look {
  const { errorMessage } = body;
  const said = typeof errorMessage === "string" ? errorMessage : JSON.stringify(body);
  const reason = `the front door answered ${status} ${said}`;
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
function reasons({ cloud }: Stage, run: string): readonly string[] {
  const key = outputKey(run, "verdicts").replace(/txt$/, "json");
  return readVerdicts(cloud.oss.get(BUCKET, key)).map(
    ({ id, act, reason }) => `${id} ${act === "stop" ? "stopped" : "left alone"}: ${reason}`,
  );
}

const readVerdicts = ({ body }: { readonly body: Buffer }): readonly Verdict[] =>
  JSON.parse(body.toString()) as readonly Verdict[];

/** What the newest check said of the first machine. */
function lastVerdict({ cloud }: Stage): string {
  const newest = cloud.oss
    .list(BUCKET, "runs/")
    .filter(({ key }) => key.endsWith("/verdicts.json"))
    .toSorted((a, b) => b.lastModifiedAt - a.lastModifiedAt)[0];
  const [verdict] = newest ? readVerdicts(newest) : [];
  return verdict ? `${verdict.id} ${verdict.reason}` : "no check yet";
}
