/** One telling of a story: its local cloud is started, the story is played, the facts are gathered. */
import { minutes } from "../../shared/duration.ts";
import { play, type SceneReport } from "./player.ts";
import type { Screen } from "./screens/screen.ts";
import type { Story } from "./story.ts";
import { summarise, type Summary } from "./summary.ts";
import type { DeployOptions, Deployment } from "../support/deployment.ts";

export interface Report {
  readonly story: string;
  /** Every step of every scene held. */
  readonly ok: boolean;
  readonly scenes: readonly SceneReport[];
  readonly summary: Summary;
}

export interface Rehearsal {
  readonly report: Report;
  /** Still running; the caller closes it. */
  readonly kiln: Deployment;
}

/**
 * Plays `story`, which begins on the day `dayAt`. `deploy` may break links on purpose: another
 * manifest, other roles, another environment.
 */
export async function rehearse(
  story: Story,
  screen: Screen,
  dayAt: number,
  deploy: DeployOptions = {},
): Promise<Rehearsal> {
  const realAt = performance.now();
  const beganAt = story.beginsAt(dayAt);
  const options = { at: beganAt, fc: { idleMs: minutes(10), inline: false }, ...deploy };
  const { kiln, scenes } = await story.open(options);
  try {
    const { cloud } = kiln;
    const reports = await play(scenes, { kiln, cloud }, screen);
    const summary = await summarise(cloud, beganAt, performance.now() - realAt);
    const ok = reports.every((scene) => scene.ok);
    return { report: { story: story.name, ok, scenes: reports, summary }, kiln };
  } catch (error) {
    await kiln.close();
    throw error;
  }
}
