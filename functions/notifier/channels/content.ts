/** The texts of a notification and its answers, the same for every kind of channel. Pure. */
import { utcMinute } from "../../../shared/duration.ts";
import type { Notification } from "../../../shared/notifications/notification.ts";
import { kindOf, type RunKind } from "../../../shared/workflow/run-id.ts";
import type { Replies } from "../replies.ts";

/** A notification in words. */
export interface Content {
  readonly title: string;
  readonly lines: readonly string[];
  /** Choices of the reader: open a page, or run a command. */
  readonly actions: readonly Action[];
  readonly replies: Replies;
  /** Where the log of the run is, `oss://<bucket>/<key>`. */
  readonly log: string;
  readonly notification: Notification;
}

export type Action = { readonly label: string } & ({ readonly url: string } | { readonly command: string });

/** @param log where the log of the run is */
export function contentOf(notification: Notification, replies: Replies, log: string): Content {
  const actions = actionsOf(replies);
  const { reason, regions = [], by, run } = notification;
  const lines = [
    ...(reason === undefined ? [] : [reason]),
    ...(regions.length < 2 ? [] : [`in ${regions.join(", ")}`]),
    `run ${run}, started by ${by}`,
    ...nextSteps(notification, log, actions.length),
  ];
  return { title: titleOf(notification), lines, actions, replies, log, notification };
}

function actionsOf({ links, commands }: Replies): Action[] {
  const kept = (of: Readonly<Record<string, string>> = {}) => Object.entries(of);
  return [
    ...(links.approve === undefined ? [] : [{ label: "Review", url: links.approve }]),
    ...kept(links.keep).map(([id, url]) => ({ label: `Keep ${id}`, url })),
    ...(commands.approve === undefined ? [] : [{ label: "Approve", command: commands.approve }]),
    ...(commands.reject === undefined ? [] : [{ label: "Reject", command: commands.reject }]),
    ...kept(commands.keep).map(([id, command]) => ({ label: `Keep ${id}`, command })),
  ];
}

/** Kinds of runs in the words of a title. */
const RUN_NAMES = new Map<string, string>(
  Object.entries({
    check: "check of the document",
    redeliver: "catch-up with GitHub",
    bake: "bake",
    promote: "promotion",
    rollback: "rollback",
    retire: "retention",
    scale: "scale-out",
    idle: "idle check",
    resume: "resume",
    keep: "keep",
    job: "end of a job",
  } satisfies Record<RunKind, string>),
);

function titleOf({ kind, run, subject, family, imageId = "no image", instances = [] }: Notification): string {
  switch (kind) {
    case "baked":
      return `${subject}: image ${imageId} built`;
    case "promoted":
      return `${subject}: family ${family} serves ${imageId}`;
    case "failed":
      return `${subject}: ${RUN_NAMES.get(kindOf(run)) ?? "run"} failed`;
    case "rolledBack":
      return `family ${family}: rolled back to ${imageId}`;
    case "approval":
      return `${subject}: approve ${imageId} for family ${family}?`;
    case "stopping":
      return `${subject}: ${instances.length} idle instances will be stopped`;
  }
}

/** The next step of the reader, and until when. @param actionCount how many instances have an action of their own */
function nextSteps(
  { kind, run, family, expiresAt = 0, instances = [] }: Notification,
  log: string,
  actionCount: number,
): string[] {
  switch (kind) {
    case "failed":
      return [
        `npm run kiln -- why ${run}`,
        `shows the end of its output and what to do next. Its log is ${log}.`,
      ];
    case "approval":
      return [
        `Decide before ${utcMinute(expiresAt)}. Without a decision the promotion fails, and family ${family} stays as it is.`,
      ];
    case "stopping":
      return [
        `Those that are still idle at ${utcMinute(expiresAt)} are stopped. An instance that you keep runs a day longer.`,
        ...(instances.length > actionCount
          ? ["To keep another one, give it the tag of idle.optOutTag (kiln:keep)."]
          : []),
      ];
    default:
      return [];
  }
}
