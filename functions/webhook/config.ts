/** Who may call the front door. Secrets enter through the environment and go nowhere else. */
import * as z from "zod/mini";
import { ConfigError } from "../../shared/errors.ts";
import { SenderSettings } from "./senders/hear.ts";
import { Secrets } from "./senders/settings.ts";
import type { Caller } from "./verify.ts";

const name = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/));
const route = z.string().check(z.regex(/^(GET|POST) \/[A-Za-z0-9/*._:-]*$/));
const Callers = z.record(
  name,
  z.strictObject({ secrets: Secrets, routes: z.array(route).check(z.minLength(1)) }),
);
const Senders = z.record(name, SenderSettings);

/**
 * Callers from KILN_CALLERS, JSON such as
 * `{"ci":{"secrets":["…"],"routes":["POST /fleets/web/scale-out","GET /runs/*"]}}`.
 * @throws ConfigError that names the place, never the value.
 */
export function readCallers(environment: NodeJS.ProcessEnv = process.env): Readonly<Record<string, Caller>> {
  return read("KILN_CALLERS", Callers, environment);
}

/**
 * Senders of another make from KILN_SENDERS, by the name in their path (`/senders/<name>`), JSON such as
 * `{"github":{"kind":"github","secrets":["…"],"labels":{"kiln-web":{"fleet":"web"}}}}`.
 * @throws ConfigError that names the place, never the value.
 */
export function readSenders(
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, SenderSettings>> {
  return read("KILN_SENDERS", Senders, environment);
}

function read<T>(variable: string, schema: z.ZodMiniType<T>, environment: NodeJS.ProcessEnv): T {
  const section = `see README, “${variable === "KILN_CALLERS" ? "Callers" : "Senders"}”`;
  let value: unknown;
  try {
    value = JSON.parse(environment[variable] || "{}");
  } catch {
    throw new ConfigError(`${variable} is not JSON; ${section}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join(".") || "(whole)");
  throw new ConfigError(`${variable} is malformed at ${places.join(", ")}; ${section}`);
}

/** The secret that signs links; empty when none is set, and then no link opens anything. */
export const readApprovalSecret = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment["KILN_APPROVAL_SECRET"] ?? "";
