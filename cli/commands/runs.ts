/** `runs`: runs at work and those that have ended, the newest first. */
import { RUN_KINDS } from "../../shared/workflow/run-id.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { short, table, took, when } from "../format.ts";
import { said, t } from "../language.ts";
import { hasEnded, REBUILT, searchRuns, unsearched, type RunRow } from "../runs.ts";

export const runs: Command = {
  name: "runs",
  summary: "list runs: those at work, then those that have ended, the newest first",
  args: "",
  count: [0, 0],
  options: {
    state: { value: "STATE", help: "queued, running, done, failed or cancelled" },
    kind: { value: "KIND", help: "kind of the runs", among: RUN_KINDS },
    name: { value: "NAME", help: "of the recipe, fleet or family" },
    since: { value: "TIME", help: "ended since: 24h, 7d, or an instant such as 2026-01-05T08:00:00Z" },
    limit: { value: "COUNT", help: "how many; 20 without it" },
    cursor: { value: "NEXT", help: "go on behind another search: its next in --json" },
  },
  shape:
    "runs: [{ run, kind, subject, by, state, phase, beganAt, updatedAt, dueAt, note, reason }], next, incomplete",
  run: listRuns,
};

async function listRuns(input: Input, io: Io): Promise<Exit> {
  const [state, kind, name, since, cursor] = ["state", "kind", "name", "since", "cursor"].map((option) =>
    input.one(option),
  );
  const most = countIn(input.one("limit") ?? "20");
  const query = { state, kind, name, since, cursor };
  const found = await searchRuns(clientFor(io), query, most);
  const { serverAt, ...facts } = found;
  if (input.json) io.out(jsonOf("runs", facts));
  else for (const line of linesOf(found, serverAt, unsearched(query, found, most))) io.out(line);
  return EXIT.ok;
}

function countIn(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CommandError(EXIT.usage, `--limit ${text} is not a whole number from 1 to 9999`);
}

type Found = Awaited<ReturnType<typeof searchRuns>>;

/** `command` goes on when not all runs were looked at. */
function linesOf(
  { runs: found, incomplete }: Pick<Found, "runs" | "incomplete">,
  now: number,
  command: string | undefined,
): readonly string[] {
  const rest = [
    ...(command === undefined
      ? []
      : [t("not all runs are searched; {command} searches the older ones", { command })]),
    ...(incomplete ? [t(REBUILT)] : []),
  ];
  if (found.length === 0) return [t(rest.length === 0 ? "no runs" : "no runs so far"), ...rest];
  const rows = found.map((row) => rowOf(row, now));
  return [...table(["RUN", "STATE", "BEGAN", "TOOK", "BY", ""], rows), ...rest];
}

/** One line of the table. */
export const rowOf = (row: RunRow, now: number): readonly string[] => [
  row.run,
  t(row.state),
  when(row.beganAt, now),
  took(row.beganAt, hasEnded(row) ? row.updatedAt : now),
  row.by,
  short(said(row.reason ?? "") || (row.note === undefined ? "" : `${row.phase}: ${row.note}`), 80),
];
