/** `npm run numbers`: the figures of runs (figures.ts) and of bundles, beside their limits. */
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, functionNames } from "../../build.ts";
import { bakes, fleets, type Figure, logs, resend, starts, troubles } from "./figures.ts";

const ROOT = join(import.meta.dirname, "../..");
const KB = 1024;

/** Gzipped bytes of commit 376778f; the limit is 2 KB more. `notifier` was a part of the sweep. */
const BUNDLES: Readonly<Record<string, number>> = {
  "bake-image": 91.6,
  "promote-family": 96.5,
  "scale-out": 91.8,
  "stop-idle": 92.4,
  janitor: 53.1,
  notifier: 53.1,
  webhook: 49.5,
};

const bundles = (): Figure[] =>
  functionNames().map((name) => {
    const code = readFileSync(join(ROOT, "dist", name, "index.js"));
    return {
      name: `bundle of ${name}, gzipped`,
      value: gzipSync(code).length / KB,
      limit: (BUNDLES[name] ?? 0) + 2,
      unit: "KB",
    };
  });

await build();
const figures: Figure[] = [];
for (const measure of [bakes, fleets, logs, starts, troubles, resend, bundles])
  figures.push(...(await measure()));
for (const { name, value, limit, unit } of figures) {
  const text = Number.isInteger(value) ? String(value) : value.toFixed(value < 0.1 ? 4 : 1);
  const verdict = value <= limit ? "" : "   over the limit";
  process.stdout.write(
    `${name.padEnd(70)} ${text.padStart(8)} ${unit.padEnd(4)} (at most ${limit.toFixed(unit === "KB" ? 1 : 3).replace(/\.?0+$/, "")})${verdict}\n`,
  );
}
process.exitCode = figures.every(({ value, limit }) => value <= limit) ? 0 : 1;
