/** The plan of a night, and how the night differs from it. */
import type { PlannedBake } from "../../functions/api/plan/bakes.ts";
import type { PlanPage } from "../../functions/api/plan/plan.ts";
import type { PlannedRetention } from "../../functions/api/plan/retention.ts";
import { days, hours, minutes } from "../../shared/duration.ts";
import type { Deployment } from "./deployment.ts";
import { BUCKET } from "./deployment.ts";
import { known } from "./known.ts";
import type { RunRecord } from "./records.ts";
import { answered } from "./runs.ts";

/** Every page of the plan as one. */
export async function planned(kiln: Deployment): Promise<PlanPage> {
  const pages: PlanPage[] = [];
  let cursor: string | undefined;
  do {
    const asked = kiln.api("POST", "/plan", cursor === undefined ? {} : { cursor });
    const { status, body } = await answered(kiln, asked);
    if (status !== 200) throw new Error(JSON.stringify(body));
    const page = known<PlanPage>(body);
    pages.push(page);
    cursor = page.next;
  } while (cursor !== undefined);
  const [first] = pages;
  if (first === undefined) throw new Error("no page");
  return {
    ...first,
    bakes: pages.flatMap(({ bakes }) => bakes),
    retention: pages.flatMap(({ retention }) => retention),
    fleets: pages.flatMap(({ fleets }) => fleets),
    problems: [...new Set(pages.flatMap(({ problems }) => problems))],
  };
}

/** The world goes on to the next 18:30 UTC, half an hour before the timer nightly. */
export async function evening({ cloud }: Deployment): Promise<void> {
  const now = cloud.time.now();
  const today = Math.floor(now / days(1)) * days(1) + hours(18.5);
  await cloud.settle({ forMs: (today > now ? today : today + days(1)) - now });
}

/** The night passes; where it differs from its plan, in words. */
export async function differences(kiln: Deployment, plan: PlanPage): Promise<string[]> {
  const before = new Set(kiln.records().map(({ run }) => run));
  await kiln.cloud.settle({ forMs: hours(6) });
  const fresh = kiln.records().filter(({ run }) => !before.has(run));
  return [
    ...plan.bakes.flatMap((row) => ofBake(row, fresh)),
    ...plan.retention.flatMap((row) => ofRetention(kiln, row, fresh)),
    ...unplanned(plan, fresh),
    ...unplannedEnds(plan, fresh),
  ];
}

/** A check comes within this after the edge of hours that it is about. */
const LATE_MS = minutes(61);
/** Machines of a run: fields of its result, and the acts of a plan that announce them. */
const ENDS: readonly (readonly [field: string, acts: readonly string[]])[] = [
  ["stopped", ["stop", "idle-check"]],
  ["released", ["release"]],
];

/** Machines that the clock has stopped or released, and no row is about. */
export function unplannedEnds(plan: Pick<PlanPage, "fleets">, fresh: readonly RunRecord[]): string[] {
  const isPlanned = (acts: readonly string[], { subject, steps }: RunRecord): boolean =>
    plan.fleets.some(({ fleet, act, at = "" }) => {
      const late = (steps.at(-1)?.at ?? 0) - Date.parse(at);
      return fleet === subject && acts.includes(act) && late >= 0 && (act === "idle-check" || late < LATE_MS);
    });
  const removals = fresh.filter(({ kind, result }) => kind === "shrink" && Number(result?.["ended"]) > 0);
  return [
    ...fresh
      .filter(({ kind, by }) => kind === "idle" && by.startsWith("timer:"))
      .flatMap((run) =>
        ENDS.filter(
          ([field, acts]) => [run.result?.[field] ?? []].flat().length > 0 && !isPlanned(acts, run),
        ).map(
          ([field]) =>
            `${run.run}: ${field} ${String(run.result?.[field])}, which no row of ${run.subject} says`,
        ),
      ),
    ...removals
      .filter((run) => !isPlanned(["stop", "release"], run))
      .map(({ run, result }) => `${run}: ended ${String(result?.["ended"])}, which no row says`),
  ];
}

function ofBake(row: PlannedBake, fresh: readonly RunRecord[]): string[] {
  const bake = row.run === undefined ? following(row, fresh) : fresh.find(({ run }) => run === row.run);
  const name = `${row.recipe} by ${row.by}`;
  // The plan names the bake that may make it wrong.
  if (row.assumes?.endsWith("which is at work, makes nothing") === true) return [];
  if (bake === undefined) return [`${name}: ${row.act} is planned, and nothing ran`];
  const act = actIn(bake);
  if (act !== row.act) return [`${name}: ${row.act} is planned (${row.why}), ${act} came (${whyOf(bake)})`];
  const promotion = fresh.find(({ run }) => run === bake.result?.["promotion"]);
  const fate =
    promotion === undefined ? "none" : promotion.result?.["held"] === undefined ? "promotes" : "held";
  const wanted = row.promotes === undefined ? (row.held === undefined ? "none" : "held") : "promotes";
  return fate === wanted ? [] : [`${name}: ${wanted} is planned, ${fate} came`];
}

const following = ({ recipe }: PlannedBake, fresh: readonly RunRecord[]): RunRecord | undefined =>
  fresh.find(({ kind, subject, by }) => kind === "bake" && subject === recipe && by.startsWith("promotion:"));

/** Why a bake did what it did: the world that it saw. */
const whyOf = ({ reason, result, steps }: RunRecord): string =>
  reason ?? JSON.stringify(result?.["note"] ?? steps.find(({ phase }) => phase === "plan")?.note);

function actIn({ result, state }: RunRecord): PlannedBake["act"] {
  if (result?.["imageId"] !== undefined) return "bake";
  if (result?.["delivers"] !== undefined) return "deliver";
  return state === "done" ? "skip" : "fail";
}

const CHANGED = /^(mark|unmark|delete) +(\S+)/gm;

function ofRetention({ cloud }: Deployment, row: PlannedRetention, fresh: readonly RunRecord[]): string[] {
  const run = fresh.find((one) => one.run === row.run);
  const text = cloud.oss.get(BUCKET, String(run?.result?.["plan"]))?.body.toString() ?? "";
  const came = [...text.matchAll(CHANGED)].map(([, action, image]) => `${action} ${image}`).toSorted();
  const wanted = row.changes.map(({ action, imageId }) => `${action} ${imageId}`).toSorted();
  return came.join() === wanted.join()
    ? []
    : [
        `retention of ${row.recipe}: ${wanted.join() || "nothing"} is planned, ${came.join() || "nothing"} came`,
      ];
}

/** Runs of timers and promotions that no row is about. */
function unplanned(plan: PlanPage, fresh: readonly RunRecord[]): string[] {
  const runs = new Set([...plan.bakes, ...plan.retention].map(({ run }) => run));
  const followers = new Set(plan.bakes.flatMap(({ run, recipe }) => (run === undefined ? [recipe] : [])));
  return fresh
    .filter(({ kind, by }) => (kind === "bake" || kind === "retire") && /^(timer|promotion):/.test(by))
    .filter(
      ({ run, subject, by }) => !runs.has(run) && !(by.startsWith("promotion:") && followers.has(subject)),
    )
    .map(({ run }) => `${run} is not planned`);
}
