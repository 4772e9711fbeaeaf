/** `components/<name>/<version>.yaml`: steps that several recipes share, with parameters. */
import * as z from "zod/mini";
import { closed, type Finding, finding, orEmpty, rule } from "./fields.ts";
import type { Help } from "./explanations.ts";
import { description } from "./names.ts";
import { parseDocument } from "./parse.ts";
import { DeclaredParameters, environmentFindings } from "./recipe-parameters.ts";
import { Steps } from "./recipe-steps.ts";

const shape = {
  description: z.exactOptional(description()),
  parameters: orEmpty(DeclaredParameters, {}),
  steps: Steps.check(z.minLength(1, "must have a step")),
};
const ELSEWHERE = {
  provision: "is not known in a component; write steps:",
  components: "is not known: a component holds steps, and no other components",
  source: "is not known: a component holds steps; a recipe under recipes/ has a source",
};

export type Component = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** A secret has its name and its value from the recipe. */
const secretFindings = ({ parameters }: Component): Finding[] =>
  Object.entries(parameters).flatMap(([name, { fromEnv }]) =>
    finding(
      fromEnv !== undefined,
      ["parameters", name, "fromEnv"],
      `must stand in the recipe, which declares ${name} with fromEnv; leave it out here`,
    ),
  );

/** The schema of a component. */
export const Document = closed(shape, ELSEWHERE).check(
  rule<Component>(["parameters"], secretFindings),
  rule<Component>(["parameters", "steps"], ({ parameters, steps }) =>
    environmentFindings({ parameters, provision: steps, test: { commands: [] } }),
  ),
);

/** Reads a component, given by its key. @throws DocumentError with everything that is wrong in it. */
export const parseComponent = (key: string, text: string, help?: Help): Component =>
  parseDocument<Component>({ document: key, text, kind: "component", help }, Document);
