/** The pages of one run, one family and one fleet, and the list of runs. */
import type { FleetDetails } from "../../functions/api/fleets.ts";
import type { RunPage } from "../../functions/api/runs/search.ts";
import { ANSWER } from "../answers.ts";
import { took } from "../format.ts";
import { commandOf, hasEnded, type RunDetails } from "../runs.ts";
import { changeLink } from "./change.ts";
import { historyChart, readHistory, type History } from "./history.ts";
import { html, type Html } from "./html.ts";
import { verdicts, type Verdicts } from "./idle.ts";
import { badge, facts, output, runLink, section, shownOf, table, time, type View } from "./parts.ts";
import type { Loaded, Source } from "./source.ts";

/** What a page is made from. */
export interface Reading {
  readonly source: Source;
  readonly query: URLSearchParams;
}

interface RunFound {
  readonly run: Loaded<RunDetails & { readonly serverAt: number }>;
  readonly outputs: readonly { readonly name: string; readonly text: Loaded<string> }[];
  readonly idle?: Verdicts;
}

/** Outputs that are shown with the run: the newest. */
const OUTPUTS_MAX = 50;

export async function readRun(run: string, source: Source): Promise<RunFound> {
  const found = await source.run(run);
  if (!("facts" in found)) return { run: found, outputs: [] };
  const { outputs, result } = found.facts;
  const texts = outputs.slice(-OUTPUTS_MAX).map(async (name) => {
    const isOver = hasEnded(found.facts) || name !== outputs.at(-1);
    return { name, text: await source.output(run, name, isOver) };
  });
  return {
    run: found,
    outputs: await Promise.all(texts),
    ...(result?.["verdicts"] !== undefined && { idle: await verdicts.read(found.facts, source) }),
  };
}

export const runPage = ({ run, outputs, idle }: RunFound, view: View): Html =>
  shownOf(run, view, (one) => {
    const { words } = view;
    const changed = changes(one, view);
    return html`${section("run", one.run, head(one, view))}
    ${section("inputs", words.inputs, inputs(one, view))}
    ${changed && section("changed", words.whatChanged, changed)}
    ${section("timeline", words.timeline, timeline(one, view))}
    ${section("commands", words.commands, commands(one, outputs, view))}
    ${idle && section("idle", words.idle, verdicts.showAll([idle], view))}
    ${one.result && section("result", words.result, record(one.result))}`;
  });

function head(run: RunDetails, view: View): Html {
  const { words, now } = view;
  return facts([
    [words.state, badge(run, view)],
    [words.began, time(run.beganAt, view)],
    [words.for, took(run.beganAt, hasEnded(run) ? run.updatedAt : now)],
    [words.by, run.by],
    [words.phase, hasEnded(run) ? undefined : `${run.phase} ${run.note ?? ""}`.trim()],
    [words.why, run.reason && words.said(run.reason)],
  ]);
}

/** Instants are fields whose name ends in At. */
const inputs = ({ input }: RunDetails, view: View): Html =>
  facts(
    Object.entries(input).map(([name, value]) => [
      name,
      name.endsWith("At") && typeof value === "number" ? time(value, view) : record(value),
    ]),
  );

/** The phases that compare what is to be made, or served, with what there is. */
const COMPARES = new Set(["plan", "ask"]);

/** What these found, whatever became of the run; nothing of one that has not come so far. */
function changes({ steps }: RunDetails, { words }: View): Html | undefined {
  const notes = steps.flatMap(({ phase, note }) => (COMPARES.has(phase) && note ? [words.said(note)] : []));
  return notes.length === 0 ? undefined : html`${notes.map((note) => html`<p>${note}</p>`)}`;
}

