/** The nearest known word to a misspelt one. */

/** Answers undefined when nothing is near: a far-fetched guess misleads more than none. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = simplify(word);
  const allowed = Math.max(1, Math.floor(plain.length / 3));
  const digits = digitsOf(word);
  let best: { word: string; distance: number; same: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(plain, simplify(candidate));
    // A number that the author did not write is a guess: Windows 7 for windows.
    const isGuess = digitsOf(candidate) !== "" && digitsOf(candidate) !== digits;
    // Of two as near, authors know how it begins: promotion is promote, and not provision.
    const same = beginning(plain, simplify(candidate));
    const isNearer =
      best === undefined || distance < best.distance || (distance === best.distance && same > best.same);
    if (!isGuess && distance <= allowed && isNearer) best = { word: candidate, distance, same };
  }
  return best?.word;
}

/** How many characters two words begin with alike. */
function beginning(a: string, b: string): number {
  const at = Array.from(a).findIndex((one, index) => one !== b[index]);
  return at < 0 ? a.length : at;
}

const digitsOf = (word: string): string => Array.from(word.replaceAll(/\D/g, "")).toSorted().join("");

/** Case and separators are the commonest slips: `instance_type` for `instanceTypes`. */
export function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_. ]/g, "");
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const costs = [at(row, j - 1) + 1, at(previous, j) + 1, at(previous, j - 1) + same];
      row.push(Math.min(...costs, ...(swapped ? [at(before, j - 2) + 1] : [])));
    }
    before = previous;
    previous = row;
  }
  return at(previous, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;
