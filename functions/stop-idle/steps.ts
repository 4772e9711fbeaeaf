/** The three roads of this function as one machine: stop what is idle, start what is wanted, keep what is asked for. */
import { hours, minutes } from "../../shared/duration.ts";
import type { IdleEvent } from "../../shared/events/stop-idle.ts";
import type { Ports } from "../../shared/handler.ts";
import type { Machine } from "../../shared/machine.ts";
import { tellStep, unwarnStep, warnStep } from "./announce-steps.ts";
import { confirmStep, unmarkStep } from "./confirm-steps.ts";
import { keepStep } from "./keep-steps.ts";
import { giveUpResume, resumeStep, retypeStep, startStep, upStep } from "./resume-steps.ts";
import { giveUpStop, stopStep } from "./stop-steps.ts";
import { releaseStep, surplusStep } from "./surplus-steps.ts";
import { surveyStep } from "./survey-steps.ts";

const RESUMING = new Set<IdleEvent["phase"]>(["resume", "start", "retype", "up"]);

export const stopIdle: Machine<IdleEvent, Ports> = {
  steps: {
    survey: surveyStep,
    warn: warnStep,
    tell: tellStep,
    unwarn: unwarnStep,
    stop: stopStep,
    confirm: confirmStep,
    surplus: surplusStep,
    release: releaseStep,
    unmark: unmarkStep,
    resume: resumeStep,
    start: startStep,
    retype: retypeStep,
    up: upStep,
    keep: keepStep,
  },
  giveUp: (event, reason) =>
    RESUMING.has(event.phase) ? giveUpResume(event, reason) : giveUpStop(event, reason),
  limitsMs: {
    survey: minutes(30),
    warn: minutes(30),
    tell: minutes(30),
    unwarn: minutes(30),
    stop: minutes(30),
    confirm: minutes(30),
    surplus: minutes(30),
    release: minutes(30),
    unmark: hours(1),
    resume: minutes(30),
    start: minutes(30),
    retype: minutes(30),
    up: minutes(30),
    keep: minutes(30),
  },
};
