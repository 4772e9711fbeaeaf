/** `plan [tonight]`: what the timers of the next 24 hours will do, and why. */
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { localMinute, table } from "../format.ts";
import { said, t } from "../language.ts";
import { readPlan, type Plan } from "../plan.ts";

export const plan: Command = {
  name: "plan",
  summary: "show what the timers of the next 24 hours will do: bakes, promotions, old images, fleets",
  args: "[tonight]",
  count: [0, 1],
  options: { all: { help: "with the recipes for which nothing is to do" } },
  details: `Bakes and retention decide as they will decide then, by what is there now; what changes in between changes the night.
Only the metrics of then say which machines are idle.`,
  route: "POST /plan",
  shape: `at, until, bakes: [{ at, run, recipe, by, act, why, delivers, promotes, held, approval, assumes }],
retention: [{ at, run, recipe, changes, others, problem, assumes }], fleets: [{ at, fleet, act, why, desired, min, assumes }], problems`,
  run: show,
};

async function show(input: Input, io: Io): Promise<Exit> {
  const [when = "tonight"] = input.args;
  if (when !== "tonight")
    throw new CommandError(EXIT.usage, `plan knows tonight, which is the next 24 hours, and not ${when}`);
  const { serverAt: _, ...found } = await readPlan(clientFor(io));
  if (input.json) io.out(jsonOf("plan", found));
  else for (const line of linesOf(found, input.has("all"))) io.out(line);
  return EXIT.ok;
}

function linesOf({ bakes, retention, fleets, problems }: Omit<Plan, "serverAt">, all: boolean): string[] {
  const shown = bakes.filter(({ act }) => all || act !== "skip");
  const rows = [
    ...shown.map((row) => [clockOf(row.at), row.recipe, t(row.act), fateOf(row)]),
    ...retention.flatMap(({ at, recipe, changes, problem, assumes }) => [
      ...changes.map(({ action, imageId, why }) => [
        clockOf(at),
        recipe,
        `${t(action)} ${imageId}`,
        withAssumed(said(why), assumes),
      ]),
      ...(problem === undefined ? [] : [[clockOf(at), recipe, t("retention"), said(problem)]]),
    ]),
    ...fleets.map(({ at, fleet, act, why, assumes }) => [
      clockOf(at),
      fleet,
      t(act),
      withAssumed(said(why), assumes),
    ]),
  ].toSorted(([a = ""], [b = ""]) => (a < b ? -1 : Number(a > b)));
  const skipped = bakes.length - shown.length;
  return [
    ...(rows.length === 0
      ? [t("the timers of the next 24 hours will change nothing")]
      : table(HEADINGS, rows)),
    ...(skipped > 0
      ? [
          t("nothing to do for {skipped} of {count} bakes (--all shows them)", {
            skipped,
            count: bakes.length,
          }),
        ]
      : []),
    ...problems.map(said),
  ];
}

const HEADINGS = ["AT", "RECIPE/FLEET", "ACT", "WHY"];

/** A bake that follows a promotion has no time of its own. */
const clockOf = (at: string | undefined): string =>
  at === undefined ? t("afterwards") : localMinute(Date.parse(at));

const fateOf = ({ why, promotes, held, approval, assumes }: Plan["bakes"][number]): string =>
  withAssumed(
    [
      said(why),
      ...(promotes === undefined
        ? []
        : [
            t(approval ? "then family {family}, when it is approved" : "then family {family}", {
              family: promotes,
            }),
          ]),
      ...(held === undefined ? [] : [t("and waits: {hold}", { hold: held })]),
    ].join("; "),
    assumes,
  );

const withAssumed = (why: string, assumes: string | undefined): string =>
  assumes === undefined ? why : t("{why} (if {assumes})", { why, assumes: said(assumes) });
