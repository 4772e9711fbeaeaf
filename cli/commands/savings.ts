/** `savings [--month 2026-11]`: the savings by the stops of each fleet. */
import type { SavingsRow } from "../../functions/api/savings.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { table } from "../format.ts";
import { t } from "../language.ts";

export const savings: Command = {
  name: "savings",
  summary: "show what the stops of each fleet saved in a month",
  args: "",
  count: [0, 0],
  options: { month: { value: "MONTH", help: "such as 2026-11, in UTC; this month without it" } },
  details: `Hours in which members that Kiln stopped were down and not charged, at the price then; disks and EIPs are not in it.`,
  shape: "month, savings: [{ fleet, stops, hours, unpricedHours, amount, currency }], problems",
  run: show,
};

async function show(input: Input, io: Io): Promise<Exit> {
  const month = input.one("month");
  const query = month === undefined ? "" : `?month=${encodeURIComponent(month)}`;
  const found = await clientFor(io).get(ANSWER.savings, `/savings${query}`);
  const { month: of, savings, problems } = found;
  if (input.json) io.out(jsonOf("savings", { month: of, savings, problems }));
  else for (const line of [...linesOf(of, savings), ...problems]) io.out(line);
  return EXIT.ok;
}

const linesOf = (month: string, rows: readonly SavingsRow[]): readonly string[] =>
  rows.length === 0
    ? [t("no stop of {month} has saved anything so far", { month })]
    : table(
        ["FLEET", "STOPS", "HOURS", "UNPRICED", "SAVED"],
        rows.map(({ fleet, stops, hours, unpricedHours, amount, currency }) => [
          fleet,
          ...[stops, hours, unpricedHours].map(String),
          `${amount} ${currency}`,
        ]),
      );
