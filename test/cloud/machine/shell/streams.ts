/** The input and the outputs of a command. */

export type Output = (text: string) => void;

/** A text that commands read one after another: what one has taken is gone for the next. */
export class Input {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  rest(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** The next line, and whether its end was there; undefined when nothing is left. */
  line(end = "\n"): { readonly text: string; readonly isWhole: boolean } | undefined {
    if (this.#text === "") return undefined;
    const at = end === "" ? -1 : this.#text.indexOf(end);
    const text = at === -1 ? this.#text : this.#text.slice(0, at);
    this.#text = at === -1 ? "" : this.#text.slice(at + end.length);
    return { text, isWhole: at !== -1 };
  }

  /** The next characters, as many as there are. */
  characters(count: number): string {
    const text = this.#text.slice(0, count);
    this.#text = this.#text.slice(count);
    return text;
  }
}

export interface Stream {
  readonly input?: Input;
  readonly write?: Output;
}

/** File descriptors; one that is missing is closed. */
export type Streams = ReadonlyMap<number, Stream>;

export const standard = (text: string, out: Output, err: Output): Streams =>
  new Map<number, Stream>([
    [0, { input: new Input(text) }],
    [1, { write: out }],
    [2, { write: err }],
  ]);

export const withStream = (streams: Streams, fd: number, stream: Stream | undefined): Streams => {
  const changed = new Map(streams);
  if (stream === undefined) changed.delete(fd);
  else changed.set(fd, stream);
  return changed;
};
