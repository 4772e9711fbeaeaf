/** An idle check: why each machine of a fleet was stopped, announced or kept. */
import type { RunVerdicts, VerdictRow } from "../../functions/api/runs/verdicts.ts";
import { ANSWER } from "../answers.ts";
import type { RunRow } from "../runs.ts";
import { html, type Html } from "./html.ts";
import { runLink, shownOf, table, time, type View } from "./parts.ts";
import type { Loaded, Source } from "./source.ts";

/** An ended check and its verdicts. */
export interface Verdicts {
  readonly row: Pick<RunRow, "run" | "subject" | "updatedAt">;
  readonly found: Loaded<RunVerdicts>;
}

const read = async (row: Verdicts["row"], source: Source): Promise<Verdicts> => ({
  row,
  found: await source.keep(ANSWER.verdicts, `/runs/${row.run}/verdicts`),
});

function show({ row, found }: Verdicts, view: View): Html {
  const link = html`<a href="/fleets/${encodeURIComponent(row.subject)}">${row.subject}</a>`;
  return html`<article>
    <h3>${link} <small>${time(row.updatedAt, view)} ${runLink(row.run)}</small></h3>
    ${shownOf(found, view, (one) => machines(one, view))}
  </article>`;
}

function machines({ verdicts, of }: RunVerdicts, view: View): Html {
  const { words } = view;
  const rows = verdicts.map((one) => [
    one.id,
    html`<span class="state ${one.act}">${words.acts[one.act]}</span>`,
    one.reason,
    html`${one.numbers.map(number)}`,
  ]);
  return html`${of > verdicts.length && html`<p>${words.shown(verdicts.length, of)}</p>`}${table(
    [words.machine, words.verdict, words.why, words.worst],
    rows,
    words.nothing,
  )}`;
}

/** A signal as a bar: full means that it has reached its limit. */
function number({ signal, worst, below }: VerdictRow["numbers"][number]): Html {
  const label = `${signal} ${worst ?? "?"} / ${below}`;
  const share = worst === undefined || below <= 0 ? 0 : Math.min(1, worst / below);
  return html`<div>
    <meter min="0" max="1" value="${share}" aria-label="${label}"></meter> <small>${label}</small>
  </div>`;
}

export const verdicts = { read, show };
