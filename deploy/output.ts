/**
 * The output of a program that a user starts.
 *
 * OUTPUT-1. A reader such as `head` may end before the output does, and a disk may be full. Neither ends the work half-way
 *     or changes the exit code: lines that cannot be written are left out. Unless the reader chose it, a line on stderr says so.
 *     A write to a pipe that is closed fails with EPIPE, and Node throws it where no listener is:
 *     https://nodejs.org/api/process.html#a-note-on-process-io
 */

import { createInterface } from "node:readline/promises";

/** Asks on the terminal; the question goes beside the output, which may be a pipe. */
async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Writes lines, without their end, to the streams of this process (OUTPUT-1), and asks the person before it. */
export function ownOutput() {
  const { stdout, stderr } = process;
  let isSaid = false;
  stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || isSaid) return;
    isSaid = true;
    stderr.write(`the output is not complete: ${message}; the exit code says whether the work is done\n`);
  });
  stderr.on("error", () => undefined);
  return {
    out: (line: string) => void stdout.write(`${line}\n`),
    err: (line: string) => void stderr.write(`${line}\n`),
    ask,
  };
}
