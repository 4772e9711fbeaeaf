/** What a sound fleet does not say and its author may want to: advice that refuses nothing. Pure. */
import type { Fleet } from "../shared/documents/fleet.ts";

/** Why a member may run on without work, and what to write; a job that is cancelled before a runner takes it names no machine. */
const UNENDED =
  "the machine of a job that is cancelled before a runner takes it is named by no completed job, so it runs on; write idle or expireAfter beside onJobCompleted";

/** The advice for a fleet. */
export const fleetAdvice = ({ onJobCompleted = "keep", idle, expireAfterMs, launch }: Fleet): string[] =>
  onJobCompleted === "keep" || idle !== undefined || (expireAfterMs ?? launch.AutoReleaseTime) !== undefined
    ? []
    : [UNENDED];
