/** Kiln beside GitHub: hooks that post to its webhook, and the credentials that its catch-up has. */
import { generateKeyPairSync } from "node:crypto";
import { days } from "../../shared/duration.ts";
import type { Token } from "../github/credentials.ts";
import { Github, type Hook } from "../github/github.ts";
import type { Rates } from "../github/limits.ts";
import type { Deployment, DeployOptions } from "./deployment.ts";
import { SENDER_SECRET, SENDERS } from "./senders.ts";

const TOKEN = "github_pat_0123456789abcdef";
const REPOSITORY = "/repos/acme/shop/hooks/7";
const NOWHERE = "http://127.0.0.1:9/";

export interface Hub {
  readonly kiln: Deployment;
  readonly github: Github;
  readonly hook: Hook;
  /** Leads the hook nowhere, or back to the webhook. */
  readonly reach: (isReached: boolean) => void;
  /** A job changes, and the hook posts it once. Returns the status that the webhook answers. */
  readonly job: (id: number, action?: string, more?: object) => Promise<number>;
}

export interface HubOptions {
  /** The hook as the API has it. */
  readonly path?: string;
  /** Fields of the token that differ. */
  readonly token?: {
    readonly expiresInMs?: number;
    readonly write?: boolean;
    readonly paths?: readonly string[];
  };
  readonly rates?: Partial<Rates>;
  /** How long GitHub takes for another attempt. */
  readonly laterMs?: number;
  readonly fc?: DeployOptions["fc"];
  /** Fields of KILN_GITHUB that differ. */
  readonly settings?: object;
}

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const APP = "Iv23liKiln0000000000";

/** The settings of a hook in KILN_GITHUB. */
function settingsOf(path: string): object {
  const [, kind, first, second, , id] = path.split("/");
  if (kind === "repos")
    return { kind: "repository", repository: `${first}/${second}`, hook: Number(id), token: TOKEN };
  if (kind === "orgs")
    return { kind: "organization", organization: first, hook: Number(path.split("/")[4]), token: TOKEN };
  const privateKey = keys.privateKey.export({ type: "pkcs1", format: "pem" });
  return { kind: "app", app: APP, privateKey };
}

/** Deploys Kiln beside a GitHub that has one hook. */
export async function deployWithGithub(
  deploy: (options?: DeployOptions) => Promise<Deployment>,
  options: HubOptions = {},
): Promise<Hub> {
  const { path = REPOSITORY, settings = {}, fc = {} } = options;
  const world: World = {};
  const hook: Hook = { path, secret: SENDER_SECRET, url: NOWHERE };
  const { github, pat } = await startGithub(world, hook, options);
  const kiln = await deploy({
    env: {
      KILN_SENDERS: JSON.stringify(SENDERS),
      KILN_GITHUB: JSON.stringify({ shop: { ...settingsOf(path), api: github.url, ...settings } }),
    },
    fc: { timers: ["redelivery", "resend"], ...fc },
  });
  world.kiln = kiln;
  pat.expiresAt = kiln.cloud.time.now() + (options.token?.expiresInMs ?? days(30));
  const reach = (isReached: boolean): void => {
    const url = new URL("/senders/github", kiln.cloud.urls.http["kiln-webhook"]);
    hook.url = isReached ? url.href : NOWHERE;
  };
  reach(true);
  const job = async (id: number, action = "queued", more: object = {}): Promise<number> => {
    const at = new Date(kiln.cloud.time.now()).toISOString();
    const workflow_job = { id, run_attempt: 1, labels: ["kiln-web"], created_at: at, ...more };
    const payload = { action, repository: { full_name: "acme/shop" }, workflow_job };
    return (await github.send(hook, { event: "workflow_job", payload })).status_code;
  };
  return { kiln, github, hook, reach, job };
}

/** GitHub must be there before the functions are, whose settings name its address. */
interface World {
  kiln?: Deployment;
}

async function startGithub(world: World, hook: Hook, { token = {}, rates = {}, laterMs = 0 }: HubOptions) {
  const { write = true, paths = [hook.path] } = token;
  const pat: Token = { token: TOKEN, expiresAt: Infinity, write, paths };
  const later = (attempt: () => void): void => {
    world.kiln?.cloud.time.after(laterMs, { label: "redelivery" }, attempt);
  };
  const github = await Github.start({
    now: () => world.kiln?.cloud.time.now() ?? Date.now(),
    hold: (work) => world.kiln?.cloud.time.hold(work) ?? work,
    ...(laterMs > 0 && { later }),
    hooks: [hook],
    tokens: [pat],
    apps: [{ id: APP, publicKey: keys.publicKey }],
    rates,
  });
  return { github, pat };
}
