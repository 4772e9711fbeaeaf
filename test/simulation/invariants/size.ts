/**
 * K6 of the fleet whose size is kept: no launch that keeps its size makes it larger than it is to have, but for the surge of a
 * refresh, whose busy members stay (README, "Refresh and drift"); none makes it larger than its max, and without faults it is not below its min for longer than the longest pause between two tries.
 */
import * as z from "zod/mini";
import { hours, minutes } from "../../../shared/duration.ts";
import { runKey, sizeKey } from "../../../shared/keys.ts";
import { kindOf, subjectOf } from "../../../shared/workflow/run-id.ts";
import type { Line as RunLine } from "../../../shared/workflow/run-log.ts";
import { BUCKET } from "../../support/deployment.ts";
import { hasEnded } from "../../support/records.ts";
import { json } from "../../support/known.ts";
import { HOME, served, tagsOf } from "../../support/world.ts";
import { membersOf, type Simulation } from "../simulation.ts";
import { awakeIn, LAUNCHES } from "./instances.ts";
import { ENDS } from "./logs.ts";
import { atCalls, atWrites, listOf, type Params } from "./look.ts";

export const CREW = "crew";
const MIN = 2;
/** `refresh.surge` where it is left out. */
const SURGE = 1;

/** A launch may follow from a number, or a limit, that held so long ago: its run reads both when it reserves. */
const RESERVED_MS = minutes(60);

/** The highest value that held at some time since `from`. */
function highestSince<T extends { readonly at: number }>(
  values: readonly T[],
  from: number,
  of: (one: T) => number,
): number {
  const first = values.findLastIndex(({ at }) => at <= from);
  return Math.max(0, ...values.slice(Math.max(0, first)).map(of));
}

const Line = z.object({ state: z.object({ level: z.optional(z.object({ desired: z.int() })) }) });

/** `size.desired` of every document of the fleet. */
const WRITTEN = 3;

function watchDesired(simulation: Simulation): void {
  const { desired } = simulation.crew;
  const { time } = simulation.kiln.cloud;
  atWrites(simulation, ({ key, body }) => {
    if (key !== sizeKey(CREW)) return;
    const newest = body.toString().trimEnd().split("\n").at(-1) ?? "{}";
    const { level } = Line.parse(json(newest)).state;
    desired.push({ at: time.now(), desired: level?.desired ?? WRITTEN });
  });
}

const CHANGING: ReadonlySet<string> = new Set(["scale", "size", "shrink", "idle", "refresh", "resume"]);

/** Runs of the fleet that are not over. */
const openRuns = ({ kiln }: Simulation) =>
  kiln
    .records()
    .filter((record) => record.subject === CREW && CHANGING.has(record.kind) && !hasEnded(record));

function judgeLaunch(simulation: Simulation, params: Params): void {
  const { kiln, touched, problems } = simulation;
  if (!isOfCrew(simulation, params)) return;
  const { limits, desired } = simulation.crew;
  const from = kiln.cloud.time.now() - RESERVED_MS;
  const awake = awakeIn(kiln, CREW).filter(({ instanceId }) => !touched.has(instanceId)).length;
  const max = highestSince(limits, from, (one) => one.max);
  if (awake > max) problems.add(`K6: ${CREW} grows to ${awake}, its max is ${max}`);
  // Of those that the webhook wrote down: its answer may be lost.
  const asked = kiln
    .records(`scale-${CREW}-`)
    .filter((record) => !hasEnded(record) || Date.parse(record.updatedAt) > from)
    .reduce((sum, { run }) => sum + countOf(kiln, run), 0);
  const surge = isRefreshed(simulation) ? SURGE : simulation.crew.surplus;
  const wanted = Math.max(
    WRITTEN,
    highestSince(desired, from, (one) => one.desired),
  );
  if (awake > wanted + asked + surge)
    problems.add(`K6: ${CREW} grows to ${awake}, wanted are ${wanted} and ${asked} asked for`);
}

const isRefreshed = (simulation: Simulation): boolean =>
  openRuns(simulation).some(({ kind }) => kind === "refresh");

/** Members beyond the number that is wanted now. */
const surplusOf = ({ kiln, crew }: Simulation): number =>
  awakeIn(kiln, CREW).length - (crew.desired.at(-1)?.desired ?? WRITTEN);

/** A refresh leaves as much of its surge as members were busy, until they end. */
export function noteSurplus(simulation: Simulation, run: string, { kind }: RunLine): void {
  if (kindOf(run) !== "refresh" || subjectOf(run) !== CREW || !ENDS.has(kind)) return;
  simulation.crew.surplus = Math.max(0, Math.min(SURGE, surplusOf(simulation)));
}

/** Notes since when a comparison sees the same: a fleet that has what it is to have or more, and no run that changes it. */
function noteRest(simulation: Simulation): void {
  const { kiln, crew } = simulation;
  if (crew.limits.length === 0) return;
  const surplus = surplusOf(simulation);
  if (surplus <= 0) crew.surplus = 0;
  const members = membersOf(kiln, CREW).map(({ instanceId, status }) => `${instanceId} ${status}`);
  const isAtRest = surplus >= 0 && openRuns(simulation).length === 0;
  const seen = [served(kiln, HOME, "base"), crew.desired.length, crew.limits.length, ...members].join();
  if (!isAtRest) crew.rest = undefined;
  else if (crew.rest?.seen !== seen) crew.rest = { seen, since: kiln.cloud.time.now() };
}

function isOfCrew({ kiln }: Simulation, params: Params): boolean {
  const ids = [...listOf(params, "InstanceId"), ...listOf(params, "InstanceIds")];
  return ids.length > 0
    ? ids.some((id) => tagsOf(kiln, id)["kiln:fleet"] === CREW)
    : Object.values(params).includes(CREW);
}

const Asked = z.object({ input: z.object({ count: z.int(), kept: z.optional(z.boolean()) }) });

/** How many instances a caller asked for in a run; 0 for one that keeps the size. */
function countOf({ cloud }: Simulation["kiln"], run: string): number {
  const [first = "{}"] = (cloud.oss.find(BUCKET, runKey(run))?.body.toString() ?? "{}").split("\n");
  const { data } = Asked.safeParse(json(first));
  return data === undefined || data.input.kept === true ? 0 : data.input.count;
}

/** The longest pause between two tries, the interval of the timer, and a launch. */
const MISSING_MS = hours(2) + minutes(20);

/** After faults, and while no run changes the fleet; a refresh, which may wait for hours, holds nothing up. */
export function judgeMin(simulation: Simulation): void {
  const { kiln, problems, crew } = simulation;
  if (crew.limits.length === 0 || simulation.calm !== true) return;
  const now = kiln.cloud.time.now();
  const up = awakeIn(kiln, CREW).length;
  const isChanging = openRuns(simulation).some(({ kind }) => kind !== "refresh");
  if (up >= MIN || isChanging) crew.belowSince = undefined;
  else crew.belowSince ??= now;
  if (now - (crew.belowSince ?? now) > MISSING_MS)
    problems.add(`K6: ${CREW} has ${up} members for ${MISSING_MS / minutes(1)} minutes, its min is ${MIN}`);
}

/** Watches the fleet from its first document on. */
export function watchSize(simulation: Simulation): void {
  watchDesired(simulation);
  atCalls(simulation, "after", LAUNCHES, judgeLaunch);
  const { time } = simulation.kiln.cloud;
  const again = (): void => {
    judgeMin(simulation);
    noteRest(simulation);
    time.after(minutes(1), { label: "watch the size", background: true }, again);
  };
  again();
}
