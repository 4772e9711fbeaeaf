/** `$(( ))` of plain terms: sums of products of numbers and variables. */
export function calculate(text: string, variables: Readonly<Record<string, string>>): number {
  const terms = text
    .replaceAll(/\$?([A-Za-z_]\w*)/g, (_, name: string) => variables[name] ?? "0")
    .match(/[+-]?\s*\d+(?:\s*[*/%]\s*\d+)*/g);
  return (terms ?? []).reduce((sum, term) => {
    const sign = term.trim().startsWith("-") ? -1 : 1;
    const [first = "0", ...rest] = term.replaceAll(/[+\s-]/g, "").split(/(?=[*/%])/);
    const product = rest.reduce((value, factor) => {
      const number = Number(factor.slice(1));
      return factor.startsWith("*")
        ? value * number
        : factor.startsWith("/")
          ? Math.trunc(value / number)
          : value % number;
    }, Number(first));
    return sum + sign * product;
  }, 0);
}
