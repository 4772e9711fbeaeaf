/** `rollback FAMILY [IMAGE]`, with what it changes before the question. */
import type { FamilyDetails } from "../../functions/api/families.ts";
import { PREVIOUS } from "../../shared/requests/rollback.ts";
import { ANSWER } from "../answers.ts";
import type { Client } from "../client.ts";
import { CommandError, EXIT, type Input } from "../command.ts";
import { said, t } from "../language.ts";
import { asking } from "./decide.ts";
import { DRY_RUN, dryRun } from "./size.ts";

export const rollback = asking("rollback", "families", {
  summary: "let a family serve its previous image again, or the image that is named",
  args: "FAMILY [IMAGE]",
  count: [1, 2],
  options: { undo: { help: "take the last rollback back" }, "dry-run": DRY_RUN },
  body: (input) => ({ ...targetOf(input), ...dryRun(input) }),
  changes: rollbackChanges,
});

/** @throws CommandError for two targets */
function targetOf(input: Input): { readonly to: string } | { readonly undo: true } {
  const [family = "", to] = input.args;
  if (!input.has("undo")) return { to: to ?? PREVIOUS };
  if (to === undefined) return { undo: true };
  throw new CommandError(
    EXIT.usage,
    t("{to} and --undo are two targets: leave {to} out to take the last rollback of {family} back", {
      to,
      family,
    }),
  );
}

/** The decision of the run itself, as the API has it from the same function. @throws CommandError when it would change nothing */
async function rollbackChanges(input: Input, client: Client): Promise<readonly string[]> {
  const target = targetOf(input);
  const query = new URLSearchParams("to" in target ? target : { undo: "true" }).toString();
  const path = `/families/${encodeURIComponent(input.args[0] ?? "")}?${query}`;
  const found = await client.get(ANSWER.family, path);
  const { problem = UNKNOWN, regions } = found.rollback ?? {};
  if (regions === undefined) throw new CommandError(EXIT.invalid, said(t(problem)));
  const { family, imageId } = found;
  const moves = Object.entries(regions).map(([region, to]) =>
    t("{family} in {region} serves {from}; it will serve {to}", {
      family,
      region,
      from: found.regions[region] ?? imageId ?? t("nothing"),
      to,
    }),
  );
  return [...moves, ...linesOf(found.rollback ?? {})];
}

const UNKNOWN = "the API does not know this question; deploy the version of Kiln that this command line has";

/** A line for each kind of change that there is. */
const linesOf = ({
  undoes,
  wouldStepBack,
  wouldUnshare,
  wouldBringBack,
  wouldShare,
  wouldLiftHold,
  wouldHold,
}: NonNullable<FamilyDetails["rollback"]>): readonly string[] =>
  (
    [
      ["{what} will be taken back", undoes],
      ["will be deprecated: {what}", wouldStepBack],
      ["will no longer be shared: {what}", wouldUnshare],
      ["will be available again: {what}", wouldBringBack],
      ["will be shared again: {what}", wouldShare],
      ["the hold of {what} is lifted", wouldLiftHold],
      ["after that {what} is held: new images wait until npm run kiln -- unhold {what}", wouldHold],
    ] as const
  ).flatMap(([text, what = []]) => {
    const all = [what].flat().join(", ");
    return all === "" ? [] : [t(text, { what: all })];
  });
