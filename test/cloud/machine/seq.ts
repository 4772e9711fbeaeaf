/** `seq`: whole numbers only. */
import { complain, has, notSimulated, said, valueOf } from "./answers.ts";
import type { Io } from "./machine.ts";

export function seq(args: readonly string[], io: Io): number {
  const words = args.filter((arg, index) => !/^-[a-z]|^--/.test(arg) && args[index - 1] !== "-s");
  if (words.length === 0) return complain(io, "seq: missing operand");
  if (words.some((word) => !/^-?\d+$/.test(word)) || words.length > 3 || has(args, "f"))
    return notSimulated("seq", args, io);
  const [from = 1, by = 1, to = 0] = boundsOf(words.map(Number));
  if (by === 0) return complain(io, `seq: invalid Zero increment value: '${words[1] ?? ""}'`);
  const count = Math.floor((to - from) / by) + 1;
  if (count <= 0) return 0;
  const last = from + (count - 1) * by;
  const width = has(args, "w") ? Math.max(String(from).length, String(last).length) : 0;
  io.shell.bounds.spend(count * (String(last).length + width));
  const values = Array.from({ length: count }, (_, index) => filled(from + index * by, width));
  return said(io, values.join(valueOf(args, "-s", "--separator") ?? "\n"));
}

/** First, step and last, of which only the last must be given. */
const boundsOf = (given: readonly number[]): readonly (number | undefined)[] =>
  given.length === 1 ? [1, 1, given[0]] : given.length === 2 ? [given[0], 1, given[1]] : given;

/** With zeros behind the sign. */
const filled = (value: number, width: number): string =>
  value < 0 ? `-${String(-value).padStart(width - 1, "0")}` : String(value).padStart(width, "0");
