/** `check FILE…`: the mistakes of recipes and fleets, without a network. */
import { resolve } from "node:path";
import { readJson } from "../../shared/json.ts";
import type { Place } from "../../shared/errors.ts";
import { readChannelNames, unknownChannels } from "../../shared/notifications/channel-names.ts";
import { variables } from "../client.ts";
import type { Checked, CheckedAll } from "../documents.ts";
import { t } from "../language.ts";
import { scripted } from "../script.ts";
import { AS, CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";

export const check: Command = {
  name: "check",
  summary: "find the mistakes in recipes, fleets and components, without a network unless --online is given",
  args: "FILE…",
  count: [1, Number.POSITIVE_INFINITY],
  options: {
    as: AS,
    online: {
      help: "ask the cloud as well, by dry runs: ids, families, types in stock, prices; needs a key of the cloud",
    },
  },
  details: `A folder means the documents in it, and in folders recipes/ and fleets/ in it. Every mistake of a file is listed with its line,
its rule and what to write instead. A file that cannot be read keeps no other from its check. Where KILN_CHANNELS is set, in the
environment or in .env, channels must be in it. Exit code 3 when there is a mistake, else 1 when a file cannot be read.
--json has advice of a file when there is something to add, unread when there is such a file, and online with --online when the files have no mistake.`,
  shape: `ok, files: [{ file, kind, problems: [{ path, line, column, rule, suggestion }], advice }], unread: [{ file, error }],
online: [{ file, problems, notes }]`,
  run: checkFiles,
};

async function checkFiles(input: Input, io: Io): Promise<Exit> {
  // The parser is most of the time of a start.
  const { checkAll } = await import("../documents.ts");
  const { channelNames } = await import("../../functions/notifier/config.ts");
  const known = readChannelNames(channelNames(variables(io)));
  const { files: read, unread } = await checkAll(input, io);
  const files = read.map((file) => withChannels(file, known));
  const hasMistake = files.some(({ problems }) => problems.length > 0);
  const isSound = !hasMistake && unread.length === 0;
  const online = isSound && input.has("online") ? await askCloud(files, input, io) : undefined;
  const ok = isSound && online?.exit !== EXIT.failed;
  await print({ ok, files, unread, online: online?.text }, input, io);
  if (ok) return EXIT.ok;
  return unread.length > 0 && !hasMistake ? EXIT.failed : EXIT.invalid;
}

interface Found extends CheckedAll {
  readonly ok: boolean;
  /** The answer of the process that asks the cloud. */
  readonly online: string | undefined;
}

async function print({ ok, files, unread, online }: Found, { json }: Input, io: Io): Promise<void> {
  const { factsOf, listed, summaryOf } = await import("../problems.ts");
  if (json) {
    const seen = readJson(online ?? "");
    const more = { ...(unread.length > 0 && { unread }), ...(seen !== undefined && { online: seen }) };
    return io.out(jsonOf("check", { ok, files: files.map(factsOf), ...more }));
  }
  for (const file of files) io.out(listed(file));
  io.out(summaryOf(files));
  for (const { error } of unread) io.err(error);
  if (online !== undefined) io.out(online.trimEnd());
}

/** Clients of the cloud are large, so they are in a process of their own, which reads .env as `deploy` does. */
async function askCloud(files: readonly Checked[], { json }: Input, { root, cwd }: Io) {
  const words = files.flatMap(({ kind, file }) =>
    kind === "component" ? [] : [`--${kind}`, resolve(cwd, file)],
  );
  const { text, exit } = await scripted(["check-online", ...words, ...(json ? ["--json"] : [])], root);
  if (text === "")
    throw new CommandError(EXIT.failed, t("the files have no mistake, and the cloud could not be asked"));
  return { text, exit };
}

/** A sound document whose channels the deployment does not have is a mistake that its runs do not show. */
function withChannels(file: Checked, known: readonly string[] | undefined): Checked {
  const unknown = known === undefined ? [] : file.channels.filter((name) => !known.includes(name));
  if (known === undefined || unknown.length === 0) return file;
  const problems = unknown.map((name) => ({
    path: "notify",
    message: unknownChannels([name], known),
    place: placeOf(name, file.text),
  }));
  return { ...file, problems };
}

/** The first place of a name behind `notify`, and not inside of a longer one. */
function placeOf(word: string, text: string): Place {
  const from = Math.max(0, text.indexOf("notify"));
  const at = from + text.slice(from).search(new RegExp(`(?<![\\w-])${word}(?![\\w-])`));
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1, length: word.length };
}
