#!/usr/bin/env node
/**
 * Starts `kiln`. Node 20 reads no TypeScript, and a loader such as tsx costs every start a third of a second. So main.ts is
 * bundled into dist/cli/ once, which takes less than a second, and used again as long as no file it was made of has changed.
 * In a checkout that this user may not write, every start bundles into a temporary folder of its own: code in one that
 * others may fill would be theirs.
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
import { tmpdir } from "node:os";
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

/** A new folder for a bundle, so that a start at the same time never reads half of it. */
function newFolder() {
  try {
    mkdirSync(dist, { recursive: true });
    return mkdtempSync(join(dist, "main-"));
  } catch (error) {
    return temporaryFolder(error);
  }
}

function temporaryFolder(/** @type {unknown} */ cause) {
  try {
    return mkdtempSync(join(tmpdir(), "kiln-"));
  } catch (error) {
    const messages = [cause, error].map((one) => (one instanceof Error ? one.message : String(one)));
    process.stderr.write(
      `kiln bundles itself at its first start and can write nowhere: ${messages.join("; ")}. Set TMPDIR to a folder that this user may write\n`,
    );
    process.exit(1);
  }
}

/** Whether a bundle can be used by other starts. */
const isKept = (/** @type {string} */ folder) => dirname(folder) === dist;

/** Bundles main.ts, and remembers of which files where that may be written. */
async function bundle() {
  const { build } = await import("esbuild");
  const folder = newFolder();
  const entry = join(folder, "main.mjs");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["cli/main.ts"],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // One file is loaded at once, so that a temporary folder can be removed before a command begins.
    splitting: isKept(folder),
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
  if (isKept(folder)) remember(basename(folder), Object.keys(metafile.inputs));
  return entry;
}

/** Makes a bundle the current one. */
function remember(/** @type {string} */ name, /** @type {readonly string[]} */ files) {
  const inputs = Object.fromEntries([...files, "cli/kiln.js"].map((path) => [path, stampOf(path)]));
  const listed = join(dist, `${name}.json`);
  writeFileSync(listed, JSON.stringify({ script: join(name, "main.mjs"), inputs }));
  renameSync(listed, join(dist, "current.json"));
  removeOld();
}

/** Bundles that no start can be about to load any more. */
function removeOld() {
  const now = performance.timeOrigin + performance.now();
  for (const name of readdirSync(dist)) {
    const stat = statSync(join(dist, name), { throwIfNoEntry: false });
    if (!name.startsWith("main-") || stat === undefined || now - stat.mtimeMs <= 3_600_000) continue;
    try {
      rmSync(join(dist, name), { recursive: true, force: true });
    } catch {
      // Another user's: that one removes it.
    }
  }
}

// Newer versions of Node keep the compiled code as well.
module.enableCompileCache?.();
const entry = current() ?? (await bundle());
const { start } = await import(pathToFileURL(entry).href);
if (!isKept(dirname(entry))) rmSync(dirname(entry), { recursive: true, force: true });
process.exitCode = await start(process.argv.slice(2), root);
