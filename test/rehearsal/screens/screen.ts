/** Where a story is shown. Instants are the cloud's, epoch milliseconds. */
import type { SceneReport, StepReport } from "../player.ts";
import type { Scene, Step } from "../story.ts";

export interface Screen {
  scene(scene: Scene): void;
  step(step: Step, at: number): void | Promise<void>;
  /** What the current step is waiting for; called often. */
  progress(text: string, at: number): void;
  stepEnded(report: StepReport): void;
  /** Resolves when the scene is shown. */
  sceneEnded(report: SceneReport): void | Promise<void>;
  /** Something between the scenes. */
  say(text: string): void;
}

/** `+7 min`, `+2.5 h`: simulated time, for people. */
export function spell(ms: number): string {
  if (ms < 1_000) return "at once";
  if (ms < 100_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 100 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** The cloud's wall clock, UTC. */
export const clockOf = (at: number): string => new Date(at).toISOString().slice(11, 19);
