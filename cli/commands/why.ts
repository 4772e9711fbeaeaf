/** `why NAME|RUN`: why a run failed, the end of its output, and what to do next. */
import { documentName, nameLike } from "../../shared/documents/names.ts";
import { FAMILY, isRunId, NAME } from "../../shared/names.ts";
import { unreadReason } from "../../shared/unread.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor, type Client } from "../client.ts";
import { linesIn, quoted, took, when } from "../format.ts";
import { said, t } from "../language.ts";
import { hasEnded, readRun, REBUILT, searchRuns, unsearched, type RunDetails, type RunRow } from "../runs.ts";

export const why: Command = {
  name: "why",
  summary: "say why the last failed run of a recipe, fleet or family failed, or how a run stands",
  args: "NAME|RUN",
  count: [1, 1],
  options: {},
  shape: "run: { …, steps, outputs, asked, key, reason }, output: { name, lines }, next",
  run: explain,
};

async function explain({ args: [asked = ""], json }: Input, io: Io): Promise<Exit> {
  const client = clientFor(io);
  const id = isRunId(asked) ? asked : await lastFailed(client, asked);
  const { serverAt: now, ...run } = await readRun(client, id);
  const output = await endOfOutput(client, run);
  const next = nextStep(run);
  if (json) io.out(jsonOf("why", { run, ...(output && { output }), next }));
  else
    for (const line of [...standingOf(run, now), ...shown(output), t("next: {step}", { step: next })])
      io.out(line);
  return EXIT.ok;
}

/** @throws CommandError when none has failed */
async function lastFailed(client: Client, name: string): Promise<string> {
  // Any other text is the key of a document.
  const isName = new RegExp(`^(?:${NAME}|${FAMILY})$`, "u").test(name);
  const query = { name, state: "failed" };
  const found = isName
    ? await searchRuns(client, query, 1)
    : { runs: [], next: undefined, incomplete: false };
  const failed = newest([...found.runs, ...(await checksOf(client, name))]);
  if (failed !== undefined) return failed.run;
  const command = unsearched(query, found, 1);
  if (command !== undefined)
    throw new CommandError(
      EXIT.failed,
      t("no failed run of {name} so far, and not all are searched; {command} searches the older ones", {
        name,
        command,
      }),
    );
  const [last] = isName ? (await searchRuns(client, { name }, 1)).runs : [];
  if (found.incomplete) throw new CommandError(EXIT.failed, `${t("no runs so far")}; ${t(REBUILT)}`);
  throw new CommandError(
    EXIT.failed,
    last === undefined
      ? t("there is no run of {name}; {kiln} runs lists all", { name, kiln: KILN })
      : t("no run of {name} failed; the newest is {run}, {state}", {
          name,
          run: last.run,
          state: t(last.state),
        }),
  );
}

const newest = (rows: readonly RunRow[]): RunRow | undefined =>
  rows.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0];

/** Checks whose ids are looked through for an object. */
const CHECKS_MAX = 100;

/**
 * The checks that refused an object by its name or key, where no run can have this name: their reasons begin with the key
 * (functions/janitor/documents/start.ts).
 */
