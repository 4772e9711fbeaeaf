/** `push FILE…`: recipes and fleets are checked and stored by the API. */
import { resolve } from "node:path";
import { COMMIT_HEADER } from "../../shared/commit.ts";
import { messageOf } from "../../shared/errors.ts";
import { ANSWER, parseReply, refusalIn, refusedBy } from "../answers.ts";
import { commitOf } from "../checkout.ts";
import { clientFor, etagIn, type Client } from "../client.ts";
import { AS, CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import type { Checked, CheckedAll } from "../documents.ts";
import { t } from "../language.ts";

export const push: Command = {
  name: "push",
  summary: "check recipes, fleets and components and store them in the deployment",
  args: "FILE…",
  count: [1, Number.POSITIVE_INFINITY],
  options: {
    as: AS,
    match: { value: "ETAG", help: "replace the document only if it still has this etag; for one file" },
    new: { help: "store it only if there is no document of this name" },
  },
  details: `Nothing is stored as long as a file has a mistake. A document that another program changes meanwhile is not replaced: the
exit code is 1 then, and nothing is lost. Files are stored one after the other, up to the first that is refused.
--json has files, as check has them, when some have mistakes, and else documents; after a refusal these are the stored ones, and file,
error and untried are the refused file, the reason, and the files behind it.`,
  shape: "ok, files, documents: [{ file, key, etag, created, note }], file, error, untried",
  run,
};

async function run(input: Input, io: Io): Promise<Exit> {
  etagIn(input);
  // The parser is most of the time of a start.
  const { checkAll } = await import("../documents.ts");
  const { files, unread } = await checkAll(input, io);
  const wrong = files.filter(({ problems }) => problems.length > 0);
  if (wrong.length + unread.length > 0) return refuse({ files: wrong, unread }, input, io);
  if (input.one("match") !== undefined && files.length > 1)
    throw new CommandError(EXIT.usage, "--match is the etag of one document; push that file alone");
  await requireApart(files, io);
  return storeAll(files, { input, client: clientFor(io), io });
}

/** @throws CommandError for two files that are one document: the second would replace the first */
async function requireApart(files: readonly Checked[], { cwd }: Io): Promise<void> {
  const { routeOf } = await import("../documents.ts");
  const seen = new Map<string, Checked>();
  for (const one of files) {
    const route = routeOf(one, cwd);
    const other = seen.get(route);
    if (other !== undefined && resolve(cwd, other.file) !== resolve(cwd, one.file))
      throw new CommandError(
        EXIT.usage,
        `${other.file} and ${one.file} are both the document ${route.slice(1)}: push the one that is meant; nothing is stored`,
      );
    seen.set(route, one);
  }
}

/** Stores one file after the other, up to the first that is not stored: its cause may be that of all. */
async function storeAll(files: readonly Checked[], around: Around): Promise<Exit> {
  const { input, io } = around;
  const documents: Stored[] = [];
  for (const file of files) {
    try {
      const stored = await store(file, around);
      documents.push(stored);
      if (!input.json) for (const line of linesOf(stored)) io.out(line);
    } catch (error) {
      // Without its settings a command has tried nothing.
      if (error instanceof CommandError && error.exit === EXIT.usage) throw error;
      return halted({ files, documents, error }, input, io);
    }
  }
  if (input.json) io.out(jsonOf("push", { ok: true, documents }));
  return EXIT.ok;
}

const linesOf = ({ file, created, key, note }: Stored): readonly string[] => [
  `${file}  ${created ? "stored" : "replaced"} as ${key}`,
  ...(note === undefined ? [] : [`  ${note}`]),
];

interface Halted {
  readonly files: readonly Checked[];
  readonly documents: readonly Stored[];
  readonly error: unknown;
}

/** Says which file was not stored and why, and how far the command got. */
function halted({ files, documents, error }: Halted, { json }: Input, io: Io): Exit {
  const [{ file } = { file: "" }, ...rest] = files.slice(documents.length);
  const untried = rest.map((one) => one.file);
  const message = messageOf(error);
  if (json) io.out(jsonOf("push", { ok: false, documents, file, error: message, untried }));
  io.err(`${file}: ${message}`);
  if (files.length > 1) {
    const stored = `${documents.length} of ${files.length} files were stored before it`;
    io.err(untried.length === 0 ? stored : `${stored}; not tried: ${untried.join(", ")}`);
  }
  return error instanceof CommandError ? error.exit : EXIT.failed;
}

/** Lists files with mistakes, and those that cannot be read. */
async function refuse({ files, unread }: CheckedAll, input: Input, io: Io): Promise<Exit> {
  const { factsOf, listed } = await import("../problems.ts");
  const more = unread.length > 0 && { unread };
  if (input.json) io.out(jsonOf("push", { ok: false, files: files.map(factsOf), ...more }));
  else {
    for (const { error } of unread) io.err(error);
    for (const line of [...files.map(listed), t("nothing is stored")]) io.out(line);
  }
  return files.length > 0 ? EXIT.invalid : EXIT.failed;
}

interface Stored {
  readonly file: string;
  readonly key: string;
  readonly etag: string;
  readonly created: boolean;
  /** On other objects of its name. */
  readonly note?: string;
}

interface Around {
  readonly input: Input;
  readonly client: Client;
  readonly io: Io;
}

/** Stores one file under the etag that was seen before, so that a change in between is not overwritten. */
async function store(file: Checked, { input, client, io: { cwd } }: Around): Promise<Stored> {
  const { routeOf } = await import("../documents.ts");
  const path = routeOf(file, cwd);
  const commit = await commitOf(resolve(cwd, file.file));
  const headers = {
    ...(await precondition(path, input, client)),
    ...(commit !== undefined && { [COMMIT_HEADER]: commit }),
  };
  const reply = await client.send("api", "PUT", path, { body: file.text, headers });
  if (reply.status === 412) {
    const now = parseReply(ANSWER.text, await client.send("api", "GET", path), [200, 404]);
    const isThere = now.text === file.text;
    const outcome = isThere ? "the deployment holds this text already" : "nothing was replaced";
    throw new CommandError(EXIT.failed, `${refusedBy(reply).message}; ${outcome}`);
  }
  const { key, etag, created, note } = parseReply(ANSWER.stored, reply);
  return { file: file.file, key, etag, created, ...(note !== undefined && { note }) };
}

async function precondition(path: string, input: Input, client: Client): Promise<Record<string, string>> {
  const match = etagIn(input);
  if (match !== undefined) return { "if-match": `"${match}"` };
  if (input.has("new")) return { "if-none-match": "*" };
  const before = await client.send("api", "GET", path);
  if (before.status === 404 && refusalIn(before) !== undefined) return { "if-none-match": "*" };
  return { "if-match": `"${parseReply(ANSWER.document, before).etag}"` };
}
