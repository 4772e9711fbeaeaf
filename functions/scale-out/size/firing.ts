/**
 * The runs that a firing begins.
 *
 * FIRING-1. One listing of all members serves every fleet, and a fleet without a change begins no run.
 * FIRING-2. No fleet, and no duty of a fleet, keeps another from its turn.
 */
import { apart } from "../../../shared/apart.ts";
import { describeInstances, type Instance } from "../../../shared/cloud/ecs/instances.ts";
import { documentNames, loadFleet, logUnusable } from "../../../shared/document-store.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { hours } from "../../../shared/duration.ts";
import { EventError } from "../../../shared/errors.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { Name } from "../../../shared/names.ts";
import { readSize } from "../../../shared/size/log.ts";
import { isSized } from "../../../shared/size/wanted.ts";
import { ownTags, ROLE, TAG } from "../../../shared/tags.ts";
import type { Trigger } from "../../../shared/triggers.ts";
import { readRunLog } from "../../../shared/workflow/run-log.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { RunRequest } from "../../../shared/workflow/workflow.ts";
import { dueLook, FIRING_MS } from "../health/workflow.ts";
import { promoted } from "../refresh/promoted.ts";
import { decide } from "./decide.ts";
import { writeDrift } from "./drift.ts";
import { removalNotice } from "./notice.ts";
import { noteRemoval } from "./removal.ts";
import { situationOf } from "./situation.ts";

/** Documents that can be read, by name. */
async function soundDocuments(names: readonly string[], ports: Ports): Promise<Map<string, Fleet>> {
  const read = async (name: string): Promise<[string, Fleet][]> => {
    const loaded = await loadFleet(ports.cloud, name);
    if ("document" in loaded) return [[name, loaded.document]];
    logUnusable(loaded.problem, ports);
    return [];
  };
  return new Map((await apart(names, read, ports)).flat());
}

type Look = () => Promise<RunRequest | readonly RunRequest[] | undefined | void>;

/** The runs that a firing begins, for one fleet or `"*"`. @throws CloudError when nothing could be looked at */
export async function reconciles(
  trigger: Trigger,
  fleet: string,
  ports: Ports,
): Promise<readonly RunRequest[]> {
  const { cloud } = ports;
  // The first firing of an hour looks for fleets without a document, and writes what is there.
  const isHourly = fleet === "*" && trigger.at % hours(1) < FIRING_MS;
  const names = fleet === "*" ? await documentNames(cloud, "fleets") : [fleet];
  const documents = await soundDocuments(names, ports);
  const looks = new Map<string, Look>();
  for (const [name, document] of documents)
    if (document.onRemoval !== undefined || isHourly)
      looks.set(`${name}: onRemoval`, () => noteRemoval(document, trigger, ports));
  const sized = [...documents.values()].filter(isSized);
  if (sized.length > 0 || isHourly) {
    const tags = ownTags(cloud, { [TAG.role]: ROLE.member });
    const members = await describeInstances(cloud, { tags, many: true });
    if (isHourly) {
      looks.set("drift", () => writeDrift(members, documents, ports));
      looks.set("fleets without a document", () => removedFleets(members, names, ports));
    }
    for (const document of sized) {
      const { name } = document;
      const own = members.filter((member) => member.tags[TAG.fleet] === name);
      if (document.refresh?.onPromotion === "refresh")
        looks.set(`${name}: refresh`, () => promoted(document, own, ports));
      looks.set(`${name}: size`, () => comparison({ document, members: own }, trigger, ports));
    }
  }
  const runs = await apart([...looks.keys()], async (one) => (await looks.get(one)?.()) ?? [], ports);
  return [...runs.flat(), ...sized.flatMap((document) => dueLook(document, trigger) ?? [])];
}

/** The run that compares the size of a fleet, when that is to change something. */
async function comparison(
  known: Parameters<typeof hasChange>[0],
  { at, identity, by }: Trigger,
  ports: Ports,
): Promise<RunRequest | undefined> {
  const { name } = known.document;
  return (await hasChange(known, ports)) ? requestOf(runId("size", name, at, identity), name, by) : undefined;
}

const requestOf = (run: string, fleet: string, by: string): RunRequest => ({
  run,
  by,
  request: { v: 1, request: "reconcile", fleet },
});

/** A run that fails for each fleet that has members and no document; the same newest member is the same run. */
async function removedFleets(
  members: readonly Instance[],
  names: readonly string[],
  { cloud }: Ports,
): Promise<RunRequest[]> {
  const newest = new Map<string, Instance>();
  for (const member of members) {
    const fleet = Name.safeParse(member.tags[TAG.fleet]).data;
    if (fleet === undefined || names.includes(fleet)) continue;
    const known = newest.get(fleet);
    if (known === undefined || known.createdAt < member.createdAt) newest.set(fleet, member);
  }
  const runs: RunRequest[] = [];
  for (const [fleet, member] of newest) {
    const run = removalNotice(fleet, member, cloud);
    if ((await readRunLog(cloud, run)).end === 0) runs.push(requestOf(run, fleet, "timer:reconcile"));
  }
  return runs;
}

/** Whether a fleet is to change. One that can be seen to be as it is to be costs one call. */
async function hasChange(
  { document, members }: { readonly document: Fleet; readonly members: readonly Instance[] },
  ports: Ports,
): Promise<boolean> {
  try {
    const state = await readSize(document.name, ports);
    const quick = {
      document,
      state,
      members,
      reservations: { v: 2 as const, grants: [] },
      last: "none" as const,
    };
    if (decide({ ...quick, now: ports.clock.now() }).state === undefined) return false;
    return decide(await situationOf({ document, state, members }, ports)).state !== undefined;
  } catch (error) {
    // SIZE-LOG-2; the API shows why.
    if (error instanceof EventError) return false;
    throw error;
  }
}
