/** Who may call the front door. Secrets enter through the environment and go nowhere else. */
import * as z from "zod/mini";
import { ConfigError } from "../../shared/errors.ts";
import type { Caller } from "./verify.ts";

const SECRET_MIN = 16;
const route = z.string().check(z.regex(/^(GET|POST) \/[a-z0-9/*-]*$/));
const Callers = z.record(
  z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)),
  z.strictObject({
    secrets: z.array(z.string().check(z.minLength(SECRET_MIN))).check(z.minLength(1), z.maxLength(2)),
    routes: z.array(route).check(z.minLength(1)),
  }),
);

/**
 * Callers from KILN_CALLERS, JSON such as
 * `{"ci":{"secrets":["…"],"routes":["POST /fleets/web/scale-out","GET /runs/*"]}}`.
 * @throws ConfigError that names the place, never the value.
 */
export function readCallers(environment: NodeJS.ProcessEnv = process.env): Readonly<Record<string, Caller>> {
  let value: unknown;
  try {
    value = JSON.parse(environment["KILN_CALLERS"] || "{}");
  } catch {
    throw new ConfigError("KILN_CALLERS is not JSON; see README, “Callers”");
  }
  const parsed = Callers.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join(".") || "(whole)");
  throw new ConfigError(`KILN_CALLERS is malformed at ${places.join(", ")}; see README, “Callers”`);
}

/** The secret that signs links; empty when none is set, and then no link opens anything. */
export const readApprovalSecret = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment["KILN_APPROVAL_SECRET"] ?? "";
