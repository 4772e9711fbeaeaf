/** Which fleet takes a job of GitHub: its runners must have every label of the job. Pure. */
import type * as z from "zod/mini";
import type { FleetShare } from "./sender.ts";

type Share = z.infer<typeof FleetShare>;

/**
 * Labels that every self-hosted runner has for its system and processor.
 * https://docs.github.com/en/actions/reference/runners/self-hosted-runners#default-labels
 */
const SYSTEMS = ["linux", "windows", "macos"];
const PROCESSORS = ["x64", "arm64", "arm"];

interface LabelSet {
  readonly fleet: string;
  /** The labels of the settings, in lower case: GitHub compares labels without case. */
  readonly own: ReadonlySet<string>;
  /** Those and the default ones of a runner. */
  readonly all: ReadonlySet<string>;
}

/** Fleets with the same labels: all jobs would go to the first. Undefined when each has a set of its own. */
export function sameLabels(settings: Readonly<Record<string, Share>>): string | undefined {
  const seen = new Map<string, string>();
  for (const { fleet, all } of setsOf(settings)) {
    const set = [...all].toSorted().join(",");
    const other = seen.get(set);
    if (other !== undefined)
      return `fleets ${other} and ${fleet} have the same labels (${keysOf(settings, other)} and ${keysOf(settings, fleet)}; GitHub compares them without case, and self-hosted, linux and x64 are there by default); give each a label of its own`;
    seen.set(set, fleet);
  }
  return undefined;
}

const keysOf = (settings: Readonly<Record<string, Share>>, fleet: string): string =>
  Object.keys(settings)
    .filter((key) => settings[key]?.fleet === fleet)
    .map((key) => JSON.stringify(key))
    .join(", ");

/** The choice for a job: the share of a fleet, or the reason why no fleet can take it. */
export type Choice = { readonly share: Share } | { readonly reason: string };

const labelsOf = (key: string): string[] =>
  key
    .toLowerCase()
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");

/** All keys that name a fleet are labels of its runners. Without another one, its runners are Linux on x64. */
function setsOf(settings: Readonly<Record<string, Share>>): LabelSet[] {
  const fleets = [...new Set(Object.values(settings).map(({ fleet }) => fleet))];
  return fleets.map((fleet) => {
    const keys = Object.keys(settings).filter((key) => settings[key]?.fleet === fleet);
    const own = new Set(keys.flatMap(labelsOf));
    const defaultOf = (names: readonly string[]) =>
      names.some((name) => own.has(name)) ? [] : names.slice(0, 1);
    return {
      fleet,
      own,
      all: new Set(["self-hosted", ...defaultOf(SYSTEMS), ...defaultOf(PROCESSORS), ...own]),
    };
  });
}

/**
 * The fleet whose labels cover all of the job's, the smallest set first. A job that only has default labels is for any
 * runner of the organization, so it is none of ours.
 */
export function fleetFor(settings: Readonly<Record<string, Share>>, wanted: readonly string[]): Choice {
  const job = [...new Set(wanted.map((label) => label.toLowerCase()))];
  const sets = setsOf(settings)
    .filter(({ own }) => job.some((label) => own.has(label)))
    .toSorted((a, b) => a.all.size - b.all.size);
  const fit = sets.find(({ all }) => job.every((label) => all.has(label)));
  const share = fit && shareOf(settings, fit.fleet, job);
  return share === undefined ? { reason: reasonOf(sets, job) } : { share };
}

/** The share of the key with the most labels of the job. */
function shareOf(
  settings: Readonly<Record<string, Share>>,
  fleet: string,
  job: readonly string[],
): Share | undefined {
  const matches = (key: string) => labelsOf(key).filter((label) => job.includes(label)).length;
  return Object.entries(settings)
    .filter(([, share]) => share.fleet === fleet)
    .toSorted(([a], [b]) => matches(b) - matches(a))[0]?.[1];
}

function reasonOf(sets: readonly LabelSet[], job: readonly string[]): string {
  const lacks = ({ all }: LabelSet) => job.filter((label) => !all.has(label));
  const [nearest] = sets.toSorted((a, b) => lacks(a).length - lacks(b).length);
  if (nearest === undefined)
    return [`no label of the job names a fleet`, ...(job.length === 0 ? [] : [job.join(", ")])].join(": ");
  return `no fleet has all labels of the job: ${nearest.fleet} lacks ${lacks(nearest).join(", ")}`;
}
