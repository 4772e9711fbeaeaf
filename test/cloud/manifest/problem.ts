/** Faults of a manifest: all of them at once, each with its place and what to do. */

export interface Problem {
  /** Keys and indices from the root of the document. */
  readonly path: readonly PropertyKey[];
  /** `<what is wrong> — <what to do>` */
  readonly text: string;
}

/** Everything wrong with one file. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    super(problems.map((problem) => describe(file, problem)).join("\n"));
    this.problems = problems;
  }
}

/** `s.yaml: resources.x.props.triggers[1].triggerName: is missing — give it a name` */
function describe(file: string, { path, text }: Problem): string {
  const place = path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
  return `${file}: ${place === "" ? "" : `${place}: `}${text}`;
}

/** The nearest of `known` to `word`, for a suggestion; undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
