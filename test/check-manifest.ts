/**
 * What `npm run check` says about s.yaml: one line when it is sound, every problem when it is not.
 * The deploy tool itself checks neither unknown keys nor what is in a trigger. It reads the file on its own; that it reads
 * what the local cloud reads is checked too.
 */
import { regionWarning } from "../deploy/checks.ts";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { envNames, type Manifest, ManifestError, parseManifest, resolveManifest } from "./cloud/index.ts";
import { DeployTool } from "./support/deploy-tool.ts";

const FILE = "s.yaml";

/**
 * The functions of `<root>/s.yaml`. @throws ManifestError that lists everything wrong with it.
 * @param region of the deployment; that of s.yaml when left out
 */
export function checkManifest(root: string, region?: string): Manifest {
  const path = join(root, FILE);
  if (!existsSync(path)) {
    throw new ManifestError(FILE, [
      { path: [], text: "is not there — write it at the root of the repository" },
    ]);
  }
  const text = readFileSync(path, "utf8");
  // What only a deployment knows is not wrong for being unknown here.
  const required = Object.fromEntries(envNames(text, true).map((name) => [name, `placeholder-${name}`]));
  const env = { ...required, ...(region !== undefined && { KILN_REGION: region }) };
  const manifest = parseManifest(text, { file: FILE, folder: root, env });
  const folders = readdirSync(join(root, "functions"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const expected = new Map(folders.map((name) => [join(root, "dist", name), name]));
  const used = new Set(manifest.functions.map(({ codePath }) => codePath));
  const problems = [
    ...manifest.functions
      .filter(({ codePath }) => !expected.has(codePath))
      .map(({ name, codePath }) => ({
        path: ["resources"],
        text: `${name} has code in ${codePath.replace(`${root}/`, "")} — use ./dist/<name> of a folder in functions/`,
      })),
    ...[...expected]
      .filter(([folder]) => !used.has(folder))
      .map(([, name]) => ({
        path: ["resources"],
        text: `functions/${name} is deployed by no resource — add one with code: ./dist/${name}`,
      })),
  ];
  if (problems.length > 0) throw new ManifestError(FILE, problems);
  return manifest;
}

/**
 * Compares what the engine of the deploy tool reads from a manifest with what the local cloud reads.
 * @throws ManifestError that names each value that differs.
 */
export async function compareWithTool(text: string): Promise<void> {
  // Every second name has a value, so that names and defaults are both compared: a number, because some become one.
  const env = Object.fromEntries(
    envNames(text).flatMap((name, index) => (index % 2 === 1 ? [[name, String(100 + index)]] : [])),
  );
  const required = Object.fromEntries(envNames(text, true).map((name) => [name, `placeholder-${name}`]));
  const tool = new DeployTool();
  try {
    const values = { ...required, ...env };
    const [theirs, ours] = [await tool.preview(text, values), resolveManifest(text, values)];
    const problems = differences(theirs, ours).map(({ path, theirs: given, ours: read }) => ({
      path: ["resources", ...path],
      text: `the deploy tool reads ${given}, the local cloud ${read} — write it in a way that both read alike`,
    }));
    if (problems.length > 0) throw new ManifestError(FILE, problems);
  } finally {
    tool.close();
  }
}

interface Difference {
  readonly path: readonly string[];
  readonly theirs: string;
  readonly ours: string;
}

const show = (value: unknown): string => JSON.stringify(value) ?? "nothing";

/** Where two trees differ: the deepest places. */
function differences(theirs: unknown, ours: unknown, path: readonly string[] = []): Difference[] {
  if (isDeepStrictEqual(theirs, ours)) return [];
  const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null;
  if (!isTree(theirs) || !isTree(ours)) return [{ path, theirs: show(theirs), ours: show(ours) }];
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return keys.flatMap((key) => differences(theirs[key], ours[key], [...path, key]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const root = join(import.meta.dirname, "..");
    const { functions, regions } = checkManifest(root, process.env["KILN_REGION"]);
    await compareWithTool(readFileSync(join(root, FILE), "utf8"));
    const triggers = functions.flatMap((one) => one.triggers).length;
    process.stdout.write(`${FILE}: ${functions.length} functions, ${triggers} triggers, no problems\n`);
    for (const warning of regions.map(regionWarning).filter(Boolean)) process.stderr.write(`${warning}\n`);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
