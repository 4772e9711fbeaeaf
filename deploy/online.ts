/**
 * `kiln check --online`: what the cloud has against recipes and fleets in files: families and images, vSwitches, security groups,
 * types and their stock, by dry runs of their launches; and the price of a member. Nothing is made.
 */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { CloudClient } from "../shared/cloud/client.ts";
import { fleetIn, recipeIn } from "../shared/document-store.ts";
import { explanations } from "../shared/documents/explanations.ts";
import { documentName } from "../shared/documents/names.ts";
import { CloudError, messageOf } from "../shared/errors.ts";
import { bucketOf } from "./bucket.ts";
import type { Settings } from "./config.ts";
import { baseOf, builderProblems, Denied, fleetProblems, memberPrice } from "./launches.ts";

/** A file, as the cloud sees it. */
interface Finding {
  readonly file: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

export interface OnlineOptions {
  /** Paths of sound documents. */
  readonly recipes: readonly string[];
  readonly fleets: readonly string[];
  readonly json: boolean;
  /** Epoch ms. */
  readonly now: number;
}

/** Answers the exit code: 0, or 1 when the cloud has something against a document. */
export async function checkOnline(
  settings: Settings,
  { recipes, fleets, json, now }: OnlineOptions,
  out: (line: string) => void,
): Promise<number> {
  const cloud = bucketOf(settings);
  const asking = { run: `check-${now}`, at: now };
  const findings: Finding[] = [];
  for (const file of recipes) findings.push(await found(file, () => ofRecipe(file, asking, cloud)));
  for (const file of fleets) findings.push(await found(file, () => ofFleet(file, asking, cloud)));
  if (json) out(JSON.stringify(findings));
  else
    for (const { file, problems, notes } of findings) {
      const lines = [...problems, ...notes].map((line) => `  ${line}`);
      out([`${file}  ${problems.length === 0 ? "ok" : "refused"} (online)`, ...lines].join("\n"));
    }
  return findings.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

type Found = Omit<Finding, "file">;
type Asking = Parameters<typeof fleetProblems>[1];

/** A refusal of the cloud, and a policy that allows no dry run, are findings. */
async function found(file: string, look: () => Promise<Found>): Promise<Finding> {
  try {
    return { file, ...(await look()) };
  } catch (error) {
    if (!(error instanceof CloudError) && !(error instanceof Denied)) throw error;
    return { file, problems: [`not known: ${messageOf(error)}`], notes: [] };
  }
}

const textOf = (file: string): string => readFileSync(resolve(file), "utf8");

async function ofRecipe(file: string, asking: Asking, cloud: CloudClient): Promise<Found> {
  const read = await recipeIn(cloud, basename(file), textOf(file), explanations);
  if ("problem" in read) return { problems: [read.problem], notes: [] };
  const { source } = read.document;
  if (source.kind !== "builder")
    return { problems: [], notes: [`source.${source.kind} is looked at when it is baked`] };
  const problems = await builderProblems(read.document, asking, cloud);
  const base = await baseOf(cloud, source);
  const notes = base === undefined ? [] : [`it is built on ${base.id}`];
  return { problems, notes: problems.length > 0 ? notes : [...notes, "the cloud would launch its builder"] };
}

async function ofFleet(file: string, asking: Asking, cloud: CloudClient): Promise<Found> {
  const read = await fleetIn(cloud, documentName(file), textOf(file), explanations);
  if ("problem" in read) return { problems: [read.problem], notes: [] };
  const problems = await fleetProblems(read.document, asking, cloud);
  if (problems.length > 0) return { problems, notes: [] };
  const price = await memberPrice(read.document, cloud);
  if (price === undefined)
    return {
      problems,
      notes: [`family ${read.document.family} serves no image yet, so no launch was tried`],
    };
  if (!price.ok) return { problems: [price.problem], notes: [] };
  const cost = `a member costs ${price.value} an hour at most, by the list price or the spot limit`;
  return { problems, notes: ["the cloud would launch its members", cost] };
}
