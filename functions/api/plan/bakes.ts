/**
 * The bakes that timers will start, decided as bakes decide (functions/bake-image/bake/decide.ts), by the world as it is now and the clock
 * of the timer.
 *
 * PLAN-ROW-1. A row names the run that the timer will begin, so it can be compared with what came of it.
 * PLAN-ROW-2. An image that an earlier row makes, or a family that it moves, is taken for granted. `assumes` says so.
 * PLAN-ROW-3. A bake at work may fail, so a row decides as if it made nothing. `assumes` names it.
 */
import { decide, type Decision } from "../../bake-image/bake/decide.ts";
import { loadRequested } from "../../bake-image/bake/document.ts";
import { nightlyBake, requestedBake } from "../../bake-image/bake/nightly.ts";
import { SCHEDULE, scheduledBake } from "../../bake-image/bake/scheduled.ts";
import { dependentBakes } from "../../promote-family/promotion/dependents.ts";
import { orWhy } from "../../../shared/apart.ts";
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { headObject, listObjects } from "../../../shared/cloud/oss/objects.ts";
import type { Recipe } from "../../../shared/documents/recipe.ts";
import { minutes } from "../../../shared/duration.ts";
import { heldText, holdOf } from "../../../shared/holds.ts";
import { inBatches } from "../../../shared/in-batches.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { FOLDER, openKey, runKey } from "../../../shared/keys.ts";
import { pauseOf } from "../../../shared/pauses.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { allDue, type Schedule } from "../../../shared/schedule.ts";
import { promoterOf, timerTrigger } from "../../../shared/triggers.ts";
import { subjectOf } from "../../../shared/workflow/run-id.ts";
import { readTimers } from "../config.ts";
import { firings, type Window } from "./timers.ts";

/** What a timer will do for a recipe. */
export interface PlannedBake {
  /** Absent for a bake that follows a promotion. */
  readonly at?: string;
  readonly run?: string;
  readonly recipe: string;
  /** `timer:nightly`, `timer:schedule`, or the family whose promotion starts it. */
  readonly by: string;
  /** `deliver`: no new image, but a promotion of `delivers`. */
  readonly act: "bake" | "deliver" | "skip" | "fail" | "unknown";
  readonly why: string;
  readonly delivers?: string;
  /** The family that its image joins once it has passed its test; absent while a hold keeps it back. */
  readonly promotes?: string;
  readonly held?: string;
  /** An operator is asked before. */
  readonly approval?: true;
  readonly assumes?: string;
}

interface Asked {
  readonly at: number;
  readonly run: string;
  readonly by: string;
  readonly deliverOnly?: true;
  /** The family whose promotion starts it. */
  readonly moves?: string;
}

/** The bakes of one recipe, and of those that are built on the families that it moves. @throws CloudError */
export async function plannedBakes(
  document: Recipe,
  { window, ports }: { readonly window: Window; readonly ports: Ports },
): Promise<readonly PlannedBake[]> {
  const { name: recipe } = document;
  const rows: PlannedBake[] = [];
  for (const asked of await askedOf(document, window, ports)) {
    const baked = rows.find(({ act }) => act === "bake");
    const row = await plannedBake(recipe, asked, ports);
    const isRepeat = baked !== undefined && row.act === "bake";
    rows.push(isRepeat ? again(row, baked, document) : row);
  }
  const known = await withRunAtWork(recipe, rows, ports);
  for (const row of known) if (await moves(row, ports)) return [...known, ...(await followers(row, ports))];
  return known;
}

/** PLAN-ROW-3. */
async function withRunAtWork(
  recipe: string,
  rows: readonly PlannedBake[],
  { cloud }: Ports,
): Promise<readonly PlannedBake[]> {
  const acts = ({ act }: PlannedBake): boolean => act === "bake" || act === "deliver";
  if (!rows.some(acts)) return rows;
  const open = await listObjects(cloud, openKey(`bake-${recipe}-`));
  const run = open.map(({ key }) => key.slice(FOLDER.open.length)).find((one) => subjectOf(one) === recipe);
  if (run === undefined) return rows;
  return rows.map((row) =>
    acts(row) ? { ...row, assumes: `${run}, which is at work, makes nothing` } : row,
  );
}

/** Whether a family has another image after a row, without an operator. */
export async function moves(
  { promotes, approval, delivers }: PlannedBake,
  { cloud }: Ports,
): Promise<boolean> {
  if (promotes === undefined || approval !== undefined) return false;
  return delivers === undefined || (await familyImage(cloud, promotes))?.id !== delivers;
}

/** The instants at which a timer starts a bake of the recipe. */
async function askedOf(document: Recipe, window: Window, { cloud }: Ports): Promise<readonly Asked[]> {
  const { name: recipe, schedule } = document;
  const nightly = nightlyBake(document);
  const times = nightly === undefined ? [] : (firings(readTimers().nightly, window) ?? []);
  const nights = times.map((at): Asked => {
    const trigger = timerTrigger("nightly", at, cloud.access.bucket);
    const { deliverOnly } = nightly ?? {};
    return {
      at,
      by: trigger.by,
      run: requestedBake(recipe, trigger, trigger.by),
      ...(deliverOnly && { deliverOnly }),
    };
  });
  const own = schedule === undefined ? [] : await scheduled(recipe, schedule, window, cloud);
  return [...nights, ...own].toSorted((a, b) => a.at - b.at);
}

