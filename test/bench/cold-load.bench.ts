/** What a cold start pays for loading each bundle, against the least any function that signs a call would load. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, loadMs } from "../../build.ts";
import type { Bench } from "./measure.ts";

export const bench: Bench = async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-bench-"));
  try {
    const reports = await build(folder);
    const floorFile = join(folder, "floor.js");
    writeFileSync(floorFile, `require("https");require("crypto");`);
    const floor = loadMs(floorFile);
    return reports.map(({ name, gzipBytes }) => {
      const ms = loadMs(join(folder, name, "index.js"));
      return {
        what: name,
        value: `${ms.toFixed(1)} ms`,
        baseline: `https and crypto alone, ${floor.toFixed(1)} ms`,
        ratio: ms / floor,
        better: "lower" as const,
        note: `${(gzipBytes / 1024).toFixed(0)} KB gzipped`,
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
};
