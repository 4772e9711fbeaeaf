/**
 * A terminal: one list for each scene, which fills in while the scene is played and then stays as it is, so
 * that what moves is never taller than the window.
 */
import { type DefaultRenderer, Listr, type ListrTaskWrapper, type SimpleRenderer } from "listr2";
import type { SceneReport, StepReport } from "../player.ts";
import type { Scene, Step } from "../story.ts";
import { clockOf, type Screen, spell } from "./screen.ts";

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** Something the list waits for and the player resolves. */
class Moment<T> {
  readonly come: Promise<T>;
  #resolve: ((value: T) => void) | undefined;

  constructor() {
    this.come = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  resolve(value: T): void {
    this.#resolve?.(value);
  }
}

/** A step of the list: its task from the moment it is its turn, and how it ended ("" = well). */
interface Row {
  readonly task: Moment<Task>;
  readonly problem: Moment<string>;
}

export class LiveScreen implements Screen {
  readonly #write: (line: string) => void;
  #scenes = 0;
  #rows = new Map<Step, Row>();
  #list: Promise<unknown> = Promise.resolve();
  #scene: { readonly title: string; task?: Task; beganAt?: number } = { title: "" };
  #task: Task | undefined;
  #problem: Moment<string> | undefined;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  scene(scene: Scene): void {
    this.#scenes += 1;
    const title = `${this.#scenes}. ${scene.title}`;
    this.#scene = { title };
    this.#rows = new Map(scene.steps.map((step) => [step, { task: new Moment(), problem: new Moment() }]));
    const steps = [...this.#rows].map(([step, row]) => ({
      title: step.title,
      task: (_: unknown, task: Task) => follow(row, task),
      rendererOptions: { persistentOutput: true },
    }));
    const list = new Listr(
      [
        {
          title,
          task: (_: unknown, task: Task) => {
            this.#scene.task = task;
            return task.newListr(steps, { exitOnError: true });
          },
        },
      ],
      { exitOnError: false, rendererOptions: { collapseSubtasks: false, formatOutput: "wrap" } },
    );
    this.#list = list.run();
  }

  async step(step: Step, at: number): Promise<void> {
    const row = this.#rows.get(step);
    this.#scene.beganAt ??= at;
    this.#task = await row?.task.come;
    this.#problem = row?.problem;
  }

  progress(text: string, at: number): void {
    const { task, title, beganAt = at } = this.#scene;
    if (this.#task) this.#task.output = `${clockOf(at)}  ${text}`;
    if (task) task.title = `${title}  +${spell(at - beganAt)}`;
  }

  stepEnded({ title, ok, tookMs, notes, reason, links = [] }: StepReport): void {
    if (this.#task) {
      this.#task.title = tookMs < 1_000 ? title : `${title} (${spell(tookMs)})`;
      this.#task.output = notes.join("\n");
    }
    const lines = links.map((line, n) => `${n === 0 ? "broken link" : "also"}: ${line}`);
    this.#problem?.resolve(ok ? "" : [title, reason ?? "it did not hold", ...lines].join("\n"));
  }

  async sceneEnded({ steps, simulatedMs }: SceneReport): Promise<void> {
    const { task, title } = this.#scene;
    if (task && steps.length > 0) task.title = `${title}  +${spell(simulatedMs)}`;
    for (const { problem } of [...this.#rows.values()].slice(steps.length)) problem.resolve("not reached");
    await this.#list;
  }

  say(text: string): void {
    this.#write(text);
  }
}

async function follow({ task, problem }: Row, own: Task): Promise<void> {
  task.resolve(own);
  const text = await problem.come;
  if (text !== "") throw new Error(text);
}
