/** Charts as SVG that needs no script and no style of its own. Each has a text that says the same. */
import { html, type Html } from "./html.ts";

const WIDTH = 140;
const HEIGHT = 28;

/** Coordinates with one decimal. */
const n = (value: number): string => value.toFixed(1);

const svg = (label: string, content: Html): Html =>
  html`<svg
    class="chart"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="${label}"
  >
    ${content}
  </svg>`;

/** Where a value is, from the bottom; a little room is left at the top. */
const yOf = (value: number, most: number): number =>
  HEIGHT - 1 - (most <= 0 ? 0 : (value / most) * (HEIGHT - 3));

interface Line {
  /** From 0 at the left to 1 at the right. */
  readonly x: number;
  readonly value: number;
}

/** A line over time, filled to its ground. A limit is a dashed line; values beyond twice the limit are cut off. */
export function lineChart(points: readonly Line[], label: string, limit?: number): Html {
  const highest = Math.max(...points.map(({ value }) => value), limit ?? 0);
  const most = limit === undefined ? highest : Math.min(highest, 2 * limit);
  const at = points.map(({ x, value }) => `${n(x * WIDTH)},${n(yOf(Math.min(value, most), most))}`);
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  const ground = n(HEIGHT - 1);
  const area = `${n(first * WIDTH)},${ground} ${at.join(" ")} ${n(last * WIDTH)},${ground}`;
  const bound = limit === undefined ? undefined : n(yOf(limit, most));
  return svg(
    label,
    html`<polygon class="area" points="${area}" /><polyline class="line" points="${at.join(" ")}" />${
        bound !== undefined && html`<line class="limit" x1="0" x2="${WIDTH}" y1="${bound}" y2="${bound}" />`
      }`,
  );
}

/** A bar for each value, from left to right. */
export function barChart(values: readonly number[], label: string): Html {
  const most = Math.max(...values);
  const step = WIDTH / Math.max(values.length, 1);
  const bars = values.map((value, at) => {
    const y = yOf(value, most);
    return html`<rect
      class="bar"
      x="${n(at * step)}"
      y="${n(y)}"
      width="${n(step * 0.8)}"
      height="${n(HEIGHT - y)}"
    />`;
  });
  return svg(label, html`${bars}`);
}
