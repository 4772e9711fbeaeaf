/** How many machines of a fleet ran in the last days. */
import type { HistoryPoint } from "../../functions/api/history.ts";
import { ANSWER } from "../answers.ts";
import { lineChart } from "./charts.ts";
import type { Html } from "./html.ts";
import type { View } from "./parts.ts";
import type { Loaded, Source } from "./source.ts";

export type History = Loaded<{ readonly points: readonly HistoryPoint[] }>;

/** It is written once an hour. */
const SLOW_MS = 300_000;

export const readHistory = (source: Source): Promise<History> =>
  source.get(ANSWER.history, "/history", SLOW_MS);

/** Nothing with fewer than two points. */
export function historyChart(fleet: string, history: History, { words }: View): Html | undefined {
  const points = "facts" in history ? history.facts.points : [];
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  if (first === last) return undefined;
  const running = points.map(({ at, fleets }) => ({
    x: (at - first) / (last - first),
    value: fleets[fleet]?.running ?? 0,
  }));
  const values = running.map(({ value }) => value);
  return lineChart(running, words.ran(Math.min(...values), Math.max(...values)));
}
