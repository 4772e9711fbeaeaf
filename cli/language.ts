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
let reasonIn = (reason: string): string => reason;

/** From now on lines are in this language. */
export async function speak(language: Language): Promise<void> {
  if (language === "en") {
    catalogue = {};
    reasonIn = (reason) => reason;
    return;
  }
  const [{ ZH }, { reasonInChinese }] = await Promise.all([
    import("./zh.ts"),
    import("../shared/chinese/reasons.ts"),
  ]);
  catalogue = ZH;
  reasonIn = reasonInChinese;
}

/** A reason of a run or a verdict in the language of the command line (LANGUAGE-2). */
export const said = (reason: string): string => reasonIn(reason);

/** A text in the language of the command line, with its values in place of `{name}`. */
export const t = (text: string, values: Readonly<Record<string, string | number>> = {}): string =>
  (catalogue[text] ?? text).replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
