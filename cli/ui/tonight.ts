/** What the timers of the next 24 hours will do. */
import type { Plan } from "../plan.ts";
import { html, type Html } from "./html.ts";
import { table, time, type View } from "./parts.ts";

/** Rows of the first screen. */
const ROWS_MAX = 100;

type Row = readonly [at: string | undefined, cells: readonly (Html | string)[]];

/** The rows of a plan, in the order of their times. Bakes with nothing to do are counted only. */
export function tonight({ at: madeAt, bakes, retention, fleets, problems }: Plan, view: View): Html {
  const { words } = view;
  const shown = bakes.filter(({ act }) => act !== "skip");
  const rows: readonly Row[] = [
    ...shown.map((bake): Row => [bake.at, [bake.recipe, words.plans[bake.act], reasonOf(bake, view)]]),
    ...retention.flatMap(({ at, recipe, changes, problem, assumes }): Row[] => [
      ...changes.map(({ action, imageId, why }): Row => [
        at,
        [
          recipe,
          html`${words.plans[action]} <small>${imageId}</small>`,
          withAssumed(words.said(why), assumes, view),
        ],
      ]),
      ...(problem === undefined ? [] : [[at, [recipe, words.plans.unknown, words.said(problem)]] as const]),
    ]),
    ...fleets.map(({ at, fleet, act, why, assumes }): Row => [
      at,
      [fleet, words.plans[act], withAssumed(words.said(why), assumes, view)],
    ]),
  ];
  const sorted = rows.toSorted(([a = "~"], [b = "~"]) => (a < b ? -1 : Number(a > b)));
  const cells = sorted
    .slice(0, ROWS_MAX)
    .map(([at, row]) => [at === undefined ? words.afterwards : time(at, view), ...row]);
  return html`<p><small>${words.updated} ${time(madeAt, view)}</small></p>
    ${table([words.at, words.subject, words.act, words.why], cells, words.noPlan)}${
      sorted.length > ROWS_MAX && html`<p>${words.shown(ROWS_MAX, sorted.length)}</p>`
    }${
      shown.length < bakes.length && html`<p class="none">${words.skipped(bakes.length - shown.length)}</p>`
    }${problems.map((one) => html`<p class="bad">${words.said(one)}</p>`)}`;
}

function reasonOf(bake: Plan["bakes"][number], view: View): string {
  const { why, promotes, held, approval, assumes } = bake;
  const { words } = view;
  const then = promotes === undefined ? [] : [words.promotes(promotes, approval === true)];
  return withAssumed(
    [words.said(why), ...then, ...(held === undefined ? [] : [held])].join("; "),
    assumes,
    view,
  );
}

const withAssumed = (why: string, assumes: string | undefined, { words }: View): string =>
  assumes === undefined ? why : `${why} (${words.assumes}: ${words.said(assumes)})`;
