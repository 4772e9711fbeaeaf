/** Plays a story on a stage and tells a screen what happens. */
import { diagnose } from "./diagnosis.ts";
import type { Screen } from "./screens/screen.ts";
import type { Stage } from "./stage.ts";
import type { Look, Scene, Step } from "./story.ts";

export interface StepReport {
  readonly title: string;
  readonly kind: Step["kind"];
  readonly ok: boolean;
  /** Simulated milliseconds it took. */
  readonly tookMs: number;
  readonly notes: readonly string[];
  /** Only when it did not hold: what was seen instead. */
  readonly reason?: string;
  /** Only when it did not hold: the broken link first. */
  readonly links?: readonly string[];
}

export interface SceneReport {
  readonly title: string;
  /** Every step held, and none was left out. */
  readonly ok: boolean;
  readonly simulatedMs: number;
  readonly steps: readonly StepReport[];
}

/**
 * Plays the scenes in order. An act or a sight that fails ends the story, for what follows rests on it;
 * a fact that does not hold is reported and the story goes on.
 */
export async function play(
  scenes: readonly Scene[],
  stage: Omit<Stage, "sceneAt">,
  screen: Screen,
): Promise<SceneReport[]> {
  const reports: SceneReport[] = [];
  let isOver = false;
  for (const scene of scenes) {
    if (isOver) {
      screen.say(`not reached: ${scene.title}`);
      reports.push({ title: scene.title, ok: false, simulatedMs: 0, steps: [] });
      continue;
    }
    const beganAt = stage.cloud.time.now();
    const steps: StepReport[] = [];
    screen.scene(scene);
    for (const step of scene.steps) {
      await screen.step(step, stage.cloud.time.now());
      const report: StepReport = await perform(step, scene, { ...stage, sceneAt: beganAt }, screen);
      screen.stepEnded(report);
      steps.push(report);
      isOver = !report.ok && step.kind !== "hold";
      if (isOver) break;
    }
    const ok = steps.length === scene.steps.length && steps.every((step) => step.ok);
    const report = { title: scene.title, ok, simulatedMs: stage.cloud.time.now() - beganAt, steps };
    await screen.sceneEnded(report);
    reports.push(report);
  }
  return reports;
}

async function perform(step: Step, scene: Scene, stage: Stage, screen: Screen): Promise<StepReport> {
  const { cloud } = stage;
  const beganAt = cloud.time.now();
  const { title, kind } = step;
  const look = await take(step, stage, screen).catch((error: unknown): Look => ({
    state: "broken",
    reason: textOf(error),
  }));
  const base = { title, kind, tookMs: cloud.time.now() - beganAt };
  if (look.state === "held") return { ...base, ok: true, notes: look.notes };
  const reason =
    look.state === "broken"
      ? look.reason
      : `not within ${Math.round(base.tookMs / 60_000)} min: ${look.progress}`;
  const isWhole = look.state === "broken" && look.isWhole === true;
  const known = look.state === "broken" ? look.link : undefined;
  return {
    ...base,
    ok: false,
    notes: [],
    reason,
    links: isWhole ? [] : diagnose(stage, step.link ?? scene.link, known),
  };
}

async function take(step: Step, stage: Stage, screen: Screen): Promise<Look> {
  switch (step.kind) {
    case "act":
      return step.act(stage);
    case "hold":
      return step.ask(stage);
    case "see": {
      let look = step.look(stage);
      const isDecided = (): boolean => {
        look = step.look(stage);
        if (look.state === "pending") screen.progress(look.progress, stage.cloud.time.now());
        return look.state !== "pending";
      };
      await stage.cloud.settle({ forMs: step.withinMs, until: isDecided });
      return look;
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
