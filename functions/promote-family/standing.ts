/** Where an image stands in its promotion, as one tag says it: a word and the run that said it. Pure. */
import type { Image } from "../../shared/cloud/image.ts";
import { TAG } from "../../shared/labels.ts";

const WORDS = ["waiting", "promoted", "failed", "rolled-back"] as const;
type Word = (typeof WORDS)[number];

export interface Standing {
  readonly word: Word;
  readonly run: string;
}

/** Undefined for an image nobody has begun to promote. */
export function standingOf({ tags }: Pick<Image, "tags">): Standing | undefined {
  const [said = "", run = ""] = (tags[TAG.promotion] ?? "").split(" ");
  const word = WORDS.find((known) => known === said);
  return word && { word, run };
}

export const standingTag = (word: Word, run: string): Readonly<Record<string, string>> => ({
  [TAG.promotion]: `${word} ${run}`,
});

/** An image a family may serve: nothing it was tested for failed, and nobody took it back. */
export function isGood(image: Pick<Image, "tags">): boolean {
  return image.tags[TAG.gate] !== "failed" && standingOf(image)?.word !== "rolled-back";
}
