/**
 * How a story is written: scenes of steps, each an act of a user or an observation of the world.
 *
 * STORY-1. Expectations look at the world (machines, images, families, objects), never at calls made.
 * STORY-2. A step that does not hold names the link of the chain that is broken; see diagnosis.ts.
 * STORY-3. Scenes are created for each run of a story, so a story keeps its findings in plain variables.
 */
import type { Link } from "./diagnosis.ts";
import type { Stage } from "./stage.ts";
import { type DeployOptions, type Deployment, deployKiln } from "../support/deployment.ts";

/** What a look at the world came to. `pending` carries what to show meanwhile, `held` what to tell about it. */
export type Look =
  | { readonly state: "pending"; readonly progress: string }
  | { readonly state: "held"; readonly notes: readonly string[] }
  /** `link` when the step itself knows which link is broken; else the cloud's records are searched for it. */
  | {
      readonly state: "broken";
      readonly reason: string;
      readonly link?: string;
      /** The reason says all: no link of Kiln is broken. */
      readonly isWhole?: true;
    };

export const pending = (progress: string): Look => ({ state: "pending", progress });
export const held = (...notes: readonly string[]): Look => ({ state: "held", notes });
export const broken = (reason: string, link?: string): Look => ({
  state: "broken",
  reason,
  ...(link !== undefined && { link }),
});

/** A mistake of the user, whom the records of the cloud tell no more. */
export const brokenBy = (reason: string): Look => ({ state: "broken", reason, isWhole: true });

interface Titled {
  readonly title: string;
  /** Where to look first when it does not hold; the scene's when left out. */
  readonly link?: Link;
}

/** What a person or the outside world does; it may tell what came back. */
interface Act extends Titled {
  readonly kind: "act";
  readonly act: (stage: Stage) => Promise<Look>;
}

/** Something that will be so, `withinMs` of simulated time; looked for after every event of the cloud. */
interface See extends Titled {
  readonly kind: "see";
  readonly withinMs: number;
  readonly look: (stage: Stage) => Look;
}

/** Something that is so now. */
interface Hold extends Titled {
  readonly kind: "hold";
  readonly ask: (stage: Stage) => Look | Promise<Look>;
}

export type Step = Act | See | Hold;

export const act = (title: string, run: Act["act"], link?: Link): Step => ({
  kind: "act",
  title,
  act: run,
  ...(link && { link }),
});

export const see = (title: string, withinMs: number, look: See["look"], link?: Link): Step => ({
  kind: "see",
  title,
  withinMs,
  look,
  ...(link && { link }),
});

export const hold = (title: string, ask: Hold["ask"], link?: Link): Step => ({
  kind: "hold",
  title,
  ask,
  ...(link && { link }),
});

export interface Scene {
  readonly title: string;
  /** The event that carries this scene, and the function it must reach. */
  readonly link?: Link;
  readonly steps: readonly Step[];
}

export interface Story {
  readonly name: string;
  readonly title: string;
  /** When it begins, epoch milliseconds, on the day (UTC midnight) it is given. */
  readonly beginsAt: (dayAt: number) => number;
  /** It removes everything at its end. */
  readonly leavesNothing?: true;
  /** Starts the cloud it plays on. */
  readonly open: (options: DeployOptions) => Promise<Opened>;
}

/** A story about to begin. */
export interface Opened {
  readonly kiln: Deployment;
  readonly scenes: readonly Scene[];
}

/** Opens a story in which Kiln is deployed already. */
export const onKiln =
  (scenes: () => readonly Scene[]): Story["open"] =>
  async (options) => ({ kiln: await deployKiln(options), scenes: scenes() });
