/** A shell in which someone runs the commands that deploy, on a local cloud that has nothing of Kiln yet. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../deploy/command.ts";
import type { Surroundings } from "../../deploy/config.ts";
import type { Cloud } from "../cloud/index.ts";

const ROOT = join(import.meta.dirname, "../..");

export const ACCOUNT = "1987654321098765";
export const NEW_BUCKET = "kiln-1987654321098765";

export type Variables = Readonly<Record<string, string>>;

/** The variables of a deployment on a local cloud. */
export const variables = ({ urls, accessKey, region }: Cloud): Variables => ({
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

/** The endpoints that functions on a local cloud use. */
export const endpointVariables = ({
  ecs,
  cms,
  ess,
  fc,
  oss,
}: Pick<Cloud["urls"], "ecs" | "cms" | "ess" | "fc" | "oss">): Variables => ({
  KILN_ECS_ENDPOINT: ecs,
  KILN_CMS_ENDPOINT: cms,
  KILN_ESS_ENDPOINT: ess,
  KILN_FC_ENDPOINT: fc,
  KILN_OSS_ENDPOINT: oss,
});

/** A folder in place of the repository's, so that a `.env` of the repository counts nowhere. */
export function makeRoot(): { readonly root: string; readonly remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), "kiln-root-"));
  cpSync(join(ROOT, "s.yaml"), join(root, "s.yaml"));
  symlinkSync(join(ROOT, "dist"), join(root, "dist"));
  return { root, remove: () => rmSync(root, { recursive: true }) };
}

/** The output of a command, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs a command with these variables instead of, or besides, the usual ones; "" unsets one. */
export type Shell = (
  argv: string | readonly string[],
  env?: Variables,
  ask?: Surroundings["ask"],
) => Promise<Said>;

/** Where there is no person, such as in CI. */
export const alone: Surroundings["ask"] = () => Promise.resolve(undefined);

/** A shell in the folder `root` with the variables `usual`. */
export const openShell =
  (root: string, usual: Variables): Shell =>
  async (argv, env = {}, ask = alone) => {
    const out: string[] = [];
    const err: string[] = [];
    const given = Object.entries({ ...usual, ...env }).filter(([, value]) => value !== "");
    const code = await runCommand(typeof argv === "string" ? argv.split(" ") : argv, {
      root,
      env: Object.fromEntries(given),
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      ask,
    });
    return { code, out, err };
  };
