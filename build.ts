/**
 * Builds one folder per function under `dist/`, with `index.js` and its source map. `npm run build` prints the sizes;
 * tests and the rehearsal call `build()`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build as esbuild, type Metafile, type Plugin } from "esbuild";
import { messageOf } from "./shared/errors.ts";

const ROOT = import.meta.dirname;
const FUNCTIONS = join(ROOT, "functions");

/** Kilobytes of a bundle, gzipped; a caller waits for the webhook, so it gets half. The API asks the deciders of all others. */
const BUDGET: Readonly<Record<string, number>> = { webhook: 73, api: 172, other: 162 };

/**
 * Modules that the official SDKs load at start and Kiln never uses. Each is replaced by a module that throws when it
 * is used, so that a wrong entry here is an error and not a silent change.
 */
const LEFT_OUT: Record<string, string> = {
  "ali-oss": "fc2 uploads the code of functions with it; Kiln only invokes",
  axios: "fc2 refreshes its own credentials with it; Kiln gets them with each invocation",
  ws: "sockets to instances (fc2) and streaming APIs (openapi-core)",
  "https-proxy-agent": "only for sockets",
  "http-proxy-agent": "only for sockets",
  "socks-proxy-agent": "only for sockets",
  moment: "date helpers of generated code; the core signs with Date",
  lodash: "one merge() in a helper of generated code",
  xml2js: "XML answers; ECS and CloudMonitor answer JSON",
  "@alicloud/credentials": "credential chains; Kiln gets credentials with each invocation",
  "@alicloud/gateway-spi": "the v4 gateway; ECS and CloudMonitor use the ACS3 one",
};

/** Parts of the core's own packages that only modules left out above need; a third of their size. */
const LEFT_OUT_PARTS = ["websocket", "websocketUtils", "date", "file", "form", "url", "xml", "Sseresponse"];

