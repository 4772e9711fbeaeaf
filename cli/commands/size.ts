/** `resize`, `scale-in`, `refresh`, `pause`, `unpause`: how many members a fleet has. */
import type { FleetDetails } from "../../functions/api/fleets.ts";
import { ANSWER } from "../answers.ts";
import type { Client } from "../client.ts";
import { CommandError, EXIT, type Input, type Option } from "../command.ts";
import { t } from "../language.ts";
import { asking } from "./decide.ts";

/** The option of requests that may be tried. */
export const DRY_RUN: Option = { help: "only find out what would be done; the run says it" };
export const dryRun = (input: Input): object => ({ dryRun: input.has("dry-run") || undefined });

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
  changes: async ({ args: [name = "", to = ""] }, client) => {
    const found = await sizedFleet(name, client);
    const fewer = wantedOf(found) - wholeOf(to, 0);
    return fewer <= 0 ? [] : smaller(found, wholeOf(to, 0));
  },
});

const readFleet = (name: string, client: Client): Promise<FleetDetails> =>
  client.get(ANSWER.fleet, `/fleets/${encodeURIComponent(name)}`);

/** @throws CommandError for a fleet whose document has no size: its run would fail, so there is nothing to agree to */
async function sizedFleet(name: string, client: Client): Promise<FleetDetails> {
  const found = await readFleet(name, client);
  if (found.wanted !== undefined || found.problem !== undefined) return found;
  throw new CommandError(
    EXIT.invalid,
    t("fleet {fleet} has no size; write size: into its document first", { fleet: name }),
  );
}

/** Without a size it is what there is. */
const wantedOf = ({ wanted, running, changing }: FleetDetails): number =>
  wanted?.desired ?? running + changing;

/** Lines about a fleet that is to have `to` members, fewer than now. */
function smaller(found: FleetDetails, to: number): string[] {
  const { fleet, running, wanted } = found;
  const least = Math.max(to, wanted?.min ?? 0, 0);
  const ends = Math.max(0, running + found.changing - least);
  return [
    t("{fleet} is to have {wanted} members, and {running} run; it is to have {to} then", {
      fleet,
      wanted: wantedOf(found),
      running,
      to: least,
    }),
    ...(least > to ? [t("no fewer: {min} is its min now", { min: least })] : []),
    t("up to {count} members that do not work will be stopped, or released as idle.action says", {
      count: ends,
    }),
    ...pausedIn(found),
  ];
}

const pausedIn = ({ paused }: FleetDetails): string[] => (paused === undefined ? [] : [paused]);

export const scaleIn = asking("scale-in", "fleets", {
  summary: "make a fleet smaller by a number of members that do not work, or by the members that are named",
  args: "FLEET NUMBER|INSTANCE...",
  count: [2, 101],
  options: { "dry-run": DRY_RUN },
  body: (input: Input) => ({ ...selectionOf(input), ...dryRun(input) }),
  changes: async ({ args: [name = "", ...asked] }, client) => {
    const found = await readFleet(name, client);
    const [first = ""] = asked;
    return /^\d+$/.test(first) && asked.length === 1
      ? smaller(found, wantedOf(found) - wholeOf(first, 1))
      : named(found, asked);
  },
});

function selectionOf({ args: [, first = "", ...more] }: Input): object {
  return /^\d+$/.test(first) && more.length === 0
    ? { count: wholeOf(first, 1) }
    : { instances: [first, ...more] };
}

/** A line for each member that is named. A fleet of more members than are listed is not searched. */
function named(found: FleetDetails, ids: readonly string[]): string[] {
  const lines = ids.map((id) => {
    const member = found.members.find((one) => one.id === id);
    if (member === undefined)
      return found.next === undefined
        ? t("{id} is no member of {fleet}", { id, fleet: found.fleet })
        : t("{id} will be stopped or released, although it may be at work", { id });
    const { status, type, imageId } = member;
    return t("{id} ({status}, {type}, {imageId}) will be stopped or released, although it may be at work", {
      id,
      status,
      type,
      imageId,
    });
  });
  return [...lines, ...pausedIn(found)];
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
  changes: async ({ args: [name = ""] }, client) => {
    const found = await sizedFleet(name, client);
    const { fleet, family = "", serves = "", old, running } = found;
    return [
      t(
        "{old} members of {fleet} have another image than {serves} of family {family}; {running} members run",
        {
          old,
          fleet,
          serves: serves === "" ? t("nothing") : serves,
          family,
          running,
        },
      ),
      t("those that run are replaced in batches, as refresh: of the fleet says; the old ones end"),
      ...pausedIn(found),
    ];
  },
});

export const unpause = asking("unpause", "fleets", {
  summary: "end the pause of a fleet",
  args: "FLEET",
});
