/**
 * The phases of a temporary machine, the same in a bake (its builder) and in a promotion (its tester):
 * launch → boot → command ⇄ watch (⇄ rebooted) and, on every road, discard.
 */
import * as z from "zod/mini";
import { Verdict } from "./line.ts";

const instanceId = z.string().check(z.startsWith("i-"));

/** State of each phase, for `phasesWith`. */
export const temporary = {
  /** `rung` counts down the ladder of payment × type × zone. */
  launch: { rung: z.int() },
  boot: { rung: z.int(), instanceId },
  /** `index` counts the commands that run inside the machine. */
  command: { instanceId, index: z.int() },
  watch: { instanceId, index: z.int(), invocationId: z.string() },
  rebooted: { instanceId, index: z.int() },
  discard: {
    instanceId: z.optional(instanceId),
    imageId: z.optional(z.string()),
    taskId: z.optional(z.string()),
    verdict: Verdict,
  },
} as const;

type StateOf<S extends z.core.$ZodLooseShape> = z.infer<z.ZodMiniObject<S, z.core.$strict>>;

/** The state of phase `K`, as a step reads it. */
export type Temporary<K extends keyof typeof temporary> = StateOf<(typeof temporary)[K]>;

/** Any of these phases with its state. */
export type TemporaryState = {
  readonly [K in keyof typeof temporary]: { readonly phase: K } & Temporary<K>;
}[keyof typeof temporary];
