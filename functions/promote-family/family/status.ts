/** The promotion status of an image: one tag with a word and the run that set it. Pure but for `promotionAtWork`. */
import type { CloudClient } from "../../../shared/cloud/client.ts";
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { TAG } from "../../../shared/tags.ts";
import { readRunLog, standing } from "../../../shared/workflow/run-log.ts";

const WORDS = ["waiting", "held", "promoted", "failed", "rolled-back"] as const;
type Word = (typeof WORDS)[number];

interface PromotionStatus {
  readonly word: Word;
  readonly run: string;
}

/** Undefined for an image without a promotion. */
export function statusOf({ tags }: Pick<Image, "tags">): PromotionStatus | undefined {
  const [first = "", run = ""] = (tags[TAG.promotion] ?? "").split(" ");
  const word = WORDS.find((known) => known === first);
  return word && { word, run };
}

export const statusTag = (word: Word, run: string): Readonly<Record<string, string>> => ({
  [TAG.promotion]: `${word} ${run}`,
});

/** The promotion that tests the image, or waits for its approval, and has not ended. A run without a log is unknown, not dead. */
export async function promotionAtWork(image: Image, cloud: CloudClient): Promise<string | undefined> {
  const status = statusOf(image);
  if (status?.word !== "waiting") return undefined;
  const now = standing(status.run, await readRunLog(cloud, status.run));
  return now?.completion === undefined ? status.run : undefined;
}

/** Values of `TAG.test`. `skipped`: its recipe says so, and nothing was tested. */
export const TEST = { passed: "passed", failed: "failed", skipped: "skipped" } as const;

/** The run that rolled the image back; undefined unless that is its status. */
export function rolledBackBy(image: Pick<Image, "tags">): string | undefined {
  const status = statusOf(image);
  return status?.word === "rolled-back" ? status.run : undefined;
}

/** Whether a family may serve the image: its test did not fail and it was not rolled back. */
export const isGood = (image: Pick<Image, "tags">): boolean =>
  image.tags[TAG.test] !== TEST.failed && rolledBackBy(image) === undefined;
