/** Which members a run makes leave, and why the others stay. It changes nothing, so a dry run says the same. */
import type { Instance } from "../../../shared/cloud/ecs/instances.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { whyKept } from "../../../shared/kept.ts";
import { membersOf } from "../../../shared/limits/members.ts";
import { readReservations } from "../../../shared/limits/reservations.ts";
import { isComing } from "../../../shared/limits/stored-reservation.ts";
import { readSize, type SizeState } from "../../../shared/size/log.ts";
import { presentOf } from "../../../shared/size/present.ts";
import { servedImage } from "../../../shared/size/served.ts";
import { isSized, levelOf, wantedOf } from "../../../shared/size/wanted.ts";
import { TAG } from "../../../shared/tags.ts";
import { quietOnes } from "../idle-check/metrics.ts";
import type { Select } from "./events.ts";
import { actionOf, type Leaver, leavers, policyNow } from "./select.ts";

/** The members that leave, and a line for each that stays. */
interface Chosen {
  readonly leavers: Leaver[];
  readonly kept: string[];
}

/** Who asks for what, and since when. */
type Given = Pick<Select, "input" | "by" | "startedAt">;

/** The members that leave, or a sentence on why that cannot be said. */
export async function choose(given: Given, document: Fleet, ports: Ports): Promise<Chosen | string> {
  const { input } = given;
  const { cloud, clock } = ports;
  const { idle } = document;
  const reservations = await readReservations(cloud, document.name);
  const members = await membersOf(cloud, document.name);
  const now = clock.now();
  const current = (await servedImage(document, { cloud, isTrying: true })).image?.id;
  const settled = members.filter(
    (one) => !isComing(reservations, { id: one.id, run: one.tags[TAG.run] }, now),
  );
  const most = await mostOf(given, document, presentOf(members, reservations, now), ports);
  if (input.instances !== undefined) {
    const working = await workingOf(input, settled, document, ports);
    return named(input, { settled, document, current, now, most, working });
  }
  if (idle === undefined)
    return `fleet ${document.name} has no idle:, so it is not known which members are busy; name instances, or add idle`;
  const all = await leavers(settled, { fleet: document, policy: idle, current, now }, cloud);
  const count = Math.min(input.count, most);
  const few =
    all.length < count ? [`${count - all.length} more are busy, young, protected or opted out`] : [];
  return { leavers: all.slice(0, count), kept: few };
}

/** As `mostOf`, of the members there are now without those of `ended`. @throws CloudError */
export async function mostNow(
  given: Given,
  document: Fleet,
  ended: readonly string[],
  ports: Ports,
): Promise<number> {
  const { cloud, clock } = ports;
  const reservations = await readReservations(cloud, document.name);
  const members = (await membersOf(cloud, document.name)).filter(({ id }) => !ended.includes(id));
  return mostOf(given, document, presentOf(members, reservations, clock.now()), ports);
}

/** Whether a number was set after a scale-in by number was asked for: the later act wins. */
export const isOvertaken = ({ input, startedAt }: Given, level: SizeState["level"]): boolean =>
  input.instances === undefined && level !== undefined && level.at > startedAt && level.lowered !== true;

/** How many of `present` may leave so that the fleet has what it is to have. */
async function mostOf(given: Given, document: Fleet, present: number, ports: Ports): Promise<number> {
  const { input, by } = given;
  const { instances, least } = input;
  if (least !== undefined) return Math.max(0, present - least);
  if (!isSized(document)) return present;
  const { level } = await readSize(document.name, ports);
  const now = ports.clock.now();
  const wanted = wantedOf(document, level, now);
  if (instances !== undefined) return Math.max(0, present - wanted.min);
  // It is lowered once they have ended.
  const lowered = { desired: wanted.desired - input.count, at: now, by, lowered: true as const };
  const { desired } =
    input.lowers === true && !isOvertaken(given, level) ? levelOf(document, wanted, lowered) : wanted;
  return Math.max(0, present - desired);
}

interface Named {
  readonly settled: readonly Instance[];
  readonly document: Fleet;
  readonly current: string | undefined;
  readonly now: number;
  readonly most: number;
  readonly working: ReadonlySet<string>;
}

/** Those of the named members that are busy, or may be (SHRINK-4). @throws CloudError without metrics */
export async function workingOf(
  { instances = [], busyStay }: Select["input"],
  members: readonly Instance[],
  { idle }: Fleet,
  { cloud, clock }: Ports,
): Promise<Set<string>> {
  if (busyStay !== true) return new Set();
  const open = members.filter(({ id }) => instances.includes(id));
  const quiet = idle === undefined ? [] : await quietOnes(cloud, open, policyNow(idle), clock.now());
  const known = new Set(quiet.map(({ instance }) => instance.id));
  return new Set(instances.filter((id) => !known.has(id)));
}

/** Why one stays that is needed. */
export const ENOUGH = "the fleet is to have at least as many as it has then";

const causeOf = ({ least, why }: Pick<Select["input"], "least" | "why">): string =>
  least === undefined ? "it was named" : (why ?? "its image is replaced");

function named({ instances = [], least, why: cause }: Select["input"], given: Named): Chosen {
  const reason = causeOf({ least, why: cause });
  const { settled, document, current, now, most, working } = given;
  const kept: string[] = [];
  const chosen: Leaver[] = [];
  for (const id of instances) {
    const member = settled.find((one) => one.id === id);
    const action = member && (least === undefined ? actionOf(member, document, current) : "release");
    const why =
      member === undefined || action === undefined
        ? `it is no member of fleet ${document.name}, or on its way`
        : whyKept(member, document, action, now);
    if (why !== undefined || action === undefined) kept.push(`${id}: ${why}`);
    else if (working.has(id)) kept.push(`${id}: it works, or its last minutes are not known`);
    else if (chosen.length >= most) kept.push(`${id}: ${ENOUGH}`);
    else chosen.push({ id, action, why: reason });
  }
  return { leavers: chosen, kept };
}
