/**
 * The start of a whole process that loads each bundle, against one that loads the least a function that signs a call
 * needs. In pairs, because the load of the machine changes; the ratio is the median of the pairs.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../build.ts";
import type { Bench } from "./measure.ts";

const PAIRS = 15;

/** Milliseconds from the start of a process that loads `script` to its end. */
function startMs(script: string): number {
  const from = performance.now();
  execFileSync(process.execPath, [script]);
  return performance.now() - from;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const bench: Bench = async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-bench-"));
  try {
    const reports = await build(folder);
    const floorFile = join(folder, "floor.js");
    writeFileSync(floorFile, `require("https");require("crypto");`);
    return reports.map(({ name, gzipBytes }) => {
      const pairs = Array.from({ length: PAIRS }, () => ({
        floor: startMs(floorFile),
        own: startMs(join(folder, name, "index.js")),
      }));
      return {
        what: name,
        value: `${median(pairs.map(({ own }) => own)).toFixed(1)} ms`,
        baseline: `https and crypto alone, ${median(pairs.map(({ floor }) => floor)).toFixed(1)} ms`,
        ratio: median(pairs.map(({ own, floor }) => own / floor)),
        better: "lower" as const,
        note: `${(gzipBytes / 1024).toFixed(0)} KB gzipped; at most ${name === "webhook" ? "1.10" : "1.20"} ×`,
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};
