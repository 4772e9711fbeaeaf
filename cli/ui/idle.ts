/** An idle check: why each machine of a fleet was stopped, announced or kept. */
import type { RunVerdicts, VerdictRow } from "../../functions/api/runs/verdicts.ts";
import { ANSWER } from "../answers.ts";
import type { RunRow } from "../runs.ts";
import { changeLink } from "./change.ts";
import { lineChart } from "./charts.ts";
import { html, type Html } from "./html.ts";
import { runLink, shownOf, table, time, type View } from "./parts.ts";
import type { Loaded, Source } from "./source.ts";

/** An ended check and its verdicts. */
export interface Verdicts {
  readonly row: Pick<RunRow, "run" | "subject" | "updatedAt">;
  readonly found: Loaded<RunVerdicts>;
  /** Why it judged no machine, such as a pause of the fleet. */
  readonly skipped?: string;
}

async function read(row: Verdicts["row"], source: Source): Promise<Verdicts> {
  const found = await source.keep(ANSWER.verdicts, `/runs/${row.run}/verdicts`);
  if ("facts" in found) return { row, found };
  const run = await source.run(row.run);
  const { skipped, note } = ("facts" in run ? run.facts.result : undefined) ?? {};
  const why = skipped ?? note;
  return { row, found, ...(typeof why === "string" && { skipped: why }) };
}

/** Machines of a check on the first screen: those that stop come first. */
const SHOWN_FIRST = 10;

const skippedText = (why: string, { words }: View): Html => html`<p class="none">${words.said(why)}</p>`;

function show({ row, found, skipped }: Verdicts, view: View): Html {
  const path = `/fleets/${encodeURIComponent(row.subject)}`;
  return html`<article>
    <h3>
      <a href="${path}">${row.subject}</a> <small>${time(row.updatedAt, view)} ${runLink(row.run)}</small>
    </h3>
    ${
      skipped === undefined
        ? shownOf(found, view, ({ verdicts: all, of }) => {
            const first = all.slice(0, SHOWN_FIRST);
            return html`${machines(first, row.subject, view)}${
              of > first.length &&
              html`<p><a href="${path}#idle">${view.words.shown(first.length, of)}</a></p>`
            }`;
          })
        : skippedText(skipped, view)
    }
  </article>`;
}

/** The checks of a fleet, the newest first, and its machines by the newest. */
function showAll(checks: readonly Verdicts[], view: View): Html {
  const [last] = checks;
  if (last === undefined) return html`<p class="none">${view.words.noIdle}</p>`;
  if (last.skipped !== undefined) {
    const judged = checks.slice(checks.findIndex(({ skipped }) => skipped === undefined));
    const isAny = judged[0]?.skipped === undefined;
    return html`${skippedText(last.skipped, view)}${isAny && showJudged(judged, view)}`;
  }
  return html`${showJudged(checks, view)}`;
}

/** The newest of these has looked at machines. */
function showJudged([newest, ...older]: readonly Verdicts[], view: View): Html | undefined {
  if (newest === undefined) return undefined;
  const before = [newest, ...older].flatMap(({ found }) => ("facts" in found ? [found.facts.verdicts] : []));
  return html`<p><small>${time(newest.row.updatedAt, view)} ${runLink(newest.row.run)}</small></p>
    ${shownOf(
      newest.found,
      view,
      ({ verdicts: all, of }) =>
        html`${
          of > all.length && html`<p>${view.words.shown(all.length, of)}</p>`
        }${machines(all, newest.row.subject, view, before.toReversed())}`,
    )}`;
}

function machines(
  rows: readonly VerdictRow[],
  fleet: string,
  view: View,
  checks: readonly (readonly VerdictRow[])[] = [],
): Html {
  const { words } = view;
  const shares = checks.map((check) => new Map(check.map((one) => [one.id, worstShare(one)])));
  const cells = rows.map((one) => [
    html`${one.id} <small>${changeLink({ act: "keep", fleet, instance: one.id }, words)}</small>`,
    html`<span class="state ${one.act}">${words.acts[one.act]}</span>`,
    words.said(one.reason),
    html`${one.numbers.map(number)}${spark(one.id, shares, view)}`,
  ]);
  return table([words.machine, words.verdict, words.why, words.worst], cells, words.nothing);
}

/** The signal that is nearest to its limit, as a share of it; undefined without a value. */
function worstShare({ numbers }: VerdictRow): number | undefined {
  const shares = numbers.flatMap(({ worst, below }) =>
    worst === undefined || below <= 0 ? [] : [worst / below],
  );
  return shares.length === 0 ? undefined : Math.max(...shares);
}

/** The worst share of a machine at each check, against its limit. */
function spark(
  id: string,
  checks: readonly ReadonlyMap<string, number | undefined>[],
  { words }: View,
): Html | undefined {
  const points = checks.flatMap((shares, at) => {
    const value = shares.get(id);
    return value === undefined ? [] : [{ x: at / (checks.length - 1), value }];
  });
  if (points.length < 2) return undefined;
  const percents = points.map(({ value }) => `${Math.round(value * 100)} %`);
  return lineChart(points, `${words.share}: ${percents.join(", ")}`, 1);
}

/** A signal as a bar: full means that it has reached its limit. */
function number({ signal, worst, below }: VerdictRow["numbers"][number]): Html {
  const label = `${signal} ${worst ?? "?"} / ${below}`;
  const share = worst === undefined || below <= 0 ? 0 : Math.min(1, worst / below);
  return html`<div>
    <meter min="0" max="1" value="${share}" aria-label="${label}"></meter> <small>${label}</small>
  </div>`;
}

export const verdicts = { read, show, showAll };
