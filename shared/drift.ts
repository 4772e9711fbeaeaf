/** Which member runs which image since when, and why it is not the one that its family serves: one object an hour, for a week. */
import * as z from "zod/mini";
import type { Instance } from "./cloud/ecs/instance.ts";
import type { Fleet } from "./documents/fleet.ts";
import { hours } from "./duration.ts";
import { isDown, optedOutUntil } from "./instance-tags.ts";
import { readJson } from "./json.ts";
import { driftKey } from "./keys.ts";
import type { SizeState } from "./size/log.ts";
import { TAG } from "./tags.ts";

const HOURS_KEPT = 168;

/** The object of the hour of `at`, epoch ms. */
export const driftKeyAt = (at: number): string => driftKey(Math.floor(at / hours(1)) % HOURS_KEPT);

/** How many members of a fleet were running and stopped; others were on their way. `old`: on another image than is served. */
const Count = z.object({ running: z.int(), stopped: z.int(), others: z.int(), old: z.int() });
export type FleetCount = z.infer<typeof Count>;

/** `fleets` is written before `members`, so that it can be read without them. */
export const Drift = z.object({
  /** Epoch ms. */
  at: z.int(),
  fleets: z.optional(z.record(z.string(), Count)),
  members: z.array(
    z.object({
      id: z.string(),
      fleet: z.string(),
      family: z.optional(z.string()),
      image: z.string(),
      /** When it was launched from the image, epoch ms. */
      since: z.int(),
      status: z.string(),
      /** The image that its family serves, where it has another one, and why it has. */
      serves: z.optional(z.string()),
      reason: z.optional(z.string()),
    }),
  ),
});
export type Drift = z.infer<typeof Drift>;

/** The members of a fleet by what they do. */
export function countOf(
  members: readonly Pick<Instance, "status" | "imageId">[],
  serves: string | undefined,
): FleetCount {
  const count = (status: string): number => members.filter((one) => one.status === status).length;
  const [running, stopped] = [count("Running"), count("Stopped")];
  const old = members.filter(({ imageId }) => serves !== undefined && imageId !== serves).length;
  return { running, stopped, others: members.length - running - stopped, old };
}

/** The counts in the beginning of a drift; undefined for one of a version that counted nothing. */
export function countsIn(text: string): Pick<Drift, "at" | "fleets"> | undefined {
  const [, head] = /^(\{"at":\d+,"fleets":\{.*?\}),"members":/.exec(text) ?? [];
  const parsed = z.pick(Drift, { at: true, fleets: true }).safeParse(readJson(`${head}}`));
  return parsed.success ? parsed.data : undefined;
}

interface Known {
  readonly document?: Fleet | undefined;
  readonly serves?: string | undefined;
  readonly state?: SizeState;
}

/** The row of a member; `known` is its fleet. */
export function rowOf(member: Instance, fleet: string, known: Known, now: number): Drift["members"][number] {
  const { id, imageId: image, createdAt: since, status } = member;
  const { document, serves } = known;
  const family = document?.family;
  const isOther = serves !== undefined && image !== serves;
  return {
    id,
    fleet,
    ...(family !== undefined && { family }),
    image,
    since,
    status,
    ...(isOther && { serves, reason: reasonOf(member, known, now) }),
  };
}

function reasonOf(member: Instance, { document, serves, state = {} }: Known, now: number): string {
  const own = reasonOfMember(member, document, now);
  return state.held !== undefined && state.held.bad === serves
    ? `${serves} was rolled back: ${state.held.why}`
    : (own ?? reasonOfFleet(member, document, state));
}

function reasonOfMember(member: Instance, document: Fleet | undefined, now: number): string | undefined {
  const optOut = document?.idle?.optOutTag ?? TAG.keep;
  if (member.chargeType === "PrePaid") return "a subscription is not replaced";
  if (member.deletionProtection) return "it is protected from release";
  if (optedOutUntil(member, optOut, now) !== undefined) return `its tag ${optOut} asks for it`;
  return isDown(member) ? "it is stopped; another one is launched instead of it" : undefined;
}

function reasonOfFleet(member: Instance, document: Fleet | undefined, { child, paused }: SizeState): string {
  if (paused !== undefined) return `the fleet is paused by ${paused.by}`;
  if (child?.kind === "refresh" && child.at > member.createdAt) return `${child.run} left it, or is at work`;
  return document?.refresh?.onPromotion === "refresh"
    ? "the next refresh replaces it"
    : "refresh.onPromotion is leave: it stays until a refresh is asked for";
}