/** A phase begins where the one before ends. */
function timeline({ steps, beganAt, phase, state }: RunDetails, view: View): Html {
  const { words } = view;
  const rows = steps.map(({ phase, at, note = "" }, n) => [
    phase,
    time(at, view),
    took(steps[n - 1]?.at ?? beganAt, at),
    note,
  ]);
  const open = [phase, "", took(steps.at(-1)?.at ?? beganAt, view.now), "…"];
  return table(
    [words.phase, words.ended, words.for, words.why],
    hasEnded({ state }) ? rows : [...rows, open],
    words.nothing,
  );
}

const commands = (run: RunDetails, outputs: RunFound["outputs"], view: View): Html =>
  outputs.length === 0
    ? html`<p class="none">${view.words.noCommands}</p>`
    : html`${outputs.map(
        ({ name, text }, at) =>
          html`<details id="output-${name}" ${at === outputs.length - 1 && html` open`}>
            <summary>${commandOf(run, name) ?? ""} <small>${name}</small></summary>
            ${shownOf(text, view, (one) => output(one, view))}
          </details>`,
      )}`;

/** Facts of any shape, as lists of names and values. */
function record(value: unknown): Html {
  if (Array.isArray(value))
    return html`<ul>
      ${value.map((one) => html`<li>${record(one)}</li>`)}
    </ul>`;
  if (typeof value === "object" && value !== null)
    return facts(Object.entries(value).map(([name, one]) => [name, record(one)]));
  return html`${String(value)}`;
}

/** Runs of a page. */
const PAGE = 50;
const FILTERS = ["kind", "name", "state"] as const;

interface RunsFound {
  readonly page: Loaded<RunPage & { readonly serverAt: number }>;
  readonly query: URLSearchParams;
}

export async function readRuns(query: URLSearchParams, source: Source): Promise<RunsFound> {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  for (const name of [...FILTERS, "cursor"]) {
    const value = query.get(name) ?? "";
    if (value !== "") asked.set(name, value);
  }
  return { page: await source.get(ANSWER.runs, `/runs?${asked.toString()}`), query: asked };
}

export function runsPage({ page, query }: RunsFound, view: View): Html {
  const { words } = view;
  const states = Object.entries(words.states).map(
    ([value, label]) =>
      html`<option value="${value}" ${query.get("state") === value && html` selected`}>${label}</option>`,
  );
  return html`<form action="/runs">
      <label>${words.kind} <input name="kind" size="10" value="${query.get("kind") ?? ""}" /></label>
      <label>${words.name} <input name="name" size="16" value="${query.get("name") ?? ""}" /></label>
      <label
        >${words.state}
        <select name="state">
          <option value="">${words.any}</option>
          ${states}
        </select></label
      >
      <button>${words.filter}</button>
    </form>
    ${section(
      "runs",
      words.runs,
      shownOf(page, view, (one) => runList(one, query, view)),
    )}`;
}

function runList({ runs, next }: RunPage, query: URLSearchParams, view: View): Html {
  const { words } = view;
  const rows = runs.map((row) => [
    runLink(row.run),
    badge(row, view),
    time(row.updatedAt, view),
    row.by,
    words.said(row.reason ?? "") || (row.note ?? ""),
  ]);
  const after = new URLSearchParams(query);
  after.delete("limit");
  after.set("cursor", next ?? "");
  return html`${table(
    [words.run, words.state, words.ended, words.by, words.why],
    rows,
    next === undefined ? words.noRuns : words.noRunsHere,
  )}${next !== undefined && html`<p><a rel="next" href="/runs?${after.toString()}">${words.next}</a></p>`}`;
}

export const readFamily = (name: string, source: Source) =>
  source.get(ANSWER.family, `/families/${encodeURIComponent(name)}`);

