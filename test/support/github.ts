/** Kiln beside GitHub: hooks that post to its webhook, and the credentials that its catch-up has. */
import { generateKeyPairSync } from "node:crypto";
import { days } from "../../shared/duration.ts";
import type { Installation, Token } from "../github/credentials.ts";
import { Github, type Hook } from "../github/github.ts";
import type { Rates } from "../github/limits.ts";
import type { Deployment, DeployOptions } from "./deployment.ts";
import { SENDER_SECRET, SENDERS } from "./senders.ts";

const TOKEN = "github_pat_0123456789abcdef";
/** Another one for the same hook. */
const OTHER_TOKEN = "github_pat_fedcba9876543210";
const REPOSITORY = "/repos/acme/shop/hooks/7";
const NOWHERE = "http://127.0.0.1:9/";

export interface Hub {
  readonly kiln: Deployment;
  readonly github: Github;
  readonly hook: Hook;
  /** Of the app, in the account of the hook. */
  readonly installation: Installation;
  /** KILN_GITHUB with another token for the hook. */
  readonly otherToken: string;
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
  /** The hook is read with a token of an installation of an app; fields of the installation that differ. */
  readonly installation?: Partial<Installation>;
  readonly rates?: Partial<Rates>;
  /** How long GitHub takes for another attempt. */
  readonly laterMs?: number;
  readonly fc?: DeployOptions["fc"];
  /** The labels of the sender, when they differ. */
  readonly labels?: object;
  /** Fields of KILN_GITHUB that differ. */
  readonly settings?: object;
  /** More hooks in KILN_GITHUB. */
  readonly more?: Readonly<Record<string, object>>;
}

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const APP = "Iv23liKiln0000000000";

const INSTALLATION = 4711;

/** The settings of a hook in KILN_GITHUB. */
function settingsOf(path: string, isInstalled = false): object {
  const [, kind, first, second, , id] = path.split("/");
  const privateKey = keys.privateKey.export({ type: "pkcs1", format: "pem" });
  if (kind === "app") return { kind: "app", app: APP, privateKey };
  const credential = isInstalled
    ? { app: { id: APP, installation: INSTALLATION, privateKey } }
    : { token: TOKEN };
  return kind === "repos"
    ? { kind: "repository", repository: `${first}/${second}`, hook: Number(id), ...credential }
    : { kind: "organization", organization: first, hook: Number(path.split("/")[4]), ...credential };
}

/** Deploys Kiln beside a GitHub that has one hook. */
export async function deployWithGithub(
  deploy: (options?: DeployOptions) => Promise<Deployment>,
  options: HubOptions = {},
): Promise<Hub> {
  const { path = REPOSITORY, settings = {}, fc = {}, labels = SENDERS.github.labels } = options;
  const world: World = {};
  const hook: Hook = { path, secret: SENDER_SECRET, url: NOWHERE };
  const { github, pat, installation } = await startGithub(world, hook, options);
  const shop = {
    ...settingsOf(path, options.installation !== undefined),
    api: github.url,
    ...settings,
  };
  const otherToken = JSON.stringify({ shop: { ...shop, token: OTHER_TOKEN } });
  const kiln = await deploy({
    env: {
      KILN_SENDERS: JSON.stringify({ ...SENDERS, github: { ...SENDERS.github, labels } }),
      KILN_GITHUB: JSON.stringify({ ...options.more, shop }),
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
    const completed = action === "completed" && { completed_at: at };
    const workflow_job = { id, run_attempt: 1, labels: ["kiln-web"], created_at: at, ...completed, ...more };
    const payload = { action, repository: { full_name: "acme/shop" }, workflow_job };
    return (await github.send(hook, { event: "workflow_job", payload })).status_code;
  };
  return { kiln, github, hook, installation, otherToken, reach, job };
}

/** GitHub must be there before the functions are, whose settings name its address. */
interface World {
  kiln?: Deployment;
}

async function startGithub(world: World, hook: Hook, options: HubOptions) {
  const { token = {}, rates = {}, laterMs = 0 } = options;
  const { write = true, paths = [hook.path] } = token;
  const permissions = { repository_hooks: "write", organization_hooks: "write" } as const;
  const whole = { id: INSTALLATION, suspended: false, paths: [hook.path], permissions };
  const installation: Installation = { ...whole, ...options.installation };
  const pat: Token = { token: TOKEN, expiresAt: Infinity, write, paths };
  const later = (attempt: () => void): void => {
    world.kiln?.cloud.time.after(laterMs, { label: "redelivery" }, attempt);
  };
  const github = await Github.start({
    now: () => world.kiln?.cloud.time.now() ?? Date.now(),
    hold: (work) => world.kiln?.cloud.time.hold(work) ?? work,
    ...(laterMs > 0 && { later }),
    hooks: [hook],
    tokens: [pat, { ...pat, token: OTHER_TOKEN }],
    apps: [{ id: APP, publicKey: keys.publicKey, installations: [installation] }],
    rates,
  });
  return { github, pat, installation };
}
