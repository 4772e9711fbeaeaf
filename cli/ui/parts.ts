/** Parts that several pages are made of. */
import { linesIn, localMinute } from "../format.ts";
import type { RunRow } from "../runs.ts";
import { html, type Html } from "./html.ts";
import { SLOW, type Loaded } from "./source.ts";
import { ago, type Words } from "./words.ts";

/** The words and the time of a page. */
export interface View {
  readonly words: Words;
  /** By the clock of the deployment, epoch ms. */
  readonly now: number;
}

/** A section that is replaced as one when it changes. `name` is its anchor. */
export const section = (name: string, title: string, content: Html): Html =>
  html`<section id="${name}" aria-labelledby="${name}-title">
    <h2 id="${name}-title" tabindex="-1">${title}</h2>
    ${content}
  </section>`;

/** An answer as `show` makes it HTML, or the reason why it is not known. */
export const shownOf = <T>(from: Loaded<T>, { words }: View, show: (facts: T) => Html): Html =>
  "facts" in from
    ? show(from.facts)
    : html`<p class="bad" role="status">
        ${words.unknown}: ${from.problem === SLOW ? words.slow : from.problem}
      </p>`;

/** A table whose cells know their headings, for narrow screens; a sentence without rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (Html | string | number)[])[],
  none: string,
): Html {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  const head = headings.map((one) => html`<th scope="col">${one}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>
        ${row.map((cell, at) => html`<td data-of="${headings[at]}">${cell}</td>`)}
      </tr>`,
  );
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}

export const runLink = (run: string): Html => html`<a href="/runs/${encodeURIComponent(run)}">${run}</a>`;

/** Clocks of machines differ by less. */
const CLOCKS_MS = 60_000;

/** An instant and its age; one that is to come has none. */
export function time(instant: string | number | undefined, { words, now }: View): Html {
  const at = typeof instant === "string" ? Date.parse(instant) : (instant ?? Number.NaN);
  if (!Number.isFinite(at)) return html``;
  return html`<time datetime="${new Date(at).toISOString()}" title="${localMinute(at)}"
      >${localMinute(at)}</time
    >
    ${at <= now + CLOCKS_MS && html`<small>${ago(at, now, words)}</small>`}`;
}

/** The state of a run, by color and word. */
export const badge = ({ state }: Pick<RunRow, "state">, { words }: View): Html =>
  html`<span class="state ${state}">${words.states[state]}</span>`;

/** A list of facts by name, without those that are absent. */
export const facts = (rows: readonly (readonly [string, Html | string | number | undefined])[]): Html =>
  html`<dl>
    ${rows.map(
      ([name, value]) =>
        value !== undefined &&
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

const LINES_MAX = 200;

/** The end of an output. */
export function output(text: string, { words }: View, most = LINES_MAX): Html {
  const lines = linesIn(text).slice(-most);
  return lines.length === 0
    ? html`<p class="none">${words.noOutput}</p>`
    : html`<pre tabindex="0">${lines.join("\n")}</pre>`;
}
