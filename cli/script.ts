/** The deploy tool as a process of its own, because it is TypeScript and loads clients of the cloud. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { EXIT, type Exit } from "./command.ts";

const started = (words: readonly string[], root: string, stdout: "inherit" | "pipe") =>
  spawn(process.execPath, ["--import", "tsx", join(root, "deploy", "main.ts"), ...words], {
    cwd: root,
    stdio: ["inherit", stdout, "inherit"],
  });

/** The exit code of a script, as that of a command. */
const exitOf = (child: ReturnType<typeof started>): Promise<Exit> =>
  new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done(code === 0 ? EXIT.ok : code === 2 ? EXIT.usage : EXIT.failed));
  });

/** Runs a script that prints as it goes. */
export const played = (words: readonly string[], root: string): Promise<Exit> =>
  exitOf(started(words, root, "inherit"));

/** Runs a script and answers what it printed. */
export async function scripted(words: readonly string[], root: string) {
  const child = started(words, root, "pipe");
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  return { exit: await exitOf(child), text };
}
