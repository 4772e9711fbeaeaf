/**
 * The families of this deployment: which image each serves, since when and by which run.
 *
 * FAMILY-1. What a family serves is asked of the cloud. Why and since when is in the log of the newest run that made it
 *     so: the promotion that the image names in its tag, or a rollback to it after that.
 */
import { orWhy } from "../../shared/apart.ts";
import { describeImages, familyImage, type Image } from "../../shared/cloud/ecs/images.ts";
import { holdOf, type Hold } from "../../shared/holds.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { PREVIOUS } from "../../shared/requests/rollback.ts";
import { stagedFamily } from "../../shared/stage.ts";
import { isForeign, ownTags, ROLE, TAG } from "../../shared/tags.ts";
import type { RunRecord } from "../../shared/workflow/run-log.ts";
import { homeTarget } from "../promote-family/rollback/decide.ts";
import type { Target } from "../promote-family/rollback/plan.ts";
import { previewOf } from "../promote-family/rollback/preview.ts";
import { readRecord } from "./runs/rows.ts";
import { findRuns } from "./runs/search.ts";

/** A family with the image that it serves in the region of the deployment. */
export interface FamilyRow {
  readonly family: string;
  /** Absent when it serves none. */
  readonly imageId?: string;
  readonly imageName?: string;
  readonly recipe?: string;
  /** Absent when no log tells. */
  readonly since?: string;
  readonly run?: string;
  readonly by?: string;
  /** Absent when no hold keeps new images back. */
  readonly hold?: FamilyHold;
  /** The image that a rollback without a name would serve; absent when there is none. */
  readonly before?: string;
  /** Why only its images are known. */
  readonly problem?: string;
  /** Images that it served before or could serve, the newest first. */
  readonly previous: readonly PreviousImage[];
}

interface FamilyHold {
  readonly by: string;
  readonly why: string;
  readonly since: string;
  /** Absent when it stands until it is lifted. */
  readonly until?: string;
}

interface PreviousImage {
  readonly imageId: string;
  readonly imageName: string;
  readonly status: string;
  readonly createdAt: string;
  /** The word and the run of its promotion. */
  readonly promotion?: string;
}

const PREVIOUS_MAX = 10;

/** Families that are asked for at a time: each takes several calls, and the cloud throttles them. */
const AT_A_TIME = 5;

/** Every family that has an image of this deployment, in the order of their names. */
export async function families(ports: Ports): Promise<FamilyRow[]> {
  const own = await describeImages(ports.cloud, { tags: ownTags(ports.cloud, { [TAG.role]: ROLE.image }) });
  const names = [...new Set(own.map((image) => image.family))].filter((name) => name !== "").toSorted();
  return inBatches(
    names,
    async (name) => {
      const row = await orWhy(`family ${name}`, () => readRow(name, ports), ports);
      return row.ok ? row.value : { family: name, problem: row.problem, previous: previousIn(name, own) };
    },
    AT_A_TIME,
  );
}

/** A family with what it serves in the other regions of its promotion; null where it serves none. */
export interface FamilyDetails extends FamilyRow {
  readonly regions: Readonly<Record<string, string | null>>;
  /** Where a target is asked about. */
  readonly rollback?: RollbackPreview;
}

/** What the rollback to a target, or its undo, would change now. */
interface RollbackPreview {
  /** Why it would change nothing; the other fields are absent then. */
  readonly problem?: string;
  /** Region → image served after it. */
  readonly regions?: Readonly<Record<string, string>>;
  readonly wouldStepBack?: readonly string[];
  readonly wouldUnshare?: readonly string[];
  /** The family that is held after it. */
  readonly wouldHold?: string;
  /** Of an undo; the family whose hold ends with it. */
  readonly wouldLiftHold?: string;
  readonly undoes?: string;
  readonly wouldBringBack?: readonly string[];
  readonly wouldShare?: readonly string[];
}

