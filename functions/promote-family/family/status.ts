/** The promotion status of an image: one tag with a word and the run that set it. Pure. */
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { TAG } from "../../../shared/tags.ts";

const WORDS = ["waiting", "promoted", "failed", "rolled-back"] as const;
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

/** The run that rolled the image back; undefined unless that is its status. */
export function rolledBackBy(image: Pick<Image, "tags">): string | undefined {
  const status = statusOf(image);
  return status?.word === "rolled-back" ? status.run : undefined;
}

/** Whether a family may serve the image: its test did not fail and it was not rolled back. */
export const isGood = (image: Pick<Image, "tags">): boolean =>
  image.tags[TAG.test] !== "failed" && rolledBackBy(image) === undefined;
