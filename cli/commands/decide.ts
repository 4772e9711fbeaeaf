/** `approve RUN`, `reject RUN`: decides whether the image of a promotion joins its family. `keep`: keeps an instance. `hold`, `unhold`: of a family. `resume`: of a recipe. */
import { isRunId } from "../../shared/names.ts";
import {
  CommandError,
  confirm,
  EXIT,
  jsonOf,
  YES,
  type Command,
  type Exit,
  type Input,
  type Io,
} from "../command.ts";
import { ANSWER, parseReply } from "../answers.ts";
import { clientFor, type Client } from "../client.ts";
import { said, t } from "../language.ts";
import { openRun, questionOf, standingOf } from "../runs.ts";

const deciding = (decision: "approve" | "reject", summary: string): Command => ({
  name: decision,
  summary,
  args: "RUN",
  count: [1, 1],
  options: decision === "reject" ? { yes: YES } : {},
  details: "The first decision stands.",
  route: "POST /decisions/*",
  shape: "run, decision",
  run: async (input: Input, io: Io): Promise<Exit> => {
    const {
      args: [run = ""],
      json,
    } = input;
    if (!isRunId(run))
      throw new CommandError(
        EXIT.usage,
        `${run} is no run: ${decision} takes the id of a promotion, which status shows`,
      );
    if (decision === "reject" && !input.has("yes"))
      await confirm(await rejection(run, clientFor(io)), input, io);
    await post(`/decisions/${run}`, { decision }, io);
    io.out(
      json
        ? jsonOf(decision, { run, decision })
        : t(decision === "approve" ? "approved: {run}" : "rejected: {run}", { run }),
    );
    return EXIT.ok;
  },
});

async function rejection(run: string, client: Client): Promise<readonly string[]> {
  const found = await openRun(run, client);
  const { family = t("not known"), imageId = t("not known"), facts } = questionOf(found);
  return [
    standingOf(found),
    ...(facts === undefined ? [] : [said(facts)]),
    t("image {image} will not join family {family}, which stays as it is and is held until it is lifted", {
      image: imageId,
      family,
    }),
  ];
}

export const approve = deciding("approve", "let the image of a promotion join its family");
export const reject = deciding(
  "reject",
  "end a promotion that waits for approval; its family stays as it is",
);

type Asking = Pick<Command, "summary" | "args"> &
  Partial<Pick<Command, "options" | "count">> & {
    /** Fields that are undefined are not sent. */
    readonly body?: (input: Input) => object;
    /** The last word of its route; the name of the command unless it is given. */
    readonly action?: string;
    /** Of a request that takes something away: what it changes, for the question before it; nothing where none is needed. */
    readonly changes?: (input: Input, client: Client, io: Io) => Promise<readonly string[]>;
  };

/** A request about one document or family, the first argument, which a run carries out. */
export const asking = (
  name: string,
  folder: "families" | "fleets" | "recipes",
  { body = () => ({}), options = {}, count, action = name, changes, ...shown }: Asking,
): Command => ({
  name,
  ...shown,
  count: count ?? [shown.args.split(" ").length, shown.args.split(" ").length],
  options: { ...options, ...(changes && { yes: YES }) },
  route: `POST /${folder}/*`,
  shape: "run",
  run: async (input: Input, io: Io): Promise<Exit> => {
    const path = `/${folder}/${encodeURIComponent(input.args[0] ?? "")}/${action}`;
    const wanted = body(input);
    if (changes !== undefined && !input.has("yes") && !input.has("dry-run")) {
      const lines = await changes(input, clientFor(io), io);
      if (lines.length > 0) await confirm(lines, input, io);
    }
    const { run } = await post(path, wanted, io);
    io.out(
      input.json
        ? jsonOf(name, { run })
        : t("asked for by {run}; {kiln} logs {run} -f", { run, kiln: "npm run kiln --" }),
    );
    return EXIT.ok;
  },
});

export const keep = asking("keep", "fleets", {
  summary: "keep an instance of a fleet running, whatever idle checks find",
  args: "FLEET INSTANCE",
  options: { for: { value: "TIME", help: "how long, at most 7d; 1d without it" } },
  body: (input) => ({ instance: input.args[1], for: input.one("for") }),
});

export const hold = asking("hold", "families", {
  summary: "let no bake change what a family serves; images are built and tested, and wait",
  args: "FAMILY",
  options: {
    why: { value: "TEXT", help: "the reason, for others to read" },
    until: { value: "TIME", help: "a time such as 7d, or an instant; without it until it is lifted" },
  },
  body: (input) => ({ why: input.one("why"), until: input.one("until") }),
});

export const unhold = asking("unhold", "families", {
  summary: "lift the hold of a family",
  args: "FAMILY",
});

export const resume = asking("resume", "recipes", {
  summary: "resume the timers and uploads of a recipe that is paused after failures",
  args: "RECIPE",
});

/** @throws CommandError for any answer but success */
export async function post(path: string, body: object, io: Io): Promise<{ readonly run: string }> {
  const reply = await clientFor(io).send("webhook", "POST", path, { body: JSON.stringify(body) });
  return parseReply(ANSWER.accepted, reply, [200, 202]);
}
