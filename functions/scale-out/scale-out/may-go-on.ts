/** Whether a request may make its next change: read before each of them. */
import { utcMinute } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { pauseOf } from "../../../shared/size/log.ts";
import type { Input } from "./events.ts";

/** Why it makes no change any more: the fleet is paused, or `validFor` of the request is over. @throws CloudError */
export async function hindranceOf(
  { fleet, until = Infinity }: Input,
  { cloud, clock }: Pick<Ports, "cloud" | "clock">,
): Promise<string | undefined> {
  const paused = await pauseOf(fleet, { cloud });
  if (paused !== undefined || clock.now() <= until) return paused;
  return `its validFor is over since ${utcMinute(until)}; ask again if you still need instances`;
}
