/**
 * The language of lines for people. A text is its own key: what has no translation stays English.
 *
 * LANGUAGE-1. JSON is for programs and is never translated, nor are its errors.
 * LANGUAGE-2. Names, ids, states of the cloud, notes and outputs stay as the deployment wrote them; of a reason, Kiln's own
 *     sentences are translated.
 */
export type Language = "en" | "zh";
type Catalogue = Readonly<Record<string, string>>;

/** Of the command line that runs; a process has one at a time. */
let catalogue: Catalogue = {};
const asItIs = (text: string): string => text;
let reasonIn = asItIs;
let mistakeIn = asItIs;

/** From now on lines are in this language. */
export async function speak(language: Language): Promise<void> {
  if (language === "en") {
    catalogue = {};
    reasonIn = mistakeIn = asItIs;
    return;
  }
  const [{ ZH }, { reasonInChinese }, { messageIn }] = await Promise.all([
    import("./zh.ts"),
    import("../shared/chinese/reasons.ts"),
    import("../shared/chinese/mistakes.ts"),
  ]);
  catalogue = ZH;
  reasonIn = reasonInChinese;
  mistakeIn = messageIn;
}

/** A reason of a run or a verdict in the language of the command line (LANGUAGE-2). */
export const said = (reason: string): string => reasonIn(reason);

/** A mistake of a document in the language of the command line. A rule that has no Chinese stays English. */
export const saidMistake = (message: string): string => mistakeIn(message);

/** A text in the language of the command line, with its values in place of `{name}`. */
export const t = (text: string, values: Readonly<Record<string, string | number>> = {}): string =>
  (catalogue[text] ?? text).replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