/** The timer of schedules looks every ten minutes, so an instant that has passed may still be open. */
const LOOK_MS = minutes(10);

async function scheduled(
  recipe: string,
  schedule: Schedule,
  { after, until }: Window,
  cloud: Ports["cloud"],
): Promise<readonly Asked[]> {
  const due = allDue(schedule, { after: after - LOOK_MS, until });
  const open = await inBatches(due, async (at): Promise<Asked[]> => {
    const run = scheduledBake(recipe, at, cloud);
    const isKnown = at <= after && (await headObject(cloud, runKey(run))) !== undefined;
    return isKnown ? [] : [{ at, run, by: SCHEDULE }];
  });
  return open.flat();
}

async function plannedBake(recipe: string, asked: Asked, { cloud, ...ports }: Ports): Promise<PlannedBake> {
  const { at, run, by, deliverOnly, moves } = asked;
  const row = { at: new Date(at).toISOString(), run, recipe, by };
  const then = { ...ports, cloud, clock: { ...ports.clock, now: () => at }, secretsOf: secretsHere };
  const paused = await pauseOf(recipe, then);
  if (paused !== undefined) return { ...row, act: "skip", why: paused };
  const input = {
    recipe,
    force: false,
    parameters: {},
    ...(deliverOnly && { deliverOnly }),
    ...(moves !== undefined && { ifChanged: true }),
  };
  const read = await loadRequested(input, { ...then, readsOnly: true });
  if ("problem" in read) return { ...row, act: "fail", why: read.problem };
  const { document } = read;
  const decided = await decide({ run, by, startedAt: at, input: { ...input, document } }, then);
  if (!decided.ok) return { ...row, act: "fail", why: decided.problem };
  const act = actOf(decided.value, moves);
  return { ...row, ...act, ...(act.act !== "skip" && (await releaseOf(document, then))) };
}

/** Which secrets KILN_SECRETS has is not known here, and their values are no input of an image. */
const secretsHere = (): Result<Readonly<Record<string, string>>> => ok({});

function actOf(decision: Decision, moves: string | undefined): Pick<PlannedBake, "act" | "why" | "delivers"> {
  if (decision.kind === "bake") return { act: "bake", why: decision.why };
  const { note: why, delivers, unchanged } = decision;
  // Its base is another image by then.
  if (unchanged && moves !== undefined) return { act: "bake", why: `its base, family ${moves}, moves` };
  return delivers === undefined ? { act: "skip", why } : { act: "deliver", why, delivers };
}

/** What becomes of the image. */
async function releaseOf(
  { family, promote }: Recipe,
  ports: Pick<Ports, "cloud" | "clock">,
): Promise<Pick<PlannedBake, "promotes" | "held" | "approval">> {
  if (family === undefined) return {};
  const hold = await holdOf(family, ports);
  if (hold !== undefined) return { held: heldText(family, hold) };
  return { promotes: family, ...(promote.approval !== undefined && { approval: true }) };
}

/** A later bake of a recipe that bakes before. */
function again(row: PlannedBake, { at = "" }: PlannedBake, { rebake, source }: Recipe): PlannedBake {
  const assumes = `the bake of ${at} is done by then`;
  if (!rebake.onlyIfChanged || source.kind === "instance") return { ...row, assumes };
  const { promotes: _promotes, approval: _approval, held: _held, ...rest } = row;
  return { ...rest, act: "skip", why: `nothing changes after the bake of ${at}`, assumes };
}

/** Bakes of the recipes that are built on a family, and on theirs. */
async function followers(first: PlannedBake, ports: Ports): Promise<readonly PlannedBake[]> {
  const { run = "", at = "" } = first;
  const rows: PlannedBake[] = [];
  const open = [first];
  const seen = new Set([first.recipe]);
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const family = next.promotes ?? "";
    for (const { request } of await dependentBakes({ run, family }, ports)) {
      const recipe = String(Object(request).recipe);
      if (seen.has(recipe)) continue;
      seen.add(recipe);
      const asked = { at: Date.parse(at), run, by: promoterOf(run), moves: family };
      const by = { by: `family ${family}`, assumes: `family ${family} moves` };
      const read = async () => {
        const { at: _at, run: _run, ...row } = await plannedBake(recipe, asked, ports);
        return { row, goesOn: await moves(row, ports) };
      };
      const planned = await orWhy(`recipes/${recipe}`, read, ports);
      const row = planned.ok
        ? { ...planned.value.row, ...by }
        : { recipe, act: "unknown" as const, why: planned.problem, ...by };
      rows.push(row);
      if (planned.ok && planned.value.goesOn) open.push(row);
    }
  }
  return rows;
}
