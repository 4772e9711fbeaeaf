/** The password of new instances: the only secret scale-out reads, and only for one call. */
import type { Access } from "../../../shared/cloud/client.ts";
import { passwordProblem } from "../../../shared/documents/password.ts";
import type { Fleet } from "../../../shared/documents/fleet.ts";
import { readVariable } from "../config.ts";
import { know } from "../../../shared/redact.ts";
import { ok, problem, type Result } from "../../../shared/result.ts";

/** The platform's variables hold keys, which must not become a password. */
const PLATFORM = /^(ALIBABA_CLOUD|FC)_/;

/**
 * The password of a fleet, undefined when it has none, or the reason why it cannot be used, which holds no character
 * of it. It is sent in the launch call only, and only under TLS (RunInstances, Password).
 */
export function readPassword(
  { passwordFromEnv: name, os }: Pick<Fleet, "passwordFromEnv" | "os">,
  { endpoints }: Pick<Access, "endpoints">,
  variableOf = readVariable,
): Result<string | undefined> {
  if (name === undefined) return ok(undefined);
  const refuse = (sentence: string) => problem(`passwordFromEnv: ${sentence}`);
  if (PLATFORM.test(name)) return refuse(`${name} is a variable of the platform; use another one`);
  const password = variableOf(name);
  if (password) know([password]);
  if (!password) return refuse(`scale-out has no variable ${name}; set it in s.yaml and deploy again`);
  const invalid = passwordProblem(password, os);
  if (invalid !== undefined) return refuse(`the value of ${name} ${invalid}`);
  const { ecs } = endpoints;
  if (ecs !== undefined && !isPrivate(new URL(ecs)))
    return refuse("a password is only sent over HTTPS; make KILN_ECS_ENDPOINT begin with https");
  return ok(password);
}

/** Makes the password of a fleet known, so that no phase shows it (REDACT-1). */
export function knowPassword({ passwordFromEnv: name }: Pick<Fleet, "passwordFromEnv">): void {
  if (name !== undefined) know([readVariable(name) ?? ""]);
}

/** Traffic that stays on the machine needs no encryption. */
const isPrivate = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || /^(127(\.\d+){3}|localhost|\[::1\])$/.test(hostname);
