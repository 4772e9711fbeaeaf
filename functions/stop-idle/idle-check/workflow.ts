/**
 * The idle check of one fleet: stops its idle members and releases stopped members beyond the limit.
 *
 *   survey → announce → notify → unannounce → (probe → await-probe →) stop for each slice → confirm
 *          → select-surplus → release for each slice → await-release → untag
 *
 * A phase without members is skipped. One check of a fleet runs at a time (LOCK-1).
 */
import { parse } from "../../../shared/invocation.ts";
import { fleetRequest } from "../../../shared/requests/fleet.ts";
import { firstEvent } from "../../../shared/workflow/envelope.ts";
import { afterFleetRun } from "../../../shared/notifications/fleet-runs.ts";
import type { Workflow } from "../../../shared/workflow/workflow.ts";
import { announce, notify, unannounce } from "./announce.ts";
import { confirm } from "./confirm.ts";
import { awaitRelease, release, selectSurplus, untag } from "./finish.ts";
import { awaitProbe, probe } from "./probe.ts";
import { stop } from "./stop.ts";
import { Survey, survey } from "./survey.ts";

export const CheckRequest = fleetRequest("stop-idle");

export const idleCheck: Workflow = {
  kind: "idle",
  phases: [
    survey,
    announce,
    notify,
    unannounce,
    probe,
    awaitProbe,
    stop,
    confirm,
    selectSurplus,
    release,
    awaitRelease,
    untag,
  ],
  onComplete: afterFleetRun,
  begin: (event) => {
    const { fleet, dryRun = false } = parse(CheckRequest, event.input, "idle check");
    return firstEvent(Survey, event, { fleet, dryRun }, {});
  },
};
