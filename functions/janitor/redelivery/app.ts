/** Credentials of a GitHub App: the JSON web token that it signs, and tokens of its installations. */
import { createPrivateKey, sign } from "node:crypto";
import * as z from "zod/mini";
import { minutes } from "../../../shared/duration.ts";
import type { AppInstallation } from "./config.ts";

/**
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app:
 * issued a minute ago, because clocks differ, and valid for ten minutes at most.
 */
export function jwtOf(app: string, privateKey: string, now: number): string {
  const iat = Math.floor((now - minutes(1)) / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat, exp: iat + 8 * 60, iss: app })}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), createPrivateKey(privateKey)).toString("base64url")}`;
}

/**
 * All that a token is to be good for; one whose installation has not got it is refused with 422.
 * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
 */
export const PERMISSION = {
  repository: { repository_hooks: "write" },
  organization: { organization_hooks: "write" },
} as const;

/** The answer to a request for a token, which is valid for an hour. */
export const AccessToken = z.looseObject({
  token: z.string().check(z.minLength(1)),
  expires_at: z.string(),
});

/** A token that is about to expire may do so on its way. */
const MARGIN_MS = minutes(5);

/** Tokens that this instance of the function has asked for, by the installation: the next invocation may use them too. */
const tokens = new Map<string, { readonly token: string; readonly until: number }>();

/** The private key is part of it: another one may not use what the first one got. */
const keyOf = ({ id, installation, privateKey }: AppInstallation, use: string): string =>
  JSON.stringify([use, id, installation, privateKey]);

/** @param use the address of GitHub and the kind of hook @param now epoch ms */
export function knownToken(app: AppInstallation, use: string, now: number): string | undefined {
  const found = tokens.get(keyOf(app, use));
  return found !== undefined && now < found.until ? found.token : undefined;
}

/** Keeps a token until shortly before it expires, and returns it. One whose end cannot be read is not kept. */
export function keepToken(
  app: AppInstallation,
  use: string,
  { token, expires_at }: z.infer<typeof AccessToken>,
): string {
  tokens.set(keyOf(app, use), { token, until: Date.parse(expires_at) - MARGIN_MS });
  return token;
}

/** A token that GitHub refuses. */
export function forget(token: string): void {
  for (const [key, known] of tokens) if (known.token === token) tokens.delete(key);
}
