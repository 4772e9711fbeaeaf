/**
 * What `npm run check` says about s.yaml: one line when it is sound, every problem when it is not.
 * The deploy tool itself checks neither unknown keys nor what is in a trigger.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Manifest, ManifestError, envNames, parseManifest, taskModeWarning } from "./cloud/index.ts";

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

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const { functions, regions } = checkManifest(join(import.meta.dirname, ".."), process.env["KILN_REGION"]);
    const triggers = functions.flatMap((one) => one.triggers).length;
    process.stdout.write(`${FILE}: ${functions.length} functions, ${triggers} triggers, no problems\n`);
    for (const warning of regions.map(taskModeWarning).filter(Boolean))
      process.stderr.write(`warning: ${warning}\n`);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
