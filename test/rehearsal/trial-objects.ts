/** The files beside a recipe that it names, as they lie in the bucket: scripts, files, inputs, and components with theirs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseComponent } from "../../shared/documents/component.ts";
import { allObjectsOf, objectsIn } from "../../shared/documents/recipe-objects.ts";
import { componentIn, LATEST, type ComponentUse } from "../../shared/documents/recipe-components.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";

/** Their keys. One that is not there is among them. @throws DocumentError for a component with mistakes */
export function objectsBeside(recipe: Recipe, folder: string): readonly string[] {
  const components = (recipe.components ?? []).flatMap((use) => versionsOf(use, folder));
  const ofComponents = components.flatMap((key) => {
    const path = join(folder, key);
    return existsSync(path) ? objectsIn(parseComponent(key, readFileSync(path, "utf8")).steps) : [];
  });
  return [...new Set([...allObjectsOf(recipe), ...components, ...ofComponents])];
}

/** The file of a version, or those of all versions for the latest. */
function versionsOf({ name, version }: ComponentUse, folder: string): readonly string[] {
  const path = join(folder, "components", name);
  const keys = (existsSync(path) ? readdirSync(path) : []).map((file) => `components/${name}/${file}`);
  const found = keys.filter((key) => {
    const of = componentIn(key);
    return of !== undefined && (version === LATEST || of.version === version);
  });
  return found.length > 0 ? found : [`components/${name}/${version === LATEST ? "1.0.0" : version}.yaml`];
}
