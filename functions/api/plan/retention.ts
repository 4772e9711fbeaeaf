/** The images that the timer `retention` will mark, unmark and delete, decided as retention decides. */
import { orWhy } from "../../../shared/apart.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { TAG } from "../../../shared/tags.ts";
import { timerTrigger } from "../../../shared/triggers.ts";
import { changesOf, retentionRun, type Change } from "../../promote-family/retention/changes.ts";
import type { Holdings } from "../../promote-family/retention/decide.ts";
import { verdictsOf, type Looks, type PlacedVerdict } from "../../promote-family/retention/lookups.ts";
import type { PlannedBake } from "./bakes.ts";
import { readTimers } from "../config.ts";
import { firings, type Window } from "./timers.ts";

/** The retention of a recipe. */
export interface PlannedRetention {
  readonly at: string;
  readonly run: string;
  readonly recipe: string;
  readonly changes: readonly {
    readonly action: "mark" | "unmark" | "delete";
    readonly region: string;
    readonly imageId: string;
    readonly why: string;
  }[];
  /** Images that stay as they are. */
  readonly others: number;
  /** Why it will change nothing, or is not known. */
  readonly problem?: string;
  readonly assumes?: string;
}

interface Asked {
  readonly window: Window;
  readonly looks: Looks;
  readonly bakes: readonly PlannedBake[];
  readonly ports: Ports;
}

/** Nothing for a recipe without retention. */
export async function plannedRetention(recipe: Recipe, asked: Asked): Promise<readonly PlannedRetention[]> {
  if (!recipe.retention.enabled) return [];
  const rows: PlannedRetention[] = [];
  for (const at of firings(readTimers().retention, asked.window) ?? [])
    rows.push(await rowAt(recipe, at, asked));
  return rows;
}

async function rowAt(recipe: Recipe, at: number, { looks, bakes, ports }: Asked): Promise<PlannedRetention> {
  const { cloud, clock } = ports;
  const { name } = recipe;
  const before = bakes.find((bake) => isBefore(bake, name, at));
  const row = {
    at: new Date(at).toISOString(),
    run: retentionRun(name, timerTrigger("retention", at, cloud.access.bucket)),
    recipe: name,
    ...(before && { assumes: `${before.run} and what follows it are done by then` }),
  };
  const nothing = { ...row, changes: [], others: 0 };
  const byThen = (holdings: Holdings): Holdings => (before ? afterBake(holdings, before) : holdings);
  const then = { cloud, clock: { ...clock, now: () => at } };
  const read = await orWhy(`retention of ${name}`, () => verdictsOf(recipe, then, { looks, byThen }), ports);
  const found = read.ok ? read.value : read;
  if (!found.ok) return { ...nothing, problem: found.problem };
  const verdicts = found.value.filter(({ image }) => image.id !== MADE);
  const changes = changesOf(verdicts).map((change) => ({ ...change, why: whyIn(verdicts, change) }));
  return { ...row, changes, others: verdicts.length - changes.length };
}

const whyIn = (verdicts: readonly PlacedVerdict[], { region, imageId }: Change): string =>
  verdicts.find((one) => one.region === region && one.image.id === imageId)?.why ?? "";

const isBefore = ({ recipe, act, at: begins = "" }: PlannedBake, name: string, at: number): boolean =>
  recipe === name && (act === "bake" || act === "deliver") && Date.parse(begins) < at;

/** The images of a recipe once a planned bake, and the promotion behind it, are done. */
function afterBake(holdings: Holdings, bake: PlannedBake): Holdings {
  const { images, family = "", isFormer, served } = holdings;
  if (isFormer === true) return holdings;
  const { delivers, run = "" } = bake;
  const word = isServed(bake) ? "promoted" : bake.held === undefined ? "waiting" : "held";
  const changes = {
    ...(isServed(bake) && { family }),
    ...(family !== "" && { promotion: `${word} ${run}` }),
  };
  // Other regions get a copy of it.
  const isThere = images.some(({ id }) => id === delivers);
  const target = isThere ? delivers : MADE;
  const all = isThere ? images : [...images, imageOf(bake)];
  return {
    ...holdings,
    images: all.map((image) => (image.id === target ? changed(image, changes) : image)),
    served: isServed(bake) ? target : served,
  };
}

const changed = (
  image: Image,
  { family = image.family, promotion }: { readonly family?: string; readonly promotion?: string },
): Image => ({
  ...image,
  family,
  tags: promotion === undefined ? image.tags : { ...image.tags, [TAG.promotion]: promotion },
});

const isServed = ({ promotes, approval }: PlannedBake): boolean =>
  promotes !== undefined && approval === undefined;

/** Stands for the id of an image that is not made yet. */
const MADE = "the new image";

/** The image that a planned bake makes, as far as retention looks at it. */
const imageOf = ({ at = "" }: PlannedBake): Image => ({
  id: MADE,
  name: "",
  family: "",
  status: "Available",
  createdAt: Date.parse(at),
  shared: false,
  tags: {},
  ...UNREAD,
});

/** Facts that retention does not read. */
const UNREAD = {
  version: "",
  description: "",
  usable: true,
  progress: undefined,
  sizeGb: undefined,
  architecture: "",
  platform: "",
  osType: "",
  bootMode: "",
  owner: "self",
  usage: "",
  copied: false,
  encrypted: false,
  snapshotIds: [],
  dataDisks: [],
  detection: undefined,
} as const;
