/** The password of new instances, the only secret scale-out ever holds, and only for one call. */
import type { Access } from "../../shared/cloud/client.ts";
import { passwordProblem } from "../../shared/documents/password.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";

/** Variables the platform puts there hold keys, which must not become anybody's password. */
const FOREIGN = /^(ALIBABA_CLOUD|FC)_/;

type Login = Pick<Fleet, "passwordFromEnv" | "os">;

/**
 * The fleet's password, undefined when it has none, or a sentence on why it cannot be used; the sentence
 * holds no character of it. It travels in the launch call only, and only under TLS (RunInstances.Password).
 */
export function readPassword(
  { passwordFromEnv: name, os }: Login,
  { endpoints }: Pick<Access, "endpoints">,
  environment: NodeJS.ProcessEnv = process.env,
): { readonly password: string | undefined } | { readonly problem: string } {
  if (name === undefined) return { password: undefined };
  if (FOREIGN.test(name)) {
    return { problem: `passwordFromEnv: ${name} is a variable of the platform; use one of your own` };
  }
  const password = environment[name];
  if (password === undefined || password === "") {
    return {
      problem: `passwordFromEnv: scale-out has no variable ${name}; set it in s.yaml and deploy again`,
    };
  }
  const problem = passwordProblem(password, os);
  if (problem !== undefined) return { problem: `passwordFromEnv: the value of ${name} ${problem}` };
  const { ecs } = endpoints;
  if (ecs !== undefined && !isPrivate(new URL(ecs))) {
    return {
      problem: "passwordFromEnv: a password is only sent over HTTPS; make KILN_ECS_ENDPOINT begin with https",
    };
  }
  return { password };
}

/** What does not leave the machine cannot be read on the way. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(127(\.\d+){3}|localhost|\[::1\])$/.test(hostname);
}
