/** Members that stay whoever asks. Pure. */
import type { Instance } from "./cloud/ecs/instance.ts";
import type { Fleet } from "./documents/fleet.ts";
import { optedOutUntil } from "./instance-tags.ts";
import { TAG } from "./tags.ts";

/** Why an instance cannot be released, whether it is stopped or not; undefined when it can. The sentence lacks its subject. */
export function unreleasable({
  chargeType,
  deletionProtection,
}: Instance): readonly [why: "saves nothing" | "protected", sentence: string] | undefined {
  if (chargeType !== "PostPaid")
    return ["saves nothing", "is a subscription, which cannot be released before its end"];
  return deletionProtection ? ["protected", "is protected from release"] : undefined;
}

/** Why a member stays whoever asks; undefined when it may be ended. */
export function whyKept(
  member: Instance,
  { idle }: Fleet,
  action: "stop" | "release",
  now: number,
): string | undefined {
  const { status, locks, deletionProtection } = member;
  if (status !== "Running") return `it is ${status}`;
  if (deletionProtection) return "it is protected from release";
  const [, unfit] = (action === "release" && unreleasable(member)) || [];
  if (unfit !== undefined) return `it ${unfit}`;
  if (locks.length > 0) return `it is locked (${locks.join(", ")})`;
  const tag = idle?.optOutTag ?? TAG.keep;
  return optedOutUntil(member, tag, now) === undefined ? undefined : `its tag ${tag} asks for it`;
}
