/**
 * A recipe of the user on the local cloud. Names of an account that the local cloud does not have are made, or stand for
 * what it has; whatever only an account can answer is left out, and said.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { load } from "js-yaml";
import { documentName } from "../../shared/documents/names.ts";
import { parseRecipe, type Recipe } from "../../shared/documents/recipe.ts";
import { missingIn } from "../../shared/requests/declared-parameters.ts";
import type { Cloud } from "../cloud/index.ts";
import { known } from "../support/known.ts";
import { endSteps } from "./leftovers.ts";
import { type Baking, watchBake } from "./steps/bake.ts";
import { watchPromotion } from "./steps/promotion.ts";
import type { Stage } from "./stage.ts";
import { objectsBeside } from "./trial-objects.ts";
import { act, brokenBy, held, pending, type Scene, see, type Step } from "./story.ts";

/** Resources of the local cloud. */
const HOME = { vSwitchId: "vsw-hangzhou-h", securityGroupId: "sg-default0001" };
const TYPES = { x86_64: "ecs.g7.large", arm64: "ecs.g8y.large" } as const;

type Fields = Record<string, unknown>;

/** A recipe that is ready to be tried, or a sentence on why it cannot be. */
export type Trial =
  | { readonly scenes: readonly Scene[]; /** KILN_SECRETS of the deployment. */ readonly secrets: string }
  | { readonly problem: string };

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads a recipe that was checked before. Variables of the shell are values of its parameters. */
export function trialOf(file: string, shell: Variables = {}): Trial {
  const path = resolve(file);
  const text = readFileSync(path, "utf8");
  const name = documentName(basename(path));
  const recipe = parseRecipe(name, text);
  const { source } = recipe;
  if (source.kind !== "builder")
    return {
      problem: `${file} is made from source.${source.kind}, which is in your account; only source.builder can be tried without one`,
    };
  const folder = rootOf(path);
  const scripts = objectsBeside(recipe, folder);
  const missing = scripts.filter((key) => !existsSync(join(folder, key)));
  if (missing.length > 0)
    return {
      problem: `${file} names ${missing.join(", ")}, and ${folder} does not have it; put it there, beside recipes/`,
    };
  const unset = missingIn(recipe.parameters ?? {}, filledIn(shell));
  if (unset.length > 0) {
    const example = unset.map((each) => `${each}=…`).join(" ");
    return {
      problem: `${file} needs a value of ${unset.join(", ")}: ${example} npm run kiln -- try ${file}`,
    };
  }
  const adapted = adapt(known<Fields>(load(text)), recipe);
  const { notes, secrets } = withValues(adapted.document, recipe, filledIn(shell));
  const all = { ...adapted, notes: [...adapted.notes, ...notes] };
  const key = `recipes/${name}${/\.(?:ya?ml|json)$/.exec(path)?.[0] ?? ".yaml"}`;
  return { scenes: scenesOf({ key, recipe, folder, scripts, ...all }), secrets: JSON.stringify(secrets) };
}

const filledIn = (shell: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(shell).flatMap(([name, value = ""]) => (value === "" ? [] : [[name, value]])),
  );

const SECRET = "secret-of-the-trial";

/** Values of the shell become defaults of the document; a secret that the shell does not have gets a made-up value. */
function withValues(document: Fields, { parameters = {} }: Recipe, shell: Readonly<Record<string, string>>) {
  const notes: string[] = [];
  const secrets: Record<string, string> = {};
  const written = known<Record<string, Fields>>(document["parameters"] ?? {});
  for (const [name, { fromEnv }] of Object.entries(parameters)) {
    const value = shell[fromEnv ?? name];
    if (fromEnv !== undefined) secrets[fromEnv] = value ?? SECRET;
    else if (value !== undefined) written[name] = { ...written[name], default: value };
    if (value !== undefined) notes.push(`parameters.${name}: the value of ${fromEnv ?? name} in your shell`);
    else if (fromEnv !== undefined)
      notes.push(`parameters.${name}: "${SECRET}" here, because your shell has no ${fromEnv}`);
  }
  return { notes, secrets };
}

/** Objects lie beside `recipes/`, as in the bucket. */
const rootOf = (path: string): string =>
  basename(dirname(path)) === "recipes" ? dirname(dirname(path)) : dirname(path);

interface Adapted {
  /** The document that is uploaded. */
  readonly document: Fields;
  readonly notes: readonly string[];
}

