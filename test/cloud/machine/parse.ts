/**
 * The grammar of the guest's shell: lists, pipelines, redirections, here-documents, quotes, `if`, `for`, `while`,
 * groups and functions. Not `case`, not arithmetic beyond `$(( ))` of plain terms, not arrays.
 */
import { Scanner, SyntaxFault } from "./scan.ts";
import type { Word } from "./scan.ts";

const OPERATORS = [">", ">>", "<", "<<", "<<<", "&>", ">&"] as const;

export interface Redirection {
  readonly fd: number;
  readonly operator: (typeof OPERATORS)[number];
  readonly target: Word;
}

export type Node =
  | {
      readonly kind: "simple";
      readonly assigns: readonly (readonly [string, Word])[];
      readonly words: readonly Word[];
      readonly redirections: readonly Redirection[];
      readonly source: string;
      /** Where bash counts it: the line its second word ends on, or its only one. */
      readonly line: number;
    }
  | { readonly kind: "pipeline"; readonly negated: boolean; readonly parts: readonly Node[] }
  | { readonly kind: "list"; readonly items: readonly { readonly node: Node; readonly operator: string }[] }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly when: Node; readonly body: Node }[];
      readonly otherwise: Node | undefined;
    }
  | { readonly kind: "for"; readonly name: string; readonly words: readonly Word[]; readonly body: Node }
  | { readonly kind: "while"; readonly until: boolean; readonly when: Node; readonly body: Node }
  | { readonly kind: "group"; readonly body: Node; readonly redirections: readonly Redirection[] }
  /** `line` is its last one. */
  | {
      readonly kind: "subshell";
      readonly body: Node;
      readonly redirections: readonly Redirection[];
      readonly line: number;
    }
  | { readonly kind: "function"; readonly name: string; readonly body: Node };

const ENDS = new Set(["then", "do", "done", "fi", "else", "elif", "}", ")", "esac"]);

/**
 * The commands of a script, read one line's worth at a time: what comes before a mistake has run by then.
 * @throws SyntaxFault
 */
export function* parseScript(text: string, firstEnvelope = 1): Generator<Node, void> {
  const parser = new Parser(text, firstEnvelope);
  for (;;) {
    const node = parser.list([], true);
    if (node.kind === "list" && node.items.length === 0) break;
    yield node;
  }
  parser.expectEnd();
}

class Parser extends Scanner {
  expectEnd(): void {
    this.skipBlank(true);
    if (this.at < this.text.length)
      throw new SyntaxFault(`syntax error near \`${this.text.slice(this.at, this.at + 20)}'`);
  }

  list(ends: readonly string[], oneLine = false): Node {
    const items: { node: Node; operator: string }[] = [];
    for (;;) {
      this.skipBlank(true);
      if (this.at >= this.text.length) break;
      if (this.#isAtEnd(ends)) break;
      const node = this.#pipeline();
      this.skipBlank(false);
      const operator = this.takeOne("&&", "||", ";", "&", "\n") ?? "";
      if (operator === "\n") this.readPending();
      items.push({ node, operator });
      if (operator === "\n" && oneLine) break;
      if (operator === "" && this.text[this.at] !== ")" && this.text[this.at] !== "}") break;
    }
    return { kind: "list", items };
  }

  /** Whether a list ends here. @throws SyntaxFault when a word ends a list that nothing has opened. */
  #isAtEnd(ends: readonly string[]): boolean {
    const next = this.peekWord();
    if (ends.includes(next)) return true;
    if (ENDS.has(next) && ends.length === 0)
      throw new SyntaxFault(`syntax error near unexpected token \`${next}'`);
    return ENDS.has(next);
  }

  #pipeline(): Node {
    this.skipBlank(false);
    const negated = /^!\s/.test(this.text.slice(this.at, this.at + 2));
    if (negated) this.at += 2;
    const parts = [this.#command()];
    for (;;) {
      this.skipBlank(false);
      if (this.text[this.at] !== "|" || this.text[this.at + 1] === "|") break;
      this.at++;
      this.skipBlank(true);
      parts.push(this.#command());
    }
    return parts.length === 1 && !negated ? parts[0]! : { kind: "pipeline", negated, parts };
  }

  #command(): Node {
    this.skipBlank(false);
    const word = this.peekWord();
    if (word === "if") return this.#redirected(this.#if());
    if (word === "for") return this.#redirected(this.#for());
    if (word === "while" || word === "until") return this.#redirected(this.#while(word === "until"));
    if (word === "case") throw new SyntaxFault("guest: not simulated: case");
    if (word === "{" || word === "(") return this.#group(word === "{" ? "}" : ")");
    const named = /^(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)\s*/.exec(
      this.text.slice(this.at, this.at + 200),
    );
    if (named !== null) {
      this.at += named[0].length;
      this.skipBlank(true);
      return { kind: "function", name: named[1] ?? "", body: this.#group("}") };
    }
    return this.#simple();
  }

  #if(): Node {
    const branches: { when: Node; body: Node }[] = [];
    let otherwise: Node | undefined;
    this.word("if");
    for (;;) {
      const when = this.list(["then"]);
      this.word("then");
      const body = this.list(["elif", "else", "fi"]);
      branches.push({ when, body });
      const next = this.peekWord();
      if (next === "elif") {
        this.word("elif");
        continue;
      }
      if (next === "else") {
        this.word("else");
        otherwise = this.list(["fi"]);
      }
      this.word("fi");
      return { kind: "if", branches, otherwise };
    }
  }

