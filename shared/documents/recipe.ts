/** `recipes/<name>.yaml`: how an image is made, tested and promoted. */
import * as z from "zod/mini";
import { closed, duration, finding, type Finding, isMap, orEmpty, rule, short, whole } from "./fields.ts";
import { familyProblem, templateProblem } from "./image-name.ts";
import { PAUSE_AFTER } from "../budget.ts";
import { description, documentName, nameProblems, objectKey } from "./names.ts";
import { offeringFindings, SELECTED } from "./offerings.ts";
import type { Help } from "./explanations.ts";
import { parseDocument } from "./parse.ts";
import { Image } from "./recipe-image.ts";
import { Components } from "./recipe-components.ts";
import { Encrypt, encryptionFindings, encryptionOf } from "./recipe-encryption.ts";
import { DeclaredParameters, environmentFindings, samplesOf, templateFindings } from "./recipe-parameters.ts";
import { Notify, Promote, Rebake, Retention, Test } from "./recipe-release.ts";
import { RecipeSchedule } from "./recipe-schedule.ts";
import { builderIn, kindOf, Source } from "./recipe-source.ts";
import { type Step, Steps } from "./recipe-steps.ts";

const Family = z.string().check(
  rule<string>([], (family) => {
    const message = familyProblem(family);
    return message === undefined ? [] : [{ at: [], message }];
  }),
);

const KeepFailed = short((value) => (value === false ? undefined : value), z.optional(duration("1h", "7d")));

const PauseAfter = short((value) => (value === false ? 0 : value), whole(0, 100));

const shape = {
  description: z.exactOptional(description()),
  parameters: z.exactOptional(DeclaredParameters),
  source: Source,
  /** Run before the steps of the recipe. */
  components: z.exactOptional(Components),
  provision: orEmpty(Steps, []),
  keepFailed: z.optional(KeepFailed),
  image: orEmpty(Image, {}),
  encrypt: z.exactOptional(Encrypt),
  family: z.exactOptional(Family),
  test: orEmpty(Test, {}),
  promote: orEmpty(Promote, {}),
  retention: orEmpty(Retention, {}),
  rebake: orEmpty(Rebake, {}),
  schedule: z.exactOptional(RecipeSchedule),
  whenBusy: z._default(z.enum(["refuse", "queue"]), "refuse"),
  notify: orEmpty(Notify, []),
  /** Failures in a row after which timers and uploads pause; 0, written `false`, is never. */
  pauseAfter: z._default(PauseAfter, PAUSE_AFTER),
  inputs: orEmpty(z.array(objectKey()), []),
};
/** Keys that authors look for at the top. */
const ELSEWHERE = {
  cron: 'is not known; write schedule: and five fields, such as "0 3 * * *"',
  timeZone: 'is not known; write schedule: { cron: "0 3 * * *", timeZone: Asia/Shanghai }',
  regions: "is not known; write it under promote:",
  accounts: "is not known; write it under promote:",
  approval: "is not known; write it under promote:",
  consumers: "is not known; write it under promote:",
  tags: "is not known; write it under image:",
  commands: "is not known; write them under provision:, or those of the image test under test:",
  builder: "is not known; write it under source:",
  env: "is not known; write it in a step, beside run:",
  environment: "is not known; write it in a step, beside run:",
  timeout: "is not known; write it in a step, beside run:, or under test:",
  name: "is not known: the recipe is called like its file; write the name of its images under image:",
  ...Object.fromEntries(
    ["instanceTypes", "vSwitchIds", "securityGroupId", "systemDisk", "dataDisks", "expireAfter"].map(
      (key) => [key, "is not known; write it under source.builder:"],
    ),
  ),
};

type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** Provisioning runs on a builder; the other sources are as they are. */
function builderFindings({ source, components, provision, keepFailed }: Written): Finding[] {
  const kind = kindOf(source);
  if (kind === undefined || kind === "builder") return [];
  const what = `needs source.builder, this source is ${kind}; remove it`;
  return [
    ...finding(isFilled(provision), ["provision"], what),
    ...finding(components !== undefined, ["components"], what),
    ...finding(keepFailed !== undefined, ["keepFailed"], what),
  ];
}

/** A builder runs Linux. */
function platformFindings({ source, image }: Written): readonly Finding[] {
  const { platform }: Partial<Written["image"]> = Object(image);
  return finding(
    kindOf(source) === "builder" && String(platform).includes("Windows"),
    ["image", "platform"],
    "must be a Linux for a builder, which runs shell scripts; make Windows images of source.instance or source.upload",
  );
}

