/** The two ways ECS writes an instant, and the reading of both. */

const SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const MINUTE = /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/;

/** `2026-11-21T08:00:05Z`: images, snapshots, auto release. */
export function toSecond(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** `2026-11-21T08:00Z`: instances, tasks, filters. */
export function toMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`;
}

/** Epoch milliseconds of a text with seconds, undefined when it is anything else. */
export function fromSecond(text: string): number | undefined {
  return SECOND.test(text) ? parse(text) : undefined;
}

/** Epoch milliseconds of a text without seconds, undefined when it is anything else. */
export function fromMinute(text: string): number | undefined {
  return MINUTE.test(text) ? parse(text.replace("Z", ":00Z")) : undefined;
}

function parse(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? undefined : at;
}