/** One family; undefined without an image in it. @param target of the rollback that is asked about */
export async function family(
  asked: string,
  ports: Ports,
  target?: Target,
): Promise<FamilyDetails | undefined> {
  const name = stagedFamily(ports.cloud.access.stage, asked);
  const members = await describeImages(ports.cloud, { family: name });
  if (members.length === 0) return undefined;
  const row = await rowOf(name, members, ports);
  const promoted = row.run === undefined ? undefined : await readRecord(row.run, ports);
  const regions: Record<string, string | null> = {};
  for (const region of Object.keys(Object(promoted?.result?.["regions"])))
    regions[region] = (await familyImage(ports.cloud, name, region))?.id ?? null;
  return { ...row, regions, ...(target && { rollback: await rollbackTo(name, target, ports) }) };
}

async function rollbackTo(name: string, target: Target, ports: Ports): Promise<RollbackPreview> {
  const preview = await previewOf(name, target, ports);
  if (!preview.ok) return { problem: preview.problem };
  const { targets: regions, images: _images, ...changes } = preview.value;
  return { regions, ...changes };
}

const readRow = async (name: string, ports: Ports): Promise<FamilyRow> =>
  rowOf(name, await describeImages(ports.cloud, { family: name }), ports);

async function rowOf(name: string, images: readonly Image[], ports: Ports): Promise<FamilyRow> {
  const image = await familyImage(ports.cloud, name);
  const own = images.filter((one) => !isForeign(ports.cloud, one));
  const before = homeTarget(name, own, image?.id, PREVIOUS);
  return {
    family: name,
    ...holdIn(await holdOf(name, ports)),
    ...(image && { imageId: image.id, imageName: image.name, ...(await sinceOf(name, image, ports)) }),
    ...(before.ok && { before: before.value.id }),
    previous: previousIn(name, images, image?.id),
  };
}

/** The images of a family beside the one that it serves. */
function previousIn(name: string, images: readonly Image[], served?: string): readonly PreviousImage[] {
  const others = images.filter(({ family, id }) => family === name && id !== served);
  return others
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, PREVIOUS_MAX)
    .map(previousOf);
}

const holdIn = (hold: Hold | undefined): { readonly hold?: FamilyHold } =>
  hold === undefined
    ? {}
    : {
        hold: {
          by: hold.by,
          why: hold.why,
          since: new Date(hold.at).toISOString(),
          ...(hold.until !== undefined && { until: new Date(hold.until).toISOString() }),
        },
      };

const previousOf = ({ id, name, status, createdAt, tags }: Image): PreviousImage => ({
  imageId: id,
  imageName: name,
  status,
  createdAt: new Date(createdAt).toISOString(),
  ...(tags[TAG.promotion] !== undefined && { promotion: tags[TAG.promotion] }),
});

/** FAMILY-1. */
async function sinceOf(name: string, { id, tags }: Image, ports: Ports) {
  const recipe = tags[TAG.recipe];
  const [, promotion] = (tags[TAG.promotion] ?? "").split(" ");
  const promoted = promotion === undefined ? undefined : await readRecord(promotion, ports);
  const back = await lastRollback(name, ports);
  const isBack = back?.result?.["imageId"] === id && endOf(back) > endOf(promoted);
  const record = isBack ? back : promoted;
  return {
    ...(recipe !== undefined && { recipe }),
    ...(record?.state === "done" && {
      since: new Date(endOf(record)).toISOString(),
      run: record.run,
      by: record.by,
    }),
  };
}

const endOf = (record: RunRecord | undefined): number => record?.steps.at(-1)?.at ?? 0;

/** Dry runs are among them, and rarely more than one at the end. */
const ROLLBACKS_READ = 10;

/** Runs know a family without the stage. */
async function lastRollback(family: string, ports: Ports): Promise<RunRecord | undefined> {
  const { stage } = ports.cloud.access;
  const bare = stage !== "" && family.startsWith(`${stage}-`) ? family.slice(stage.length + 1) : family;
  const search = { kind: "rollback", name: bare, state: "done", limit: ROLLBACKS_READ } as const;
  for (const { run } of (await findRuns(search, ports)).runs) {
    const record = await readRecord(run, ports);
    if (record?.result?.["dryRun"] !== true) return record;
  }
  return undefined;
}
