/** The texts of a notification and its answers, the same for every kind of channel. Pure. */
import { utcMinute } from "../../../shared/duration.ts";
import type { Notification } from "../../../shared/notifications/notification.ts";
import { kindOf } from "../../../shared/workflow/run-id.ts";
import { CATALOGUE, phrase, type Language, type Phrase } from "../catalogue.ts";
import type { Replies } from "../replies.ts";
import { firstCharacters } from "./plain.ts";

/** A notification in words. */
export interface Content {
  readonly title: string;
  readonly parts: readonly Part[];
  readonly replies: Replies;
  /** Where the log of the run is, `oss://<bucket>/<key>`. */
  readonly log: string;
  readonly notification: Notification;
}

/** A line of text, a command to copy, or a page to open. */
export type Part =
  | { readonly text: string }
  | { readonly label: string; readonly command: string }
  | { readonly label: string; readonly url: string };

/** A notification, with everything that its texts need. */
export interface Announcement {
  readonly notification: Notification;
  readonly replies: Replies;
  readonly log: string;
  readonly language: Language;
  /** The stage of the deployment, empty for the one without. */
  readonly stage: string;
}

/** How much of a notification is shown: characters of its reason, and decisions that it offers. */
export interface Room {
  readonly reason: number;
  readonly decisions: number;
}

const ALL: Room = { reason: Infinity, decisions: Infinity };

export function contentOf(announcement: Announcement, { reason: most, decisions }: Room = ALL): Content {
  const { notification, replies, log, language, stage } = announcement;
  const { regions = [], by, run } = notification;
  const say = (key: Phrase, values?: Record<string, string | number>) => phrase(language, key, values);
  const choices = decisionsOf(replies, say).slice(0, decisions);
  const title = titleOf(notification, say);
  return {
    title: stage === "" ? title : `[${stage}] ${title}`,
    parts: [
      ...textsOf(notification, most, say),
      ...(notification.kind === "stopping" && choices.length === 0 ? [idsOf(notification, say)] : []),
      ...(regions.length < 2 ? [] : [{ text: say("regions", { regions: regions.join(", ") }) }]),
      ...factsOf(notification, say),
      ...packagesOf(notification, say),
      { text: say("run", { run, by }) },
      ...nextSteps(notification, choices.length, say),
      ...moreOf(replies, say),
      { text: say("log", { log }) },
      ...choices,
    ],
    replies,
    log,
    notification,
  };
}

type Say = (key: Phrase, values?: Record<string, string | number>) => string;

function decisionsOf({ links, commands }: Replies, say: Say): Part[] {
  const kept = (of: Readonly<Record<string, string>> = {}) => Object.entries(of);
  return [
    ...(links.approve === undefined ? [] : [{ label: say("review"), url: links.approve }]),
    ...kept(links.keep).map(([id, url]) => ({ label: say("keep", { id }), url })),
    ...(commands.approve === undefined ? [] : [{ label: say("approve"), command: commands.approve }]),
    ...(commands.reject === undefined ? [] : [{ label: say("reject"), command: commands.reject }]),
    ...kept(commands.keep).map(([id, command]) => ({ label: say("keep", { id }), command })),
  ];
}

function titleOf(notification: Notification, say: Say): string {
  const { kind, run, subject, family = "", imageId = "-", instances = [], asked = 0 } = notification;
  const what = `what.${kindOf(run)}`;
  return say(`title.${kind}`, {
    subject,
    family,
    imageId,
    asked,
    count: notification.count ?? instances.length,
    what: say(isPhrase(what) ? what : "what.run"),
  });
}

const isPhrase = (key: string): key is Phrase => Object.hasOwn(CATALOGUE, key);

/** Ids in a text; an announcement offers a decision for each instead. */
const IDS_MAX = 20;

/** The event in words. @param most characters of the reason */
function textsOf(
  { kind, reason, images, undone, instances = [] }: Notification,
  most: number,
  say: Say,
): Part[] {
  if (kind === "retiring") return [{ text: say("images", { images: (images ?? []).join(", ") }) }];
  if (kind === "rolledBack" && images !== undefined)
    return images.length === 0
      ? []
      : [{ text: say(undone ? "broughtBack" : "steppedBack", { images: images.join(", ") }) }];
  const quoted = reason === undefined || most === 0 ? [] : [{ text: firstCharacters(reason, most) }];
  return kind === "spotLost" ? [...quoted, idsOf({ instances }, say)] : quoted;
}

/** By what an approver decides. */
function factsOf({ facts, family = "" }: Notification, say: Say): Part[] {
  if (facts === undefined) return [];
  const { serves, changed, tests } = facts;
  return [
    { text: serves === "" ? say("servesNone", { family }) : say("serves", { family, serves }) },
    ...(changed.length === 0 ? [] : [{ text: say("changedSince", { changed: changed.join(", ") }) }]),
    { text: tests.length === 0 ? say("untested") : say("tested", { tests: tests.join(", ") }) },
  ];
}

function packagesOf({ packages }: Notification, say: Say): Part[] {
  if (packages === undefined) return [];
  const { names, ...counts } = packages;
  return [
    { text: say("packages", counts) },
    ...(names.length === 0 ? [] : [{ text: say("packageNames", { names: names.join(", ") }) }]),
  ];
}

function idsOf({ instances = [] }: Pick<Notification, "instances">, say: Say): Part {
  const [ids, more] = [instances.slice(0, IDS_MAX).join(", "), instances.length - IDS_MAX];
  return { text: more > 0 ? say("instancesAndMore", { ids, more }) : say("instances", { ids }) };
}

/** The command that shows more of the run. */
const moreOf = ({ commands: { why, logs } }: Replies, say: Say): Part[] => [
  ...(why === undefined ? [] : [{ label: say("why"), command: why }]),
  ...(logs === undefined ? [] : [{ label: say("steps"), command: logs }]),
];

/** The decision that is asked for, and until when. @param offered how many instances have one of their own */
function nextSteps(
  { kind, family = "", expiresAt = 0, instances = [] }: Notification,
  offered: number,
  say: Say,
): Part[] {
  const until = utcMinute(expiresAt);
  if (kind === "approval") return [{ text: say("approveBefore", { until, family }) }];
  if (kind === "retiring") return [{ text: say("deletedAfter", { until }) }];
  if (kind !== "stopping") return [];
  return [
    { text: say("stopFrom", { until }) },
    ...(instances.length > offered ? [{ text: say("keepByTag") }] : []),
  ];
}