/** The recipe with what the local cloud has, and a note on each change. */
function adapt(written: Fields, { source, test, promote, notify }: Recipe): Adapted {
  const document = structuredClone(written);
  const notes: string[] = [];
  if (source.kind !== "builder") return { document, notes };
  const places = [
    known<Fields>(known<Fields>(document["source"])["builder"]),
    known<Fields | undefined>(document["test"]),
  ];
  for (const place of places) {
    if (place?.["securityGroupId"] !== undefined) place["securityGroupId"] = HOME.securityGroupId;
    delete place?.["ramRole"];
  }
  const groups = [...new Set([source.securityGroupId, test.securityGroupId])].filter(
    (id) => id !== HOME.securityGroupId,
  );
  if (groups.length > 0)
    notes.push(`${groups.join(", ")}: stands for ${HOME.securityGroupId} of the local cloud`);
  if (source.ramRole !== undefined) notes.push("source.builder.ramRole: left out, roles are your account's");
  const released = known<Fields | undefined>(document["promote"]);
  if (promote.approval !== undefined) {
    delete released?.["approval"];
    notes.push("promote.approval: left out, because here is no operator to ask");
  }
  if (notify.length > 0) {
    delete document["notify"];
    notes.push("notify: left out, no channel hears of this");
  }
  return { document, notes };
}

interface Given extends Adapted {
  /** The file of the user, as the bucket has it. */
  readonly key: string;
  readonly recipe: Recipe;
  readonly folder: string;
  readonly scripts: readonly string[];
}

function scenesOf(given: Given): readonly Scene[] {
  const { key, recipe } = given;
  const baking: Baking = {};
  const { family } = recipe;
  return [
    {
      title: `${key} is uploaded: OSS trigger → bake-image`,
      steps: [
        act("the local cloud gets what the recipe names", ({ cloud }) =>
          Promise.resolve(furnish(cloud, given)),
        ),
        act("recipe and objects are uploaded", (stage) => upload(stage, given)),
        ...watchBake(baking, baseOf(recipe)).map(orReason),
      ],
    },
    // Without a family there is no promotion, and the image stays as it is.
    ...(family === undefined ? [] : [promotion(recipe, baking, family), END]),
  ];
}

const END: Scene = { title: "The end state", steps: endSteps() };

/** Public and own families alike; an image that is named alone gets a family of its own. */
function baseOf({ source }: Recipe): string {
  if (source.kind !== "builder") return "";
  return source.family ?? `base-of-${source.image?.replaceAll(/[^a-z0-9]/gi, "-").slice(0, 100)}`;
}

function promotion({ test }: Recipe, baking: Baking, family: string): Scene {
  // Without a test there is no test instance to watch.
  const steps = watchPromotion(baking, family).slice(test.skip ? 2 : 0);
  return { title: "The image is tested: bake-image → promote-family", steps: steps.map(orReason) };
}

/** A run that failed says more than the world, so its end is waited for. */
function orReason(step: Step): Step {
  if (step.kind !== "see") return step;
  return see(step.title, step.withinMs, (stage) => {
    const failed = stage.kiln.records().find(({ state }) => state === "failed");
    if (failed !== undefined) return brokenBy(`${failed.run} failed: ${failed.reason}`);
    const look = step.look(stage);
    return look.state === "broken" ? pending(look.reason) : look;
  });
}

/** Makes what the recipe names and the local cloud does not have. */
function furnish({ world, region }: Cloud, { recipe, notes }: Given) {
  const { source, test } = recipe;
  if (source.kind !== "builder") return held();
  const made: string[] = [];
  const base = baseOf(recipe);
  const isArm = /arm64/.test(`${source.family ?? ""}${source.image ?? ""}`);
  if (![...world.images.values()].some((image) => image.family === base)) {
    const imageId = source.image ?? `${base.replaceAll(/[^a-z0-9_]/gi, "_")}_base.vhd`;
    world.publishImage(base, { imageId, ...(isArm && { architecture: "arm64" as const }) });
    made.push(`${source.family ?? imageId}: is a small Linux here`);
  }
  [...new Set([...source.vSwitchIds, ...test.vSwitchIds])].forEach((vSwitchId, index) => {
    if (["vsw-hangzhou-h", "vsw-hangzhou-i"].includes(vSwitchId)) return;
    const zoneId = `${region}-${index % 2 === 0 ? "h" : "i"}`;
    world.addVSwitch(HOME.vSwitchId, { vSwitchId, zoneId, cidr: `172.17.${index % 256}.0/24` });
    made.push(`${vSwitchId}: is in ${zoneId} here`);
  });
  for (const type of new Set([...source.instanceTypes, ...test.instanceTypes])) {
    if (world.types.has(type)) continue;
    world.addType(type, isArm || /\dy\./.test(type) ? TYPES.arm64 : TYPES.x86_64);
    made.push(`${type}: has 2 vCPU here`);
  }
  return held(...made, ...notes);
}

async function upload({ kiln }: Stage, { key, document, folder, scripts }: Given) {
  for (const key of scripts) await kiln.upload(key, readFileSync(join(folder, key)));
  // JSON is YAML, too.
  await kiln.upload(key, JSON.stringify(document));
  return held(...scripts);
}