function timeoutFindings({ source, provision }: Written): Finding[] {
  const { expireAfterMs, expireAfter } = builderIn(source);
  const most = expireAfterMs ?? expireAfter ?? Number.POSITIVE_INFINITY;
  const message =
    "must be shorter than source.builder.expireAfter, when the builder is released whatever it does";
  return [provision].flat().flatMap((step, index) => {
    const { timeoutMs = 0 }: Partial<Step> = Object(step);
    return finding(timeoutMs >= most, ["provision", index, "timeout"], message);
  });
}

/** A list with something in it, sound or not. */
const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;

/** The attributes of an imported image are written in its own block, or read from the object. */
function uploadFindings({ source, image, rebake, schedule, parameters }: Written): Finding[] {
  if (kindOf(source) !== "upload") return [];
  const { version, ...platform }: Partial<Written["image"]> = Object(image);
  const misplaced = (["architecture", "bootMode", "platform"] as const).flatMap((key) =>
    finding(
      platform[key] !== undefined,
      ["image", key],
      `must be written as source.upload.${key} when an object is imported`,
    ),
  );
  return [
    ...misplaced,
    ...requiredFindings(parameters),
    ...finding(
      version !== undefined,
      ["image", "version"],
      "is not known to imports (ImportImage); write it as a tag under image.tags, or into image.name",
    ),
    ...finding(schedule !== undefined, ["schedule"], "has no meaning: the upload of a disk starts its bake"),
    ...finding(
      Object(rebake).onlyIfChanged === false,
      ["rebake", "onlyIfChanged"],
      "must be true for an upload",
    ),
  ];
}

/** No caller bakes an upload, so none can give it a value. */
const requiredFindings = (parameters: unknown): Finding[] =>
  Object.entries(isMap(parameters) ? parameters : {}).flatMap(([name, one]) =>
    finding(
      Object(one).default === undefined && Object(one).fromEnv === undefined,
      ["parameters", name],
      "needs default: or fromEnv: here, because the upload of a disk starts the bake and gives no values",
    ),
  );

/** A component takes the value that the recipe gives it, and a parameter of that name would have no effect. */
function componentFindings({ components, parameters }: Written): Finding[] {
  const declared = isMap(parameters) ? parameters : {};
  const uses: readonly unknown[] = [components ?? []].flat();
  return uses.flatMap((use, index) =>
    Object.keys(Object(Object(use).parameters)).flatMap((name) =>
      finding(
        Object.hasOwn(declared, name),
        ["components", index, "parameters", name],
        "is a parameter of the recipe too, which does not replace it; remove one of the two, or rename that of the recipe",
      ),
    ),
  );
}

/** A consumer has the image that its region serves. */
function consumerFindings({ promote }: Written): Finding[] {
  const { consumers, regions } = promote;
  const served = new Set(regions.map(({ region }) => region));
  return consumers.flatMap(({ region }, index) =>
    finding(
      region !== undefined && !served.has(region),
      ["promote", "consumers", index, "region"],
      "gets no image; add it to promote.regions, or leave region out for the home region",
    ),
  );
}

/** The image test launches an instance; a builder names its place, the other sources do not. */
function testFindings({ source, test, family }: Written): Finding[] {
  const kind = kindOf(source);
  const isTested = family !== undefined && isMap(test) && !test["skip"];
  if (!isTested || kind === undefined || kind === "builder") return [];
  const needed = [
    ["instanceTypes", "[ecs.g7.large]"],
    ["vSwitchIds", "[vsw-…]"],
    ["securityGroupId", "sg-…"],
  ] as const;
  return needed
    .filter(([key]) => test[key] === undefined && (key !== "instanceTypes" || test.instance === undefined))
    .map(([key, like]) => ({
      at: ["test", key],
      message: `is missing; write ${key}: ${like} below test:, for the test machine of a source without a builder`,
      near: ["source", kind],
    }));
}

/** The fields of `testOfferingFindings`. */
const OFFERED = [
  ...["instanceTypes", "vSwitchIds", "spot"].map((key) => `source.builder.${key}`),
  ...["instanceTypes", "vSwitchIds", "instance"].map((key) => `test.${key}`),
];

/** The test instance is launched like its builder, at a place that may be another one. */
function testOfferingFindings({ source, test }: Written): readonly Finding[] {
  const builder = builderIn(source);
  const { instanceTypes = builder.instanceTypes, vSwitchIds = builder.vSwitchIds } = test;
  const isSelected = test.instance !== undefined || instanceTypes?.length === 0;
  return offeringFindings(isSelected ? SELECTED : instanceTypes, vSwitchIds, builder.spot?.wanted ? 2 : 1, [
    "test",
    "instanceTypes",
  ]);
}

