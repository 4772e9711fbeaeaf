/** Reading a document with everything checked and completed, against reading its YAML alone. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { parseFleet } from "../../shared/documents/fleet.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { micros, millisOf, type Bench } from "./measure.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");

export const bench: Bench = () =>
  Promise.resolve(
    (["fleets", "recipes"] as const).map((folder) => {
      const names = readdirSync(join(EXAMPLES, folder)).filter((file) => file.endsWith(".yaml"));
      const texts = names.map((name) => readFileSync(join(EXAMPLES, folder, name), "utf8"));
      const read = folder === "fleets" ? parseFleet : parseRecipe;
      const times = 20 * texts.length;
      const ours = millisOf(times, (n) => {
        const at = n % texts.length;
        return read(`${folder}/${names[at]}`, texts[at] ?? "");
      });
      const bare = millisOf(times, (n) => load(texts[n % texts.length] ?? ""));
      return {
        what: `a document of ${folder}/, checked and complete`,
        value: micros(ours),
        baseline: `js-yaml alone, ${micros(bare)}`,
        ratio: ours / bare,
        better: "lower" as const,
      };
    }),
  );
