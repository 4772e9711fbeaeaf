/** The continuations of `bake-image`. */
import * as z from "zod/mini";
import type { Recipe } from "../documents/recipe.ts";
import { Abandon, End, Name, phasesWith } from "./line.ts";
import { temporary } from "./temporary.ts";

/** Digests of everything an image is made of; two bakes with the same inputs make the same image. */
export const Inputs = z.strictObject({
  base: z.string(),
  recipe: z.string(),
  objects: z.string(),
  parameters: z.string(),
});
export type Inputs = z.infer<typeof Inputs>;

const plan = z.strictObject({
  /** The recipe as it was when the run began; it was validated when it was read. */
  document: z.custom<Recipe>(),
  imageName: z.string(),
  inputs: Inputs,
  baseImageId: z.optional(z.string()),
  /** Devices of the data disks the base image brings. */
  baseDataDisks: z.optional(z.array(z.string())),
  /** Set when the source instance ran before it was stopped for its picture: it is started again. */
  restart: z.optional(z.boolean()),
});
export type BakePlan = z.infer<typeof plan>;

const job = z.strictObject({
  recipe: Name,
  force: z.boolean(),
  /** Looked at again where they are used: a run that began before a name was reserved still has to end. */
  parameters: z.record(z.string(), z.string()),
  /** The disk file whose upload asked for this bake. */
  upload: z.optional(z.strictObject({ key: z.string(), etag: z.string() })),
  /** Who hears of the end; known as soon as the recipe was read, planned or not. */
  notify: z.optional(z.custom<Recipe["notify"]>()),
  plan: z.optional(plan),
});

const phase = phasesWith(job);

export const BakeEvent = z.discriminatedUnion("phase", [
  /** A dry run: the only phase of its run. */
  phase("rehearse", {}),
  phase("claim", {}),
  phase("plan", {}),
  phase("launch", temporary.launch),
  phase("boot", temporary.boot),
  phase("command", temporary.command),
  phase("watch", temporary.watch),
  phase("rebooted", temporary.rebooted),
  phase("halt", { instanceId: z.string() }),
  phase("capture", { instanceId: z.optional(z.string()) }),
  phase("settle", {
    instanceId: z.optional(z.string()),
    imageId: z.string(),
    taskId: z.optional(z.string()),
  }),
  phase("label", { instanceId: z.optional(z.string()), imageId: z.string() }),
  phase("discard", temporary.discard),
]);
export type BakeEvent = z.infer<typeof BakeEvent>;

export const BakeAbandon = Abandon(BakeEvent);
export const BakeEnd = End(BakeEvent);
