/** What `promote-family` accepts: its continuations, and requests to promote, roll back and retire images. */
import * as z from "zod/mini";
import type { Recipe } from "../documents/recipe.ts";
import { Abandon, End, Name, phasesWith, RunId } from "./line.ts";
import { rollbackShape, oneTarget } from "./rollback-request.ts";
import { temporary } from "./temporary.ts";

/** Asks for a promotion: sent by a bake when its image is done. */
export const PromoteRequest = z.strictObject({
  v: z.literal(1),
  request: z.literal("promote"),
  recipe: Name,
  imageId: z.string(),
  /** The recipe the image was made with, so that it is tested as it was meant. */
  document: z.custom<Recipe>(),
  delivery: z.string(),
  by: z.string(),
});

const asked = {
  v: z.literal(1),
  /** The run id, when the sender has already promised it to somebody. */
  run: z.optional(RunId),
  by: z.optional(z.string()),
};

/** Promotes an image by hand, as its recipe in the bucket says today; it is tested like any other. */
export const PromoteImageRequest = z.strictObject({
  ...asked,
  request: z.literal("promote-image"),
  family: z.string(),
  recipe: Name,
  imageId: z.string(),
  dryRun: z.optional(z.boolean()),
});

/** Moves a family back to one target, or takes the last rollback back. */
export const RollbackRequest = z
  .strictObject({ ...asked, request: z.literal("rollback"), family: z.string(), ...rollbackShape })
  .check(...oneTarget);

/** Applies the retention of one recipe, or of every one that has it enabled. */
export const RetireRequest = z.strictObject({
  ...asked,
  request: z.literal("retire"),
  recipe: z.union([Name, z.literal("*")]),
  dryRun: z.optional(z.boolean()),
});

const promoteJob = z.strictObject({
  recipe: Name,
  imageId: z.string(),
  family: z.string(),
  document: z.custom<Recipe>(),
  /** The image when its gate opened; everything the gate finds is measured against it. Epoch ms. */
  tested: z.optional(
    z.strictObject({
      createdAt: z.int(),
      osType: z.string(),
      since: z.int(),
      /** Devices of the data disks it brings. */
      dataDisks: z.optional(z.array(z.string())),
    }),
  ),
});
export type PromoteJob = z.infer<typeof promoteJob>;

const handJob = z.strictObject({ recipe: Name, imageId: z.string(), family: z.string() });

const rollbackJob = z.strictObject({
  family: z.string(),
  /** Left out for the newest good image before the one that is served. */
  to: z.optional(z.string()),
  regions: z.optional(z.array(z.string())),
  undo: z.boolean(),
});

const retireJob = z.strictObject({ recipe: Name, dryRun: z.boolean() });

/** An image in a region that was taken out of the choice, and the accounts it was shared with until then. */
export const Demoted = z.strictObject({
  region: z.string(),
  imageId: z.string(),
  accounts: z.array(z.string()),
});
export type Demoted = z.infer<typeof Demoted>;

/** One change of a retention run. */
export const Retirement = z.strictObject({
  region: z.string(),
  imageId: z.string(),
  action: z.enum(["mark", "unmark", "delete"]),
});
export type Retirement = z.infer<typeof Retirement>;

/** Region → image id. */
const images = z.record(z.string(), z.string());

/** What a promotion has done to the regions so far: enough to take all of it back. */
const moved = {
  copies: images,
  /** Copies that were there before this run; they are not its to delete. */
  adopted: z.array(z.string()),
  /** Regions whose family had the image before this run. */
  members: z.array(z.string()),
  /** Regions whose family took the image in, by this run. */
  joined: z.array(z.string()),
  /** Newer images deprecated for it, by this run. */
  cleared: z.array(Demoted),
};

const promotion = phasesWith(promoteJob);
const byHand = phasesWith(handJob);
const rollback = phasesWith(rollbackJob);
const retention = phasesWith(retireJob);

export const PromoteEvent = z.discriminatedUnion("phase", [
  /** Dry runs: each is the only phase of its run. */
  byHand("rehearse", {}),
  rollback("rehearseRollback", {}),
  byHand("read", {}),
  promotion("check", {}),
  promotion("launch", temporary.launch),
  promotion("boot", temporary.boot),
  promotion("command", temporary.command),
  promotion("watch", temporary.watch),
  promotion("rebooted", temporary.rebooted),
  promotion("discard", temporary.discard),
  promotion("ask", {}),
  promotion("approve", { expiresAt: z.int() }),
  promotion("reserve", {}),
  promotion("copy", moved),
  promotion("arrive", moved),
  /** `batch` accounts a call; one at a time once a call was refused, to find out which is unknown. */
  promotion("share", { ...moved, batch: z.int() }),
  promotion("barrier", moved),
  promotion("join", moved),
  promotion("clear", { ...moved, now: z.optional(Demoted) }),
  promotion("prove", moved),
  /** `stray`: given up in `join`, whose last change may have happened without being noted. */
  promotion("undo", { ...moved, reason: z.string(), stray: z.optional(z.boolean()) }),
  rollback("aim", {}),
  rollback("demote", { targets: images, demoted: z.array(Demoted) }),
  rollback("restore", { targets: images, demoted: z.array(Demoted), rolledBackBy: RunId }),
  rollback("confirm", { targets: images, demoted: z.array(Demoted) }),
  retention("survey", {}),
  retention("retire", { left: z.array(Retirement), counts: z.record(z.string(), z.int()) }),
  /** An image that goes, then its snapshots, one by one and awaited. */
  retention("crumbs", {
    left: z.array(Retirement),
    counts: z.record(z.string(), z.int()),
    region: z.string(),
    imageId: z.string(),
    snapshotIds: z.array(z.string()),
  }),
]);
export type PromoteEvent = z.infer<typeof PromoteEvent>;

/** The event of one phase. */
export type At<K extends PromoteEvent["phase"]> = Extract<PromoteEvent, { phase: K }>;

/** What a promotion carries once it has begun to copy. */
export type Moved = Pick<At<"join">, keyof typeof moved>;

export const PromoteAbandon = Abandon(PromoteEvent);
export const PromoteEnd = End(PromoteEvent);
