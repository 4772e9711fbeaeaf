/** `logs RUN [-f]`: the steps of a run and the outputs of its commands, as they come. */
import { seconds } from "../../shared/duration.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { refusedBy } from "../answers.ts";
import { clientFor, type Client } from "../client.ts";
import { linesIn, localMinute, quoted } from "../format.ts";
import { said } from "../language.ts";
import { hasEnded, readRun, runIn, type RunDetails } from "../runs.ts";

export const logs: Command = {
  name: "logs",
  summary: "print the steps of a run and the outputs of its commands",
  args: "RUN",
  count: [1, 1],
  options: {
    follow: { short: "f", help: "go on until the run has ended; exit code 1 unless it is done" },
    output: { value: "N", help: "only the output of one command, by its number" },
  },
  details: `While a command runs, the first 6,000 bytes of its output are there; all of it when it has ended.
--json prints one document at the end.`,
  shape: "run: { …, steps, outputs }, texts: { NAME: TEXT }",
  run: (input, io) => printLogs("logs", input, io),
};

/** `watch RUN` is `logs RUN -f`. */
export const watch: Command = {
  ...logs,
  name: "watch",
  summary: "print the steps of a run and the outputs of its commands as they come, until it has ended",
  options: {},
  run: (input, io) =>
    printLogs("watch", { ...input, has: (option) => option === "follow" || input.has(option) }, io),
};

async function printLogs(name: string, input: Input, io: Io): Promise<Exit> {
  const [run = ""] = input.args;
  const client = clientFor(io);
  const only = input.one("output");
  if (only !== undefined) {
    const text = await textOf(client, run, only);
    io.out(input.json ? jsonOf(name, { run, texts: { [only]: text } }) : text.trimEnd());
    return EXIT.ok;
  }
  const printer = new Printer(client, input.json ? () => undefined : io.out);
  let details = await printer.print(run);
  while (input.has("follow") && !hasEnded(details)) {
    await io.sleep(PAUSE_MS);
    details = await printer.print(run);
  }
  if (input.json) io.out(jsonOf(name, { run: details, texts: printer.texts }));
  return input.has("follow") && details.state !== "done" ? EXIT.failed : EXIT.ok;
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
    const now = hasEnded(details)
      ? `${state}${reason === undefined ? "" : `: ${said(reason)}`}`
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
