/** Values whose form a test knows without checking it: when it is wrong, the test fails. */

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the form
export function known<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place; see above
  return value as T;
}

/** Parses JSON of a known form. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the form
export const json = <T>(text: string): T => known<T>(JSON.parse(text));
