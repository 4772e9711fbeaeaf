/**
 * `npm start [-- --story <name>] [--json] [--keep]`: builds Kiln, deploys it on the stand-in cloud and plays a
 * story. Exit code 0 when everything in it held, 1 when something did not, 2 for a wrong command line.
 */
import { parseArgs } from "node:util";
import { build } from "../../build.ts";
import { keepRunning } from "./keep.ts";
import { rehearse } from "./rehearsal.ts";
import { LineScreen } from "./screens/lines.ts";
import { LiveScreen } from "./screens/live.ts";
import { STORIES } from "./stories.ts";
import type { Story } from "./story.ts";
import { renderSummary } from "./summary.ts";

/** The stories' own day; any would do, this one never changes. */
const DAY_AT = Date.UTC(2026, 0, 5);

interface Options {
  readonly story: Story;
  readonly json: boolean;
  readonly keep: boolean;
}

/** @throws Error with a sentence for whoever typed the command. */
function readOptions(args: readonly string[]): Options {
  const names = STORIES.map(({ name }) => name).join(", ");
  const usage = `usage: npm start -- [--story <name>] [--json] [--keep]; stories: ${names}`;
  const parsed = parse(args, usage);
  const { story: wanted, json, keep } = parsed;
  const story = STORIES.find(({ name }) => name === (wanted ?? STORIES[0]?.name));
  if (story === undefined) throw new Error(`there is no story ${wanted}\n${usage}`);
  return { story, json, keep };
}

function parse(args: readonly string[], usage: string) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        story: { type: "string" },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`, { cause: error });
  }
}

async function main({ story, json, keep }: Options): Promise<void> {
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  say(`Kiln rehearsal: ${story.title}. The cloud is a stand-in on this machine; its clock is simulated.`);
  await build();
  const scenes = story.scenes();
  const isLive = !json && process.stdout.isTTY && process.env["CI"] === undefined;
  const screen = isLive ? new LiveScreen(scenes, say) : new LineScreen(say);
  const { report, kiln } = await rehearse(story, scenes, screen, keep ? dayBeforeNow(story) : DAY_AT);
  await screen.close();
  say(`\n${renderSummary(report.summary)}\n`);
  const failed = report.scenes.flatMap(({ steps }) => steps.filter(({ ok }) => !ok));
  for (const { title, reason, links } of failed)
    say(`did not hold: ${title}: ${reason}\n  broken link: ${links?.[0]}`);
  say(report.ok ? "Everything held." : "The story did not hold.");
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = report.ok ? 0 : 1;
  if (keep) await keepRunning(kiln, say);
  await kiln.close();
}

/** The last day on which the story is over by now, so that a kept cloud can live in the present. */
function dayBeforeNow(story: Story): number {
  const dayMs = 24 * 3_600_000;
  const today = Date.now() - (Date.now() % dayMs);
  const longestMs = 9 * 3_600_000;
  return story.beginsAt(today) + longestMs <= Date.now() ? today : today - dayMs;
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
if (options) await main(options);
