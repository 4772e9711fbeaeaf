/** How many offerings a document names. */
import { OFFERINGS_MAX } from "../budget.ts";
import { finding, type Finding } from "./fields.ts";

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
