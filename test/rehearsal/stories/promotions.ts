/** What can happen to an image once it is made: kept out, outrun, taken along to other regions, taken back, let go. */
import { days, hours, minutes } from "../../../shared/duration.ts";
import { hasEnded, type RunRecord } from "../../support/records.ts";
import { servedBy, type Stage } from "../stage.ts";
import { act, broken, held, hold, type Look, pending, type Scene, see, type Step } from "../story.ts";
import { BUCKET } from "../../support/deployment.ts";

const FAMILY = "shop";
const HOME = "cn-hangzhou";
const ABROAD = "cn-shanghai";
const ROLLBACK = `/families/${FAMILY}/rollback`;
const PREVIOUS = { to: "previous", regions: [HOME] };

/** A recipe of our own, so that nothing of the other scenes is in the way; `n` makes it a new one. */
const recipeText = (n: number, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    description: `number ${n}`,
    source: {
      builder: {
        family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
        instanceTypes: ["ecs.g7.large"],
        vSwitchIds: ["vsw-hangzhou-h"],
        securityGroupId: "sg-default0001",
      },
    },
    provision: ["yum install -y nginx", "systemctl enable nginx"],
    test: { commands: ["systemctl is-active nginx"] },
    family: FAMILY,
    rebake: { nightly: false },
    ...more,
  });

/** What the scenes learn: images in the order they were made. */
interface Known {
  readonly made: string[];
  run: string;
}

/** Five scenes on one family, one after the other. */
export function promotionScenes(): readonly Scene[] {
  const known: Known = { made: [], run: "" };
  return [
    failedTest(known),
    latePromotion(known),
    failedCopy(known),
    rollbackAndUndo(known),
    retentionDryRun(known),
  ];
}

/** Uploads the recipe and waits until its bake and its promotion have ended. */
function release(
  known: Known,
  n: number,
  more: Readonly<Record<string, unknown>>,
  expected: (promotion: RunRecord) => Look,
): readonly Step[] {
  const nth = ({ kiln }: Stage, kind: string): RunRecord | undefined =>
    kiln.records(`${kind}-${FAMILY}-`).filter(({ by }) => by.startsWith("upload:"))[n - 1];
  return [
    act(`recipes/${FAMILY}.yaml is uploaded, number ${n}`, async ({ kiln }) => {
      await kiln.upload(`recipes/${FAMILY}.yaml`, recipeText(n, more));
      return held();
    }),
    see("its image is made", hours(3), (stage) => {
      const bake = nth(stage, "bake");
      if (bake === undefined || !hasEnded(bake)) return pending(bake?.note ?? "no run yet");
      if (bake.state === "failed") return broken(bake.reason ?? "it failed");
      known.made[n - 1] = String(bake.result?.["imageId"]);
      return held(known.made[n - 1] ?? "");
    }),
    see("its promotion ends", hours(3), (stage) => {
      const promotion = nth(stage, "promote");
      if (promotion === undefined || !hasEnded(promotion)) return pending(promotion?.note ?? "no run yet");
      return expected(promotion);
    }),
  ];
}

const succeeded = (record: RunRecord): Look =>
  record.state === "done" ? held(String(record.result?.["proved"])) : broken(record.reason ?? record.state);

const firstEnvelope = (text: string | undefined): string => (text ?? "").split("\n")[0] ?? "";

function ask(known: Known, title: string, path: string, body: () => Readonly<Record<string, unknown>>): Step {
  return act(title, async ({ kiln }) => {
    const { status, body: answer } = await kiln.call("POST", path, body());
    known.run = String(answer["run"]);
    return status === 202
      ? held(`run ${known.run}`)
      : broken(`it answered ${status}: ${JSON.stringify(answer)}`);
  });
}

function ended({ kiln }: Stage, run: string, expected: (record: RunRecord) => Look): Look {
  const record = kiln.record(run);
  return record && hasEnded(record) ? expected(record) : pending(record?.note ?? "it goes on");
}

async function serves({ cloud }: Stage, imageId: string | undefined): Promise<Look> {
  const served = await servedBy(cloud, FAMILY);
  return served === imageId ? held(String(served)) : broken(`it answers with ${served}, not ${imageId}`);
}

const imagesIn = ({ cloud }: Stage, region: string): string[] =>
  [...cloud.world.images.values()]
    .filter(
      ({ ownerAlias, regionId, name }) =>
        ownerAlias === "self" && regionId === region && name.startsWith(FAMILY),
    )
    .map(({ imageId }) => imageId);

function failedTest(known: Known): Scene {
  return {
    title: "A failed test keeps the image out of its family",
    link: { to: "promote-family", by: { kind: "event", from: "bake-image" } },
    steps: [
      ...release(known, 1, {}, succeeded),
      ...release(known, 2, { test: { commands: ["curl -fsS http://localhost:8080/", "exit 3"] } }, (record) =>
        record.state === "failed" ? held(firstEnvelope(record.reason)) : broken("it was promoted"),
      ),
      hold(`family ${FAMILY} still answers with the first image`, (stage) => serves(stage, known.made[0])),
    ],
  };
}

