/** Keys of every object Kiln writes into its bucket. Policies in `shared/ram/` repeat the first folder of each. */
import { createHash } from "node:crypto";
import { NAME } from "./names.ts";

export const FOLDER = {
  recipes: "recipes/",
  fleets: "fleets/",
  disks: "disks/",
  components: "components/",
  runs: "runs/",
  open: "open/",
  locks: "locks/",
  reservations: "reservations/",
  capacity: "stock/",
  documentIndex: "index/",
  runIndex: "index/runs/",
  /** Which recipes use an object or a family: shared/recipe-marks.ts. */
  uses: "index/uses/",
  /** When recipes are baked: shared/recipe-marks.ts. */
  schedules: "index/schedules/",
  deliveries: "deliveries/",
  /** Facts that are needed as long as an image, a recipe or a family exists: no object here expires. */
  state: "state/",
} as const;

const DAY_OF = /-(\d{4})(\d{2})(\d{2})-[0-9a-f]+$/;

/** The day in a run's id, as the instant it began; undefined for a text that is no such id. */
export function dayOf(run: string): number | undefined {
  const [, year, month, day] = DAY_OF.exec(run) ?? [];
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}

/** Everything of one run but its log. @throws RangeError for a text that is no run id. */
function runFolder(run: string): string {
  const day = dayOf(run);
  if (day === undefined) throw new RangeError(`not a run id: ${run}`);
  return `${FOLDER.runs}${new Date(day).toISOString().slice(0, 10)}/${run}`;
}

/** The log of a run. @throws RangeError for a text that is no run id. */
export const runKey = (run: string): string => `${runFolder(run)}.jsonl`;

/**
 * The log of the uses of a key that a caller chose, and those that replace it when it is damaged, from 1 on. It lies beside
 * runs, because it is needed no longer than they are.
 */
export const keyLog = (identity: readonly unknown[], replaced = 0): string =>
  `${FOLDER.runs}keys/${digest(JSON.stringify(identity))}${replaced === 0 ? "" : `~${replaced}`}.jsonl`;

/** A part of a run that is too long for its log: a command's output, a list of verdicts. */
export const outputKey = (run: string, name: string): string => `${runFolder(run)}/${name}`;

/** Where the next look for objects without a reader begins (functions/janitor/documents/unread.ts). */
export const UNREAD_CURSOR = `${FOLDER.documentIndex}unread`;

/** The log of the holds of a family. */
export const holdKey = (family: string): string => `${FOLDER.state}families/${family}.jsonl`;

/** The folder of the logs of failures. */
export const PAUSES = `${FOLDER.state}recipes/`;

/** The folder of what the stops of each fleet saved. */
export const SAVINGS = `${FOLDER.state}savings/`;

/** What the stops of a fleet saved, by month. */
export const savingsKey = (fleet: string): string => `${SAVINGS}${fleet}.json`;

/** The log of the failures of a recipe. */
export const pauseKey = (recipe: string): string => `${PAUSES}${recipe}.jsonl`;

/** The packages of an image. */
export const packagesKey = (imageId: string): string => `${FOLDER.state}packages/${imageId}.txt`;

/** The parameters of the image that a bake makes. */
export const bakedKey = (run: string, parameters: string): string =>
  `${FOLDER.state}bakes/${run}-${parameters}.json`;

/** The folder of what the promotions of a recipe have left in other regions and accounts. */
export const deliveredFolder = (recipe: string): string => `${FOLDER.state}delivered/${recipe}/`;

/** A part of a key that names an object by its content, so that writing it again changes nothing. */
export const digest = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex").slice(0, 12);

/** The object that is there while a run is at work. */
export const openKey = (run: string): string => `${FOLDER.open}${run}`;

/** The log of a lock. */
export const lockKey = (subject: string): string => `${FOLDER.locks}${subject}.jsonl`;

/** The log of the changes of a document through the API, and those that replace it when it is damaged, from 1 on. */
export const documentLockKey = (folder: StoredFolder, name: string, replaced = 0): string =>
  `${FOLDER.locks}documents/${folder}-${name}${replaced === 0 ? "" : `~${replaced}`}.jsonl`;

/** The log of a fleet's reservations. */
export const reservationsKey = (fleet: string): string => `${FOLDER.reservations}${fleet}.jsonl`;

/** The log of the acts that decide how many members a fleet is to have. */
export const sizeKey = (fleet: string): string => `${SIZES}${fleet}.jsonl`;
export const SIZES = `${FOLDER.reservations}size/`;
/** The fleet of such a key. */
export const fleetOfSize = (key: string): string => key.slice(SIZES.length, -".jsonl".length);

/** Which members run which image, in one hour of a week. */
export const driftKey = (hour: number): string => `${FOLDER.reservations}drift/${hour}.json`;

/** The log of the alerts that runs of a fleet took. */
export const alarmsKey = (fleet: string): string => `${FOLDER.reservations}alarms/${fleet}.jsonl`;
/** The one of the version before. */
export const alertsKeyBefore = (fleet: string): string => `${FOLDER.reservations}alerts/${fleet}.jsonl`;

/** Far enough in the future that its distance to any instant has 13 digits. */
export const FAR = 9_999_999_999_999;

/** The counts of one instance of the webhook in an hour, the newest hour first. */
export const deliveriesKey = (hourAt: number, id: string): string =>
  `${FOLDER.deliveries}${FAR - hourAt}-${id}.json`;

/** Says that a runner of a CI system began a job, epoch ms: the keys of a folder are in the order of time. `job`: `begunJob`. */
export const begunKey = (folder: string, at: number, job: string): string => `${folder}${at}-${job}`;
/** A job by what identifies it. */
export const begunJob = (identity: readonly unknown[]): string => digest(JSON.stringify(identity));
/** Runners of several senders may have the same name, so each fleet that the runner may be of has its own folder. */
export const begunFolder = (fleet: string, runner: string): string =>
  `${FOLDER.deliveries}begun/${digest(JSON.stringify([fleet, runner]))}/`;

export type DocumentFolder = "recipes" | "fleets";
/** With components, whose names are `<name>/<version>`. */
export type StoredFolder = DocumentFolder | "components";

/** The index entry of a document. */
export const documentIndexKey = (folder: DocumentFolder, name: string): string =>
  `${FOLDER.documentIndex}${folder}/${name}.json`;

/** The content that an object had when it was seen last, of one that no function reads. */
export const unreadKey = (key: string): string => `${FOLDER.documentIndex}unread/${digest(key)}.json`;

/** The name in an object key such as `recipes/web.yaml`; undefined for any other key. */
export function documentNameIn(key: string, folder: DocumentFolder): string | undefined {
  return new RegExp(`^${folder}/(${NAME})\\.(?:yaml|yml|json)$`).exec(key)?.[1];
}

/** The ending of a disk that can be imported. Whatever else lies beside one, such as its checksum, is none. */
const DISK = String.raw`\.(?:[rR][aA][wW]|[iI][mM][gG]|[vV][hH][dD]|[qQ][cC][oO][wW]2)`;

/** The recipe whose bake the upload of a disk file starts: `disks/<recipe>/<file>.qcow2`, or another ending of a disk. */
export const recipeOfDisk = (key: string): string | undefined =>
  new RegExp(`^${FOLDER.disks}(${NAME})/[^/]*${DISK}$`).exec(key)?.[1];
