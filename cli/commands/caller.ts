/** `caller add|rotate NAME`: changes KILN_CALLERS in `.env`, and deploys. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readDotEnv } from "../../deploy/dot-env.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Caller } from "../../shared/http/config.ts";
import { CommandError, EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { deploy } from "./deploying.ts";

export const caller: Command = {
  name: "caller",
  summary: "add a caller of the webhook and the API, or give one a new secret, and deploy",
  args: "add|rotate NAME",
  count: [2, 2],
  options: {
    route: {
      value: "ROUTE",
      multiple: true,
      help: 'what a new caller may ask for, such as "GET /*"; may be repeated',
    },
    "no-deploy": { help: "only change .env" },
  },
  details: `After a rotation the new secret and the one before it are accepted; a second rotation ends the older one. The secret is printed once.`,
  shape: "caller, secret",
  run,
};

async function run(input: Input, io: Io): Promise<Exit> {
  const [action = "", name = ""] = input.args;
  if (io.env["KILN_CALLERS"])
    throw new CommandError(
      EXIT.usage,
      "KILN_CALLERS is set in the environment, which goes before .env; change it there",
    );
  // Both are large.
  const { ENVIRONMENT_MAX } = await import("../../deploy/checks.ts");
  const { readCallers } = await import("../../shared/http/config.ts");
  const secret = randomBytes(24).toString("base64url");
  const callers = changed(action, name, {
    secret,
    routes: input.all("route"),
    before: read(readCallers, readDotEnv(io.root), EXIT.invalid),
  });
  read(readCallers, { KILN_CALLERS: JSON.stringify(callers) }, EXIT.usage);
  const text = JSON.stringify(callers);
  const bytes = Buffer.byteLength(text);
  if (bytes > ENVIRONMENT_MAX)
    throw new CommandError(
      EXIT.invalid,
      `KILN_CALLERS would have ${bytes} bytes, and a function takes ${ENVIRONMENT_MAX}; remove a caller`,
    );
  write(io.root, text);
  io.out(
    input.json ? jsonOf("caller", { caller: name, secret }) : `KILN_CALLER=${name}\nKILN_SECRET=${secret}`,
  );
  if (input.has("no-deploy")) return EXIT.ok;
  return deploy.run({ ...input, has: () => false, one: () => undefined, all: () => [], json: false }, io);
}

type Callers = Readonly<Record<string, Caller>>;

/** @throws CommandError that names the place of a mistake, never a secret */
function read(
  readCallers: (environment: Readonly<Record<string, string>>) => Callers,
  environment: Readonly<Record<string, string>>,
  exit: Exit,
): Callers {
  try {
    return readCallers(environment);
  } catch (error) {
    throw new CommandError(exit, messageOf(error));
  }
}

interface Change {
  readonly secret: string;
  readonly routes: readonly string[];
  readonly before: Callers;
}

/** @throws CommandError when the caller to add exists, or the caller to rotate does not */
function changed(action: string, name: string, { secret, routes, before }: Change): Callers {
  const known = before[name];
  if (action === "rotate") {
    if (known === undefined) throw new CommandError(EXIT.usage, `KILN_CALLERS in .env has no caller ${name}`);
    return { ...before, [name]: { ...known, secrets: [secret, ...known.secrets.slice(0, 1)] } };
  }
  if (action !== "add") throw new CommandError(EXIT.usage, `${action} is neither add nor rotate`);
  if (known !== undefined)
    throw new CommandError(
      EXIT.usage,
      `there is a caller ${name} already; caller rotate ${name} gives it a new secret`,
    );
  if (routes.length === 0)
    throw new CommandError(EXIT.usage, `a new caller needs --route, such as --route "GET /*"`);
  return { ...before, [name]: { secrets: [secret], routes: [...routes] } };
}

/** Replaces the line of `.env`, or adds it, at once and readable for its owner only. */
function write(root: string, callers: string): void {
  const path = join(root, ".env");
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const line = `KILN_CALLERS='${callers}'`;
  const pattern = /^[^\S\n]*(?:export\s+)?KILN_CALLERS\s*=.*$/m;
  const text = pattern.test(before)
    ? before.replace(pattern, () => line)
    : `${before.replace(/(?<=.)\n?$/s, "\n")}${line}\n`;
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
