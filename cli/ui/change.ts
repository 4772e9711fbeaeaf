/**
 * Changes from the page: a link leads to a page that shows what would change, and a button there makes exactly that change.
 *
 * CHANGE-1. Without `--write` the page shows the change and the command for it, and has no button.
 * CHANGE-2. A button holds a token for one change, once (door.ts). What it changes stays in this process, so a form can
 *     neither be altered nor sent again.
 */
import type { FamilyDetails } from "../../functions/api/families.ts";
import { FAMILY, isRunId, NAME } from "../../shared/names.ts";
import { ANSWER } from "../answers.ts";
import { hasEnded, questionOf } from "../runs.ts";
import type { Door } from "./door.ts";
import { html, type Html } from "./html.ts";
import { facts, section, shownOf, type View } from "./parts.ts";
import { mapped, type Loaded, type Source } from "./source.ts";
import type { Words } from "./words.ts";

/** A change that the page may make. */
export type Act =
  | { readonly act: "approve" | "reject"; readonly run: string }
  | { readonly act: "hold" | "unhold"; readonly family: string }
  | { readonly act: "rollback"; readonly family: string; readonly to: string }
  | { readonly act: "keep"; readonly fleet: string; readonly instance: string };

/** A link to the page that shows a change. */
export function changeLink(act: Act, words: Words): Html {
  const query = new URLSearchParams({ ...act }).toString();
  return html`<a class="act" href="/change?${query}">${words.changes[act.act]}</a>`;
}

const matches =
  (form: RegExp) =>
  (text: string): boolean =>
    form.test(text);
const isFamily = matches(new RegExp(`^${FAMILY}$`, "u"));
const isFleet = matches(new RegExp(`^${NAME}$`));
const isId = matches(/^[a-z]{1,4}-[\w-]{1,60}$/);

/** The fields of each change, in the order of its command line. */
const FIELDS = new Map<string, Readonly<Record<string, (text: string) => boolean>>>([
  ["approve", { run: isRunId }],
  ["reject", { run: isRunId }],
  ["hold", { family: isFamily }],
  ["unhold", { family: isFamily }],
  ["rollback", { family: isFamily, to: isId }],
  ["keep", { fleet: isFleet, instance: isId }],
]);

