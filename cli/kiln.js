#!/usr/bin/env node
/**
 * Starts `kiln`. Node 20 reads no TypeScript, and a loader such as tsx costs every start a third of a second. So main.ts is
 * bundled into dist/cli/ once, which takes less than a second, and used again as long as no file it was made of has changed.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import module from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist", "cli");

/** A file as it was when it was bundled. */
const stampOf = (/** @type {string} */ path) => {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  return stat === undefined ? "gone" : `${stat.mtimeMs} ${stat.size}`;
};

/** The bundle, or undefined when a file has changed since it was made. */
function current() {
  try {
    const { script, inputs } = JSON.parse(readFileSync(join(dist, "current.json"), "utf8"));
    const entry = join(dist, script);
    const isCurrent = Object.entries(inputs).every(([path, stamp]) => stampOf(path) === stamp);
    return isCurrent && statSync(entry, { throwIfNoEntry: false }) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Bundles into a folder of its own, so that a start at the same time never reads half of it. */
async function bundle() {
  const { build } = await import("esbuild");
  mkdirSync(dist, { recursive: true });
  const name = basename(mkdtempSync(join(dist, "main-")));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["cli/main.ts"],
    outdir: join(dist, name),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    metafile: true,
    logLevel: "error",
    // Packages in the older format call require() for modules of Node.
    banner: {
      js: `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`,
    },
  });
  const inputs = Object.fromEntries(
    [...Object.keys(metafile.inputs), "cli/kiln.js"].map((path) => [path, stampOf(path)]),
  );
  const listed = join(dist, `${name}.json`);
  writeFileSync(listed, JSON.stringify({ script: join(name, "main.mjs"), inputs }));
  renameSync(listed, join(dist, "current.json"));
  removeOld();
  return join(dist, name, "main.mjs");
}

/** Bundles that no start can be about to load any more. */
function removeOld() {
  const now = performance.timeOrigin + performance.now();
  for (const name of readdirSync(dist)) {
    const stat = statSync(join(dist, name), { throwIfNoEntry: false });
    if (name.startsWith("main-") && stat !== undefined && now - stat.mtimeMs > 3_600_000)
      rmSync(join(dist, name), { recursive: true, force: true });
  }
}

// Newer versions of Node keep the compiled code as well.
module.enableCompileCache?.();
const { start } = await import(pathToFileURL(current() ?? (await bundle())).href);
process.exitCode = await start(process.argv.slice(2), root);
