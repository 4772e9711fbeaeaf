/** Keys of every object Kiln writes into its bucket. Policies in `shared/ram/` repeat the first folder of each. */
import { NAME } from "./names.ts";

export const FOLDER = {
  recipes: "recipes/",
  fleets: "fleets/",
  disks: "disks/",
  runs: "runs/",
  locks: "claims/",
  reservations: "ledger/",
  approvals: "approvals/",
  capacity: "stock/",
  failures: "failures/",
} as const;

const DAY_OF = /-(\d{4})(\d{2})(\d{2})-[0-9a-f]+$/;

/** The day in a run's id, as the instant it began; undefined for a text that is no such id. */
export function dayOf(run: string): number | undefined {
  const [, year, month, day] = DAY_OF.exec(run) ?? [];
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}

/** Records of the day of instant `at`: one folder a day, so that a search lists days and not years. */
export const recordFolder = (at: number): string =>
  `${FOLDER.runs}${new Date(at).toISOString().slice(0, 10)}/`;

/** The record of a run. @throws RangeError for a text that is no run id. */
export function recordKey(run: string): string {
  const day = dayOf(run);
  if (day === undefined) throw new RangeError(`not a run id: ${run}`);
  return `${recordFolder(day)}${run}.json`;
}

/** A part of a run that is too long for its record: a command's output, a list of verdicts. */
export const outputKey = (run: string, name: string): string =>
  recordKey(run).replace(/\.json$/, `/${name}.txt`);

/** The verdicts of an idle check on every member of its fleet. */
export const verdictsKey = (run: string): string => recordKey(run).replace(/\.json$/, "/verdicts.json");

/** The answer to the approval that a promotion asks for. */
export const approvalKey = (run: string): string => `${FOLDER.approvals}${run}.json`;

/** The numbered log of a lock. */
export const lockFolder = (subject: string): string => `${FOLDER.locks}${subject}/`;

/** The numbered log of a fleet's reservations. */
export const reservationsFolder = (fleet: string): string => `${FOLDER.reservations}${fleet}/`;

/** An event that no run can be found for. */
export const failureKey = (name: string): string => `${FOLDER.failures}${name}.json`;

export type DocumentFolder = "recipes" | "fleets";

/** The name in an object key such as `recipes/web.yaml`; undefined for any other key. */
export function documentNameIn(key: string, folder: DocumentFolder): string | undefined {
  return new RegExp(`^${folder}/(${NAME})\\.(?:yaml|yml|json)$`).exec(key)?.[1];
}

/** The recipe a disk file in the bucket belongs to: `disks/<recipe>/<file>`. */
export const recipeOfDisk = (key: string): string | undefined =>
  new RegExp(`^${FOLDER.disks}(${NAME})/[^/]+$`).exec(key)?.[1];
