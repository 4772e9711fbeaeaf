/** The commands that deploy, on a local cloud that has nothing of Kiln yet. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";
import { runCommand } from "../../deploy/command.ts";
import { startCloud, type Cloud } from "../cloud/index.ts";

/** The output of a command, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export const ACCOUNT = "1987654321098765";
export const NEW_BUCKET = "kiln-1987654321098765";

/** The variables of a deployment on a local cloud. */
export const variables = ({ urls, accessKey, region }: Cloud): Readonly<Record<string, string>> => ({
  KILN_REGION: region,
  KILN_ACCOUNT_ID: ACCOUNT,
  KILN_BUCKET: NEW_BUCKET,
  ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
  KILN_DEPLOY_RAM_ENDPOINT: urls.ram,
  KILN_DEPLOY_STS_ENDPOINT: urls.sts,
  KILN_DEPLOY_ECS_ENDPOINT: urls.ecs,
  KILN_DEPLOY_OSS_ENDPOINT: urls.oss,
  FC_CLIENT_CUSTOM_ENDPOINT: urls.fc,
});

const ROOT = join(import.meta.dirname, "../..");

interface Fixtures {
  /** Deploys these functions before the test: variables of s.yaml besides the usual ones. None without variables. */
  readonly there: Readonly<Record<string, string>> | undefined;
  /** A folder in place of the repository's, with a `.env` when the test writes one. */
  readonly root: string;
  readonly cloud: Cloud;
  /** Runs a command with these variables instead of, or besides, the usual ones; "" unsets one. */
  readonly command: (argv: string, env?: Readonly<Record<string, string>>) => Promise<Said>;
  /** Further variables that the deploy tool needs. */
  readonly tools: Readonly<Record<string, string>>;
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the parameter's form
  root: async ({}, use) => {
    const root = mkdtempSync(join(tmpdir(), "kiln-root-"));
    cpSync(join(ROOT, "s.yaml"), join(root, "s.yaml"));
    symlinkSync(join(ROOT, "dist"), join(root, "dist"));
    await use(root);
    rmSync(root, { recursive: true });
  },
  there: undefined,
  cloud: async ({ there }, use) => {
    const cloud = await startCloud({
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
    await use(async (argv, env = {}) => {
      const out: string[] = [];
      const err: string[] = [];
      const given = Object.entries({ ...variables(cloud), ...tools, ...env }).filter(
        ([, value]) => value !== "",
      );
      const code = await runCommand(argv.split(" "), {
        root,
        env: Object.fromEntries(given),
        out: (line) => void out.push(line),
        err: (line) => void err.push(line),
      });
      return { code, out, err };
    });
  },
});
