/** The input of a bake: as it is requested, with its recipe once the lock is held, and with its plan. */
import * as z from "zod/mini";
import { CarriedRecipe } from "../../../shared/documents/completed.ts";
import { Name } from "../../../shared/names.ts";
import { InstanceId } from "../../../shared/ephemeral-instance/events.ts";

/** Digests of everything an image is made from. Two bakes with equal inputs make equal images. */
export const Inputs = z.strictObject({
  base: z.string(),
  recipe: z.string(),
  objects: z.string(),
  parameters: z.string(),
});
export type Inputs = z.infer<typeof Inputs>;

const request = {
  recipe: Name,
  force: z.boolean(),
  /** Checked again where they are used: an event does not say who wrote it. */
  parameters: z.record(z.string(), z.string()),
  /** The disk file whose upload requests this bake. */
  upload: z.optional(z.strictObject({ key: z.string(), etag: z.string() })),
  /** Bakes nothing: only delivers what is baked. */
  deliverOnly: z.optional(z.boolean()),
  /** Bakes only when an input differs (shared/requests/bake.ts). */
  ifChanged: z.optional(z.boolean()),
  /** When the object was uploaded that requests this bake, epoch ms. */
  uploadedAt: z.optional(z.int()),
};

export const RequestInput = z.strictObject(request);
export type RequestInput = z.infer<typeof RequestInput>;

/** The recipe is read once, with the lock held: an edit during the run changes the next run. */
const locked = {
  ...request,
  document: CarriedRecipe,
  /** The git commit that the recipe was pushed from. */
  commit: z.optional(z.string()),
};
export const LockedInput = z.strictObject(locked);
export type LockedInput = z.infer<typeof LockedInput>;

/** The image a builder starts from, and the devices of its data disks. */
const BaseImage = z.strictObject({ id: z.string(), dataDisks: z.array(z.string()) });
export type BaseImage = z.infer<typeof BaseImage>;

const Plan = z.strictObject({
  imageName: z.string(),
  inputs: Inputs,
  /** Digests of the objects of the steps, in their order: what runs must be what was looked at. */
  objects: z.optional(z.array(z.string())),
  /** Present when there is a builder. */
  baseImage: z.optional(BaseImage),
  /** The source instance, when it ran: it is started again after its image is made. */
  restart: z.optional(InstanceId),
});

export const PlannedInput = z.strictObject({ ...locked, plan: Plan });
export type PlannedInput = z.infer<typeof PlannedInput>;

/** A recipe with a builder. */
const BuilderRecipe = z.pipe(
  CarriedRecipe,
  z.transform(({ source, ...rest }, context) => {
    if (source.kind === "builder") return { ...rest, source };
    context.issues.push({ code: "custom", input: source, message: "must be a builder" });
    return z.NEVER;
  }),
);

export const BuilderInput = z.strictObject({
  ...locked,
  document: BuilderRecipe,
  plan: z.extend(Plan, { baseImage: BaseImage }),
});
export type BuilderInput = z.infer<typeof BuilderInput>;

/** The subject of the lock of a recipe. */
export const lockName = (recipe: string): string => `bake-${recipe}`;
