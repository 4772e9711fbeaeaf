/** The rules for AutoReleaseTime. Source: RunInstances, ModifyInstanceAutoReleaseTime. */
import { CloudFault } from "../core/kernel.ts";
import { fromSecond } from "./instant.ts";

const SOONEST_MS = 30 * 60_000;
const LATEST_MS = 3 * 365 * 86_400_000;

/** The instant, floored to its minute. @throws CloudFault 400 InvalidAutoReleaseTime.Malformed. */
export function checkAutoRelease(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = fromSecond(text);
  if (at === undefined || at - now < SOONEST_MS || at - now > LATEST_MS) {
    throw new CloudFault(
      400,
      "InvalidAutoReleaseTime.Malformed",
      "The specified parameter AutoReleaseTime is not valid.",
    );
  }
  return Math.floor(at / 60_000) * 60_000;
}
