/** Timer triggers: an event for each instant of their schedule. */
import type { Kernel } from "../core/kernel.ts";
import { parseSchedule } from "../core/schedule.ts";
import type { FunctionDefinition, TimerTrigger } from "../core/functions.ts";
import type { AsyncQueue } from "./queue.ts";

/** Starts a timer. Its instants are background: they do not keep a quiet world busy. */
export function startTimer(
  kernel: Kernel,
  queue: AsyncQueue,
  definition: FunctionDefinition,
  trigger: TimerTrigger,
): void {
  const { time } = kernel;
  const schedule = parseSchedule(trigger.cron, time.now());
  const arm = (after: number): void => {
    const at = schedule(after);
    if (at === Number.POSITIVE_INFINITY) return;
    time.schedule(at, { label: `timer ${definition.name}/${trigger.name}`, background: true }, () => {
      const triggerTime = `${new Date(at).toISOString().slice(0, 19)}Z`;
      const event = { triggerTime, triggerName: trigger.name, payload: trigger.payload };
      const sender = { from: `timer ${trigger.name}`, role: undefined, source: "timer" } as const;
      if (!(trigger as any).skip?.()) queue.forward(sender, definition.name, JSON.stringify(event));
      arm(at);
    });
  };
  arm(time.now());
}
