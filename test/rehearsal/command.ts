/** The command line of the rehearsal: what was asked for, and what is printed where. */
import { parseArgs } from "node:util";
import { keepRunning } from "./keep.ts";
import { rehearse, type Report } from "./rehearsal.ts";
import { LineScreen } from "./screens/lines.ts";
import { LiveScreen } from "./screens/live.ts";
import { STORIES } from "./stories.ts";
import type { Story } from "./story.ts";
import { renderSummary } from "./summary.ts";
import type { DeployOptions } from "../support/deployment.ts";
import { known } from "../support/known.ts";

/** The stories' own day; any would do, this one never changes. */
const DAY_AT = Date.UTC(2026, 0, 5);
const DAY_MS = 24 * 3_600_000;
/** A kept cloud lives in the present, so its story plays on the last day on which it is over by now. */
const LONGEST_MS = 9 * 3_600_000;

/** Where the command runs. Lines come without their end. */
export interface Surroundings {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Whether `out` is a terminal with a person before it. */
  readonly isLive: boolean;
  /** Real time, epoch milliseconds. */
  readonly now: () => number;
  /** Makes the bundles that are to be deployed. */
  readonly build: () => Promise<unknown>;
  /** Links broken on purpose. */
  readonly deploy?: DeployOptions;
}

interface Options {
  readonly story: Story;
  readonly json: boolean;
  readonly keep: boolean;
}

/** Runs the command. Answers its exit code: 0 everything held, 1 something did not, 2 a wrong command line. */
export async function runCommand(args: readonly string[], around: Surroundings): Promise<0 | 1 | 2> {
  if (args.includes("--help") || args.includes("-h")) {
    around.out(HELP);
    return 0;
  }
  const options = readOptions(args);
  if (typeof options === "string") {
    around.err(options);
    return 2;
  }
  const { story, json, keep } = options;
  const { out, err, build, now, deploy } = around;
  const say = json ? err : out;
  say(
    `Kiln rehearsal: ${story.title}. The cloud is a simulation on this machine; its clock is simulated too.`,
  );
  await build();
  const screen = around.isLive && !json ? new LiveScreen(say) : new LineScreen(say);
  const { report, kiln } = await rehearse(story, screen, keep ? dayBefore(now(), story) : DAY_AT, deploy);
  try {
    say(`\n${renderSummary(report.summary, keep)}\n`);
    say(verdictOf(report));
    if (report.ok) say(NEXT);
    if (json) out(JSON.stringify(report, undefined, 2));
    if (keep) await keepRunning(kiln, now, say);
  } finally {
    await kiln.close();
  }
  return report.ok ? 0 : 1;
}

const names = STORIES.map(({ name }) => name).join(", ");
const usage = `usage: npm start -- [--story <name>] [--json] [--keep]; stories: ${names}`;
const HELP = `${usage}

Plays a story on a local cloud, with nothing of an account.

  --story NAME  ${STORIES.map(({ name, title }) => `${name}: ${title}`).join("\n                ")}
  --json        print the facts as one JSON document on standard output
  --keep        leave the local cloud running in real time, and print commands to try
  --help        print this help

exit codes: 0 everything held, 1 something did not, 2 wrong command line`;

/** The way from the demo to a recipe of one's own. */
const NEXT = `
Next, with a recipe of your own:
  mkdir -p recipes && cp examples/recipes/web.yaml recipes/mine.yaml
  npm run kiln -- check recipes/mine.yaml    finds mistakes
  npm run kiln -- try recipes/mine.yaml      bakes, tests and promotes it on this machine, in seconds`;

/** What was asked for, or a sentence for whoever typed it. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        story: { type: "string" },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
      },
    });
    const { story: wanted, json, keep } = values;
    const story = STORIES.find(({ name }) => name === (wanted ?? STORIES[0]?.name));
    if (story === undefined) return `there is no story ${wanted}\n${usage}`;
    return keep && story.leavesNothing === true
      ? `story ${wanted} removes everything at its end, so --keep has nothing to keep`
      : { story, json, keep };
  } catch (error) {
    return `${known<Error>(error).message}\n${usage}`;
  }
}

function verdictOf({ ok, scenes }: Report): string {
  if (ok) return "Everything held.";
  const failed = scenes.flatMap(({ steps }) => steps.filter((step) => !step.ok));
  return failed
    .map(({ title, reason, links }) => `Did not hold: ${title}: ${reason}\n  broken link: ${links?.[0]}`)
    .join("\n");
}

function dayBefore(now: number, story: Story): number {
  const today = now - (now % DAY_MS);
  return story.beginsAt(today) + LONGEST_MS <= now ? today : today - DAY_MS;
}
