/** `logs RUN [-f]`: the steps of a run and the outputs of its commands, as they come. */
import { seconds } from "../../shared/duration.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { refusedBy } from "../answers.ts";
import { clientFor, type Client } from "../client.ts";
import { linesIn, localMinute, quoted } from "../format.ts";
import { said, t } from "../language.ts";
import { hasEnded, readRun, runIn, type RunDetails } from "../runs.ts";

export const logs: Command = {
  name: "logs",
  summary: "print the steps of a run and the outputs of its commands",
  args: "RUN",
  count: [1, 1],
  options: {
    follow: {
      short: "f",
      help: "go on until the run and its promotion have ended; exit code 1 unless both are done",
    },
    output: { value: "N", help: "only the output of one command, by its number" },
  },
  details: `While a command runs, the first 6,000 bytes of its output are there; all of it when it has ended.
--json prints one document at the end. With -f a bake is followed by its promotion, up to its end or to the question for approval;
a bake that made nothing because it waits for something, such as a parameter, has exit code 1.`,
  shape: "run: { …, steps, outputs }, texts: { NAME: TEXT }, promotion: { … }, promotionTexts",
  run: (input, io) => printLogs("logs", input, io),
};

/** `watch RUN` is `logs RUN -f`. */
export const watch: Command = {
  ...logs,
  name: "watch",
  summary:
    "print the steps of a run and the outputs of its commands as they come, until it and its promotion have ended",
  options: {},
  run: (input, io) =>
    printLogs("watch", { ...input, has: (option) => option === "follow" || input.has(option) }, io),
};

async function printLogs(name: string, input: Input, io: Io): Promise<Exit> {
  const [run = ""] = input.args;
  const client = clientFor(io);
  const only = input.one("output");
  if (only !== undefined) return printOutput(name, only, input, io);
  const show = { client, io, out: input.json ? () => undefined : io.out, follows: input.has("follow") };
  const { details, texts } = await shown(run, show);
  const next = show.follows ? promotionOf(details) : undefined;
  if (next !== undefined) show.out(t("its promotion is {run}", { run: next }));
  const promotion = next === undefined ? undefined : await shown(next, { ...show, asks: true });
  if (input.json)
    io.out(
      jsonOf(name, {
        run: details,
        texts,
        ...(promotion && { promotion: promotion.details, promotionTexts: promotion.texts }),
      }),
    );
  return show.follows && ![details, promotion?.details].every(isWell) ? EXIT.failed : EXIT.ok;
}

interface Show {
  readonly client: Client;
  readonly io: Io;
  readonly out: (line: string) => void;
  readonly follows: boolean;
  /** A promotion that waits for a person is not waited for. */
  readonly asks?: boolean;
}

/** Prints a run, and goes on until it has ended. */
async function shown(run: string, { client, io, out, follows, asks = false }: Show) {
  const printer = new Printer(client, out);
  if (asks) await begun(client, run, io);
  let details = await printer.print(run);
  while (follows && !hasEnded(details) && !(asks && isAsking(details))) {
    await io.sleep(PAUSE_MS);
    details = await printer.print(run);
  }
  return { details, texts: printer.texts };
}

/** A promotion begins some moments behind the bake that names it. */
const BEGINS_LOOKS = 30;

async function begun(client: Client, run: string, io: Io): Promise<void> {
  for (let look = 0; look < BEGINS_LOOKS; look++) {
    const { status } = await client.send("api", "GET", `/runs/${runIn(run)}`);
    if (status !== 404) return;
    await io.sleep(PAUSE_MS);
  }
}

/** The run that tests what a bake has made and lets it join its family. */
function promotionOf({ state, result }: RunDetails): string | undefined {
  const promotion = result?.["promotion"];
  return state === "done" && typeof promotion === "string" ? promotion : undefined;
}

const isAsking = ({ kind, phase }: RunDetails): boolean => kind === "promote" && phase === "approve";

/** Whether a run did what it is for: a bake that waits for something has made nothing, though it is done. */
const isWell = (run: RunDetails | undefined): boolean =>
  run === undefined || isAsking(run) || (run.state === "done" && run.result?.["waits"] !== true);

async function printOutput(
  name: string,
  only: string,
  { args: [run = ""], json }: Input,
  io: Io,
): Promise<Exit> {
  const text = await textOf(clientFor(io), run, only);
  io.out(json ? jsonOf(name, { run, texts: { [only]: text } }) : text.trimEnd());
  return EXIT.ok;
}

const PAUSE_MS = seconds(2);

async function textOf(client: Client, run: string, output: string): Promise<string> {
  const reply = await client.send("api", "GET", `/runs/${runIn(run)}/logs/${encodeURIComponent(output)}`);
  if (reply.status !== 200) throw refusedBy(reply);
  return reply.text;
}

/** Prints what is new of a run each time. */
class Printer {
  readonly #client: Client;
  readonly #out: (line: string) => void;
  readonly texts: Record<string, string> = {};
  #steps = 0;
  #state = "";
  /** The newest output: it may grow, or be that of a command that is repeated. */
  #newest: string | undefined;

  constructor(client: Client, out: (line: string) => void) {
    this.#client = client;
    this.#out = out;
  }

  async print(run: string): Promise<RunDetails> {
    const details = await readRun(this.#client, run);
    for (const { at, phase, note } of details.steps.slice(this.#steps))
      this.#out(`${localMinute(at)}  ${phase.padEnd(12)}  ${note ?? ""}`.trimEnd());
    this.#steps = details.steps.length;
    for (const name of details.outputs)
      if (!(name in this.texts) || name === this.#newest) await this.#printOutput(run, name);
    this.#newest = details.outputs.at(-1);
    const { state, phase, reason, note = "" } = details;
    const why = reason ?? details.result?.["note"];
    const now = hasEnded(details)
      ? `${state}${typeof why === "string" ? `: ${said(why)}` : ""}`
      : `${state}: ${phase} ${note}`;
    if (now !== this.#state) this.#out(now.trimEnd());
    this.#state = now;
    return details;
  }

  async #printOutput(run: string, name: string): Promise<void> {
    const text = await textOf(this.#client, run, name);
    const { [name]: before } = this.texts;
    this.texts[name] = text;
    if (text === before) return;
    const goesOn = before !== undefined && text.startsWith(before);
    if (!goesOn) this.#out(`── ${name}`);
    for (const line of quoted(linesIn(goesOn ? text.slice(before.length) : text))) this.#out(line);
  }
}
