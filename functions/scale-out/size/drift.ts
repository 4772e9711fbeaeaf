/** Writes the drift of all fleets, once an hour. */
import { apart } from "../../../shared/apart.ts";
import type { Instance } from "../../../shared/cloud/ecs/instance.ts";
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { putObject } from "../../../shared/cloud/oss/objects.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { countOf, driftKeyAt, rowOf, type Drift } from "../../../shared/drift.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { standingOf } from "../../../shared/size/log.ts";
import { TAG } from "../../../shared/tags.ts";

/** @param members of all fleets; `documents`: those that can be read, by name */
export async function writeDrift(
  members: readonly Instance[],
  documents: ReadonlyMap<string, Fleet>,
  ports: Ports,
): Promise<void> {
  const { cloud, clock } = ports;
  const at = clock.now();
  const fleetOf = ({ tags }: Instance): string => tags[TAG.fleet] ?? "";
  const look = async (fleet: string) => {
    const document = documents.get(fleet);
    const serves = document && (await familyImage(cloud, document.family))?.id;
    const { state = {} } = await standingOf(fleet, ports);
    const own = members.filter((one) => fleetOf(one) === fleet);
    const rows = own.map((member) => rowOf(member, fleet, { document, serves, state }, at));
    return { fleet, count: countOf(own, serves), rows };
  };
  const looks = await apart([...new Set(members.map(fleetOf))].toSorted(), look, ports);
  const fleets = Object.fromEntries(looks.map(({ fleet, count }) => [fleet, count]));
  const text = JSON.stringify({ at, fleets, members: looks.flatMap(({ rows }) => rows) } satisfies Drift);
  await putObject(cloud, driftKeyAt(at), text, { contentType: "application/json" });
}
