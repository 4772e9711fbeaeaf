/** `status`: what is at work, what waits, what failed lately, and whether the deployment is well. */
import type { status as answer } from "../../functions/api/status.ts";
import { formatDuration } from "../../shared/duration.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { short, table, took, when } from "../format.ts";
import { said, t } from "../language.ts";

type Status = Awaited<ReturnType<typeof answer>>;

export const status: Command = {
  name: "status",
  summary: "show what is at work and how far, what waits, and what failed in the last 24 hours",
  args: "",
  count: [0, 0],
  options: {},
  details: "Exit code 1 when something is wrong with the deployment itself.",
  shape: "at, region, bucket, stage, atWork: [{ run, …, usuallyMs }], waiting, failed, more, problems",
  run: show,
};

async function show({ json }: Input, io: Io): Promise<Exit> {
  const { serverAt: now, ...facts } = await clientFor(io).get(ANSWER.status, "/status");
  if (json) io.out(jsonOf("status", facts));
  else for (const line of linesOf(facts, now)) io.out(line);
  return facts.problems.length === 0 ? EXIT.ok : EXIT.failed;
}

function linesOf(
  { bucket, region, atWork, waiting, failed, more, problems }: Status,
  now: number,
): readonly string[] {
  return [
    t("{bucket} in {region}", { bucket, region }),
    ...section(
      t("at work"),
      table(
        ["RUN", "FOR", "USUALLY", "PHASE", ""],
        atWork.map((row) => [
          row.run,
          took(row.beganAt, now),
          row.usuallyMs === undefined ? "" : formatDuration(row.usuallyMs),
          row.phase,
          short(row.note ?? "", 80),
        ]),
      ),
    ),
    ...section(
      t("waits for its function"),
      waiting.map(({ run, beganAt }) => t("{run}, asked for {when}", { run, when: when(beganAt, now) })),
    ),
    ...section(
      t("failed in the last 24 hours ({kiln} why RUN)", { kiln: KILN }),
      table(
        ["RUN", "ENDED", "WHY"],
        failed.map((row) => [row.run, when(row.updatedAt, now), short(said(row.reason ?? ""), 80)]),
      ),
    ),
    ...section(t("problems"), problems),
    ...(more ? [t("There are more: {kiln} runs", { kiln: KILN })] : []),
  ];
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0
    ? [t("{title}: nothing", { title })]
    : [t("{title}:", { title }), ...lines.map((line) => `  ${line}`)];

const KILN = "npm run kiln --";
