/** Results of earlier promotions of an image that is promoted again, from their logs. */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod/mini";
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { isRunId, RunId } from "../../../shared/names.ts";
import { TAG } from "../../../shared/tags.ts";
import { readRunLog, standing, type RunLog } from "../../../shared/workflow/run-log.ts";
import { statusOf, TEST } from "../family/status.ts";
import type { Earlier, WithRecipe } from "./input.ts";

const Passed = z.looseObject({ verdict: z.looseObject({ ok: z.literal(true) }) });

const Carried = z.looseObject({
  imageId: z.string(),
  before: z.optional(RunId),
  testedIn: z.optional(RunId),
  document: z.looseObject({ test: z.unknown() }),
});

const carriedBy = (run: string, log: RunLog) => Carried.safeParse(standing(run, log)?.event.input).data;

/** Whether the log of a promotion holds the passed test of an image. */
export const hasPassedTest = (run: string, log: RunLog, imageId: string): boolean =>
  carriedBy(run, log)?.imageId === imageId &&
  log.lines.some(
    ({ line }) => line.kind === "next" && line.phase === "release" && Passed.safeParse(line.set).success,
  );

/** The result of the promotion that the tag of an image names. */
export async function earlierOf(image: Image, input: WithRecipe, cloud: CloudClient): Promise<Earlier> {
  const from = image.family !== "" && image.family !== input.family && { from: image.family };
  const status = statusOf(image);
  if (status === undefined || !isRunId(status.run)) return { ...from };
  const log = await readRunLog(cloud, status.run);
  const before = status.word === "promoted" ? status.run : carriedBy(status.run, log)?.before;
  const testedIn = await sameTestIn(status.run, log, { image, input }, cloud);
  return {
    ...from,
    ...(before !== undefined && { before }),
    ...(testedIn !== undefined && { testedIn }),
  };
}

/** Without the types that each promotion selects of a size. */
const asWritten = (test: unknown): unknown => {
  const written: object = Object(test);
  return "instance" in written ? { ...written, instanceTypes: [] } : written;
};

/** The run of the test. Only for a delivery, and while the recipe has the same tests: else the image is tested again. */
async function sameTestIn(
  run: string,
  log: RunLog,
  { image, input }: { readonly image: Image; readonly input: WithRecipe },
  cloud: CloudClient,
): Promise<string | undefined> {
  const carried = carriedBy(run, log);
  const isSame = isDeepStrictEqual(asWritten(carried?.document.test), asWritten(input.document.test));
  if (input.again === undefined || image.tags[TAG.test] !== TEST.passed || !isSame) return undefined;
  if (hasPassedTest(run, log, image.id)) return run;
  const first = carried?.testedIn;
  // Logs expire: a test of which there is none any more is made again.
  const isKnown = first !== undefined && hasPassedTest(first, await readRunLog(cloud, first), image.id);
  return isKnown ? first : undefined;
}
