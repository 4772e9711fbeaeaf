/** Explains mistakes on the terminal of the author: with quotes of the text, but for values that may be secret. */
import { authorAdvice, authorKey } from "./author-advice.ts";
import { explanations, type Help } from "./explanations.ts";
import { hideValues } from "./hidden-values.ts";

export const help: Help = {
  ...explanations,
  shown: hideValues,
  advice: authorAdvice,
  key: authorKey,
};
