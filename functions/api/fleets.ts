/** The fleets of this deployment: their members as the cloud lists them, and their documents. */
import { orWhy } from "../../shared/apart.ts";
import { describeInstances, type Instance } from "../../shared/cloud/ecs/instances.ts";
import { familyImage } from "../../shared/cloud/ecs/images.ts";
import { documentNames, loadFleet, type Loaded } from "../../shared/document-store.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import { countOf, type FleetCount } from "../../shared/drift.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { standingOf } from "../../shared/size/log.ts";
import { isSized, wantedOf, type Wanted } from "../../shared/size/wanted.ts";
import { ownTags, ROLE, TAG } from "../../shared/tags.ts";
import { drift, newestCounts } from "./drift.ts";
import { readStored, type StoredDocument } from "./documents/stored.ts";

/** A fleet with its members counted. */
export interface FleetRow {
  readonly fleet: string;
  readonly family?: string;
  /** The image that a launch would use now. */
  readonly serves?: string;
  readonly running: number;
  readonly stopped: number;
  /** Neither running nor stopped: on their way. */
  readonly changing: number;
  /** Members on another image than the family serves. */
  readonly old: number;
  readonly limits?: Fleet["limits"];
  /** The fewest members it is to have now, and how many it is to have. */
  readonly wanted?: Wanted;
  /** When its members were counted, where that was not just now. */
  readonly countedAt?: string;
  /** Why nothing changes in it. */
  readonly paused?: string;
  /** Why the document cannot be used, or why only its members are known. */
  readonly problem?: string;
}

/** Every fleet that has a document or members, in the order of their names. */
export async function fleets(ports: Ports): Promise<FleetRow[]> {
  const { cloud } = ports;
  const counts = await countsOfAll(ports);
  const documents = await documentNames(cloud, "fleets");
  const names = [...new Set([...documents, ...counts.keys()])].filter((name) => name !== "").toSorted();
  const servedBy = servedOnce(ports);
  return inBatches(names, async (name) => {
    const counting: Counting = counts.get(name) ?? (() => countOf([], ""));
    const read = async () => rowOf(name, await loadFleet(cloud, name), counting, { ports, servedBy });
    const row = await orWhy(`fleet ${name}`, read, ports);
    return row.ok ? row.value : { fleet: name, ...countsIn(counting(undefined)), problem: row.problem };
  });
}

/** A fleet has its members counted, by the image that its family serves. */
type Counting = (serves: string | undefined) => FleetCount & { readonly countedAt?: string };

/**
 * Members that are listed for an answer. Listing more takes longer than a caller waits, so they are as they were at the last
 * full hour (shared/drift.ts).
 */
export const LISTED_LIVE_MAX = 2_000;

/** The newest counts of a deployment that is too large to be listed; undefined otherwise. */
async function countsOfLarge(ports: Ports) {
  const counted = await newestCounts(ports);
  const all = Object.values(counted?.fleets ?? {});
  const total = all.reduce((sum, { running, stopped, others }) => sum + running + stopped + others, 0);
  return total > LISTED_LIVE_MAX ? counted : undefined;
}

async function countsOfAll(ports: Ports): Promise<ReadonlyMap<string, Counting>> {
  const { cloud } = ports;
  const large = await countsOfLarge(ports);
  if (large !== undefined) {
    const countedAt = new Date(large.at).toISOString();
    return new Map(
      Object.entries(large.fleets ?? {}).map(([name, count]) => [name, () => ({ ...count, countedAt })]),
    );
  }
  const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
  const members = await describeInstances(cloud, { tags, many: true });
  const names = [...new Set(members.map(fleetOf))];
  const counting =
    (name: string): Counting =>
    (serves) =>
      countOf(
        members.filter((member) => fleetOf(member) === name),
        serves,
      );
  return new Map(names.map((name) => [name, counting(name)]));
}

const fleetOf = ({ tags }: Instance): string => tags[TAG.fleet] ?? "";

/** Members of one fleet that are listed. */
const LISTED_MAX = 200;

