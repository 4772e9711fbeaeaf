import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test as base } from "vitest";
import { days } from "../../shared/duration.ts";
import { type Cloud, parseManifest, startCloud } from "../cloud/index.ts";
import { DeployTool, toolEnvironment, type ToolRun } from "../support/deploy-tool.ts";
import {
  BUCKET,
  deployedOn,
  type Deployment,
  environmentOf,
  hurry,
  PLACE,
  readRoles,
} from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Fixtures {
  /** Kiln on a cloud without functions, and the deploy tool. */
  readonly empty: {
    readonly kiln: Deployment;
    readonly run: (...args: readonly string[]) => Promise<ToolRun>;
  };
}

const valuesOf = ({ urls, region, accountId }: Cloud): Record<string, string> =>
  environmentOf({ ...urls, region, accountId });

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  empty: async ({}, use) => {
    const fc = { inline: true, timers: [], idleMs: days(3) };
    // The tool's own clock is the real one, and time stands still while it runs.
    const cloud = await startCloud({ at: Date.now(), roles: readRoles(), fc });
    cloud.oss.createBucket(BUCKET);
    const kiln = deployedOn(cloud, PLACE);
    hurry(kiln);
    const tool = new DeployTool();
    await tool.seed();
    const environment = { ...toolEnvironment(cloud), ...valuesOf(cloud) };
    await use({ kiln, run: (...args) => tool.run([...args, "-t", "s.yaml"], environment) });
    tool.close();
    await cloud.close();
  },
});

/** Functions without what differs by nature: where their code lies, and domains, which are things of their own. */
const settings = (functions: Iterable<{ readonly name: string }>): object =>
  Object.fromEntries(
    [...functions].map((one) => [one.name, { ...one, codePath: "", customDomain: undefined }]),
  );

test("what the deploy tool deploys is what s.yaml says, works, is deployed again without code, and is removed", async ({
  empty: { kiln, run },
  expect,
}) => {
  const { cloud } = kiln;
  const { exitCode, stdout } = await run("deploy", "-y");
  expect(exitCode, stdout).toBe(0);
  const text = readFileSync(join(ROOT, "s.yaml"), "utf8");
  const { functions } = parseManifest(text, { file: "s.yaml", folder: ROOT, env: valuesOf(cloud) });
  expect(settings(cloud.fc.functions.values())).toEqual(settings(functions));
  expect([...cloud.fc.functions.values()].filter(({ codePath }) => codePath.startsWith(ROOT))).toEqual([]);

  const runs = await bakeAndPromote(kiln, recipeText());
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["bake done", "promote done"]);
  expect(ownImages(kiln)).toMatchObject([{ family: "web", status: "Available" }]);
  expect(leftovers(kiln)).toEqual([]);
  expect(cloud.fc.refusals).toEqual([]);
  const { status } = await kiln.call("GET", "/runs/none");
  expect(status).toBe(404);

  const uploads = () => cloud.oss.list(`fc-temp-code-${cloud.region}`).length;
  expect(uploads()).toBe(functions.length);
  expect((await run("deploy", "-y")).exitCode).toBe(0);
  expect(uploads()).toBe(functions.length);
  expect(settings(cloud.fc.functions.values())).toEqual(settings(functions));

  expect((await run("remove", "-y")).exitCode).toBe(0);
  expect([...cloud.fc.functions.keys()]).toEqual([]);
  expect(cloud.urls.http).toEqual({});
}, 120_000);
