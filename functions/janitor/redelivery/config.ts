/** The hooks of GitHub whose failed deliveries are requested again (KILN_GITHUB). Secrets enter here and go nowhere else. */
import { createPrivateKey } from "node:crypto";
import * as z from "zod/mini";
import { readEnvJson } from "../../../shared/env-json.ts";
import { Name } from "../../../shared/names.ts";

const text = (pattern: RegExp, form: string) =>
  z.string().check(z.regex(pattern, { error: `must be ${form}` }));

const common = {
  /** Of GitHub Enterprise Server it ends with /api/v3; plain http may go to this machine, where a test listens. */
  api: z._default(
    text(
      /^(https:\/\/|http:\/\/127\.0\.0\.1:)[^\s?#]*[^\s?#/]$/,
      "an https:// address without a slash at its end",
    ),
    "https://api.github.com",
  ),
};
/** Its client id or its number. */
const AppId = text(/^[\w.-]+$/, "the client id of the app");
const PrivateKey = z.string().check(z.refine(isPrivateKey, { error: "must be a private key in PEM form" }));
const Positive = z.int().check(z.positive());

/** An installation of an app, which has tokens of its own. */
const AppInstallation = z.strictObject({ id: AppId, installation: Positive, privateKey: PrivateKey });
export type AppInstallation = z.infer<typeof AppInstallation>;

const ofHook = {
  ...common,
  hook: Positive,
  token: z.optional(z.string().check(z.minLength(16))),
  app: z.optional(AppInstallation),
};
const oneCredential = z.refine<{ readonly token?: unknown; readonly app?: unknown }>(
  ({ token, app }) => (token === undefined) !== (app === undefined),
  { error: "needs either a token or an app" },
);
const Login = text(/^[A-Za-z0-9-]+$/, "the name of an organisation");

const GithubHook = z.discriminatedUnion(
  "kind",
  [
    z
      .strictObject({
        kind: z.literal("repository"),
        repository: text(/^[\w.-]+\/[\w.-]+$/, "<owner>/<repository>"),
        ...ofHook,
      })
      .check(oneCredential),
    z.strictObject({ kind: z.literal("organization"), organization: Login, ...ofHook }).check(oneCredential),
    z.strictObject({
      kind: z.literal("app"),
      app: AppId,
      privateKey: PrivateKey,
      ...common,
    }),
  ],
  { error: "must be repository, organization or app" },
);
export type GithubHook = z.infer<typeof GithubHook>;

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

const GITHUB = {
  variable: "KILN_GITHUB",
  schema: z.record(Name, GithubHook),
  section: "Failed deliveries of GitHub",
};

/**
 * Hooks from KILN_GITHUB, by a name of their own, JSON such as
 * `{"shop":{"kind":"repository","repository":"acme/shop","hook":1,"token":"…"}}`.
 * @throws ConfigError that names the place, never the value.
 */
export const readGithubHooks = (
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, GithubHook>> => readEnvJson(GITHUB, environment);
