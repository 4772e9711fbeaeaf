/** Files of `>( )`: a command reads what was written to them when the command that writes is over. */
import type { Script } from "unbash";
import type { Steps } from "../machine.ts";
import type { Shell } from "./shell.ts";
import { Input, withStream } from "./streams.ts";
import type { Streams } from "./streams.ts";

interface Opened {
  readonly path: string;
  readonly script: Script;
  readonly streams: Streams;
}

export class Outputs {
  readonly #opened: Opened[] = [];
  #kept = 0;
  #descriptor = 63;

  /** A path for the next `<( )` or `>( )`. */
  nextPath(): string {
    return `/dev/fd/${this.#descriptor--}`;
  }

  open({ files, streams }: Shell, path: string, script: Script): void {
    files.openWrite(path);
    this.#opened.push({ path, script, streams });
  }

  /** How many are open. */
  get count(): number {
    return this.#opened.length;
  }

  /** `exec > >(tee log)`: they stay open until the shell ends. */
  keep(): void {
    this.#kept = this.#opened.length;
  }

  /** Closes all, or those from the given one on that need not stay open. */
  *close(shell: Shell, from?: number): Steps<void> {
    const first = from === undefined ? 0 : Math.max(from, this.#kept);
    for (const { path, script, streams } of this.#opened.splice(first)) {
      const reader = shell.fork();
      reader.options.delete("errexit");
      reader.streams = withStream(streams, 0, { input: new Input(shell.files.close(path)) });
      yield* reader.inner(script);
    }
  }
}
