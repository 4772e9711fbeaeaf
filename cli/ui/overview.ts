/** The first screen: what is in progress, served and running, what failed, and why machines stop. */
import type { FamilyRow } from "../../functions/api/families.ts";
import type { FleetRow } from "../../functions/api/fleets.ts";
import type { status } from "../../functions/api/status.ts";
import { formatDuration, minutes } from "../../shared/duration.ts";
import { ANSWER } from "../answers.ts";
import { took } from "../format.ts";
import { commandOf, hasEnded, questionOf, type RunRow } from "../runs.ts";
import { historyChart, readHistory, type History } from "./history.ts";
import { html, type Html } from "./html.ts";
import { verdicts, type Verdicts } from "./idle.ts";
import { changeLink } from "./change.ts";
import { badge, facts, output, runLink, section, shownOf, table, time, type View } from "./parts.ts";
import { readSavings, savings } from "./savings.ts";
import { tonight } from "./tonight.ts";
import { mapped, type Loaded, type Source } from "./source.ts";

type Status = Awaited<ReturnType<typeof status>>;

/** Failures whose output is shown, and builds in progress. */
const FAILED_SHOWN = 10;
const LIVE_SHOWN = 5;
const LINES = 12;

/** A run with its newest output. */
interface WithOutput {
  readonly row: RunRow;
  readonly output?: { readonly name: string; readonly text: Loaded<string> };
}

/** A promotion that waits for an operator, with what it asks. */
interface Approval {
  readonly row: RunRow;
  readonly run: Awaited<ReturnType<Source["run"]>>;
}

interface Overview {
  readonly status: Loaded<Status & { readonly serverAt: number }>;
  readonly families: Loaded<readonly FamilyRow[]>;
  readonly fleets: Loaded<readonly FleetRow[]>;
  readonly failures: readonly WithOutput[];
  readonly live: readonly WithOutput[];
  readonly approvals: readonly Approval[];
  readonly idle: Loaded<Idle>;
  readonly history: History;
  readonly savings: Awaited<ReturnType<typeof readSavings>>;
  readonly plan: Awaited<ReturnType<Source["plan"]>>;
}

/** Everything that the first screen shows; its parts are read at the same time. */
export async function readOverview(source: Source): Promise<Overview> {
  const [status, families, fleets, checks, history, savings] = await Promise.all([
    source.get(ANSWER.status, "/status"),
    source.get(ANSWER.families, "/families"),
    source.get(ANSWER.fleets, "/fleets"),
    source.get(ANSWER.runs, "/runs?kind=idle&state=done&limit=50"),
    readHistory(source),
    readSavings(source),
  ]);
  const failed = "facts" in status ? status.facts.failed.slice(0, FAILED_SHOWN) : [];
  const rows = "facts" in fleets ? fleets.facts.fleets : [];
  const atWork = "facts" in status ? status.facts.atWork : [];
  const [failures, live, approvals, idle, plan] = await Promise.all([
    Promise.all(failed.map((row) => lastOutput(row, source))),
    Promise.all(
      atWork
        .filter(isBuild)
        .slice(0, LIVE_SHOWN)
        .map((row) => lastOutput(row, source)),
    ),
    Promise.all(atWork.filter(isAsking).map(async (row) => ({ row, run: await source.run(row.run) }))),
    "facts" in checks ? newestOfEach(checks.facts.runs, rows, source) : checks,
    source.plan(seenOf([status, families, fleets])),
  ]);
  return {
    status,
    families: mapped(families, (one) => one.families),
    fleets: mapped(fleets, (one) => one.fleets),
    failures,
    live,
    approvals,
    idle,
    history,
    savings,
    plan,
  };
}

/** What the page shows beside the plan, without what changes by itself: another text means that the plan may be another one. */
const seenOf = (parts: readonly Loaded<object>[]): string =>
  JSON.stringify(parts, (key, value: unknown) => (MOVING.has(key) ? undefined : value));

const MOVING = new Set(["serverAt", "at", "note", "phase", "updatedAt", "dueAt", "countedAt", "changing"]);

/** Runs whose commands print something: bakes and image tests. */
const isBuild = ({ kind, phase }: RunRow): boolean =>
  kind === "bake" || (kind === "promote" && phase !== APPROVE);

const isAsking = ({ kind, phase }: RunRow): boolean => kind === "promote" && phase === APPROVE;

