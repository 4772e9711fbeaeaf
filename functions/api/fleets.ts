/** The fleets of this deployment: their members as the cloud lists them, and their documents. */
import { describeInstances, type Instance } from "../../shared/cloud/ecs/instances.ts";
import { familyImage } from "../../shared/cloud/ecs/images.ts";
import { documentNames, fleetIn, loadFleet, type Loaded } from "../../shared/document-store.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import { inBatches } from "../../shared/in-batches.ts";
import type { Ports } from "../../shared/invocation.ts";
import { membersOf } from "../../shared/limits/members.ts";
import { standingOf } from "../../shared/size/log.ts";
import { isSized, wantedOf, type Wanted } from "../../shared/size/wanted.ts";
import { ownTags, ROLE, TAG } from "../../shared/tags.ts";
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
  /** Why nothing changes in it. */
  readonly paused?: string;
  /** Why the document cannot be used. */
  readonly problem?: string;
}

/** Every fleet that has a document or members, in the order of their names. */
export async function fleets(ports: Ports): Promise<FleetRow[]> {
  const { cloud } = ports;
  const members = await describeInstances(cloud, {
    tags: ownTags(cloud, { [TAG.role]: ROLE.member }),
    many: true,
  });
  const fleetOf = ({ tags }: Instance): string => tags[TAG.fleet] ?? "";
  const documents = await documentNames(cloud, "fleets");
  const names = [...new Set([...documents, ...members.map(fleetOf)])]
    .filter((name) => name !== "")
    .toSorted();
  const servedBy = servedOnce(ports);
  return inBatches(names, async (name) => {
    const own = members.filter((member) => fleetOf(member) === name);
    return rowOf(name, await loadFleet(cloud, name), own, { ports, servedBy });
  });
}

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
  const members = await membersOf(ports.cloud, name);
  if (stored === undefined && members.length === 0) return undefined;
  const loaded =
    stored?.text === undefined
      ? { problem: stored?.problem ?? `there is no fleets/${name}.yaml any more` }
      : await fleetIn(ports.cloud, name, stored.text);
  const row = await rowOf(name, loaded, members, { ports, servedBy: servedOnce(ports) });
  const behind = members.filter(({ id }) => id > after).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const listed = behind.slice(0, LISTED_MAX).map(({ id, status, imageId, type, zone, tags }) => ({
    id,
    status,
    imageId,
    type,
    zone,
    ...(tags[TAG.run] !== undefined && { run: tags[TAG.run] }),
  }));
  const next = behind.length > LISTED_MAX ? listed.at(-1)?.id : undefined;
  return { ...row, ...stored, members: listed, ...(next !== undefined && { next }) };
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
  members: readonly Instance[],
  { ports, servedBy }: Asked,
): Promise<FleetRow> {
  const document = "document" in loaded ? loaded.document : undefined;
  const serves = document && (await servedBy(document.family));
  const count = (status: string): number => members.filter((member) => member.status === status).length;
  const [running, stopped] = [count("Running"), count("Stopped")];
  return {
    fleet: name,
    ...(document && { family: document.family, limits: document.limits }),
    ...(await sizeOf(name, document, ports)),
    ...(serves !== undefined && { serves }),
    running,
    stopped,
    changing: members.length - running - stopped,
    old: members.filter(({ imageId }) => serves !== undefined && imageId !== serves).length,
    ...("problem" in loaded && { problem: loaded.problem }),
  };
}
