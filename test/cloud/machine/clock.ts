/** Times as `date` and `printf` show them. */

/** Undefined for a conversion that is not simulated. The clock of a machine is that of UTC. */
export function clockText(format: string, at: number): string | undefined {
  const date = new Date(at);
  const iso = date.toISOString();
  const named = (options: Intl.DateTimeFormatOptions): string =>
    date.toLocaleString("en-US", { ...options, timeZone: "UTC" });
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => iso.slice(0, 4),
    y: () => iso.slice(2, 4),
    m: () => iso.slice(5, 7),
    d: () => iso.slice(8, 10),
    e: () => String(date.getUTCDate()).padStart(2),
    H: () => iso.slice(11, 13),
    M: () => iso.slice(14, 16),
    S: () => iso.slice(17, 19),
    s: () => String(Math.floor(at / 1000)),
    N: () => `${iso.slice(20, 23)}000000`,
    F: () => iso.slice(0, 10),
    T: () => iso.slice(11, 19),
    z: () => "+0000",
    Z: () => "UTC",
    a: () => named({ weekday: "short" }),
    A: () => named({ weekday: "long" }),
    b: () => named({ month: "short" }),
    B: () => named({ month: "long" }),
    u: () => String(date.getUTCDay() || 7),
    w: () => String(date.getUTCDay()),
    j: () => String(Math.floor((at - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1).padStart(3, "0"),
    "%": () => "%",
  };
  let isKnown = true;
  const text = format.replaceAll(/%(.)/g, (all, letter: string) => {
    const part = parts[letter];
    isKnown &&= part !== undefined;
    return part?.() ?? all;
  });
  return isKnown ? text : undefined;
}
