/** A terminal: the whole story as a list that fills in, the current step with what it is waiting for. */
import { Listr, type ListrTaskWrapper, type DefaultRenderer, type SimpleRenderer } from "listr2";
import type { SceneReport, StepReport } from "../player.ts";
import type { Scene, Step } from "../story.ts";
import { clockOf, type Screen, spell } from "./screen.ts";

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** A row of the list that waits for the player: it begins when `begun` resolves and lasts until `end`. */
interface Row {
  readonly begun: Promise<void>;
  readonly begin: () => void;
  readonly ended: Promise<string | undefined>;
  /** With a text: it failed. */
  readonly end: (problem?: string) => void;
  task?: Task;
  isSkipped: boolean;
}

export class LiveScreen implements Screen {
  readonly #rows = new Map<Scene | Step, Row>();
  readonly #listed: Promise<unknown>;
  readonly #write: (line: string) => void;
  readonly #said: string[] = [];
  #scene: Scene | undefined;
  #row: Row | undefined;

  constructor(scenes: readonly Scene[], write: (line: string) => void) {
    this.#write = write;
    const list = new Listr(
      scenes.map((scene) => ({
        title: scene.title,
        task: (_: unknown, task: Task) => this.#listScene(scene, task),
      })),
      {
        exitOnError: false,
        rendererOptions: { collapseSubtasks: false, collapseErrors: false, formatOutput: "wrap" },
      },
    );
    this.#listed = list.run();
  }

  scene(scene: Scene): void {
    this.#scene = scene;
    this.#rowOf(scene).begin();
  }

  step(step: Step): void {
    this.#row = this.#rowOf(step);
    this.#row.begin();
  }

  progress(text: string, at: number): void {
    const task = this.#row?.task;
    if (task) task.output = `${clockOf(at)}  ${text}`;
  }

  stepEnded({ title, ok, tookMs, notes, reason, links = [] }: StepReport): void {
    const { task, end } = this.#row ?? {};
    if (task) {
      task.title = tookMs < 1_000 ? title : `${title} (${spell(tookMs)})`;
      task.output = notes.join("\n");
    }
    const lines = links.map((line, n) => `${n === 0 ? "broken link" : "also"}: ${line}`);
    end?.(ok ? undefined : [title, reason ?? "", ...lines].join("\n"));
  }

  sceneEnded({ steps, simulatedMs }: SceneReport): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    for (const step of scene.steps.slice(steps.length)) {
      const row = this.#rowOf(step);
      row.isSkipped = true;
      row.begin();
      row.end();
    }
    const { task, end } = this.#rowOf(scene);
    if (task && steps.length > 0) task.title = `${scene.title}  +${spell(simulatedMs)}`;
    end();
  }

  /** Kept until the list is complete, which owns the terminal until then. */
  say(text: string): void {
    this.#said.push(text);
  }

  async close(): Promise<void> {
    await this.#listed;
    for (const text of this.#said) this.#write(text);
  }

  async #listScene(scene: Scene, task: Task) {
    const row = this.#rowOf(scene);
    row.task = task;
    await row.begun;
    return task.newListr(
      scene.steps.map((step) => ({
        title: step.title,
        task: (_: unknown, own: Task) => this.#listStep(step, own),
        rendererOptions: { persistentOutput: true },
      })),
      { exitOnError: false, concurrent: false },
    );
  }

  async #listStep(step: Step, task: Task): Promise<void> {
    const row = this.#rowOf(step);
    row.task = task;
    await row.begun;
    if (row.isSkipped) {
      task.skip(`${step.title}: not reached`);
      return;
    }
    const problem = await row.ended;
    if (problem !== undefined) throw new Error(problem);
  }

  #rowOf(of: Scene | Step): Row {
    const known = this.#rows.get(of);
    if (known !== undefined) return known;
    const { promise: begun, resolve: begin } = deferred<void>();
    const { promise: ended, resolve: end } = deferred<string | undefined>();
    const row: Row = { begun, begin: () => begin(), ended, end: (problem) => end(problem), isSkipped: false };
    this.#rows.set(of, row);
    return row;
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle?.(value) };
}
