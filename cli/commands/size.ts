/** `resize`, `scale-in`, `refresh`, `pause`, `unpause`: how many members a fleet has. */
import { ANSWER } from "../answers.ts";
import type { Client } from "../client.ts";
import { CommandError, EXIT, type Input, type Option } from "../command.ts";
import { t } from "../language.ts";
import { asking } from "./decide.ts";

/** The option of requests that may be tried. */
export const DRY_RUN: Option = { help: "only find out what would be done; the run says it" };
export const dryRun = (input: Input): object => ({ dryRun: input.has("dry-run") || undefined });

const fleetOf = ({ args: [fleet = ""] }: Input, client: Client) =>
  client.get(ANSWER.fleet, `/fleets/${encodeURIComponent(fleet)}`);

/** A whole number in a command line. @throws CommandError for anything else, or less than `least` */
export function wholeOf(text: string, least: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw new CommandError(EXIT.usage, `${text} is no whole number from ${least} on`);
  return value;
}

export const resize = asking("resize", "fleets", {
  summary: "say how many members a fleet is to have; it needs size: in its document",
  args: "FLEET NUMBER",
  options: { "dry-run": DRY_RUN },
  body: (input: Input) => ({ to: wholeOf(input.args[1] ?? "", 0), ...dryRun(input) }),
  changes: async (input, client) => {
    const { fleet, running } = await fleetOf(input, client);
    const to = wholeOf(input.args[1] ?? "", 0);
    return running > to
      ? [
          t(
            "{fleet} has {running} running members and is to have {to}; the others will end; --dry-run finds out more",
            {
              fleet,
              running,
              to,
            },
          ),
        ]
      : [];
  },
});

export const scaleIn = asking("scale-in", "fleets", {
  summary: "make a fleet smaller by a number of members that do not work, or by the members that are named",
  args: "FLEET NUMBER|INSTANCE...",
  count: [2, 101],
  options: { "dry-run": DRY_RUN },
  body: (input: Input) => ({ ...selectionOf(input), ...dryRun(input) }),
  changes: async (input, client) => {
    const { fleet, running } = await fleetOf(input, client);
    const { count, instances = [] } = selectionOf(input);
    return [
      count === undefined
        ? t("{instances} will end, even at work", { instances: instances.join(", ") })
        : t("{count} of the {running} running members of {fleet} will end; --dry-run finds out which", {
            count,
            running,
            fleet,
          }),
    ];
  },
});

function selectionOf({ args: [, first = "", ...more] }: Input): {
  readonly count?: number;
  readonly instances?: readonly string[];
} {
  return /^\d+$/.test(first) && more.length === 0
    ? { count: wholeOf(first, 1) }
    : { instances: [first, ...more] };
}

export const pause = asking("pause", "fleets", {
  summary: "let Kiln change no member of a fleet",
  args: "FLEET",
  options: { why: { value: "TEXT", help: "the reason, for others to read" } },
  body: (input: Input) => ({ why: input.one("why") }),
});

export const refresh = asking("refresh", "fleets", {
  summary: "replace the members that have another image than the family serves, in batches",
  args: "FLEET",
  options: { "dry-run": DRY_RUN },
  body: dryRun,
  changes: async (input, client) => {
    const { fleet, old } = await fleetOf(input, client);
    return [
      t("{old} members of {fleet} will be replaced, and end; --dry-run finds out in which batches", {
        old,
        fleet,
      }),
    ];
  },
});

export const unpause = asking("unpause", "fleets", {
  summary: "end the pause of a fleet",
  args: "FLEET",
});
