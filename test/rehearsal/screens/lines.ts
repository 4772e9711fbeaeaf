/** Plain lines, for logs and pipes: one line when a step is over, no colours, nothing is overwritten. */
import type { StepReport } from "../player.ts";
import type { Scene } from "../story.ts";
import { type Screen, spell } from "./screen.ts";

export class LineScreen implements Screen {
  readonly #write: (line: string) => void;
  #scenes = 0;

  /** @param write takes one line without its end. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  scene({ title }: Scene): void {
    this.#scenes += 1;
    this.#write(`\n${this.#scenes}. ${title}`);
  }

  step(): void {
    // A line is written when it is known how the step ended.
  }

  progress(): void {
    // Progress is for screens that can overwrite it.
  }

  stepEnded({ title, ok, tookMs, notes, reason, links = [] }: StepReport): void {
    this.#write(`   ${ok ? "✓" : "✗"} ${title}${tookMs < 1_000 ? "" : ` (${spell(tookMs)})`}`);
    for (const note of notes) this.#write(`       ${note}`);
    if (reason !== undefined) this.#write(`       ${reason}`);
    links.forEach((line, n) => this.#write(`       ${n === 0 ? "broken link" : "also"}: ${line}`));
  }

  sceneEnded(): void {
    // Its steps have said everything.
  }

  say(text: string): void {
    this.#write(text);
  }
}
