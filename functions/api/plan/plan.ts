/**
 * What the timers of the next 24 hours will do. Nothing is written: the decisions are those of the functions that act, asked
 * with the clock of the timer.
 *
 * PLAN-1. A page ends after a few seconds or some calls, whatever a deployment holds; `next` leads on.
 * PLAN-2. A part that cannot be read is a problem of its row or of the plan. It never looks like nothing to do, and keeps no
 *     other from the plan.
 */
import { basename } from "node:path";
import { orWhy } from "../../../shared/apart.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { listObjects } from "../../../shared/cloud/oss/objects.ts";
import { documentNames, loadFleet, loadRecipe } from "../../../shared/document-store.ts";
import { seconds } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { SIZES, type DocumentFolder } from "../../../shared/keys.ts";
import { freshLooks, type Looks } from "../../promote-family/retention/lookups.ts";
import { plannedBakes, type PlannedBake } from "./bakes.ts";
import type { PlannedFleet } from "./clock.ts";
import { plannedFleet } from "./fleets.ts";
import { newestCounts } from "../drift.ts";
import { listedMembers, removalRows } from "./machines.ts";
import { plannedRefreshes, refreshingFleets } from "./refreshes.ts";
import { plannedRetention, type PlannedRetention } from "./retention.ts";
import { readTimers } from "../config.ts";
import { firings, windowFrom, type Window } from "./timers.ts";

/** A page of the plan. Instants are ISO 8601. */
export interface PlanPage {
  readonly at: string;
  readonly until: string;
  readonly bakes: readonly PlannedBake[];
  readonly retention: readonly PlannedRetention[];
  readonly fleets: readonly PlannedFleet[];
  /** What this plan cannot say. */
  readonly problems: readonly string[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
}

/** Of the nine seconds that all calls of an answer may take (shared/http/handler.ts). */
const PAGE_MS = seconds(4);
/** In calls: a clock may stand still, and a single document may need as many again. */
const PAGE_CALLS = 50;

/** @param cursor `next` of the page before @throws CloudError */
export async function plan(ports: Ports, cursor?: string): Promise<PlanPage> {
  const { cloud, clock } = ports;
  const now = clock.now();
  const window = windowFrom(now);
  const names = await namesAfter(cursor ?? "", ports);
  const page: Rows = { bakes: [], retention: [], fleets: [], problems: timerProblems(window) };
  const looks = onceEach(freshLooks(cloud));
  let refreshing: ReturnType<typeof refreshingFleets> | undefined;
  const fleets = () => (refreshing ??= refreshingFleets(ports));
  let counted: ReturnType<typeof newestCounts> | undefined;
  const counts = () => (counted ??= newestCounts(ports));
  let last: string | undefined;
  for (const key of names) {
    if (last !== undefined && (clock.now() > now + PAGE_MS || cloud.made.all > PAGE_CALLS)) break;
    const [folder = "", name = ""] = key.split("/");
    const added = await orWhy(
      key,
      () =>
        (folder === "recipes" ? addRecipe : addFleet)(page, name, { window, looks, fleets, counts, ports }),
      ports,
    );
    if (!added.ok) page.problems.push(`${key}: ${added.problem}`);
    last = key;
  }
  return {
    at: new Date(now).toISOString(),
    until: new Date(window.until).toISOString(),
    ...page,
    ...(last !== undefined && last !== names.at(-1) && { next: last }),
  };
}

/**
 * Recipes and fleets behind a cursor: fleets come last, since `recipes` is behind `fleets` in the alphabet. One whose document is
 * gone has a log as long as it may have members.
 */
async function namesAfter(cursor: string, { cloud }: Ports): Promise<readonly string[]> {
  const logs = async () => (await listObjects(cloud, SIZES)).map(({ key }) => basename(key, ".jsonl"));
  const keysOf = async (folder: DocumentFolder, more: readonly string[] = []): Promise<readonly string[]> =>
    [...new Set([...(await documentNames(cloud, folder)), ...more])]
      .toSorted()
      .map((name) => `${folder}/${name}`);
  const all = (await Promise.all([keysOf("recipes"), keysOf("fleets", await logs())])).flat();
  const isBehind = (key: string): boolean =>
    key.startsWith("recipes/") === cursor.startsWith("recipes/") ? key > cursor : key.startsWith("fleets/");
  return cursor === "" ? all : all.filter(isBehind);
}

interface Rows {
  readonly bakes: PlannedBake[];
  readonly retention: PlannedRetention[];
  readonly fleets: PlannedFleet[];
  readonly problems: string[];
}

interface Asked {
  readonly window: Window;
  readonly looks: Looks;
  /** Those that promotions refresh. */
  readonly fleets: () => ReturnType<typeof refreshingFleets>;
  /** How many members each fleet had at the last full hour. */
  readonly counts: () => ReturnType<typeof newestCounts>;
  readonly ports: Ports;
}

async function addRecipe(page: Rows, recipe: string, asked: Asked): Promise<void> {
  const { window, looks, fleets, ports } = asked;
  const found = await loadRecipe(ports.cloud, recipe);
  if ("problem" in found) return void page.problems.push(found.problem);
  const { document } = found;
  const bakes = await plannedBakes(document, { window, ports });
  page.bakes.push(...bakes);
  const refreshes = await orWhy(
    `fleets behind ${recipe}`,
    () => plannedRefreshes(bakes, fleets, ports),
    ports,
  );
  const rows = refreshes.ok ? refreshes.value : refreshes;
  if (rows.ok) page.fleets.push(...rows.value);
  else if (!page.problems.includes(rows.problem)) page.problems.push(rows.problem);
  page.retention.push(...(await plannedRetention(document, { window, looks, bakes, ports })));
}

async function addFleet(page: Rows, fleet: string, { window, counts, ports }: Asked): Promise<void> {
  const found = await loadFleet(ports.cloud, fleet);
  const members = async (): Promise<readonly Instance[]> => {
    const listed = await listedMembers(fleet, counts(), ports);
    if (typeof listed !== "string") return listed;
    page.problems.push(`fleets/${fleet}: ${listed}`);
    return [];
  };
  if ("document" in found) page.fleets.push(...(await plannedFleet(found.document, members, window, ports)));
  else if (found.missing) page.fleets.push(...(await removalRows(fleet, members, ports)));
  else page.problems.push(found.problem);
}

/** Each question is asked once for a page. */
function onceEach({ documents, usersIn }: Looks): Looks {
  let texts: ReturnType<Looks["documents"]> | undefined;
  const users = new Map<string, ReturnType<Looks["usersIn"]>>();
  return {
    documents: () => (texts ??= documents()),
    usersIn: (region) => {
      const known = users.get(region) ?? usersIn(region);
      users.set(region, known);
      return known;
    },
  };
}

function timerProblems(window: Window): string[] {
  return Object.entries(readTimers()).flatMap(([name, cron]) =>
    firings(cron, window) === undefined
      ? [
          `the time of the timer ${name} in s.yaml cannot be read (${JSON.stringify(cron)}), so what it does is not in this plan`,
        ]
      : [],
  );
}