const diet: Plugin = {
  name: "diet",
  setup(bundler) {
    const named = new RegExp(`^(${Object.keys(LEFT_OUT).join("|")}|debug)$`);
    bundler.onResolve({ filter: named }, ({ path }) => ({ path, namespace: "left-out" }));
    const part = new RegExp(`^\\./(${LEFT_OUT_PARTS.join("|")})$`);
    bundler.onResolve({ filter: part }, ({ path, importer }) =>
      /(@darabonba.typescript|@alicloud.openapi-core).dist.(?:models.)?\w+\.js$/.test(importer)
        ? { path, namespace: "left-out" }
        : undefined,
    );
    // Of its own manifest fc2 reads name and version.
    bundler.onLoad({ filter: /fc2.package\.json$/ }, ({ path }) => {
      const { name, version } = JSON.parse(readFileSync(path, "utf8"));
      return { contents: JSON.stringify({ name, version }), loader: "json" };
    });
    // Of the older core the newer one uses two things: as a module with these two it is left without the others.
    bundler.onLoad({ filter: /tea-typescript.dist.tea\.js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, "utf8").replaceAll(/^(?:exports\.|Object\.defineProperty\(exports).*;$/gm, "")}
export { Model, toMap };`,
      loader: "js",
    }));
    // The tables of its dumper and its other schemas are values of calls, which a bundler keeps unless they are marked.
    bundler.onLoad({ filter: /js-yaml.dist.js-yaml\.mjs$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(
        /^var (\w+) = ([^"\d[][^]*?);\n(?=\S|\n)/gm,
        "var $1 = /* @__PURE__ */ (() => ($2))();\n",
      ),
      loader: "js",
    }));
    bundler.onLoad({ filter: /.*/, namespace: "left-out" }, ({ path }) => ({
      contents:
        path === "debug"
          ? "module.exports = () => () => {};"
          : `module.exports = new Proxy(class LeftOut {}, { get(target, key) {
               if (key === "__esModule" || typeof key === "symbol") return target[key];
               if (key === "default" || key === "prototype") return key === "default" ? module.exports : target[key];
               throw new Error(${JSON.stringify(`${path} is not in this bundle`)});
             } });`,
      loader: "js",
    }));
  },
};

/**
 * Modules that one phase of one function loads: a file beside its bundle, which no cold start reads. Of hash-wasm it holds
 * the algorithms that are used, each of which adds to what the module exports.
 */
const APART: Record<string, readonly string[]> = {
  "hash-wasm": ["md5", "sha1", "sha256", "sha512"].map((name) => `hash-wasm/dist/${name}.umd.min.js`),
};

const apart: Plugin = {
  name: "apart",
  setup(bundler) {
    bundler.onResolve({ filter: new RegExp(`^(${Object.keys(APART).join("|")})$`) }, ({ path }) => ({
      path: `./${path}.js`,
      external: true,
    }));
  },
};

/** Copies the modules that `metafile` names as files beside the bundle into its folder. */
function putApart(metafile: Metafile, folder: string): void {
  const named = new Set(
    Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
  );
  for (const [name, files] of Object.entries(APART)) {
    if (!named.has(`./${name}.js`)) continue;
    const text = files.map((file) => readFileSync(join(ROOT, "node_modules", file), "utf8")).join("\n");
    writeFileSync(join(folder, `${name}.js`), text);
  }
}

/** The size of one built function, in bytes. */
export interface BundleReport {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly parts: readonly (readonly [name: string, bytes: number])[];
}

/** Names of the functions, one per folder of `functions/`. */
export const functionNames = (): readonly string[] => readdirSync(FUNCTIONS).toSorted();

/** Bundles every function into `outDir`. @throws AggregateError when one does not compile; the others are built. */
export async function build(outDir: string = join(ROOT, "dist")): Promise<BundleReport[]> {
  const names = functionNames();
  const kept = new Set([...names, "cli"]);
  const stale = existsSync(outDir) ? readdirSync(outDir).filter((name) => !kept.has(name)) : [];
  for (const name of stale) rmSync(join(outDir, name), { recursive: true });
  const results = await Promise.allSettled(names.map((name) => bundle(name, outDir)));
  const errors = results.flatMap((result): unknown[] =>
    result.status === "rejected" ? [result.reason] : [],
  );
  if (errors.length > 0) throw new AggregateError(errors, errors.map(messageOf).join("\n"));
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

interface Bundle {
  readonly code: Buffer;
  readonly map: Uint8Array;
  readonly metafile: Metafile;
}

/** Bundles a handler and all it needs into one script. */
export async function bundleHandler(entry: string, outfile: string): Promise<Bundle> {
  const { metafile, outputFiles } = await esbuild({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    // Read only when an error is logged (shared/stack.ts), so a cold start does not pay for it.
    sourcemap: "external",
    sourcesContent: false,
    write: false,
    metafile: true,
    logLevel: "warning",
    // As calls of require, which find the files of APART beside the bundle.
    supported: { "dynamic-import": false },
    plugins: [diet, apart],
  });
  const map = outputFiles.find(({ path }) => path.endsWith(".map"));
  const script = outputFiles.find(({ path }) => path.endsWith(".js"));
  if (map === undefined || script === undefined)
    throw new Error(`esbuild made no bundle or no map of ${entry}`);
  return { code: Buffer.from(script.contents), map: map.contents, metafile };
}

async function bundle(name: string, outDir: string): Promise<BundleReport> {
  const outfile = join(outDir, name, "index.js");
  const { code, map, metafile } = await bundleHandler(join(FUNCTIONS, name, "handler.ts"), outfile);
  // Renamed into place, so that a local cloud that runs the old bundle never reads half of the new one.
  mkdirSync(join(outDir, name), { recursive: true });
  writeFileSync(`${outfile}.map`, map);
  putApart(metafile, join(outDir, name));
  writeFileSync(`${outfile}.new`, code);
  renameSync(`${outfile}.new`, outfile);
  return { name, bytes: code.length, gzipBytes: gzipSync(code).length, parts: largest(metafile) };
}

function largest(metafile: Metafile): [string, number][] {
  const parts = new Map<string, number>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const part = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split("/")[0] ?? path;
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput);
    }
  }
  return [...parts].toSorted((a, b) => b[1] - a[1]).slice(0, 4);
}

/** Milliseconds a fresh process needs to load the file `script`, the median of nine. */
export function loadMs(script: string): number {
  const source = `const t=process.hrtime.bigint();require(${JSON.stringify(script)});process.stdout.write(String(Number(process.hrtime.bigint()-t)/1e6))`;
  const runs = Array.from({ length: 9 }, () =>
    Number(execFileSync(process.execPath, ["-e", source]).toString()),
  );
  return runs.toSorted((a, b) => a - b)[4] ?? Number.NaN;
}

async function main(): Promise<void> {
  const reports = await build();
  const floorFile = join(ROOT, "dist", "floor.js");
  writeFileSync(floorFile, `require("https");require("crypto");`);
  const floor = loadMs(floorFile);
  rmSync(floorFile);
  const lines = reports.map(({ name, bytes, gzipBytes, parts }) => {
    const ms = loadMs(join(ROOT, "dist", name, "index.js"));
    const kb = (n: number): string => `${(n / 1024).toFixed(1)} KB`.padStart(9);
    const top = parts.map(([part, size]) => `${part} ${(size / 1024).toFixed(0)}`).join(", ");
    return `${name.padEnd(15)}${kb(bytes)}${kb(gzipBytes)} gz ${ms.toFixed(1).padStart(6)} ms (${(ms / floor).toFixed(2)}x)  ${top}`;
  });
  process.stdout.write(
    `${lines.join("\n")}\nload times against ${floor.toFixed(1)} ms for https and crypto alone\n`,
  );
  const over = reports.filter((r) => r.gzipBytes > 1024 * (BUDGET[r.name] ?? BUDGET["other"] ?? 0));
  if (over.length > 0) throw new Error(`over budget: ${over.map((r) => r.name).join(", ")}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
