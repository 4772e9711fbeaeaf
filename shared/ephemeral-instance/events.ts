/** The events of an ephemeral instance, and how a workflow uses one. */
import * as z from "zod/mini";
import type { Step } from "../documents/recipe-steps.ts";
import type { Ports } from "../invocation.ts";
import { eventsWith, type EventOf, type WorkflowEvent } from "../workflow/envelope.ts";
import type { Result } from "../result.ts";
import type { Outcome } from "../workflow/workflow.ts";
import type { InstanceSpec } from "./spec.ts";

export const InstanceId = z.string().check(z.startsWith("i-"));

/** Any event of an ephemeral instance, as the workflow sees it. */
export type InstanceEvent<I> = WorkflowEvent & { readonly input: I };

/** A workflow's use of an ephemeral instance. */
export interface InstanceUse<I> {
  /** Schema of the workflow's input in these phases. */
  readonly input: z.ZodMiniType<I>;
  readonly spec: (input: I) => InstanceSpec;
  readonly commands: (input: I) => readonly Step[];
  /** Runs before all of them, as command number -1. */
  readonly prepare?: Step;
  /** Secret variables of command number `index`, or why they cannot be had. Only the call that sends it holds them. */
  readonly secrets: (input: I, index: number) => Result<Readonly<Record<string, string>>>;
  /** Whether the content of an object is the one that the run was planned with; left out, any is. */
  readonly isPlanned?: (input: I, key: string, etag: string) => boolean;
  /** Interprets the commands; the shell when left out. */
  readonly shell?: (input: I) => "shell" | "powershell";
  /** Says what is wrong although command number `index` ended with exit code 0; undefined: nothing. */
  readonly judge?: (input: I, index: number, output: string) => string | undefined;
  /** A reason to end here, asked for before each phase; undefined: go on. */
  readonly refuse?: (event: InstanceEvent<I>, now: number) => string | undefined;
  /** Why the run may not launch: its event alone is no reason to (OWN-3). Asked right before a launch. */
  readonly refuseLaunch: (event: InstanceEvent<I>, ports: Ports) => Promise<string | undefined>;
  /** Every command ended well. */
  readonly onReady: (event: InstanceEvent<I>, instanceId: string) => Outcome;
  /** The way out of each phase. `instanceId` is undefined before the launch was answered. */
  readonly compensate: (event: InstanceEvent<I>, reason: string, instanceId?: string) => Outcome;
}

/** Event types of the phases, with the input of the workflow. */
export function instanceEvents<I>(input: z.ZodMiniType<I>) {
  const event = eventsWith(input);
  /** `offering` counts the offerings, in the order of `order` (OFFERING-3). */
  const launching = {
    offering: z.int(),
    order: z.optional(z.array(z.int())),
    /** Why the offerings before were refused. */
    refusals: z._default(z.array(z.string()), []),
  };
  /** `index` counts the commands, `tried` the failures of this one. */
  const commanding = {
    instanceId: InstanceId,
    index: z.int(),
    tried: z._default(z.int(), 0),
    /** Of a script that is too long for a command: whether it is on the instance. */
    download: z.optional(z.enum(["under way", "done"])),
  };
  return {
    Launch: event("launch", launching),
    Boot: event("boot", { ...launching, instanceId: InstanceId }),
    Command: event("command", commanding),
    Watch: event("watch", { ...commanding, invocationId: z.string() }),
    Reboot: event("reboot", commanding),
  };
}

/** Everything a phase needs to know of its workflow. */
export interface Instance<I> {
  readonly use: InstanceUse<I>;
  readonly types: ReturnType<typeof instanceEvents<I>>;
}

/** The event of one phase. */
export type At<I, K extends keyof Instance<I>["types"]> = EventOf<Instance<I>["types"][K]>;
