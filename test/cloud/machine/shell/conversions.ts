/** The conversions of `printf`, such as `%-5.2f`. */

/** What stands between `%` and the letter. */
export interface Spec {
  readonly flags: string;
  readonly size: number;
  readonly digits: number | undefined;
}

/** The two's complement of 64 bits, as C prints a negative number without a sign. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

const signOf = (isNegative: boolean, flags: string): string =>
  isNegative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";

const WHOLE: Readonly<Record<string, (value: bigint, spec: Spec) => string>> = {
  d: signed,
  i: signed,
  u: (value, { digits }) =>
    unsigned(value)
      .toString()
      .padStart(digits ?? 0, "0"),
  o: (value, spec) => based(value, 8, spec, "0"),
  x: (value, spec) => based(value, 16, spec, "0x"),
  X: (value, spec) => based(value, 16, spec, "0x").toUpperCase(),
};

function signed(value: bigint, { flags, digits }: Spec): string {
  const absolute = value < 0n ? -value : value;
  return signOf(value < 0n, flags) + absolute.toString().padStart(digits ?? 0, "0");
}

function based(value: bigint, base: number, { flags, digits }: Spec, mark: string): string {
  const text = unsigned(value)
    .toString(base)
    .padStart(digits ?? 0, "0");
  return flags.includes("#") && value !== 0n ? mark + text : text;
}

/** `%e`: C writes at least two digits of the exponent. */
const exponential = (value: number, digits: number): string =>
  value.toExponential(digits).replace(/e([-+])(\d)$/, "e$10$2");

/** `%g`: the shorter of `%e` and `%f`, without zeros at its end. */
function general(value: number, { flags, digits = 6 }: Spec): string {
  const precision = digits === 0 ? 1 : digits;
  const exponent = value === 0 ? 0 : Number(value.toExponential(precision - 1).split("e")[1]);
  const isLong = exponent < -4 || exponent >= precision;
  const text = isLong ? exponential(value, precision - 1) : fixed(value, precision - 1 - exponent);
  return flags.includes("#") || !text.includes(".") ? text : text.replace(/\.?0+(e|$)/, "$1");
}

/** Of two values that are equally near, C takes the even one, and `toFixed` the larger. */
function fixed(value: number, digits: number): string {
  const exact = value.toFixed(Math.min(100, digits + 40));
  const end = exact.indexOf(".") + (digits === 0 ? 0 : digits + 1);
  const lower = exact.slice(0, end);
  const isTie = /^\.?50*$/.test(exact.slice(end));
  return isTie && /[02468]$/.test(lower) ? lower : value.toFixed(digits);
}

const FLOATING: Readonly<Record<string, (value: number, spec: Spec) => string>> = {
  f: (value, { digits = 6 }) => fixed(value, digits),
  F: (value, { digits = 6 }) => fixed(value, digits),
  e: (value, { digits = 6 }) => exponential(value, digits),
  E: (value, { digits = 6 }) => exponential(value, digits).toUpperCase(),
  g: general,
  G: (value, spec) => general(value, spec).toUpperCase(),
};

export const isWhole = (letter: string): boolean => Object.hasOwn(WHOLE, letter);
export const isFloating = (letter: string): boolean => Object.hasOwn(FLOATING, letter);

/** A number by a letter for which `isWhole` holds. */
export const wholeText = (letter: string, value: bigint, spec: Spec): string =>
  padded(WHOLE[letter]?.(value, spec) ?? "", spec, spec.digits === undefined);

/** A number by a letter for which `isFloating` holds. */
export function floatingText(letter: string, value: number, spec: Spec): string {
  const text = FLOATING[letter]?.(Math.abs(value), spec) ?? "";
  return padded(signOf(value < 0, spec.flags) + text, spec, true);
}

/** @param takesZeros whether a flag of 0 fills with zeros, as it does for numbers */
export function padded(text: string, { flags, size }: Spec, takesZeros = false): string {
  if (flags.includes("-")) return text.padEnd(size);
  if (!takesZeros || !flags.includes("0") || text.length >= size) return text.padStart(size);
  const sign = /^[-+ ]?(?:0[xX])?/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(size - sign.length, "0");
}
