/** Work on many items, some at a time: neither one after another nor all at once. */

/** Each call of a client with a deadline listens to it, and Node warns of more than ten listeners. */
const AT_A_TIME = 10;

/** Returns the answer of `act` for each item, in their order. */
export async function inBatches<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  atATime = AT_A_TIME,
): Promise<R[]> {
  const answers: R[] = [];
  for (let from = 0; from < items.length; from += atATime)
    answers.push(...(await Promise.all(items.slice(from, from + atATime).map(act))));
  return answers;
}
