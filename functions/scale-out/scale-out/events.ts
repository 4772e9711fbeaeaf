/** The input and the progress of a scale-out, and the event types of its loop: reserve → launch → verify → reserve. */
import * as z from "zod/mini";
import { CarriedFleet } from "../../../shared/documents/completed.ts";
import { PricedDisks } from "../../../shared/limits/price.ts";
import { Name } from "../../../shared/names.ts";
import { redactedShort } from "../../../shared/redact.ts";
import { eventsWith, type EventOf, type WorkflowEvent } from "../../../shared/workflow/envelope.ts";
import { knowPassword } from "./password.ts";

/** The input until `plan` is done. */
export const request = {
  fleet: Name,
  count: z.int(),
  /** At least as many, or none (minimum.ts). */
  min: z.optional(z.int()),
  dryRun: z.boolean(),
  /** For the size that the fleet keeps, which such a run does not raise. */
  kept: z.optional(z.literal(true)),
  /** With `kept`: the members that the fleet is to have then. Others may be launched before this run reserves. */
  upTo: z.optional(z.int()),
  /** For a refresh: of the image that it brings, and of no other. */
  ofRefresh: z.optional(z.literal(true)),
  /** How many alerts ask together: `limits.perRequest` holds for each. */
  alerts: z.optional(z.int()),
  /** How many of `count` are within it. */
  within: z.optional(z.int()),
  /** A job asks: more than `limits.perRequest` is cut to it, because whoever announces the job reads no refusal. */
  cut: z.optional(z.literal(true)),
  /** With `validFor`: until when it launches or starts anything, epoch ms. */
  until: z.optional(z.int()),
  /** The member that is taken away, and that the run replaces. */
  leaving: z.optional(z.string()),
};

const Input = z.strictObject({
  ...request,
  /** The fleet when the run began, and the image its family served then. */
  document: CarriedFleet.check(z.check(({ value }) => knowPassword(value))),
  imageId: z.string(),
  /** The image that the family serves now is held, so the id is sent. */
  isPinned: z.optional(z.literal(true)),
  /** The disks it is priced with; a launch template may add to those that are sent. */
  disks: PricedDisks,
  /** The copy of the fleet's user data object: an edit during the run changes the next run only. */
  userData: z.optional(z.string()),
  /** The order in which the offerings of the fleet are tried, as their places in the document's order. */
  order: z.array(z.int()),
});
export type Input = z.infer<typeof Input>;

/**
 * How far a request has come. Ids of instances do not travel: a thousand of them would not fit, so each call that
 * returned some writes them into an object of the run (instance-pages.ts), and the event carries the object's name.
 */
export const Progress = z.strictObject({
  pages: z.array(z.string()),
  /** Reserved and still to be launched. */
  left: z.int(),
  /** Place of the current offering in `order`. */
  offering: z.int(),
  /** Number of the next launch call, so that each has its own token. */
  callIndex: z.int(),
  /** How many instances the launch calls returned. */
  launched: z.int(),
  /** The current request for a reservation: 0 the first one, later ones replace wakes that failed. */
  round: z.int(),
  /** How often lost instances were replaced. */
  replacements: z.int(),
  /** Total price an hour that the launch calls returned. */
  price: z.number(),
  /** Every image the family served while this run launched. */
  images: z.array(z.string()),
  /** Why there are fewer instances than requested. */
  notes: z.array(z.string()),
  /** Whether a limit of the fleet is one of the reasons. */
  limited: z.optional(z.literal(true)),
  /** How many of those that are short are beyond `limits.max`: a size that is kept does not launch them later. */
  beyond: z.optional(z.int()),
});
export type Progress = z.infer<typeof Progress>;

export const initialProgress = (imageId: string): Progress => ({
  pages: [],
  left: 0,
  offering: 0,
  callIndex: 0,
  launched: 0,
  round: 0,
  replacements: 0,
  price: 0,
  images: [imageId],
  notes: [],
});

/** Notes travel in the event, so their number and length are limited. */
const NOTES_MAX = 20;
const NOTE_MAX = 240;

/** A page in the event: its name with quotes and comma, twice renamed. */
const PAGE_BYTES = 24;

/** The most bytes that the progress of a run with so many pages adds to its event, with the reason of its end. */
export const progressBytes = (pages: number): number =>
  1024 + NOTES_MAX * (NOTE_MAX + 8) + pages * PAGE_BYTES;

/** `progress` with more notes: the first ones and the latest are kept. */
export function withNotes(progress: Progress, ...added: readonly string[]): Progress {
  const short = added.map((note) => redactedShort(note, NOTE_MAX));
  const all = [...new Set([...progress.notes, ...short])];
  return { ...progress, notes: [...all.slice(0, NOTES_MAX - 1), ...all.slice(NOTES_MAX - 1).slice(-1)] };
}

/** Declares the event type of a phase after `plan`. */
export const plannedEvent = eventsWith(Input);

/** The fields of every event after `plan`. */
export interface PlannedEvent extends WorkflowEvent {
  readonly input: Input;
  readonly progress: Progress;
}

/** `want`: how many instances this round requests; `lost`: how many of the earlier rounds they replace. */
export const Reserve = plannedEvent("reserve", {
  progress: Progress,
  want: z.int(),
  lost: z.optional(z.int()),
});
export type Reserve = EventOf<typeof Reserve>;

export const Launch = plannedEvent("launch", { progress: Progress });
export type Launch = EventOf<typeof Launch>;