/** An approval is asked for in the recipe's channels. */
function approvalFindings({ promote, notify }: Written): readonly Finding[] {
  const message =
    "needs a channel to ask; write notify: [ops] with a channel of KILN_CHANNELS, or remove the approval";
  const isUnheard = Array.isArray(notify) && notify.length === 0;
  return finding(isMap(Object(promote).approval) && isUnheard, ["promote", "approval"], message);
}

/** Without a family there is no promotion, so no image test. */
function familyFindings({ family, test, promote }: Written): Finding[] {
  if (family !== undefined) return [];
  const what = "needs family:, the name the image is promoted to; add it or remove this";
  const { regions, accounts, consumers, approval }: Partial<Written["promote"]> = Object(promote);
  const releases = [regions, accounts, consumers].some(isFilled) || isMap(approval);
  return [
    ...finding(isFilled(Object(test).commands), ["test", "commands"], what),
    ...finding(releases, ["promote"], what),
  ];
}

function nameFindings(recipe: string, { source, image, parameters }: Written): Finding[] {
  const declared = parameters === undefined ? {} : { parameters, samples: samplesOf(parameters) };
  const imported = kindOf(source) === "upload";
  // A wrong name of the file is one mistake, which is said of the file.
  const name = nameProblems(recipe).length === 0 ? recipe : "recipe";
  const message = templateProblem(image.name, name, { ...declared, imported });
  return message === undefined ? [] : [{ at: ["image", "name"], message }];
}

/** The schema of a recipe that is called `name`. */
export const Recipe = (name: string) =>
  z.pipe(
    closed(shape, ELSEWHERE).check(
      // Rules that ask only what is there read no field: a mistake in it hides none of theirs.
      rule<Written>([], builderFindings),
      rule<Written>([], platformFindings),
      rule<Written>(["source.builder.expireAfter"], timeoutFindings),
      rule<Written>([], uploadFindings),
      rule<Written>([], componentFindings),
      rule<Written>(["promote.consumers", "promote.regions"], consumerFindings),
      rule<Written>(["source.builder.systemDisk", "encrypt", "promote.regions"], encryptionFindings),
      rule<Written>([], testFindings),
      rule<Written>(OFFERED, testOfferingFindings),
      rule<Written>([], familyFindings),
      rule<Written>([], approvalFindings),
      rule<Written>(["image.name", "parameters"], (written) => nameFindings(name, written)),
      rule<Written>([], environmentFindings),
      rule<Written>(
        ["parameters", "description", "image.version", "image.description", "image.tags"],
        templateFindings,
      ),
    ),
    z.transform((written: Written) => complete(name, written)),
  );

function complete(name: string, { keepFailed, image, test, rebake, encrypt, promote, ...written }: Written) {
  const { source } = written;
  const encryption = encryptionOf(encrypt, promote.regions);
  const place =
    source.kind === "builder"
      ? {
          ...(test.instance === undefined
            ? {
                instanceTypes: source.instanceTypes,
                // The types of the builder stand beside it once they are selected.
                ...(source.instance && test.instanceTypes === undefined && { instance: source.instance }),
              }
            : { instanceTypes: [] }),
          vSwitchIds: source.vSwitchIds,
          securityGroupId: source.securityGroupId,
        }
      : { instanceTypes: [], vSwitchIds: [], securityGroupId: "" };
  return {
    name,
    ...written,
    /** How long a builder whose bake failed is kept for a look; absent: not at all. */
    ...(keepFailed === undefined ? {} : { keepFailedMs: keepFailed }),
    /** Neither a night nor an upload stops an instance that a user works with, unless the recipe says so. */
    rebake: {
      ...rebake,
      // A schedule of its own stands for the timer of all recipes.
      nightly: rebake.nightly ?? (source.kind !== "instance" && written.schedule === undefined),
      onChange: rebake.onChange ?? source.kind !== "instance",
    },
    /** For an upload `source` has the word on architecture, boot mode and platform. */
    image,
    ...(encryption === undefined ? {} : { encryption }),
    promote: { ...promote, regions: promote.regions.map(({ region }) => region) },
    /** The place of the test instance: as written, or that of the builder; empty without a test. */
    test: { ...place, ...test },
  };
}

/** A recipe, complete: every default filled in, durations in milliseconds. Plain JSON, so events can carry it. */
export type Recipe = ReturnType<typeof complete>;

/**
 * Reads `recipes/<name>.yaml`, given by its key or its bare name.
 * @param help for whoever shows the problems to the author
 * @throws DocumentError with everything that is wrong in it.
 */
export function parseRecipe(name: string, text: string, help?: Help): Recipe {
  return parseDocument({ document: name, text, kind: "recipe", help }, Recipe(documentName(name)));
}