export const familyPage = (found: Awaited<ReturnType<typeof readFamily>>, view: View): Html =>
  shownOf(found, view, (one) => {
    const { words } = view;
    const { hold } = one;
    const about = facts([
      [words.serves, html`${one.imageId ?? words.nothing} <small>${one.imageName}</small>`],
      [words.since, one.since === undefined ? words.unknown : time(one.since, view)],
      [words.by, html`${one.by} ${one.run !== undefined && runLink(one.run)}`],
      [words.recipe, one.recipe],
      [
        words.hold,
        hold &&
          html`${hold.why} (${hold.by}) ${hold.until && html`${words.until} ${time(hold.until, view)}`}`,
      ],
      [words.regions, record(one.regions)],
    ]);
    const { family } = one;
    const earlier = one.previous.map((image) => [
      html`${image.imageId} <small>${image.imageName}</small>`,
      image.status,
      time(image.createdAt, view),
      image.status === "Available" ? changeLink({ act: "rollback", family, to: image.imageId }, words) : "",
    ]);
    const act = changeLink({ act: hold === undefined ? "hold" : "unhold", family }, words);
    const columns = [words.image, words.state, words.created, words.change];
    return html`${section(
      "family",
      family,
      html`${about}
        <p>${act}</p>`,
    )}
    ${section("before", words.before, table(columns, earlier, words.nothing))}`;
  });

interface FleetFound {
  readonly fleet: Loaded<FleetDetails & { readonly serverAt: number }>;
  readonly idle: readonly Verdicts[];
  readonly history: History;
}

/** Idle checks of a fleet whose worst values are compared. */
const CHECKS = 12;

export async function readFleet(name: string, { source, query }: Reading): Promise<FleetFound> {
  const path = encodeURIComponent(name);
  const after = query.get("after") ?? "";
  const [fleet, checks, history] = await Promise.all([
    source.get(ANSWER.fleet, `/fleets/${path}${after === "" ? "" : `?after=${encodeURIComponent(after)}`}`),
    source.get(ANSWER.runs, `/runs?kind=idle&name=${path}&state=done&limit=${CHECKS}`),
    readHistory(source),
  ]);
  const newest = "facts" in checks ? checks.facts.runs : [];
  return { fleet, idle: await Promise.all(newest.map((row) => verdicts.read(row, source))), history };
}

export const fleetPage = ({ fleet, idle, history }: FleetFound, view: View): Html =>
  shownOf(fleet, view, (one) => {
    const { words } = view;
    const of = one.running + one.stopped + one.changing;
    const members = one.members.map(({ id, status, imageId, type, zone, run }) => [
      id,
      status,
      html`${imageId}${one.serves !== undefined && imageId !== one.serves && html` <small class="bad">${words.old}</small>`}`,
      type,
      zone,
      run === undefined ? "" : runLink(run),
    ]);
    return html`${section("fleet", one.fleet, fleetFacts(one, history, view))}
    ${section(
      "members",
      words.members,
      html`<p>${words.shown(members.length, of)}</p>
        ${table(
          [words.machine, words.state, words.image, words.type, words.zone, words.run],
          members,
          words.nothing,
        )}${
          one.next !== undefined &&
          html`<p><a rel="next" href="?after=${encodeURIComponent(one.next)}">${words.next}</a></p>`
        }`,
    )}
    ${section("idle", words.idle, verdicts.showAll(idle, view))}
    ${one.text !== undefined && section("document", words.document, html`<pre tabindex="0">${one.text}</pre>`)}`;
  });

const fleetFacts = (one: FleetDetails, history: History, view: View): Html => {
  const { words } = view;
  return facts([
    [
      words.family,
      one.family === undefined
        ? undefined
        : html`<a href="/families/${encodeURIComponent(one.family)}">${one.family}</a>
            <small>${one.serves ?? words.nothing}</small>`,
    ],
    [words.running, one.running],
    [words.countedAt, one.countedAt === undefined ? undefined : time(one.countedAt, view)],
    [words.lastDays, historyChart(one.fleet, history, view)],
    [words.stopped, one.stopped],
    [words.changing, one.changing],
    [words.wanted, one.wanted && record(one.wanted)],
    [words.limit, one.limits && record(one.limits)],
    [words.old, one.old],
    [words.paused, one.paused],
    [words.problems, one.problem],
  ]);
};