interface ListedMember {
  readonly id: string;
  readonly status: string;
  readonly imageId: string;
  readonly type: string;
  readonly zone: string;
  /** The run that launched it. */
  readonly run?: string;
}

/** A fleet with its members and its document. */
export interface FleetDetails extends FleetRow, Partial<StoredDocument> {
  readonly members: readonly ListedMember[];
  /** The last of them, when there are more; `after` of the next page. */
  readonly next?: string;
}

/** One fleet, with its members behind `after`; undefined without members and document. */
export async function fleet(name: string, ports: Ports, after = ""): Promise<FleetDetails | undefined> {
  const stored = await readStored("fleets", name, ports);
  const { ids, count, page } = await membersBehind(name, after, ports);
  if (stored === undefined && ids.length === 0) return undefined;
  const loaded = await loadFleet(ports.cloud, name);
  const row = await rowOf(name, loaded, count, { ports, servedBy: servedOnce(ports) });
  const members = page.map(({ id, status, imageId, type, zone, tags }) => ({
    id,
    status,
    imageId,
    type,
    zone,
    ...(tags[TAG.run] !== undefined && { run: tags[TAG.run] }),
  }));
  const last = ids.filter((id) => id > after)[LISTED_MAX - 1];
  const hasMore = last !== undefined && last !== ids.at(-1);
  return { ...row, ...stored, members, ...(hasMore && { next: last }) };
}

/** The ids of all members in order, their counts, and the page behind a cursor. */
async function membersBehind(name: string, after: string, ports: Ports) {
  const { cloud } = ports;
  const pageOf = <T extends { readonly id: string }>(all: readonly T[]): readonly T[] =>
    all.filter(({ id }) => id > after).slice(0, LISTED_MAX);
  const byId = <T extends { readonly id: string }>(all: readonly T[]): readonly T[] =>
    all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const large = await countsOfLarge(ports);
  const counted = large?.fleets?.[name];
  const found = counted && (await drift(ports));
  if (large === undefined || counted === undefined || found === undefined) {
    const members = byId(await membersOf(cloud, name));
    const count: Counting = (serves) => countOf(members, serves);
    return { ids: members.map(({ id }) => id), count, page: pageOf(members) };
  }
  const known = byId(found.members.filter(({ fleet: of }) => of === name));
  const ids = pageOf(known).map(({ id }) => id);
  const page = byId(await describeInstances(cloud, { ids }));
  const countedAt = new Date(found.at).toISOString();
  return {
    ids: known.map(({ id }) => id),
    count: (() => ({ ...counted, countedAt })) satisfies Counting,
    page,
  };
}

/** Asks for the image of each family once. */
function servedOnce({ cloud }: Ports): (family: string) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  return (family) => {
    const found = known.get(family) ?? familyImage(cloud, family).then((image) => image?.id);
    known.set(family, found);
    return found;
  };
}

interface Asked {
  readonly ports: Ports;
  readonly servedBy: (family: string) => Promise<string | undefined>;
}

/** The size and the pause that the acts of the fleet amount to. */
async function sizeOf(name: string, document: Fleet | undefined, ports: Ports) {
  const { state, paused } = await standingOf(name, ports);
  const now = ports.clock.now();
  return {
    ...(document && state && isSized(document) && { wanted: wantedOf(document, state.level, now) }),
    ...(paused !== undefined && { paused }),
  };
}

async function rowOf(
  name: string,
  loaded: Loaded<Fleet>,
  counting: Counting,
  { ports, servedBy }: Asked,
): Promise<FleetRow> {
  const document = "document" in loaded ? loaded.document : undefined;
  const serves = document && (await servedBy(document.family));
  return {
    fleet: name,
    ...(document && { family: document.family, limits: document.limits }),
    ...(await sizeOf(name, document, ports)),
    ...(serves !== undefined && { serves }),
    ...countsIn(counting(serves)),
    ...("problem" in loaded && { problem: loaded.problem }),
  };
}

const countsIn = ({ running, stopped, others: changing, old, countedAt }: ReturnType<Counting>) => ({
  running,
  stopped,
  changing,
  old,
  ...(countedAt !== undefined && { countedAt }),
});
