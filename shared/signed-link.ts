/**
 * Links that are followed without an account: a path that names one act on one thing, until an instant.
 *
 * LINK-1. Everything the link decides is in the signed bytes: its kind, its target, its expiry.
 * LINK-2. A GET on such a link shows a page and changes nothing: mail scanners and chat previews follow links.
 * LINK-3. All refusals take the same time; the reason is for the log, not for the visitor.
 */
import { seconds } from "./duration.ts";
import { hmac, isSame } from "./hmac.ts";

/** The target of a link: `kind` is the first segment of its path, `parts` are the others. */
export interface LinkTarget {
  readonly kind: string;
  readonly parts: readonly string[];
}

export type ReadLink =
  | { readonly ok: true; readonly target: LinkTarget; readonly expiresAt: number }
  | { readonly ok: false; readonly why: "malformed" | "forged" | "expired" };

const SEGMENT = /^[A-Za-z0-9._-]{1,100}$/;

/**
 * `/<kind>/<part>…/<expires, Unix seconds>/<64 hex>`, to be appended to the webhook's URL.
 * @throws RangeError for a segment that would need escaping.
 */
export function signedPath({ kind, parts }: LinkTarget, expiresAt: number, secret: string): string {
  const named = [kind, ...parts, String(Math.floor(expiresAt / 1000))];
  const invalid = named.find((segment) => !SEGMENT.test(segment));
  if (invalid !== undefined) throw new RangeError(`a link cannot carry ${JSON.stringify(invalid)}`);
  return `/${[...named, signature(named, secret)].join("/")}`;
}

/** Reads a path made by `signedPath`. An empty secret verifies no link. */
export function readSignedPath(path: string, secret: string, now: number): ReadLink {
  const segments = path.split("/").slice(1);
  const named = segments.slice(0, -1);
  const given = segments.at(-1) ?? "";
  const [kind = "", ...rest] = named;
  const expires = rest.at(-1) ?? "";
  if (!named.every((segment) => SEGMENT.test(segment)) || !/^\d{10}$/.test(expires)) {
    return { ok: false, why: "malformed" };
  }
  if (secret === "" || !isSame(signature(named, secret), given)) return { ok: false, why: "forged" };
  const expiresAt = seconds(Number(expires));
  if (now >= expiresAt) return { ok: false, why: "expired" };
  return { ok: true, target: { kind, parts: rest.slice(0, -1) }, expiresAt };
}

/** A text, such as a path, without signatures of links, for logs and records. One that is cut, or in other letters, is none, and left out too. */
export const withoutSignatures = (text: string): string => text.replaceAll(/[0-9a-f]{32,}/gi, "…");

/** The separator is in no segment, so no two targets have the same signed bytes. */
const signature = (named: readonly string[], secret: string): string =>
  hmac(secret, `kiln-link\n${named.join("\n")}`);