async function lastOutput(row: RunRow, source: Source): Promise<WithOutput> {
  const run = await source.run(row.run);
  const output = "facts" in run ? run.facts.outputs.at(-1) : undefined;
  if (!("facts" in run) || output === undefined) return { row };
  const name = commandOf(run.facts, output) ?? output;
  return { row, output: { name, text: await source.output(row.run, output, hasEnded(run.facts)) } };
}

/** Fleets without a check among the newest that are asked for one by one; an idle check ends once an hour or so. */
const ASKED_MAX = 20;
const CHECK_MS = minutes(2);

interface Idle {
  readonly checks: readonly Verdicts[];
  /** Fleets that were not asked for. */
  readonly others: readonly string[];
}

/** The newest idle check of each fleet, the newest first. */
async function newestOfEach(
  rows: readonly RunRow[],
  fleets: readonly FleetRow[],
  source: Source,
): Promise<Loaded<Idle>> {
  const known = rows.filter((row, at) => rows.findIndex(({ subject }) => subject === row.subject) === at);
  const missing = fleets
    .map(({ fleet }) => fleet)
    .filter((name) => known.every((row) => row.subject !== name));
  const found = await Promise.all(missing.slice(0, ASKED_MAX).map((name) => newestOf(name, source)));
  const checks = await Promise.all([...known, ...found.flat()].map((row) => verdicts.read(row, source)));
  return { facts: { checks, others: missing.slice(ASKED_MAX) } };
}

async function newestOf(fleet: string, source: Source): Promise<readonly RunRow[]> {
  const path = `/runs?kind=idle&name=${encodeURIComponent(fleet)}&state=done&limit=1`;
  const found = await source.get(ANSWER.runs, path, CHECK_MS);
  return "facts" in found ? found.facts.runs : [];
}

/** The sections of the first screen. */
export function overviewPage(found: Overview, view: View): Html {
  const { words } = view;
  const part = <T>(name: "families" | "fleets" | "savings" | "idle", from: Loaded<T>, show: Show<T>): Html =>
    section(
      name,
      words[name],
      shownOf(from, view, (one) => show(one, view)),
    );
  const ofStatus = (name: "now" | "approvals" | "failed", show: Show<Status>): Html =>
    section(
      name,
      words[name],
      shownOf(found.status, view, (one) => show(one, view)),
    );
  return html`${problemsOf(found, view)} ${ofStatus("now", (one) => inProgress(one, found.live, view))}
  ${ofStatus("approvals", () => approvals(found.approvals, view))}
  ${part("families", found.families, families)}
  ${part("fleets", found.fleets, (rows) => fleets(rows, found.history, view))}
  ${part("savings", found.savings, savings)}
  ${section(
    "tonight",
    words.tonight,
    found.plan === "later"
      ? html`<p class="none">${words.reading}</p>`
      : shownOf(found.plan, view, (plan) => tonight(plan, view)),
  )}
  ${ofStatus("failed", () => failures(found.failures, view))} ${part("idle", found.idle, idleChecks)}`;
}

type Show<T> = (facts: T, view: View) => Html;

function problemsOf({ status }: Overview, { words }: View): Html | undefined {
  const problems = "facts" in status ? status.facts.problems : [];
  if (problems.length === 0) return undefined;
  const list = html`<ul class="bad">
    ${problems.map((one) => html`<li>${one}</li>`)}
  </ul>`;
  return section("problems", words.problems, list);
}

function inProgress({ atWork, waiting, more }: Status, live: readonly WithOutput[], view: View): Html {
  const { words, now } = view;
  const rows = [
    ...atWork.map((row) => [runLink(row.run), row.phase, duration(row, view), row.note ?? ""]),
    ...waiting.map((row) => [runLink(row.run), words.states.queued, took(row.beganAt, now), words.waits]),
  ];
  const all = table([words.run, words.phase, words.for, words.why], rows, words.noWork);
  const printing = live.filter(({ output: last }) => last !== undefined);
  return html`${all}${more && html`<p><a href="/runs">${words.more}</a></p>`}${printing.map(
    (one) =>
      html`<article>
        <h3>${runLink(one.row.run)}</h3>
        ${lastLines(one, view)}
      </article>`,
  )}`;
}

