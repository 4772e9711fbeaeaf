/** How many offerings a document names. */
import { OFFERINGS_MAX, TYPES_SELECTED } from "../budget.ts";
import { closed, finding, range, whole, type Finding } from "./fields.ts";

/** A size in place of names of types: the cheapest types of it are tried. */
export const Size = closed({ vcpu: whole(1, 1024), memoryGiB: range(0.5, 65_536) });

/** As many types as a size may lead to, for `offeringFindings`. */
export const SELECTED: readonly string[] = Array.from({ length: TYPES_SELECTED }, String);

/** Refuses more combinations than a run can try; each has its turn until one works. */
export function offeringFindings(
  types: readonly string[] = [],
  vSwitches: readonly string[] = [],
  payments: number,
  at: Finding["at"],
): readonly Finding[] {
  const count = Math.max(1, types.length) * Math.max(1, vSwitches.length) * payments;
  const message = `must be at most ${OFFERINGS_MAX} combinations of type, vSwitch and payment, has ${count}; name fewer types or vSwitches`;
  return finding(count > OFFERINGS_MAX, at, message);
}
