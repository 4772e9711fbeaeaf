/** What a run of retention changes, for the run itself and for a plan of it. Pure. */
import * as z from "zod/mini";
import type { Trigger } from "../../../shared/triggers.ts";
import { runId } from "../../../shared/workflow/run-id.ts";
import type { PlacedVerdict } from "./lookups.ts";

export const Change = z.strictObject({
  region: z.string(),
  imageId: z.string(),
  action: z.enum(["mark", "unmark", "delete"]),
});
export type Change = z.infer<typeof Change>;

/** RETENTION-4. */
const MAX_CHANGES = 20;

/** Removing a tag comes first: it saves an image from deletion. */
const ORDER = { unmark: 0, delete: 1, mark: 2 } as const;

/** The changes of one run, in their order. */
export const changesOf = (verdicts: readonly PlacedVerdict[]): Change[] =>
  verdicts
    .flatMap(({ region, image, action }) =>
      action === "keep" || action === "wait" ? [] : [{ region, imageId: image.id, action }],
    )
    .toSorted((a, b) => ORDER[a.action] - ORDER[b.action])
    .slice(0, MAX_CHANGES);

/** The retention of a recipe that a timer or a plain invocation asks for. */
export const retentionRun = (recipe: string, { at, identity }: Trigger): string =>
  runId("retire", recipe, at, identity);
