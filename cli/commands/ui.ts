/** `ui`: the deployment in a browser. */
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";

export const ui: Command = {
  name: "ui",
  summary: "serve a page on this machine: runs, families, fleets, failures, approvals and idle machines",
  args: "",
  count: [0, 0],
  options: {
    write: {
      help: "with buttons: approve, reject, hold, unhold, roll back, keep; each shows its change before",
    },
    port: { value: "PORT", help: "of this machine; a free one without it" },
  },
  shape: "url",
  details: `It prints a URL that opens the page once, in one browser, and runs until Ctrl-C. The page only reads, through the API, and
is up to date every ten seconds. The caller needs the routes GET /* and POST /plan; with --write those of the changes as well.`,
  run: serve,
};

function portIn(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new CommandError(EXIT.usage, `--port ${text} is no port`);
}

async function serve(input: Input, io: Io): Promise<Exit> {
  const { serveUi } = await import("../ui/server.ts");
  const { url } = await serveUi(io, { port: portIn(input.one("port") ?? "0"), writes: input.has("write") });
  io.out(input.json ? jsonOf("ui", { url }) : url);
  io.err("It opens once, in one browser; Ctrl-C ends it.");
  // The server keeps the process alive, which ends with a signal.
  await new Promise<never>(() => undefined);
  return EXIT.ok;
}
