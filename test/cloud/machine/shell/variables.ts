/** Variables of a shell: texts, arrays and maps, in the frames of the functions that are under way. */
import { ShellFault } from "./faults.ts";

export interface Variable {
  value?: string | undefined;
  /** Elements of an array by their index, of a map by their key. */
  items?: Map<string, string>;
  isMap?: boolean;
  isExported?: boolean;
  isReadonly?: boolean;
  isInteger?: boolean;
  /** `declare -l` and `-u`: how letters are stored. */
  casing?: "lower" | "upper" | undefined;
  /** Another variable that this one stands for. */
  refersTo?: string;
}

export type Flags = Pick<
  Variable,
  "isExported" | "isReadonly" | "isInteger" | "casing" | "isMap" | "refersTo"
>;

function cased(value: string, casing: Variable["casing"]): string {
  if (casing === undefined) return value;
  return casing === "lower" ? value.toLowerCase() : value.toUpperCase();
}

/** References lead to references, but not for ever. */
const MAX_REFERENCES = 8;

interface Frame {
  readonly isFunction: boolean;
  readonly variables: Map<string, Variable>;
}

export class Variables {
  readonly #frames: Frame[] = [{ isFunction: false, variables: new Map() }];

  constructor(environment: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(environment))
      this.#frames[0]?.variables.set(name, { value, isExported: true });
  }

  fork(): Variables {
    const copy = new Variables();
    copy.#frames.length = 0;
    for (const { isFunction, variables } of this.#frames) {
      const own = new Map<string, Variable>();
      for (const [name, variable] of variables)
        own.set(name, variable.items ? { ...variable, items: new Map(variable.items) } : { ...variable });
      copy.#frames.push({ isFunction, variables: own });
    }
    return copy;
  }

  /** Begins a function, or the variables of one command. */
  push(isFunction: boolean): void {
    this.#frames.push({ isFunction, variables: new Map() });
  }

  pop(): void {
    this.#frames.pop();
  }

  find(name: string): Variable | undefined {
    return this.own(this.meant(name).name);
  }

  /** A variable itself, also one that stands for another. */
  own(name: string): Variable | undefined {
    return this.#frames.findLast(({ variables }) => variables.has(name))?.variables.get(name);
  }

  /** The variable that a name stands for, and the element if it stands for one; a circle stands for nothing. */
  meant(name: string): { readonly name: string; readonly index: string | undefined } {
    let current = name;
    for (let steps = 0; steps < MAX_REFERENCES; steps++) {
      const target = this.own(current)?.refersTo;
      if (target === undefined || target === "") return { name: current, index: undefined };
      const [, array = target, index] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
      if (index !== undefined) return { name: array, index };
      current = target;
    }
    return { name: "", index: undefined };
  }

  get(given: string, at?: string): string | undefined {
    const { name, index = at } = this.meant(given);
    const found = this.own(name);
    if (found?.items === undefined) return index === undefined || index === "0" ? found?.value : undefined;
    return found.items.get(index === undefined ? "0" : this.#key(found, index));
  }

  /** The elements of an array in their order; a plain variable is an array of one. */
  items(name: string): readonly (readonly [key: string, value: string])[] {
    const found = this.find(name);
    if (found === undefined) return [];
    if (found.items === undefined) return found.value === undefined ? [] : [["0", found.value]];
    const entries = [...found.items];
    return found.isMap ? entries : entries.toSorted(([a], [b]) => Number(a) - Number(b));
  }

  keys(name: string): string[] {
    return this.items(name).map(([key]) => key);
  }

  set(target: string, given: string, at?: string): void {
    const { name, index = at } = this.meant(target);
    const variable = this.#writable(name);
    // A reference to nothing takes its first value as the name it stands for.
    if (variable.refersTo === "") {
      variable.refersTo = given;
      return;
    }
    const value = cased(given, variable.casing);
    if (index === undefined && variable.items === undefined) {
      variable.value = value;
      return;
    }
    variable.items ??= new Map(variable.value === undefined ? [] : [["0", variable.value]]);
    variable.items.set(this.#key(variable, index ?? "0"), value);
  }

  /** Empties an array. */
  clear(target: string): void {
    const { name } = this.meant(target);
    const variable = this.#writable(name);
    variable.items = new Map();
    variable.value = undefined;
  }

  unset(target: string, at?: string): void {
    const { name, index = at } = this.meant(target);
    if (this.find(name)?.isReadonly)
      throw new ShellFault(`${name}: cannot unset: readonly variable`, "plain");
    if (index !== undefined) {
      const found = this.find(name);
      found?.items?.delete(this.#key(found, index));
      return;
    }
    this.#frames.findLast(({ variables }) => variables.has(name))?.variables.delete(name);
  }

  /** Removes a reference, and not the variable it stands for. */
  unsetReference(name: string): void {
    this.#frames.findLast(({ variables }) => variables.has(name))?.variables.delete(name);
  }

  /** Makes a variable of the function under way. */
  local(name: string, flags: Flags = {}): void {
    const frame = this.#frames.findLast(({ isFunction }) => isFunction) ?? this.#frames[0];
    if (frame?.variables.has(name)) Object.assign(frame.variables.get(name) ?? {}, flags);
    else frame?.variables.set(name, { ...flags });
  }

  /** A variable of one command only. */
  temporary(name: string, value: string): void {
    this.#frames.at(-1)?.variables.set(name, { value, isExported: true });
  }

  mark(name: string, flags: Flags): void {
    Object.assign(this.#writable(this.meant(name).name, true), flags);
  }

  /** Makes a variable stand for another one, or for itself again. */
  refer(name: string, target: string | undefined): void {
    const variable = this.own(name) ?? this.#writable(name, true);
    if (target === undefined) {
      variable.value = variable.refersTo;
      delete variable.refersTo;
    } else {
      variable.refersTo = target;
      variable.value = undefined;
    }
  }

  /** The variables of child processes. */
  exported(): Record<string, string> {
    const seen: Record<string, string> = {};
    for (const { variables } of this.#frames)
      for (const [name, { isExported, value }] of variables)
        if (isExported && value !== undefined) seen[name] = value;
    return seen;
  }

  names(prefix = ""): string[] {
    const all = new Set(this.#frames.flatMap(({ variables }) => [...variables.keys()]));
    return [...all].filter((name) => name.startsWith(prefix)).toSorted();
  }

  #key({ isMap = false, items }: Variable, index: string): string {
    if (isMap || !index.startsWith("-")) return index;
    const last = Math.max(-1, ...[...(items?.keys() ?? [])].map(Number));
    return String(last + 1 + Number(index));
  }

  #writable(name: string, isMark = false): Variable {
    const found = this.own(name);
    if (found?.isReadonly && !isMark) throw new ShellFault(`${name}: readonly variable`, "line");
    if (found !== undefined) return found;
    const made: Variable = {};
    this.#frames[0]?.variables.set(name, made);
    return made;
  }
}
