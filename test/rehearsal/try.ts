/** `npm run kiln -- try FILE` ends here: the recipe is played on the local cloud, on the screens of `npm start`. */
import { minutes } from "../../shared/duration.ts";
import { buildOnce } from "../build-once.ts";
import { deployKiln, PLACE, readRoles } from "../support/deployment.ts";
import { play } from "./player.ts";
import { LineScreen } from "./screens/lines.ts";
import { LiveScreen } from "./screens/live.ts";
import { renderSummary, summarise } from "./summary.ts";
import { trialOf } from "./trial.ts";

const [file = "", mode] = process.argv.slice(2);
const say = (line: string): void =>
  void (mode === "--json" ? process.stderr : process.stdout).write(`${line}\n`);
const isLive = mode !== "--json" && process.stdout.isTTY && process.env["CI"] === undefined;
const NEXT = `It works here. Names of your account, such as vSwitches, and commands under "not simulated" are not proved.
Next: npm run kiln -- push ${file}`;

process.exitCode = await tryRecipe();

/** Answers the exit code of `kiln try`. */
async function tryRecipe(): Promise<0 | 1 | 3> {
  const trial = trialOf(file, process.env);
  if ("problem" in trial) {
    process.stderr.write(`${trial.problem}\n`);
    return 3;
  }
  const realAt = performance.now();
  await buildOnce();
  const beganAt = Date.now();
  const kiln = await deployKiln({
    at: beganAt,
    roles: readRoles(PLACE),
    env: { KILN_SECRETS: trial.secrets },
    fc: { idleMs: minutes(10), inline: true },
  });
  try {
    const screen = isLive ? new LiveScreen(say) : new LineScreen(say);
    const scenes = await play(trial.scenes, { kiln, cloud: kiln.cloud }, screen);
    const summary = await summarise(kiln.cloud, beganAt, performance.now() - realAt);
    const ok = scenes.every((scene) => scene.ok);
    say(`\n${renderSummary(summary)}\n`);
    say(ok ? NEXT : "It did not work; the first ✗ says why. Correct the recipe and try again.");
    if (mode === "--json")
      process.stdout.write(
        `${JSON.stringify({ version: 1, command: "try", ok, scenes, summary }, undefined, 2)}\n`,
      );
    return ok ? 0 : 1;
  } finally {
    await kiln.close();
  }
}
