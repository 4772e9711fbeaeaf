/** The savings of fleets: a sum for each month, and a bar for each day. */
import type { SavingsRow } from "../../functions/api/savings.ts";
import { days } from "../../shared/duration.ts";
import { ANSWER } from "../answers.ts";
import { barChart } from "./charts.ts";
import { html, type Html } from "./html.ts";
import { table, type View } from "./parts.ts";
import type { Loaded, Source } from "./source.ts";

interface Month {
  readonly month: string;
  readonly savings: readonly SavingsRow[];
  readonly problems: readonly string[];
}

/** This month and the one before, the newer one first. */
export async function readSavings(source: Source): Promise<Loaded<readonly Month[]>> {
  const found = await source.get(ANSWER.savings, "/savings", SLOW_MS);
  if (!("facts" in found)) return found;
  const before = await source.get(
    ANSWER.savings,
    `/savings?month=${monthBefore(found.facts.month)}`,
    SLOW_MS,
  );
  return "facts" in before ? { facts: [found.facts, before.facts] } : before;
}

/** Idle checks count once an hour at most. */
const SLOW_MS = 120_000;

const monthBefore = (month: string): string =>
  new Date(Date.parse(`${month}-01`) - days(1)).toISOString().slice(0, 7);

export function savings(months: readonly Month[], { words }: View): Html {
  const rows = months.flatMap(({ month, savings: found }) =>
    found.map((row) => {
      const amounts = amountsOf(row, month);
      const label = words.saved(month, `${row.amount} ${row.currency}`);
      return [
        month,
        html`<a href="/fleets/${encodeURIComponent(row.fleet)}">${row.fleet}</a>`,
        row.stops,
        row.hours,
        `${row.amount} ${row.currency}${row.unpricedHours > 0 ? words.unpriced(row.unpricedHours) : ""}`,
        amounts.length === 0 ? "" : barChart(amounts, label),
      ];
    }),
  );
  const headings = [words.month, words.fleet, words.stops, words.hours, words.amount, words.byDay];
  const problems = new Set(months.flatMap(({ problems: found }) => found));
  return html`${table(headings, rows, words.noSavings)}${[...problems].map(
    (one) => html`<p class="bad">${one}</p>`,
  )}`;
}

/** The amount of each day of a month up to the last that is known. */
function amountsOf({ days: known }: SavingsRow, month: string): readonly number[] {
  const last = Object.keys(known).toSorted().at(-1);
  const count = last === undefined ? 0 : Number(last.slice(-2));
  return Array.from(
    { length: count },
    (_, day) => known[`${month}-${String(day + 1).padStart(2, "0")}`]?.amount ?? 0,
  );
}
