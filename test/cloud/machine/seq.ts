/** `seq`: whole numbers only. */
import { complain, has, notSimulated, said, valueOf } from "./answers.ts";
import type { Io } from "./machine.ts";

export function seq(args: readonly string[], io: Io): number {
  const words = args.filter((arg, index) => !/^-[a-z]|^--/.test(arg) && args[index - 1] !== "-s");
  if (words.length === 0) return complain(io, "seq: missing operand");
  if (words.some((word) => !/^-?\d+$/.test(word)) || words.length > 3 || has(args, "f"))
    return notSimulated("seq", args, io);
  const { from, by, to } = boundsOf(words.map(Number));
  if (by === 0) return complain(io, `seq: invalid Zero increment value: '${words[1] ?? ""}'`);
  const count = Math.floor((to - from) / by) + 1;
  if (count <= 0) return 0;
  const widest = Math.max(...[from, from + (count - 1) * by].map((value) => String(value).length));
  io.shell.bounds.spend(count * (widest + 1));
  const width = has(args, "w") ? widest : 0;
  const values = Array.from({ length: count }, (_, index) => filled(from + index * by, width));
  return said(io, values.join(valueOf(args, "-s", "--separator") ?? "\n"));
}

/** First, step and last, of which only the last must be given. */
function boundsOf(given: readonly number[]): Readonly<Record<"from" | "by" | "to", number>> {
  const [first = 1, second = 1, third = 1] = given;
  if (given.length === 1) return { from: 1, by: 1, to: first };
  return given.length === 2 ? { from: first, by: 1, to: second } : { from: first, by: second, to: third };
}

/** With zeros behind the sign. */
const filled = (value: number, width: number): string =>
  value < 0 ? `-${String(-value).padStart(width - 1, "0")}` : String(value).padStart(width, "0");
