/** Where notices go. Addresses of channels are secrets: whoever knows one can post there. */
import * as z from "zod/mini";
import { ConfigError } from "../../shared/errors.ts";
import type { Channel } from "../../shared/notify.ts";

/** https only; plain http may go to this machine, where a relay or a test listens. */
const address = z.string().check(z.regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(:|\/))/));
const Channels = z.record(
  z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)),
  z.strictObject({
    kind: z.enum(["dingtalk", "feishu", "slack", "json"]),
    url: address,
    secret: z.optional(z.string().check(z.minLength(1))),
  }),
);

/**
 * Channels from KILN_CHANNELS, JSON such as `{"ops":{"kind":"dingtalk","url":"https://…","secret":"SEC…"}}`.
 * @throws ConfigError that names the place, never the value.
 */
export function readChannels(
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, Channel>> {
  let value: unknown;
  try {
    value = JSON.parse(environment["KILN_CHANNELS"] || "{}");
  } catch {
    throw new ConfigError("KILN_CHANNELS is not JSON; see README, “Channels”");
  }
  const parsed = Channels.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join(".") || "(whole)");
  throw new ConfigError(`KILN_CHANNELS is malformed at ${places.join(", ")}; see README, “Channels”`);
}

/** What links in notices are made of. Without a secret none can be signed. */
export function readLinks(environment: NodeJS.ProcessEnv = process.env) {
  return {
    base: (environment["KILN_WEBHOOK_URL"] ?? "").replace(/\/$/, ""),
    secret: environment["KILN_APPROVAL_SECRET"] ?? "",
  };
}