/** The change in a query; undefined for anything else. */
export function actIn(query: URLSearchParams): Act | undefined {
  const act = query.get("act") ?? "";
  const fields = Object.entries(FIELDS.get(act) ?? {});
  const isSound = fields.every(([name, isOne]) => isOne(query.get(name) ?? ""));
  if (fields.length === 0 || !isSound) return undefined;
  const values = Object.fromEntries(fields.map(([name]) => [name, query.get(name) ?? ""]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- FIELDS has the fields of each change
  return { act, ...values } as Act;
}

interface Planned {
  readonly act: Act;
  /** It would change nothing, so there is no button. */
  readonly isRefused?: true;
  /** Facts before and after the change. */
  readonly shown: Loaded<readonly (readonly [name: string, value: string])[]>;
}

/** What a change would change, as far as it can be read. */
export async function readChange(act: Act, source: Source, words: Words): Promise<Planned> {
  switch (act.act) {
    case "approve":
    case "reject": {
      return readDecision(act, source, words);
    }
    case "keep":
      return {
        act,
        shown: {
          facts: [
            [words.fleet, act.fleet],
            [words.machine, act.instance],
            [words.until, words.oneDay],
          ],
        },
      };
    case "rollback":
      return readRollback(act, source, words);
    default: {
      const found = await source.get(ANSWER.family, `/families/${encodeURIComponent(act.family)}`);
      return { act, shown: mapped(found, (family) => familyRows(family, words)) };
    }
  }
}

/** A run that has ended takes no decision, so it has no button. */
async function readDecision(
  act: Extract<Act, { readonly run: string }>,
  source: Source,
  words: Words,
): Promise<Planned> {
  const run = await source.run(act.run);
  return {
    act,
    ...("facts" in run && hasEnded(run.facts) && { isRefused: true }),
    shown: mapped(run, (found) => {
      const { by, state, phase, note = "" } = found;
      const { family = words.unknown, imageId = words.unknown, facts } = questionOf(found);
      return [
        [words.run, act.run],
        [words.by, by],
        [words.image, imageId],
        [words.family, family],
        ...(facts === undefined ? [] : [[words.asked, words.said(facts)] as const]),
        [words.phase, hasEnded(found) ? words.states[state] : `${phase} ${note}`.trim()],
      ];
    }),
  };
}

const familyRows = ({ family, imageId, hold }: FamilyDetails, words: Words) =>
  [
    [words.family, family],
    [words.serves, imageId ?? words.nothing],
    [words.hold, hold === undefined ? words.nothing : `${hold.why} (${hold.by})`],
  ] as const;

/** The decision of the run itself. A target that it would refuse has no button. */
async function readRollback(
  act: Extract<Act, { readonly act: "rollback" }>,
  source: Source,
  words: Words,
): Promise<Planned> {
  const query = new URLSearchParams({ to: act.to }).toString();
  const found = await source.get(ANSWER.family, `/families/${encodeURIComponent(act.family)}?${query}`);
  if ("problem" in found) return { act, shown: found };
  const {
    problem = words.unknown,
    regions,
    wouldStepBack = [],
    wouldUnshare = [],
  } = found.facts.rollback ?? {};
  if (regions === undefined)
    return {
      act,
      isRefused: true,
      shown: { facts: [...familyRows(found.facts, words), [words.notPossible, words.said(problem)]] },
    };
  const facts = [
    ...familyRows(found.facts, words),
    ...Object.entries(regions).map(([region, to]) => [words.willServe, `${to} (${region})`] as const),
    [words.deprecated, wouldStepBack.join(", ") || words.nothing] as const,
    ...(wouldUnshare.length === 0 ? [] : [[words.unshared, wouldUnshare.join(", ")] as const]),
    [words.hold, words.heldAfter] as const,
  ];
  return { act, shown: { facts } };
}

/** The page of a change. @param door undefined on a page that only reads (CHANGE-1) */
export function changePage({ act, shown, isRefused }: Planned, view: View, door: Door | undefined): Html {
  const { words } = view;
  const way = isRefused ? html`<p><a href="/">${words.back}</a></p>` : wayOf(act, words, door);
  return section(
    "change",
    words.changes[act.act],
    shownOf(shown, view, (rows) => html`${facts(rows)} ${way}`),
  );
}

/** The button, or the command. */
const wayOf = (act: Act, words: Words, door: Door | undefined): Html =>
  door === undefined
    ? html`<p>${words.readOnly} <code>${commandOf(act)}</code></p>`
    : html`<form method="post" action="/change">
        <input type="hidden" name="token" value="${door.grant(act)}" /><button>
          ${words.changes[act.act]}
        </button>
        <a href="/">${words.back}</a>
      </form>`;

/** The command line of a change: its words are the fields of the change, in their order. */
const commandOf = ({ act, ...named }: Act): string =>
  ["npm run kiln --", act, ...Object.values(named)].join(" ");

/** Makes a change. Returns the page to go on with. @throws CommandError */
export async function change(act: Act, source: Source): Promise<string> {
  const { path, body } = requestOf(act);
  const { run } = await source.change(path, body);
  return "run" in act ? `/runs/${act.run}` : run === undefined ? "/" : `/runs/${run}`;
}

function requestOf(act: Act): { readonly path: string; readonly body: object } {
  switch (act.act) {
    case "approve":
    case "reject":
      return { path: `/decisions/${act.run}`, body: { decision: act.act } };
    case "keep":
      return { path: `/fleets/${act.fleet}/keep`, body: { instance: act.instance } };
    case "rollback":
      return { path: `/families/${encodeURIComponent(act.family)}/rollback`, body: { to: act.to } };
    default:
      return { path: `/families/${encodeURIComponent(act.family)}/${act.act}`, body: {} };
  }
}