  #for(): Node {
    this.word("for");
    this.skipBlank(false);
    const name = this.peekWord();
    this.at += name.length;
    this.skipBlank(true);
    this.word("in");
    const words: Word[] = [];
    for (this.skipBlank(false); !/[;\n]/.test(this.text[this.at] ?? "\n"); this.skipBlank(false))
      words.push(this.readWord());
    this.at++;
    this.skipBlank(true);
    this.word("do");
    const body = this.list(["done"]);
    this.word("done");
    return { kind: "for", name, words, body };
  }

  #while(until: boolean): Node {
    this.word(until ? "until" : "while");
    const when = this.list(["do"]);
    this.word("do");
    const body = this.list(["done"]);
    this.word("done");
    return { kind: "while", until, when, body };
  }

  #group(close: string): Node {
    this.at++;
    const body = this.list([close]);
    this.skipBlank(true);
    if (this.text[this.at] !== close) throw new SyntaxFault(`syntax error: \`${close}' expected`);
    this.at++;
    const line = this.line();
    const redirections = this.#redirections();
    return close === ")"
      ? { kind: "subshell", body, redirections, line }
      : { kind: "group", body, redirections };
  }

  #redirected(body: Node): Node {
    const redirections = this.#redirections();
    return redirections.length === 0 ? body : { kind: "group", body, redirections };
  }

  #redirections(): Redirection[] {
    const redirections: Redirection[] = [];
    for (;;) {
      this.skipBlank(false);
      const redirection = this.#redirection();
      if (redirection === undefined) return redirections;
      redirections.push(redirection);
    }
  }

  /** `[[ … ]]`, whose operators are words and not the shell's. */
  #condition(): Word[] {
    const words: Word[] = [];
    const plain = (text: string): Word => [{ kind: "text", text, quoted: false }];
    for (;;) {
      this.skipBlank(true);
      const operator = this.takeOne("&&", "||", "(", ")", "<", ">");
      if (operator !== undefined) words.push(plain(operator));
      else if (words.at(-1)?.[0]?.kind === "text" && textOf(words.at(-1)) === "=~") {
        const pattern = /^\S+/.exec(this.text.slice(this.at))?.[0] ?? "";
        this.at += pattern.length;
        words.push(plain(pattern));
      } else words.push(this.readWord());
      const last = textOf(words.at(-1));
      if (last === "]]") return words;
      if (last === "" && this.at >= this.text.length) throw new SyntaxFault("syntax error: `]]' expected");
    }
  }

  #simple(): Node {
    const start = this.at;
    const assigns: (readonly [string, Word])[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    let line = this.line();
    const count = (): void => {
      if (assigns.length + words.length + redirections.length <= 2) line = this.line();
    };
    if (/^\[\[\s/.test(this.text.slice(this.at, this.at + 3))) words.push(...this.#condition());
    for (;;) {
      this.skipBlank(false);
      const redirection = this.#redirection();
      if (redirection !== undefined) {
        redirections.push(redirection);
        count();
        continue;
      }
      if (/[;&|\n()]/.test(this.text[this.at] ?? "\n")) break;
      const name = words.length === 0 ? this.#assigned() : undefined;
      const word = /[\s;&|)]/.test(this.text[this.at] ?? "\n") ? [] : this.readWord();
      if (name === undefined) words.push(word);
      else assigns.push([name, word]);
      count();
    }
    if (this.at === start)
      throw new SyntaxFault(`syntax error near \`${this.text.slice(start, start + 10)}'`);
    const source = this.text.slice(start, this.at).trim();
    return { kind: "simple", assigns, words, redirections, source, line };
  }

  /** Reads `name=` and returns the name. */
  #assigned(): string | undefined {
    const assign = /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at, this.at + 100));
    if (assign !== null) this.at += assign[0].length;
    return assign?.[1];
  }

  #redirection(): Redirection | undefined {
    const match = /^(\d?)(<<<|<<-?|&>>?|>>|>&|>|<)/.exec(this.text.slice(this.at, this.at + 5));
    if (match === null) return undefined;
    this.at += match[0].length;
    const written = match[2] ?? ">";
    const operator = OPERATORS.find((each) => each === written) ?? (written === "&>>" ? "&>" : "<<");
    const fd = match[1] === "" ? (operator.startsWith("<") ? 0 : 1) : Number(match[1]);
    this.skipBlank(false);
    const target = this.readWord();
    if (operator !== "<<") return { fd, operator, target };
    const filled: { fd: number; operator: "<<"; target: Word } = { fd: 0, operator: "<<", target: [] };
    const end = target.map((part) => (part.kind === "text" ? part.text : "")).join("");
    const quoted = target.some((part) => part.quoted);
    this.pending.push({ end, strip: written === "<<-", quoted, fill: (word) => (filled.target = word) });
    return filled;
  }
}

/** A word of plain text, as it is written. */
const textOf = (word: Word | undefined): string =>
  (word ?? []).map((part) => (part.kind === "text" ? part.text : "")).join("");