async function checksOf(client: Client, asked: string): Promise<readonly RunRow[]> {
  if (new RegExp(`^${NAME}$`).test(asked)) return [];
  const query = { name: nameLike(documentName(asked)) ?? "document", kind: "check", state: "failed" };
  const { runs } = await searchRuns(client, query, CHECKS_MAX);
  return runs.filter(({ reason = "" }) => {
    const key = /^(?:recipes|fleets)\/.*?\.(?:ya?ml|json)(?=[: ])/.exec(reason)?.[0] ?? "";
    return [key, key.replace(/^\w+\//, ""), documentName(key)].includes(asked);
  });
}

/** How a run stands, in some lines. */
function standingOf(run: RunDetails, now: number): readonly string[] {
  const { phase, state, by, beganAt, updatedAt, reason, note, result } = run;
  // A run that is done may have less than it was asked for, or say what was lost.
  const { why: short, lost }: { readonly why?: unknown; readonly lost?: unknown } = result ?? {};
  const isOver = hasEnded(run);
  const time = took(beganAt, isOver ? updatedAt : now);
  const began = { when: when(beganAt, now), by, phase };
  return [
    t(isOver ? "{run}: {state} after {time}" : "{run}: {state} for {time}", {
      run: run.run,
      state: t(state),
      time,
    }),
    t(isOver ? "began {when}, started by {by}" : "began {when}, started by {by}; in phase {phase}", began),
    ...(reason === undefined ? [] : [t("why: {reason}", { reason: said(reason) })]),
    ...(typeof short === "string" ? [t("why: {reason}", { reason: said(short) })] : []),
    ...(Array.isArray(lost) ? [t("lost: {what}", { what: lost.join(", ") })] : []),
    ...(note === undefined ? [] : [t("waits: {note}", { note })]),
  ];
}

const LINES = 20;

/** The end of the output that the reason names, or of the last command; not of Kiln's own list of packages, which says no why. */
async function endOfOutput(client: Client, { run, outputs, reason = "" }: RunDetails) {
  const named = /\(all of it: \S+\/([a-z]+-\d+)\)/.exec(reason)?.[1];
  const name = outputs.find((one) => one === named) ?? outputs.at(-1);
  if (name === undefined) return undefined;
  const { status, text } = await client.send("api", "GET", `/runs/${run}/logs/${name}`);
  return status === 200 && !PACKAGES.test(text) ? { name, lines: linesIn(text).slice(-LINES) } : undefined;
}

/** The beginning of a list of packages, as base64 of gzip or plain (shared/packages.ts). */
const PACKAGES = /^(?:H4sI|kiln (?:rpm|deb|pip|npm|end)$)/m;

const shown = (output: Awaited<ReturnType<typeof endOfOutput>>): readonly string[] =>
  output === undefined ? [] : [t("the end of {name}:", { name: output.name }), ...quoted(output.lines)];

const KILN = "npm run kiln --";
const DOCUMENT = /\.(?:ya?ml|json)$/;

/** A document is corrected; an object that no function reads, or that cannot be read, is dealt with as its reason says. */
function afterCheck({ key, reason = "" }: RunDetails): string {
  if (key === undefined) return t("correct the document and store it again");
  const counts = SHADOWED.exec(reason)?.[1];
  if (counts !== undefined)
    return t("delete from the bucket the one that is not meant, {key} or {counts}", { key, counts });
  return unreadReason(key) !== undefined || !DOCUMENT.test(key)
    ? t("do with {key} in the bucket as the reason says; nothing else waits for it", { key })
    : pushAgain(key);
}

const pushAgain = (key: string): string => t("correct {key}, then {kiln} push {key}", { key, kiln: KILN });

/** The reason of a second object with the name of a document (shared/document-index.ts). */
const SHADOWED = /: no function reads it as long as (\S+) is there/;
/** The reason of a run whose document cannot be used (shared/errors.ts, shared/document-store.ts). */
const INVALID = /^((?:recipes|fleets)\/\S+) has (?:one problem:|\d+ (?:problems:|bytes, ))/;

/** A value of a document that the cloud refuses: in a list of refusals, or before the only one (shared/errors.ts). */
const IN_DOCUMENT = String.raw`((?:source|test|image|launch|promote|encrypt)\.[\w-]+(?:\.\w+)*)`;
const ANSWERED = String.raw` \S+: \w+ \w+ answered `;
const FIELD = new RegExp(`[ (]${IN_DOCUMENT}(?: \\S+\\)|${ANSWERED})`);
/** No reason that quotes a command begins like this. */
const BEGINS = new RegExp(`^${IN_DOCUMENT}${ANSWERED}`);

/** After a reason that names a mistake of a document; what a command has printed is none. */
function afterMistake(details: RunDetails): string | undefined {
  const { reason = "", outputs } = details;
  const invalid = INVALID.exec(reason)?.[1];
  if (invalid !== undefined) return pushAgain(invalid);
  const field =
    BEGINS.exec(reason)?.[1] ?? (outputs.length === 0 ? FIELD.exec(` ${reason}`)?.[1] : undefined);
  return field === undefined ? undefined : afterField(field, details);
}

/** A recipe is baked when it is stored. */
function afterField(field: string, { kind, subject }: RunDetails): string {
  const ofFleet = kind === "scale" || kind === "alerts";
  const key = `${ofFleet ? "fleets" : "recipes"}/${subject}.yaml`;
  const step = t("correct {field} in {key}, then {kiln} push {key}", { field, key, kiln: KILN });
  return ofFleet ? `${step}; ${t("send the same request again")}` : step;
}

/** What is missing of a request; an alert comes again by itself, and its instances would be launched twice. */
function afterScaleOut({ subject, by, steps, asked = 0, result: { count } = {} }: RunDetails): string {
  const missing = asked - (typeof count === "number" ? count : 0);
  const command =
    missing > 0
      ? `${KILN} call POST /fleets/${subject}/scale-out '{"count":${missing}}'`
      : t("send the same request again");
  const isAlert = by.startsWith("sender:") && steps.some(({ phase }) => phase === "alerts");
  return isAlert
    ? t("remove the cause; the next repeat of the alert tries again by itself; if none comes, {command}", {
        command,
      })
    : t("remove the cause, then {command}", { command });
}

/** The next step after a failed run of every kind, by its facts; who asked for it decides whether it comes again by itself. */
function nextStep(details: RunDetails): string {
  const { run, subject, state, phase } = details;
  if (!hasEnded({ state })) return phase === "approve" ? `${KILN} approve ${run}` : `${KILN} logs ${run} -f`;
  if (state === "done") return `${KILN} runs --name ${subject}`;
  return afterDecision(details) ?? afterFailure(details);
}

/** After the decision of an operator, or of a run that was there before. */
function afterDecision({ result = {} }: RunDetails): string | undefined {
  const { busyWith, rejected, expired, family, recipe, imageId } = result;
  if (typeof busyWith === "string")
    return t("{kiln} logs {run} -f, then start this one again when that one has ended", {
      kiln: KILN,
      run: busyWith,
    });
  if (rejected === true)
    return t("{kiln} unhold {family}, when later images may join the family again", {
      kiln: KILN,
      family: String(family),
    });
  return expired === true ? `${KILN} promote ${[family, recipe, imageId].map(String).join(" ")}` : undefined;
}

function afterFailure(details: RunDetails): string {
  const { run, kind, subject, outputs } = details;
  const known = { kiln: KILN, run, name: subject };
  const ofDocument = afterMistake(details);
  if (ofDocument !== undefined) return ofDocument;
  if (kind === "check") return afterCheck(details);
  if (kind === "scale" || kind === "alerts") return afterScaleOut(details);
  if (outputs.length > 0 && kind === "bake")
    return t(
      "correct recipe {name} or the script that failed, and store it again; {kiln} logs {run} shows all output",
      known,
    );
  if (outputs.length > 0 && kind === "promote")
    return t(
      "correct recipe {name} or its tests, and bake it again; {kiln} logs {run} shows the output of its tests",
      known,
    );
  return t("remove the cause, then {command}", { command: againFor(details) });
}

/** How a run of this origin begins again. */
function againFor({ kind, subject, by }: RunDetails): string {
  if (by.startsWith("timer:")) return t("wait for the timer, which starts the next run by itself");
  if (kind === "bake") return `${KILN} bake ${subject}`;
  return by.startsWith("webhook:") || by === "link"
    ? t("send the same request again")
    : t("start again what asked for this run: {by}", { by });
}