function latePromotion(known: Known): Scene {
  return {
    title: "A promotion that comes too late is stopped",
    steps: [
      ...release(known, 3, {}, succeeded),
      ask(known, "a user promotes the first image again", `/families/${FAMILY}/promote`, () => ({
        recipe: FAMILY,
        imageId: known.made[0],
      })),
      see("the run ends and names the image that outranks it", minutes(10), (stage) =>
        ended(stage, known.run, (record) =>
          record.reason?.includes(known.made[2] ?? "?")
            ? held(record.reason)
            : broken(record.reason ?? record.state),
        ),
      ),
      hold(`family ${FAMILY} answers with the newest`, (stage) => serves(stage, known.made[2])),
    ],
  };
}

function failedCopy(known: Known): Scene {
  return {
    title: "Two regions: one copy fails, and nothing moves anywhere",
    steps: [
      act(`the next copy to ${ABROAD} will fail`, ({ cloud }) => {
        cloud.world.failNextCopy(ABROAD, "storage error");
        return Promise.resolve(held());
      }),
      ...release(known, 4, { promote: { regions: [ABROAD] } }, (record) =>
        record.state === "failed" ? held(firstEnvelope(record.reason)) : broken("it was promoted"),
      ),
      hold("both families are as they were, and the broken copy is gone", async (stage) => {
        const copies = imagesIn(stage, ABROAD);
        if (copies.length > 0) return broken(`${ABROAD} still has ${copies.join(", ")}`);
        return serves(stage, known.made[2]);
      }),
      ...release(known, 5, { promote: { regions: [ABROAD] } }, succeeded),
      hold("this time both regions moved", ({ cloud }) => {
        const copy = cloud.world.served(ABROAD, FAMILY);
        const home = cloud.world.served(HOME, FAMILY)?.imageId;
        return copy?.copiedFrom?.imageId === known.made[4] && home === known.made[4]
          ? held(`${HOME} ${home}`, `${ABROAD} ${copy?.imageId}`)
          : broken(`${HOME} answers ${home}, ${ABROAD} ${copy?.imageId}`);
      }),
    ],
  };
}

function rollbackAndUndo(known: Known): Scene {
  return {
    title: "A rollback in one request, and its undo",
    link: { to: "promote-family", by: { kind: "event", from: "webhook" } },
    steps: [
      ask(known, "a caller asks first what it would do: { dryRun: true }", ROLLBACK, () => ({
        ...PREVIOUS,
        dryRun: true,
      })),
      see("the run says which image would step back", minutes(10), (stage) =>
        ended(stage, known.run, ({ result, reason }) =>
          result?.["imageId"] === known.made[2]
            ? held(`${String(result?.["wouldStepBack"])} would step back`)
            : broken(reason ?? JSON.stringify(result)),
        ),
      ),
      hold("nothing moved", (stage) => serves(stage, known.made[4])),
      ask(
        known,
        `a caller posts { to: previous } to ${ROLLBACK}, for the home region`,
        ROLLBACK,
        () => PREVIOUS,
      ),
      see("the run proves what the family answers with", minutes(10), (stage) =>
        ended(stage, known.run, succeeded),
      ),
      hold("it is the image before, and the newer one is deprecated", (stage) =>
        serves(stage, known.made[2]),
      ),
      ask(known, "the caller takes it back: { undo: true }", ROLLBACK, () => ({ undo: true })),
      see("the run proves it again", minutes(10), (stage) => ended(stage, known.run, succeeded)),
      hold("the newer image serves again", (stage) => serves(stage, known.made[4])),
    ],
  };
}

function retentionDryRun(known: Known): Scene {
  return {
    title: "A dry run of the retention says which images would go, and why",
    steps: [
      act("weeks go by, and the recipe gets a retention", async ({ kiln, cloud }) => {
        // The images grow older, not the world: nothing else happens in these weeks.
        cloud.world.ageImages(days(60));
        const retention = { enabled: true, keep: 1 };
        await kiln.upload(
          `recipes/${FAMILY}.yaml`,
          recipeText(5, { promote: { regions: [ABROAD] }, retention }),
        );
        return held("keep 1, everything younger than 30 days, and what is needed");
      }),
      ask(
        known,
        "a caller posts { dryRun: true } to /recipes/shop/retire",
        `/recipes/${FAMILY}/retire`,
        () => ({
          dryRun: true,
        }),
      ),
      see("the plan is written", minutes(10), (stage) =>
        ended(stage, known.run, (record) => {
          const key = String(record.result?.["plan"]);
          const text = stage.cloud.oss.get(BUCKET, key)?.body.toString() ?? "";
          const lines = text.trim().split("\n").slice(1);
          return lines.length > 0 ? held(...lines) : broken(record.reason ?? "the plan is empty");
        }),
      ),
      hold("no image is gone", (stage) => {
        const gone = known.made.filter((id) => !imagesIn(stage, HOME).includes(id));
        return gone.length === 0 ? held() : broken(`${gone.join(", ")} is gone`);
      }),
    ],
  };
}
