/** `npm run kiln -- try FILE` ends here: the recipe is played on the local cloud, on the screens of `npm start`. */
import { ownOutput } from "../../deploy/output.ts";
import { minutes } from "../../shared/duration.ts";
import { buildOnce } from "../build-once.ts";
import { deployKiln, PLACE, readRoles } from "../support/deployment.ts";
import { play } from "./player.ts";
import { LineScreen } from "./screens/lines.ts";
import { LiveScreen } from "./screens/live.ts";
import { renderSummary, summarise } from "./summary.ts";
import { trialOf } from "./trial.ts";

const [file = "", mode] = process.argv.slice(2);
const { out, err } = ownOutput();
const say = mode === "--json" ? err : out;
const isLive = mode !== "--json" && process.stdout.isTTY && process.env["CI"] === undefined;
const NEXT = `It works here. Names of your account, such as vSwitches, and commands under "not simulated" are not proved.
Next: npm run kiln -- push ${file}`;

process.exitCode = await tryRecipe();

/** Answers the exit code of `kiln try`. */
async function tryRecipe(): Promise<0 | 1 | 3> {
  const trial = trialOf(file, process.env);
  if ("problem" in trial) {
    err(trial.problem);
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
      out(JSON.stringify({ version: 1, command: "try", ok, scenes, summary }, undefined, 2));
    return ok ? 0 : 1;
  } finally {
    await kiln.close();
  }
}
