/** `ui`: the deployment in a browser. */
import { EXIT, type Command, type Exit, type Io } from "../command.ts";

export const ui: Command = {
  name: "ui",
  summary: "serve a page on this machine: runs, families, fleets, failures, approvals and idle machines",
  args: "",
  count: [0, 0],
  options: {},
  details: `It prints a URL that opens the page once, in one browser, and runs until Ctrl-C. The page only reads, through the API, and
is up to date every ten seconds. The caller needs the route GET /*.`,
  run: serve,
};

async function serve(_: unknown, io: Io): Promise<Exit> {
  const { serveUi } = await import("../ui/server.ts");
  const { url } = await serveUi(io);
  io.out(url);
  io.err("It opens once, in one browser; Ctrl-C ends it.");
  // The server keeps the process alive, which ends with a signal.
  await new Promise<never>(() => undefined);
  return EXIT.ok;
}