/** How long a run has taken, against its usual duration when that is known. */
function duration({ beganAt, usuallyMs }: Status["atWork"][number], { words, now }: View): Html {
  const spent = took(beganAt, now);
  if (usuallyMs === undefined || usuallyMs <= 0) return html`${spent}`;
  const ms = Math.min(usuallyMs, Math.max(0, now - Date.parse(beganAt)));
  const label = `${spent} / ${words.usually} ${formatDuration(usuallyMs)}`;
  return html`<progress max="${usuallyMs}" value="${ms}" aria-label="${label}"></progress> ${label}`;
}

/** A promotion in this phase waits for an operator. */
const APPROVE = "approve";

function approvals(waiting: readonly Approval[], view: View): Html {
  const { words } = view;
  const rows = waiting.map(({ row: { run, by, beganAt }, run: found }) => {
    const { family, imageId, facts } = "facts" in found ? questionOf(found.facts) : {};
    return [
      runLink(run),
      html`${imageId ?? words.unknown} <small>${family ?? words.unknown}</small>`,
      shownOf(found, view, () => html`${facts === undefined ? words.unknown : words.said(facts)}`),
      by,
      time(beganAt, view),
      html`${changeLink({ act: "approve", run }, words)} ${changeLink({ act: "reject", run }, words)}`,
    ];
  });
  const columns = [words.run, words.image, words.asked, words.by, words.began, words.decide];
  return table(columns, rows, words.noApprovals);
}

function families(rows: readonly FamilyRow[], view: View): Html {
  const { words } = view;
  const cells = rows.map(({ family, imageId, imageName, since, run, by, hold, problem }) => [
    html`<a href="/families/${encodeURIComponent(family)}">${family}</a>${
        hold && html` <span class="state cancelled" title="${hold.why}">${words.hold}</span>`
      }${troubles({ problem })}`,
    html`${imageId ?? (problem === undefined ? words.nothing : words.unknown)} <small>${imageName}</small>`,
    since === undefined ? words.unknown : time(since, view),
    html`${by} <small>${run !== undefined && runLink(run)}</small>`,
  ]);
  return table([words.family, words.serves, words.since, words.by], cells, words.noFamilies);
}

function fleets(rows: readonly FleetRow[], history: History, view: View): Html {
  const { words } = view;
  const cells = rows.map((row) => [
    html`<a href="/fleets/${encodeURIComponent(row.fleet)}">${row.fleet}</a>${troubles(row)}`,
    row.running,
    row.stopped,
    row.changing,
    row.wanted?.desired ?? "",
    row.limits?.max ?? "",
    row.old,
    historyChart(row.fleet, history, view) ?? "",
  ]);
  const { fleet, running, stopped, changing, wanted, limit, old, lastDays } = words;
  return table([fleet, running, stopped, changing, wanted, limit, old, lastDays], cells, words.noFleets);
}

const troubles = ({
  problem,
  paused,
}: {
  readonly [K in "problem" | "paused"]?: string | undefined;
}): readonly Html[] =>
  [problem, paused].flatMap((why) => (why === undefined ? [] : [html` <small class="bad">${why}</small>`]));

const lastLines = ({ output: last }: WithOutput, view: View): Html | undefined =>
  last &&
  html`<h4>${view.words.lastLines} ${last.name}</h4>
    ${shownOf(last.text, view, (text) => output(text, view, LINES))}`;

function failures(rows: readonly WithOutput[], view: View): Html {
  const { words } = view;
  if (rows.length === 0) return html`<p class="none">${words.noFailed}</p>`;
  return html`${rows.map(
    (one) =>
      html`<article>
        <h3>${runLink(one.row.run)} ${badge(one.row, view)}</h3>
        ${facts([
          [words.ended, time(one.row.updatedAt, view)],
          [words.why, one.row.reason && words.said(one.row.reason)],
        ])}${lastLines(one, view)}
      </article>`,
  )}`;
}

const idleChecks = ({ checks, others }: Idle, view: View): Html =>
  html`${
    checks.length === 0
      ? html`<p class="none">${view.words.noIdle}</p>`
      : checks.map((one) => verdicts.show(one, view))
  }${
    others.length > 0 &&
    html`<p>
      ${view.words.otherFleets}:
      ${others.map((name) => html`<a href="/fleets/${encodeURIComponent(name)}#idle">${name}</a> `)}
    </p>`
  }`;
