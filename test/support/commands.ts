/** The fixture of tests of the commands that deploy. */
import { join } from "node:path";
import { test as base } from "vitest";
import { startCloud, type Cloud } from "../cloud/index.ts";
import { DeployTool } from "./deploy-tool.ts";
import {
  ACCOUNT,
  endpointVariables,
  makeRoot,
  NEW_BUCKET,
  openShell,
  type Shell,
  variables,
  type Variables,
} from "./shell.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Fixtures {
  /** Deploys these functions before the test: variables of s.yaml besides the usual ones. None without variables. */
  readonly there: Variables | undefined;
  /** The region of the cloud. */
  readonly region: string;
  /** A folder in place of the repository's, with a `.env` when the test writes one. */
  readonly root: string;
  readonly cloud: Cloud;
  readonly command: Shell;
  /** Further variables that the deploy tool needs. */
  readonly tools: Variables;
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  root: async ({}, use) => {
    const { root, remove } = makeRoot();
    await use(root);
    remove();
  },
  there: undefined,
  region: "cn-hangzhou",
  cloud: async ({ there, region }, use) => {
    const cloud = await startCloud({
      region,
      accountId: ACCOUNT,
      roles: {},
      // The deploy tool has a clock of its own.
      at: Date.now(),
      fc: { timers: [], inline: true },
      ...(there && {
        manifest: join(ROOT, "s.yaml"),
        env: { KILN_ACCOUNT_ID: ACCOUNT, KILN_BUCKET: NEW_BUCKET, ...there },
      }),
    });
    await use(cloud);
    await cloud.close();
  },
  tools: async ({ root }, use) => {
    // The tool keeps its logs and components at home, and reports nothing in a test.
    await use({ PATH: process.env["PATH"] ?? "", serverless_devs_config_home: root, NODE_ENV: "test" });
  },
  command: async ({ cloud, root, tools }, use) => {
    await use(openShell(root, { ...variables(cloud), ...tools }));
  },
});

/** With the real deploy tool and its component, so that `deploy` deploys. */
export const withTool = test.extend<Pick<Fixtures, "tools">>({
  tools: async ({ cloud }, use) => {
    const tool = new DeployTool();
    await tool.seed();
    const { urls } = cloud;
    await use({
      ...tool.environment,
      FC_CODE_TEMP_OSS_ENDPOINT: urls.oss,
      ...endpointVariables(urls),
    });
    tool.close();
  },
});
