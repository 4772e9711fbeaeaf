/** The words of the guest's shell: blanks, comments, quotes, expansions and here-documents. */

export type Part =
  | { readonly kind: "text"; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly operator: string;
      readonly operand: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: "command"; readonly script: string; readonly quoted: boolean };
export type Word = readonly Part[];

/** A script the guest cannot read; a real shell says the same with exit code 2. */
export class SyntaxFault extends Error {
  override readonly name = "SyntaxFault";
}

/** Walks through a script; the grammar in guest-parse.ts says what it expects where. */
export class Scanner {
  protected readonly text: string;
  protected at = 0;
  /** Where the lines were counted last, and how many there were. */
  #counted: readonly [at: number, lines: number] = [0, 0];
  /** Here-documents whose text begins after the current line. */
  protected pending: {
    readonly end: string;
    readonly strip: boolean;
    readonly quoted: boolean;
    readonly fill: (word: Word) => void;
  }[] = [];

  readonly #firstLine: number;

  constructor(text: string, firstEnvelope = 1) {
    this.#firstLine = firstEnvelope;
    this.text = text.replaceAll("\r\n", "\n");
  }

  /** The line the reading has come to. */
  protected line(): number {
    const [at, lines] = this.#counted[0] <= this.at ? this.#counted : ([0, 0] as const);
    this.#counted = [this.at, lines + this.text.slice(at, this.at).split("\n").length - 1];
    return this.#firstLine + this.#counted[1];
  }

  protected readPending(): void {
    for (const { end, strip, quoted, fill } of this.pending) {
      const lines: string[] = [];
      for (;;) {
        if (this.at >= this.text.length) break;
        const stop = this.text.indexOf("\n", this.at);
        const raw = this.text.slice(this.at, stop === -1 ? undefined : stop);
        this.at = stop === -1 ? this.text.length : stop + 1;
        const line = strip ? raw.replace(/^\t+/, "") : raw;
        if (line === end) break;
        lines.push(`${line}\n`);
      }
      const body = lines.join("");
      fill(quoted ? [{ kind: "text", text: body, quoted: true }] : new Scanner(body).expandable());
    }
    this.pending = [];
  }

  /** The whole text with its `$` expansions, as inside double quotes. */
  protected expandable(): Word {
    const parts: Part[] = [];
    this.inQuotes("", parts);
    return parts;
  }

  protected readWord(): Word {
    const parts: Part[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ kind: "text", text, quoted: false });
      text = "";
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || /[\s;&|<>()]/.test(char)) break;
      if (char === "'") {
        flush();
        const end = this.text.indexOf("'", this.at + 1);
        if (end === -1) throw new SyntaxFault("unexpected EOF while looking for matching `''");
        parts.push({ kind: "text", text: this.text.slice(this.at + 1, end), quoted: true });
        this.at = end + 1;
      } else if (char === '"') {
        flush();
        this.at++;
        parts.push({ kind: "text", text: "", quoted: true });
        this.inQuotes('"', parts);
      } else if (char === "\\") {
        flush();
        parts.push({ kind: "text", text: this.text[this.at + 1] ?? "", quoted: true });
        this.at += 2;
      } else if (char === "$" || char === "`") {
        flush();
        parts.push(this.expansion(false));
      } else {
        text += char;
        this.at++;
      }
    }
    flush();
    return parts;
  }

  protected inQuotes(close: string, parts: Part[]): void {
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ kind: "text", text, quoted: true });
      text = "";
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined && close !== "")
        throw new SyntaxFault("unexpected EOF while looking for matching `\"'");
      if (char === undefined || char === close) break;
      if (char === "\\" && /[$`"\\\n]/.test(this.text[this.at + 1] ?? "")) {
        if (this.text[this.at + 1] !== "\n") text += this.text[this.at + 1];
        this.at += 2;
      } else if (char === "$" || char === "`") {
        flush();
        parts.push(this.expansion(true));
      } else {
        text += char;
        this.at++;
      }
    }
    this.at += close.length;
    flush();
  }

  protected expansion(quoted: boolean): Part {
    const rest = this.text.slice(this.at);
    if (rest.startsWith("`")) {
      const end = rest.indexOf("`", 1);
      this.at += end === -1 ? rest.length : end + 1;
      return { kind: "command", script: rest.slice(1, end === -1 ? undefined : end), quoted };
    }
    if (rest.startsWith("$((")) {
      const end = rest.indexOf("))");
      this.at += end + 2;
      return { kind: "variable", name: rest.slice(3, end), operator: "((", operand: [], quoted };
    }
    if (rest.startsWith("$(")) {
      const end = matching(rest, 1);
      this.at += end + 1;
      return { kind: "command", script: rest.slice(2, end), quoted };
    }
    const braced = /^\$\{(#?[A-Za-z_]\w*(?:\[[@*]\])?|[-\d?#@*$])(:?[-+=?]|%%?|##?)?/.exec(rest);
    if (braced !== null) {
      const end = rest.indexOf("}", braced[0].length);
      if (end === -1) throw new SyntaxFault("bad substitution");
      this.at += end + 1;
      const operand = new Scanner(rest.slice(braced[0].length, end)).expandable();
      return { kind: "variable", name: braced[1] ?? "", operator: braced[2] ?? "", operand, quoted };
    }
    const plain = /^\$([A-Za-z_]\w*|[-\d?#@*$!])/.exec(rest);
    if (plain !== null) {
      this.at += plain[0].length;
      return { kind: "variable", name: plain[1] ?? "", operator: "", operand: [], quoted };
    }
    this.at++;
    return { kind: "text", text: "$", quoted: true };
  }

  protected skipBlank(lines: boolean): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === " " || char === "\t") this.at++;
      else if (char === "\\" && this.text[this.at + 1] === "\n") this.at += 2;
      else if (char === "#") this.at = endOfLine(this.text, this.at);
      else if (lines && (char === "\n" || char === ";")) {
        this.at++;
        if (char === "\n") this.readPending();
      } else return;
    }
  }

  protected peekWord(): string {
    return /^(?:[{}()]|[^\s;&|<>()]+)/.exec(this.text.slice(this.at, this.at + 80))?.[0] ?? "";
  }

  protected word(expected: string): void {
    this.skipBlank(true);
    if (this.peekWord() !== expected)
      throw new SyntaxFault(`syntax error: \`${expected}' expected near \`${this.peekWord()}'`);
    this.at += expected.length;
  }

  protected takeOne(...options: readonly string[]): string | undefined {
    const found = options.find((option) => this.text.startsWith(option, this.at));
    this.at += found?.length ?? 0;
    return found;
  }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

/** Index of the parenthesis that closes the one at `open`. */
function matching(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "'") at = Math.max(at, text.indexOf("'", at + 1));
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at;
  }
  throw new SyntaxFault("unexpected EOF while looking for matching `)'");
}
