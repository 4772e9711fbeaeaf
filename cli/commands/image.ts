/** `image ID`: what an image was made of, and what was made of it. `recall ID`: the same as a plan, which changes nothing. */
import type { Ancestry } from "../../functions/api/images/image.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { table } from "../format.ts";

const FACTS = `{ imageId, ancestors: [{ imageId, imageName, region, status, family, recipe, run }], root, cut, descendants,
families: [{ family, region, imageId }], machines: [{ imageId, region, machine }], recipes, unread }`;

const asked = async (id: string, io: Io): Promise<Ancestry> => {
  const { serverAt: _at, ...found } = await clientFor(io).get(
    ANSWER.image,
    `/images/${encodeURIComponent(id)}`,
  );
  return found;
};

export const image: Command = {
  name: "image",
  summary: "show what an image was made of, and all that was made of it",
  args: "IMAGE",
  count: [1, 1],
  options: {},
  details: "Public images have ids too.",
  shape: `image: ${FACTS}`,
  run: async ({ args: [id = ""], json }, io) => {
    const found = await asked(id, io);
    if (json) io.out(jsonOf("image", { image: found }));
    else for (const line of linesOf(found)) io.out(line);
    return EXIT.ok;
  },
};

export const recall: Command = {
  name: "recall",
  summary: "print what to do about an image that must not be used any more; it changes nothing",
  args: "IMAGE",
  count: [1, 1],
  options: {},
  details: "Each line is an act of its own.",
  shape: "image, plan: [{ act, on, why, command }]",
  run: async ({ args: [id = ""], json }, io) => {
    const found = await asked(id, io);
    const plan = planOf(found);
    if (json) io.out(jsonOf("recall", { image: found, plan }));
    else for (const line of planLines(found, plan)) io.out(line);
    return EXIT.ok;
  },
};

const row = ({
  imageId,
  imageName,
  region,
  status,
  family = "",
  recipe = "",
}: Ancestry["ancestors"][number]) => [imageId, imageName, region, status, family, recipe];
const REST = ["NAME", "REGION", "STATUS", "FAMILY", "RECIPE"];

function linesOf({
  ancestors,
  root,
  cut,
  descendants,
  families,
  machines,
  recipes,
  unread,
}: Ancestry): string[] {
  return [
    ...table(["MADE OF", ...REST], ancestors.map(row)),
    root === undefined ? `the chain is cut: ${cut}` : `root: ${root}`,
    ...table(["MADE OF IT", ...REST], descendants.map(row)),
    ...families.map(({ family, region, imageId }) => `family ${family} in ${region} serves ${imageId}`),
    ...machines.map(({ machine, region, imageId }) => `${machine} in ${region} is of ${imageId}`),
    ...(recipes.length === 0 ? [] : [`recipes: ${recipes.join(", ")}`]),
    ...unread.map((one) => `could not be read: ${one}`),
  ];
}

/** One act of a recall. `command` is absent for what a person does elsewhere. */
interface Act {
  readonly act: "hold" | "bake" | "refresh";
  readonly on: string;
  readonly why: string;
  readonly command?: string;
}

const KILN = "npm run kiln --";

/** Hold what serves the image, bake what is built on it, refresh what runs on it: in this order, and each by itself. */
export function planOf({
  imageId,
  families,
  recipes,
  machines,
}: Pick<Ancestry, "imageId" | "families" | "recipes" | "machines">): readonly Act[] {
  // Public families are of the vendor: no hold of Kiln changes what they serve.
  const held = [...new Set(families.map(({ family }) => family))].filter((one) => !one.startsWith("acs:"));
  return [
    ...held.map((family): Act => ({
      act: "hold",
      on: family,
      why: "it serves the image or one made of it",
      command: `${KILN} hold ${family} --why "recall of ${imageId}"`,
    })),
    ...recipes.map((recipe): Act => ({
      act: "bake",
      on: recipe,
      why: "it is built on the image; let it begin with another base first if that is what is wrong",
      command: `${KILN} call POST /recipes/${recipe}/bake '{"force":true}'`,
    })),
    ...machines.map(({ machine, region, imageId: of }): Act => ({
      act: "refresh",
      on: `${machine} in ${region}`,
      why: `it is of ${of}; replace it once its family serves a good image`,
    })),
  ];
}

const planLines = ({ imageId, unread }: Ancestry, plan: readonly Act[]): string[] => [
  plan.length === 0
    ? `nothing serves, builds on or runs ${imageId}`
    : `a plan for ${imageId}; nothing is changed, and each act is yours:`,
  ...plan.flatMap(({ act, on, why, command }) => [
    `${act} ${on}: ${why}`,
    ...(command === undefined ? [] : [`  ${command}`]),
  ]),
  ...unread.map((one) => `could not be read, so the plan may lack something: ${one}`),
];
