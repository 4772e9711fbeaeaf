/** Work on many items, some at a time: neither one after another nor all at once. */

/** Each call of a client with a deadline listens to it, and Node warns of more than ten listeners. */
const AT_A_TIME = 10;

/**
 * Returns the answer of `act` for each item, in their order.
 * @throws the first error of a batch, once all of the batch have ended: a call that outlives its invocation is frozen with it.
 */
export async function inBatches<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  atATime = AT_A_TIME,
): Promise<R[]> {
  const answers: R[] = [];
  for (let from = 0; from < items.length; from += atATime) {
    const batch = items.slice(from, from + atATime).map(act);
    await Promise.allSettled(batch);
    answers.push(...(await Promise.all(batch)));
  }
  return answers;
}
