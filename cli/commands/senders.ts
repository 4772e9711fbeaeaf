/** `senders`: which deliveries the webhook refused, whose, and why. */
import type { senders as answer } from "../../functions/api/senders.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { table, when } from "../format.ts";
import { said, t } from "../language.ts";

type Senders = Awaited<ReturnType<typeof answer>>;

export const senders: Command = {
  name: "senders",
  summary: "show which deliveries the webhook refused in the last 7 days, whose, and why",
  args: "",
  count: [0, 0],
  options: {},
  details: `Counts may be too low: of many refusals at once an instance of the webhook writes down the first 20, then once a
minute. The webhook does not see the deliveries that the platform refuses itself (429).`,
  shape: "since, senders: [{ sender, kind, acceptedAt, refusedAt, refused: [{ reason, count }] }], more",
  run: show,
};

async function show({ json }: Input, io: Io): Promise<Exit> {
  const { serverAt: now, ...facts } = await clientFor(io).get(ANSWER.senders, "/senders");
  if (json) io.out(jsonOf("senders", facts));
  else for (const line of linesOf(facts, now)) io.out(line);
  return EXIT.ok;
}

const FROM = {
  sender: "sender {name}",
  caller: "caller {name}",
  unknown: "unknown",
} as const;

function linesOf({ senders: rows, more }: Senders, now: number): readonly string[] {
  if (rows.length === 0) return [t("no delivery in the last 7 days")];
  const instant = (at: string | undefined): string => (at === undefined ? t("never") : when(at, now));
  const lines = rows.flatMap(({ sender, kind, acceptedAt, refusedAt, refused }) => {
    const head = [t(FROM[kind], { name: sender }), instant(acceptedAt), instant(refusedAt)];
    const [first, ...others] = refused.map(({ reason, count }) => [String(count), said(reason)]);
    return [[...head, ...(first ?? ["0", ""])], ...others.map((other) => ["", "", "", ...other])];
  });
  return [
    ...table(["FROM", "LAST ACCEPTED", "LAST REFUSED", "REFUSED", "WHY"], lines),
    ...(more ? [t("Older counts are left out.")] : []),
  ];
}
