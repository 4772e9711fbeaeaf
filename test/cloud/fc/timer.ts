/**
 * Timer triggers: an event for each instant of their schedule.
 *
 * TIMER-1. An event carries the instant of its own firing. One that a test doubles follows a second later.
 */
import type { Kernel } from "../core/kernel.ts";
import { parseSchedule } from "../core/schedule.ts";
import type { Cancel } from "../core/time.ts";
import type { FunctionDefinition, TimerTrigger } from "../core/functions.ts";
import type { AsyncQueue } from "./queue.ts";

const TWICE_AFTER_MS = 1000;

export interface TimerOptions {
  /** Timers that fire, by trigger name: an operator may have switched others off. Default: as declared. */
  readonly timers?: readonly string[];
  /** Asked at each firing: true leaves it out. For simulations that know that it would find nothing. */
  readonly skipTimer?: (triggerName: string) => boolean;
}

/** The timers of a platform. Their instants are background: they do not keep a quiet world busy. */
export class Timers {
  readonly #kernel: Kernel;
  readonly #queue: AsyncQueue;
  readonly #options: TimerOptions;
  readonly #twice = new Set<string>();
  /** How to stop each. */
  readonly #armed = new Map<TimerTrigger, Cancel>();

  constructor(kernel: Kernel, queue: AsyncQueue, options: TimerOptions) {
    this.#kernel = kernel;
    this.#queue = queue;
    this.#options = options;
  }

  /** From now on each firing of a trigger happens a second time, a second later; answers a way to stop it. */
  fireTwice(triggerName: string): () => void {
    this.#twice.add(triggerName);
    return () => this.#twice.delete(triggerName);
  }

  /** Starts and stops what a change of a function asks for. */
  readonly change = (before: FunctionDefinition | undefined, after: FunctionDefinition | undefined): void => {
    const timersOf = (definition: FunctionDefinition | undefined): TimerTrigger[] =>
      (definition?.triggers ?? []).filter((trigger) => trigger.kind === "timer");
    const [old, wanted] = [timersOf(before), timersOf(after)];
    for (const trigger of old) if (!wanted.includes(trigger)) this.#armed.get(trigger)?.();
    for (const trigger of wanted)
      if (after !== undefined && !old.includes(trigger)) this.#start(after, trigger);
  };

  #start(definition: FunctionDefinition, trigger: TimerTrigger): void {
    const { name, cron, enabled } = trigger;
    if (!enabled || this.#options.timers?.includes(name) === false) return;
    const { time } = this.#kernel;
    const schedule = parseSchedule(cron, time.now());
    const at = (instant: number, then: () => void): Cancel =>
      time.schedule(instant, { label: `timer ${definition.name}/${name}`, background: true }, () => {
        this.#fire(definition, trigger, instant);
        then();
      });
    const arm = (after: number): void => {
      const next = schedule(after);
      if (next === Number.POSITIVE_INFINITY) return;
      const stop = at(next, () => {
        if (this.#twice.has(name)) at(next + TWICE_AFTER_MS, () => {});
        arm(next);
      });
      this.#armed.set(trigger, stop);
    };
    arm(time.now());
  }

  #fire(definition: FunctionDefinition, { name, payload }: TimerTrigger, at: number): void {
    if (this.#options.skipTimer?.(name) === true) return;
    const triggerTime = `${new Date(at).toISOString().slice(0, 19)}Z`;
    const event = { triggerTime, triggerName: name, payload };
    const sender = { from: `timer ${name}`, role: undefined, source: "timer" } as const;
    this.#queue.forward(sender, definition.name, JSON.stringify(event));
  }
}
