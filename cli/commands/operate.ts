/** `bake`, `promote`, `scale-out`, `stop`, `wake`, `cancel`: requests that runs carry out. */
import { seconds } from "../../shared/duration.ts";
import { CommandError, confirm, EXIT, jsonOf, YES, type Command, type Io } from "../command.ts";
import { clientFor, type Client } from "../client.ts";
import { said, t } from "../language.ts";
import { hasEnded, openRun, readRun, runIn, standingOf, type RunDetails } from "../runs.ts";
import { asking, post } from "./decide.ts";
import { DRY_RUN, dryRun, wholeOf } from "./size.ts";

export const bake = asking("bake", "recipes", {
  summary: "bake a recipe now",
  args: "RECIPE",
  options: {
    force: { help: "bake even if nothing has changed" },
    parameter: { value: "NAME=VALUE", multiple: true, help: "a parameter of the recipe; may be repeated" },
    "dry-run": DRY_RUN,
  },
  body: (input) => {
    const parameters = Object.fromEntries(input.all("parameter").map(pairOf));
    return {
      force: input.has("force") || undefined,
      parameters: Object.keys(parameters).length > 0 ? parameters : undefined,
      ...dryRun(input),
    };
  },
});

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(EXIT.usage, `--parameter ${text} is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export const promote = asking("promote", "families", {
  summary: "test an image and let it join a family",
  args: "FAMILY RECIPE IMAGE",
  options: { "dry-run": DRY_RUN },
  body: (input) => ({ recipe: input.args[1], imageId: input.args[2], ...dryRun(input) }),
});

export const scaleOut = asking("scale-out", "fleets", {
  summary: "launch members of a fleet, or start stopped ones",
  args: "FLEET NUMBER",
  options: {
    min: { value: "NUMBER", help: "at least so many, or none" },
    "dry-run": DRY_RUN,
  },
  body: (input) => {
    const [count = "", min] = [input.args[1], input.one("min")];
    return {
      count: wholeOf(count, 1),
      min: min === undefined ? undefined : wholeOf(min, 1),
      ...dryRun(input),
    };
  },
});

export const stop = asking("stop", "fleets", {
  summary: "check a fleet now, and stop the members that are idle",
  args: "FLEET",
  options: { "dry-run": DRY_RUN },
  body: dryRun,
  changes: async ({ args: [fleet = ""] }, client, io) => {
    const { run } = await post(`/fleets/${encodeURIComponent(fleet)}/stop`, { dryRun: true }, io);
    return foundBy(await ended(run, client, io), fleet);
  },
});

/** Looks that wait for a dry run. */
const LOOKS = 60;

/** @throws CommandError for one that takes longer */
async function ended(run: string, client: Client, io: Io): Promise<RunDetails> {
  for (let look = 0; look < LOOKS; look++) {
    const found = await readRun(client, run);
    if (hasEnded(found)) return found;
    await io.sleep(seconds(1));
  }
  throw new CommandError(
    EXIT.failed,
    t("{run}, which finds out what would stop, takes longer; {kiln} logs {run} -f shows it", {
      run,
      kiln: "npm run kiln --",
    }),
  );
}

/** What the dry run of an idle check found. */
function foundBy({ state, reason = "", result = {} }: RunDetails, fleet: string): readonly string[] {
  if (state !== "done") throw new CommandError(EXIT.failed, said(reason));
  const why = result["skipped"] ?? result["note"];
  if (typeof why === "string") return [said(why)];
  const lines = Object.entries(FOUND).flatMap(([field, text]) => {
    const ids = [result[field] ?? []].flat().map(String).join(", ");
    return ids === "" ? [] : [t(text, { ids })];
  });
  return lines.length > 0 ? lines : [t("no member of {fleet} is idle now", { fleet })];
}

/** Fields of its result. */
const FOUND = {
  wouldStop: "will be stopped, or released as idle.action says: {ids}",
  wouldWarn: "will be announced: {ids}",
  wouldRelease: "will be released, because too many are stopped or for too long: {ids}",
} as const;

export const wake = asking("wake", "fleets", {
  summary: "start the members of a fleet that Kiln stopped, as far as its limits allow",
  args: "FLEET",
  options: { "dry-run": DRY_RUN },
  body: dryRun,
});

export const cancel: Command = {
  name: "cancel",
  summary: "end a run; what it made is released",
  args: "RUN",
  count: [1, 1],
  options: { yes: YES },
  route: "POST /runs/*",
  shape: "run",
  run: async (input, io) => {
    const run = runIn(input.args[0] ?? "");
    if (!input.has("yes")) {
      const found = await openRun(run, clientFor(io));
      const ends = t("{run} will end, and the instances and images it made so far are released", { run });
      await confirm([standingOf(found), ends], input, io);
    }
    await post(`/runs/${run}/cancel`, {}, io);
    io.out(
      input.json
        ? jsonOf("cancel", { run })
        : t("asked {run} to end; {kiln} logs {run} -f", { run, kiln: "npm run kiln --" }),
    );
    return EXIT.ok;
  },
};
