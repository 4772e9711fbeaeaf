/** More items than one run may take: none of them keeps others from their turn. Pure. */

/**
 * `most` of the items: the first half of them always, and in the other half any of the rest, beginning at the place in it
 * that `from` chooses by its length.
 */
export function takeTurns<T>(
  items: readonly T[],
  most: number,
  from: (length: number) => number,
): readonly T[] {
  if (items.length <= most) return items;
  const half = Math.ceil(most / 2);
  const rest = items.slice(half);
  const begin = from(rest.length);
  return [...items.slice(0, half), ...rest.slice(begin), ...rest.slice(0, begin)].slice(0, most);
}
