/** Signatures of requests and links, and comparisons that take the same time whatever differs. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 of `signed` with `secret` as its key. */
export const hmac = (
  secret: string,
  signed: string | Uint8Array,
  encoding: "hex" | "base64" = "hex",
): string => createHmac("sha256", secret).update(signed).digest(encoding);

/** Both sides are hashed first, so that their lengths agree and the time of the comparison tells nothing. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Whether `given` is one of these. All are compared, so that every answer takes the same time. */
export const isOneOf = (expected: readonly string[], given: string): boolean =>
  expected.map((each) => isSame(each, given)).includes(true);
