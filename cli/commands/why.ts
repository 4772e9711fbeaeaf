/** `why NAME|RUN`: why a run failed, the end of its output, and what to do next. */
import { isRunId, RUN } from "../../shared/names.ts";
import { unreadReason } from "../../shared/unread.ts";
import { familyName } from "../../shared/workflow/run-id.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor, type Client } from "../client.ts";
import { linesIn, quoted, took, when } from "../format.ts";
import { hasEnded, readRun, searchRuns, type RunDetails } from "../runs.ts";

export const why: Command = {
  name: "why",
  summary: "say why the last failed run of a recipe, fleet or family failed, or how a run stands",
  args: "NAME|RUN",
  count: [1, 1],
  options: {},
  details: "--json: { version, command, run: { …, steps, outputs, reason }, output: { name, lines }, next }",
  run: explain,
};

async function explain({ args: [asked = ""], json }: Input, io: Io): Promise<Exit> {
  const client = clientFor(io);
  const id = isRunId(asked) ? asked : await lastFailed(client, asked);
  const { serverAt: now, ...run } = await readRun(client, id);
  const output = await endOfOutput(client, run);
  const next = nextStep(run);
  if (json) io.out(jsonOf("why", { run, ...(output && { output }), next }));
  else for (const line of [...standingOf(run, now), ...shown(output), `next: ${next}`]) io.out(line);
  return EXIT.ok;
}

/** @throws CommandError when none has failed */
async function lastFailed(client: Client, name: string): Promise<string> {
  const subject = familyName(name);
  const [failed] = (await searchRuns(client, { name: subject, state: "failed" }, 1)).runs;
  if (failed !== undefined) return failed.run;
  const [last] = (await searchRuns(client, { name: subject }, 1)).runs;
  throw new CommandError(
    EXIT.failed,
    last === undefined
      ? `there is no run of ${name}; npm run kiln -- runs lists all`
      : `no run of ${name} failed; the newest is ${last.run}, ${last.state}`,
  );
}

/** How a run stands, in some lines. */
function standingOf(run: RunDetails, now: number): readonly string[] {
  const { phase, state, by, beganAt, updatedAt, reason, note, result } = run;
  // A run that is done may have less than it was asked for, or say what was lost.
  const { why: short, lost }: { readonly why?: unknown; readonly lost?: unknown } = result ?? {};
  const isOver = hasEnded(run);
  return [
    `${run.run}: ${state} ${isOver ? "after" : "for"} ${took(beganAt, isOver ? updatedAt : now)}`,
    `began ${when(beganAt, now)}, started by ${by}${isOver ? "" : `; in phase ${phase}`}`,
    ...(reason === undefined ? [] : [`why: ${reason}`]),
    ...(typeof short === "string" ? [`why: ${short}`] : []),
    ...(Array.isArray(lost) ? [`lost: ${lost.join(", ")}`] : []),
    ...(note === undefined ? [] : [`waits: ${note}`]),
  ];
}

const LINES = 20;

/** The end of the output of the last command. */
async function endOfOutput(client: Client, { run, outputs }: RunDetails) {
  const name = outputs.at(-1);
  if (name === undefined) return undefined;
  const { status, text } = await client.send("api", "GET", `/runs/${run}/logs/${name}`);
  return status === 200 ? { name, lines: linesIn(text).slice(-LINES) } : undefined;
}

const shown = (output: Awaited<ReturnType<typeof endOfOutput>>): readonly string[] =>
  output === undefined ? [] : [`the end of ${output.name}:`, ...quoted(output.lines)];

const KILN = "npm run kiln --";
/** The run that another one was refused for. */
const BUSY = new RegExp(` by (${RUN}); try again`);

/** A document is corrected; an object that no function reads is moved or deleted, as its reason says. */
function afterCheck(reason = ""): string {
  const key = /^(.+?)(?:: | has \d+ )/.exec(reason)?.[1] ?? "";
  const isUnread = unreadReason(key) !== undefined;
  if (isUnread) return `do with ${key} in the bucket as the reason says; nothing else waits for it`;
  return key === "" ? "correct the document and store it again" : `correct ${key}, then ${KILN} push ${key}`;
}

/** The command to go on with. */
function nextStep({ run, kind, subject, state, phase, reason }: RunDetails): string {
  if (!hasEnded({ state })) return phase === "approve" ? `${KILN} approve ${run}` : `${KILN} logs ${run} -f`;
  if (state === "done") return `${KILN} runs --name ${subject}`;
  const holder = BUSY.exec(reason ?? "")?.[1];
  if (holder !== undefined)
    return `${KILN} logs ${holder} -f, then start this one again when that one has ended`;
  switch (kind) {
    case "bake":
      return `correct recipes/${subject}.yaml, then ${KILN} push recipes/${subject}.yaml; ${KILN} logs ${run} shows all output`;
    case "check":
      return afterCheck(reason);
    case "promote":
      return `correct recipes/${subject}.yaml and bake again; ${KILN} logs ${run} shows the output of its tests`;
    case "scale":
      return `remove the cause, then ${KILN} call POST /fleets/${subject}/scale-out '{"count":1}'`;
    default:
      return "remove the cause; the timer starts the next run by itself, or start it with the call command";
  }
}
