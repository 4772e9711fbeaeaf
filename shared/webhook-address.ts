/**
 * The address of the webhook in links and commands (KILN_WEBHOOK_URL).
 *
 * ADDRESS-1. The address of the HTTP trigger shows no pages: Function Compute makes a browser download them. Only a custom
 *     domain shows them, so at any other address a decision is a POST request.
 *     https://help.aliyun.com/zh/functioncompute/fc/developer-reference/api-fc-2023-03-30-createcustomdomain
 * ADDRESS-2. A link is the authority for its decision, so it goes over https; http only to this machine, where the local
 *     cloud is.
 */

export interface WebhookAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly showsPages: boolean;
}

/** For messages about a missing or malformed address. */
export const ADDRESS_RULE = "KILN_WEBHOOK_URL must be the https:// URL of the webhook, without a path";

const LOCAL = /^(?:127\.0\.0\.1|localhost)$/;
/** Addresses that Function Compute gives, and the test domains of its deploy tool, which lack https. */
const GIVEN = /(?:^|\.)(?:fcapp\.run|fc\.aliyuncs\.com|devsapp\.net)$/;

/** The address in KILN_WEBHOOK_URL; undefined when none is set or it breaks ADDRESS_RULE. */
export function readWebhookAddress(text = ""): WebhookAddress | undefined {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined) return undefined;
  const { protocol, hostname, origin, pathname, search, hash, username } = parsed;
  const isSafe = protocol === "https:" || (protocol === "http:" && LOCAL.test(hostname));
  const isBare = pathname === "/" && search + hash + username === "";
  if (!isSafe || !isBare) return undefined;
  return { url: origin, showsPages: !GIVEN.test(hostname) && !LOCAL.test(hostname) };
}
