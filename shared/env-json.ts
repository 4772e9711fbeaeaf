/** Settings that an environment variable holds as JSON. */
import type * as z from "zod/mini";
import { sentence } from "./documents/sentences.ts";
import { ConfigError } from "./errors.ts";

/** Where such a setting is, and its description for users. */
interface JsonSetting<T> {
  readonly variable: string;
  readonly schema: z.ZodMiniType<T>;
  /** Heading of the README's section on it. */
  readonly section: string;
}

/** The value of a setting; `{}` when the variable is not set. @throws ConfigError that names place and rule, never the value. */
export function readEnvJson<T>(
  { variable, schema, section }: JsonSetting<T>,
  environment: NodeJS.ProcessEnv,
): T {
  const advice = `see README, “${section}”`;
  let value: unknown;
  try {
    value = JSON.parse(environment[variable] || "{}");
  } catch {
    throw new ConfigError(`${variable} is not JSON; ${advice}`);
  }
  const parsed = schema.safeParse(value, { error: sentence });
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${variable} is malformed: ${parsed.error.issues.map(line).join("; ")}; ${advice}`);
}

/** Place and rule. */
function line(issue: z.core.$ZodIssue): string {
  const place = issue.path.join(".") || "(whole)";
  if (issue.code !== "unrecognized_keys") return `${place}: ${issue.message}`;
  return `${place}: does not know ${issue.keys.join(", ")}`;
}
