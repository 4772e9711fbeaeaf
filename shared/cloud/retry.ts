/**
 * Decides how to go on after each error code of the cloud; the codes are in error-codes.ts.
 *
 * The HTTP status decides nothing for a known code: the same code comes with 400, 403, 404 or 429 by action.
 * Everything here is pure.
 */
import { minutes, seconds } from "../duration.ts";
import type { CloudProduct, ErrorKind } from "../errors.ts";
import type { Random } from "../ports.ts";
import { CODES, LAUNCHES, type CodeRow } from "./error-codes.ts";

/** All rows; a product adds its own when its requests are loaded. */
const rows: CodeRow[] = [...CODES];

/** Adds the codes of a product that not every function calls. */
export const addCodes = (codes: readonly CodeRow[]): void => void rows.push(...codes);

export interface Judgement {
  readonly kind: ErrorKind;
  /** The meaning, and what the operator does next. */
  readonly hint: string;
  /** See `isCapacity` in shared/errors.ts. */
  readonly capacity?: true;
  /** The code is in no table. */
  readonly unlisted?: true;
}

/** Codes that are answered to a DryRun whose checks all passed: single forms and batch forms differ. */
const DRY_RUN_PASSED = new Set(["DryRunOperation", "DRYRUN.SUCCESS"]);

/** Whether the "error" is the good answer to a DryRun. */
export const isDryRunSuccess = (code: string): boolean => DRY_RUN_PASSED.has(code);

/** The parts of an offering: a launch that is refused for one of these may work with another offering. */
const OFFERING = /Disk|Category|Zone|VSwitch|Vlan|InstanceType|PerformanceLevel/;
/** These are the same with every offering: throttling, a missing parameter, a disk smaller than the image. */
const EVERYWHERE = /^Throttling|^Missing|LessThanImageSize/;

const isLaunch = (action: string): boolean => (LAUNCHES as readonly string[]).includes(action);

const namesOffering = (code: string): boolean => OFFERING.test(code) && !EVERYWHERE.test(code);

/** Too Many Requests, whatever the code. https://www.rfc-editor.org/rfc/rfc6585#section-4 */
const TOO_MANY = 429;

/**
 * Kind and hint of a refusal. Unknown codes: 4xx but 429 is permanent, everything else may pass. A launch has some 250 codes and
 * any of them may be about its type, zone or disk: only those that the table calls permanent, and that name no part of
 * the offering, end it. All others move on to the next offering and are reported.
 */
export function judge(product: CloudProduct, action: string, code: string, status: number): Judgement {
  const row = rowOf(action, code);
  if (row !== undefined) {
    const { hint, capacity } = row;
    const kind = isLaunch(action) && namesOffering(code) ? "change" : row.kind;
    return { kind, hint: hint.replace("{ram}", ramAction(product, action)), ...(capacity && { capacity }) };
  }
  const is4xx = status >= 400 && status < 500 && status !== TOO_MANY;
  if (!is4xx) return { kind: "wait", hint: "The outcome is unknown; Kiln retries with the same token." };
  if (isLaunch(action)) return { kind: "change", hint: UNLISTED_LAUNCH, unlisted: true };
  return {
    kind: "give-up",
    hint: "Repeating it unchanged will not help; the code is explained in the cloud's error centre.",
    unlisted: true,
  };
}

const UNLISTED_LAUNCH =
  "Another type, zone, vSwitch or disk may avoid it; the code is explained in the cloud's error centre.";

/** As `isCapacity`, of a code that one instance of a batch was answered with. */
export const isCapacityCode = (action: string, code: string): boolean =>
  rowOf(action, code)?.capacity === true;

/**
 * Refusals of offerings, each `name: code`, with the meaning of each code once behind them: all of them may be due to one value in a
 * document. Lack of capacity explains itself, and passes.
 */
export function withHints(refusals: readonly string[]): readonly string[] {
  const codes = refusals.map((one) => /: ([A-Z][A-Za-z.]+)(?= \(|$)/.exec(one)?.[1] ?? "");
  const found = codes.flatMap((code) => rowOf("RunInstances", code) ?? []);
  const hints = found.flatMap(({ hint, capacity }) => (capacity ? [] : [hint]));
  return [...refusals, ...new Set(hints)];
}

/**
 * Milliseconds to wait after `tries` earlier troubles of the same kind in a row (0 for the first), with jitter.
 * Throttling waits out the minute: a throttled action stays refused until the next one (ECS, "API throttling").
 */
export function waitMs(code: string, attempt: number, random: Random): number {
  const floorMs = code.startsWith("Throttling") ? minutes(1) : 0;
  const capMs = Math.min(minutes(5), seconds(5) * 2 ** Math.min(attempt, 10));
  return Math.round(floorMs + capMs / 2 + (capMs / 2) * random.next());
}

/** RAM actions that are not called like the call they allow (RAM references of CloudMonitor and OSS). */
const RAM_ACTIONS: Readonly<Record<string, string>> = {
  "cms:DescribeMetricList": "cms:QueryMetricList",
  "oss:HeadObject": "oss:GetObject",
};

function ramAction(product: CloudProduct, action: string): string {
  const name = `${product}:${action}`;
  return RAM_ACTIONS[name] ?? name;
}

/** The most special row wins: own action before any, exact before prefix, longer prefix before shorter. */
function rowOf(action: string, code: string): CodeRow | undefined {
  const fitting = rows.filter(
    ({ match, actions }) =>
      (match.endsWith("*") ? code.startsWith(match.slice(0, -1)) : match === code) &&
      (actions === undefined || actions.includes(action)),
  );
  return fitting.toSorted((a, b) => rank(b) - rank(a))[0];
}

function rank({ match, actions }: CodeRow): number {
  return (actions === undefined ? 0 : 2000) + (match.endsWith("*") ? match.length : 1000);
}
