/** A dry run of a scale-in: the members that would leave now, and why. Changes nothing. */
import { loadFleet } from "../../../shared/document-store.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { idleLock, pauseOf } from "../../../shared/size/log.ts";
import { holderOf } from "../../../shared/workflow/lock.ts";
import { done, failed, type Outcome } from "../../../shared/workflow/workflow.ts";
import { listed } from "../tally.ts";
import { choose } from "./choose.ts";
import type { DryRun } from "./events.ts";
import { asksProbe } from "./probe.ts";

/** The result, or the reason that a scale-in would fail with. @throws CloudError */
export async function dryRun(given: DryRun, ports: Ports): Promise<Outcome> {
  const { input } = given;
  const { fleet } = input;
  const loaded = await loadFleet(ports.cloud, fleet);
  if ("problem" in loaded) return failed(loaded.problem);
  const { document } = loaded;
  const paused = await pauseOf(fleet, ports);
  if (paused !== undefined) return failed(paused);
  const chosen = await choose(given, document, ports);
  if (typeof chosen === "string") return failed(chosen);
  const { leavers, kept } = chosen;
  const waitsFor = await holderOf(idleLock(fleet), ports);
  const wouldEnd = leavers.map(
    ({ id, action, why }) => `${id} would be ${action === "stop" ? "stopped" : "released"}: ${why}`,
  );
  return done({
    fleet,
    dryRun: true,
    ...(waitsFor !== undefined && { waitsFor }),
    asked: input.count,
    wouldEnd: listed(wouldEnd),
    ...(kept.length > 0 && { kept: listed(kept) }),
    ...(leavers.length > 0 &&
      asksProbe(input, document) && {
        note: "the probe is asked in each, and one that it finds at work stays",
      }),
  });
}
