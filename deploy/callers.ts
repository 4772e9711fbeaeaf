/**
 * `kiln caller add|rotate NAME`: changes KILN_CALLERS of the deployment and of `.env`.
 *
 * CALLERS-1. The change is made to the callers that the deployment has: `.env` is a copy, which may be old or not there, and
 *     must not take away what another machine has added. Where the two differ, only a person knows which one is right, so both
 *     are named and nothing is changed.
 * CALLERS-2. A deployment has what all of its functions accept. What one of them has alone is left by a deploy that did not
 *     end, and its secret was never shown.
 * CALLERS-3. `.env` is written when the deployment has the change. Where it had no callers it gets those of before first, so
 *     that a deploy that does not end leaves the value to go back to.
 */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { readSecrets } from "../shared/config.ts";
import { messageOf } from "../shared/errors.ts";
import { readCallers, type Caller } from "../shared/http/config.ts";
import { know } from "../shared/redact.ts";
import { connectApi } from "./api.ts";
import type { Settings, Surroundings } from "./config.ts";
import { deploy } from "./deploy.ts";
import { changeDotEnv, readDotEnv } from "./dot-env.ts";
import { kilnFunctions, namedAs, ownOf, type LiveFunction } from "./functions.ts";
import { checkAccount } from "./identity.ts";
import { functionNameOf, type Place } from "./names.ts";
import { Refusal, UsageError } from "./refusal.ts";

const VARIABLE = "KILN_CALLERS";
type Callers = Readonly<Record<string, Caller>>;

export interface CallerOptions {
  /** The name of a new caller, or of one that gets a new secret. */
  readonly add: string | undefined;
  readonly rotate: string | undefined;
  readonly route: readonly string[];
  /** Everything is checked, and only `.env` is changed. */
  readonly noDeploy: boolean;
}

/** The new secret is the first one of its caller in `.env` then. @throws UsageError, Refusal before the first change, or when the deploy fails */
export async function changeCaller(
  settings: Settings,
  options: CallerOptions,
  around: Surroundings,
): Promise<void> {
  if (around.env[VARIABLE])
    throw new UsageError(`${VARIABLE} is set in the environment, which goes before .env; change it there`);
  const here = valueOf(readDotEnv(around.root)[VARIABLE]);
  const there = await deployed(settings);
  if (here !== undefined && there !== undefined) refuseDifferent(here, there);
  const before = there ?? here ?? {};
  const after = changed(before, options);
  refuseMalformed(after);
  know(readSecrets({ [VARIABLE]: textOf(after) }));
  const writeAfter = prepared(after, around);
  const writeBefore =
    here === undefined && Object.keys(before).length > 0 ? prepared(before, around) : undefined;
  const begin = (): void => {
    if (writeBefore === undefined) return;
    writeBefore();
    around.out(`${VARIABLE} of the deployment is in .env now`);
  };
  const environment = { ...settings.environment, [VARIABLE]: textOf(after) };
  await deploy({ ...settings, environment }, { plan: options.noDeploy, unset: [], begin }, around);
  writeAfter();
}

/** A quote is spelled as JSON allows, since `.env` has quotes around the value. */
const textOf = (callers: Callers): string => JSON.stringify(callers).replaceAll("'", String.raw`\u0027`);

/** @throws Refusal that names the place of a mistake, never a secret */
function valueOf(text = "", where = ""): Callers | undefined {
  if (text === "") return undefined;
  try {
    return readCallers({ [VARIABLE]: text });
  } catch (error) {
    throw new Refusal([`${where}${messageOf(error)}`]);
  }
}

function refuseMalformed(callers: Callers): void {
  try {
    readCallers({ [VARIABLE]: textOf(callers) });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function prepared(callers: Callers, { root }: Surroundings): () => void {
  const write = changeDotEnv(root, VARIABLE, textOf(callers));
  if (write !== undefined) return write;
  throw new Refusal([
    `.env cannot be changed without changing other variables of it; write ${VARIABLE} on one line, in single quotes`,
  ]);
}

const HOLDERS = ["webhook", "api"];

/** The callers that the deployment accepts (CALLERS-2); undefined before its first deploy has ended. */
async function deployed(settings: Settings): Promise<Callers | undefined> {
  const { place } = settings;
  const api = connectApi({ ...settings, region: place.region });
  await checkAccount(api, place);
  const own = ownOf(place, namedAs(await kilnFunctions(api), place));
  const [one, other] = HOLDERS.map((folder) => callersOf(own, folder, place));
  return one && other && accepted(one, other);
}

function callersOf(own: readonly LiveFunction[], folder: string, place: Place): Callers | undefined {
  const found = own.find(({ functionName }) => functionName === functionNameOf(place, folder));
  return found && (valueOf(found.environmentVariables[VARIABLE], "in the cloud, ") ?? {});
}

const callerIn = (callers: Callers, name: string): Caller | undefined =>
  Object.hasOwn(callers, name) ? callers[name] : undefined;

/** The callers of both, with the secrets and routes of both. */
const accepted = (one: Callers, other: Callers): Callers =>
  Object.fromEntries(
    Object.entries(one).flatMap(([name, mine]) => {
      const theirs = callerIn(other, name);
      const secrets = mine.secrets.filter((secret) => theirs?.secrets.includes(secret));
      const routes = mine.routes.filter((route) => theirs?.routes.includes(route));
      return secrets.length > 0 && routes.length > 0 ? [[name, { secrets, routes }]] : [];
    }),
  );

/** CALLERS-1. */
function refuseDifferent(here: Callers, there: Callers): void {
  const names = (list: readonly string[], what: string): string[] =>
    list.length === 0 ? [] : [`${what} ${list.toSorted().join(", ")}`];
  const only = (one: Callers, other: Callers): string[] =>
    Object.keys(one).filter((name) => callerIn(other, name) === undefined);
  const different = Object.keys(here).filter((name) => {
    const other = callerIn(there, name);
    return other !== undefined && !isDeepStrictEqual(here[name], other);
  });
  const found = [
    ...names(only(here, there), "only .env has"),
    ...names(only(there, here), "only the deployment has"),
    ...names(different, "with other secrets or routes:"),
  ];
  if (found.length === 0) return;
  throw new Refusal([
    `${VARIABLE} in .env is not what the deployment has (${found.join("; ")}); remove it from .env to go on with that of the deployment, or run npm run deploy to make the deployment as .env is`,
  ]);
}

/** @throws UsageError when the caller to add exists, or the caller to rotate does not */
function changed(before: Callers, { add, rotate, route: routes }: CallerOptions): Callers {
  const name = add ?? rotate ?? "";
  const known = callerIn(before, name);
  const secret = randomBytes(24).toString("base64url");
  if (add === undefined) {
    if (known === undefined) throw new UsageError(`${VARIABLE} has no caller ${name}`);
    return { ...before, [name]: { ...known, secrets: [secret, ...known.secrets.slice(0, 1)] } };
  }
  if (known !== undefined)
    throw new UsageError(`there is a caller ${name} already; caller rotate ${name} gives it a new secret`);
  if (routes.length === 0) throw new UsageError(`a new caller needs --route, such as --route "GET /*"`);
  return { ...before, [name]: { secrets: [secret], routes: [...routes] } };
}
