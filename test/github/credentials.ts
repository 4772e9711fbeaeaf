/**
 * Who may call GitHub.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api: without a right to a resource the answer is
 * 404, so that its existence stays hidden.
 */
import { createVerify, randomBytes, type KeyObject } from "node:crypto";
import { hours, minutes } from "../../shared/duration.ts";

/** A personal access token, https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens. */
export interface Token {
  readonly token: string;
  /** Epoch ms. */
  expiresAt: number;
  /** The hooks it may read, as the API has them. */
  readonly paths: readonly string[];
  /** Whether it may write webhooks too. */
  readonly write: boolean;
  /** Of a token of an installation. */
  readonly installation?: Installation;
}

/** An app in an account. https://docs.github.com/en/apps/using-github-apps/about-using-github-apps */
export interface Installation {
  readonly id: number;
  /** https://docs.github.com/en/apps/maintaining-github-apps/suspending-a-github-app-installation */
  suspended: boolean;
  /** The hooks of what it is installed on, as the API has them. */
  readonly paths: readonly string[];
  /** What its owner has granted: repository_hooks, organization_hooks. */
  readonly permissions: Readonly<Record<string, "read" | "write">>;
}

/** A GitHub App. */
export interface App {
  readonly id: string;
  readonly publicKey: KeyObject;
  readonly installations?: readonly Installation[];
}

interface Refused {
  readonly status: number;
  readonly message: string;
}

interface Asked {
  /** The hook that is asked for, when there is one. */
  readonly path: string | undefined;
  readonly isApp: boolean;
  readonly method: string;
}

interface Known {
  readonly now: () => number;
  readonly tokens?: readonly Token[];
  readonly apps?: readonly App[];
}

/** Why a call is refused; undefined when it is not. */
export function refusalOf(
  bearer: string,
  asked: Asked,
  { now, tokens = [], apps = [] }: Known,
): Refused | undefined {
  if (asked.isApp) return jwtRefusal(bearer, apps, now());
  const token = tokens.find((one) => one.token === bearer);
  if (token === undefined || token.expiresAt <= now()) return { status: 401, message: "Bad credentials" };
  if (token.installation?.suspended === true) return suspended;
  if (asked.path === undefined || !token.paths.includes(asked.path))
    return { status: 404, message: "Not Found" };
  return asked.method === "POST" && !token.write ? readOnly(token) : undefined;
}

const readOnly = ({ installation }: Token): Refused => ({
  status: 403,
  message: `Resource not accessible by ${installation === undefined ? "personal access token" : "integration"}`,
});

const suspended: Refused = { status: 403, message: "This installation has been suspended" };

/** https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app */
const TOKEN_MS = hours(1);

/**
 * A token of an installation of the app that signed `jwt`, which is valid. It may do what it is asked for, and everything the
 * installation may do when nothing is named.
 */
export function tokenOf(
  jwt: string,
  {
    id,
    permissions,
  }: { readonly id: number; readonly permissions?: Installation["permissions"] | undefined },
  { now, apps = [] }: Known,
): Token | Refused {
  const issuer = claimsIn(jwt.split(".")[1] ?? "").iss;
  const { installations = [] } = apps.find((app) => app.id === issuer) ?? {};
  const installation = installations.find((one) => one.id === id);
  if (installation === undefined) return { status: 404, message: "Not Found" };
  if (installation.suspended) return suspended;
  const granted = installation.permissions;
  const isGranted = ([name, level]: readonly [string, string]): boolean =>
    granted[name] === "write" || granted[name] === level;
  const wanted = permissions ?? granted;
  if (!Object.entries(wanted).every(isGranted))
    return { status: 422, message: "The permissions requested are not granted to this installation." };
  const mayReach = (path: string): boolean =>
    wanted[path.startsWith("/orgs/") ? "organization_hooks" : "repository_hooks"] !== undefined;
  return {
    token: `ghs_${randomBytes(18).toString("hex")}`,
    expiresAt: now() + TOKEN_MS,
    paths: installation.paths.filter(mayReach),
    write: Object.values(wanted).includes("write"),
    installation,
  };
}

const undecodable: Refused = { status: 401, message: "A JSON web token could not be decoded" };

interface Claims {
  readonly alg?: unknown;
  readonly iss?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
}

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
function jwtRefusal(jwt: string, apps: readonly App[], now: number): Refused | undefined {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const { alg, iss, iat, exp } = { ...claimsIn(head), ...claimsIn(body) };
  if (alg !== "RS256") return undecodable;
  const app = apps.find(({ id }) => id === iss);
  if (app === undefined) return { status: 404, message: "Integration not found" };
  const verifier = createVerify("sha256").update(`${head}.${body}`);
  if (!verifier.verify(app.publicKey, signature, "base64url")) return undecodable;
  const second = now / 1000;
  if (typeof iat !== "number" || iat > second)
    return {
      status: 401,
      message:
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    };
  if (typeof exp !== "number" || exp <= second)
    return {
      status: 401,
      message:
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    };
  return exp > second + minutes(10) / 1000
    ? { status: 401, message: "'Expiration time' claim ('exp') is too far in the future" }
    : undefined;
}

function claimsIn(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
