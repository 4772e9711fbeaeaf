/** The attributes of the image that a bake asks the cloud for. */
import { attributesOf } from "../../functions/bake-image/bake/attributes.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { envelopeOf } from "./records.ts";

/** Of a recipe baked with these parameters. */
export function imageOf(recipe: object, parameters: Readonly<Record<string, string>>) {
  const document = parseRecipe("web", JSON.stringify(recipe));
  const inputs = { base: "m-1", recipe: "r", objects: "none", parameters: "p" };
  const input = { recipe: "web", force: false, parameters, document, plan: { imageName: "web-1", inputs } };
  const event = { ...envelopeOf("bake-web-20260105-0123456789ab", "test", 0), input };
  return attributesOf(event, { access: { bucket: "kiln" } });
}
