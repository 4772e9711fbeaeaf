/** A value, or a sentence with the reason and what to do about it. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

export const ok = <T>(value: T) => ({ ok: true, value }) as const;
export const problem = (sentence: string) => ({ ok: false, problem: sentence }) as const;
