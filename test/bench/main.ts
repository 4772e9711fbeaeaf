/**
 * `npm run bench`: every `*.bench.ts` of this folder, one after the other. Absolute numbers belong to the
 * machine; the ratio against a baseline of the same run is what can be compared.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Measured } from "./measure.ts";
import { known } from "../support/known.ts";

const wanted = process.argv[2] ?? "";
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bench.ts") && file.includes(wanted))
  .toSorted();

for (const file of files) {
  const { bench } = known<{ readonly bench: Bench }>(await import(join(import.meta.dirname, file)));
  process.stdout.write(`\n${file.replace(".bench.ts", "")}\n`);
  for (const measured of await bench()) process.stdout.write(`${line(measured)}\n`);
}

function line({ what, value, baseline, ratio, better, note }: Measured): string {
  const against = `${ratio.toFixed(2)} × ${baseline} (${better} is better)`;
  return `  ${what.padEnd(44)} ${value.padStart(14)}   ${against}${note === undefined ? "" : `\n    ${note}`}`;
}
