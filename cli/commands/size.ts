/** `resize`, `scale-in`, `refresh`, `pause`, `unpause`: how many members a fleet has. */
import { CommandError, EXIT, type Input } from "../command.ts";
import { asking } from "./decide.ts";

/** A whole number in a command line. @throws CommandError for anything else, or less than `least` */
export function wholeOf(text: string, least: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw new CommandError(EXIT.usage, `${text} is no whole number from ${least} on`);
  return value;
}

export const resize = asking("resize", "fleets", {
  summary: "say how many members a fleet is to have; it needs size: in its document",
  args: "FLEET NUMBER",
  body: ({ args: [, to = ""] }: Input) => ({ to: wholeOf(to, 0) }),
});

export const scaleIn = asking("scale-in", "fleets", {
  summary: "make a fleet smaller by a number of members that do not work, or by the members that are named",
  args: "FLEET NUMBER|INSTANCE...",
  count: [2, 101],
  body: ({ args: [, first = "", ...more] }: Input) =>
    /^\d+$/.test(first) && more.length === 0 ? { count: wholeOf(first, 1) } : { instances: [first, ...more] },
});

export const pause = asking("pause", "fleets", {
  summary: "let Kiln change no member of a fleet",
  args: "FLEET",
  options: { why: { value: "TEXT", help: "the reason, for others to read" } },
  body: (input: Input) => ({ why: input.one("why") }),
});

export const refresh = asking("refresh", "fleets", {
  summary: "replace the members that have another image than the family serves, in batches",
  args: "FLEET",
});

export const unpause = asking("unpause", "fleets", {
  summary: "end the pause of a fleet",
  args: "FLEET",
});
