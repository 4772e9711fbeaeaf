/**
 * Links a person may follow without an account: a path that names one act on one thing, until an instant.
 *
 * G1. Everything the link decides is in the signed bytes: what kind of link, on what, until when.
 * G2. A GET on such a link shows a page and changes nothing: mail scanners and chat previews follow links.
 * G3. All refusals cost the same; the reason is for the log, not for the visitor.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { seconds } from "./duration.ts";

/** What a link is about: `kind` is the first segment of its path, `parts` the others. */
export interface LinkTarget {
  readonly kind: string;
  readonly parts: readonly string[];
}

export type ReadLink =
  | { readonly ok: true; readonly target: LinkTarget; readonly expiresAt: number }
  | { readonly ok: false; readonly why: "malformed" | "forged" | "expired" };

const SEGMENT = /^[A-Za-z0-9._-]{1,100}$/;

/**
 * `/<kind>/<part>…/<expires, Unix seconds>/<64 hex>`, to be put behind the front door's URL.
 * @throws RangeError for a segment that would need escaping.
 */
export function signedPath({ kind, parts }: LinkTarget, expiresAt: number, secret: string): string {
  const named = [kind, ...parts, String(Math.floor(expiresAt / 1000))];
  const odd = named.find((segment) => !SEGMENT.test(segment));
  if (odd !== undefined) throw new RangeError(`a link cannot carry ${JSON.stringify(odd)}`);
  return `/${[...named, signature(named, secret)].join("/")}`;
}

/** Reads a path made by `signedPath`. An empty secret signs nothing, so it opens nothing either. */
export function readSignedPath(path: string, secret: string, now: number): ReadLink {
  const segments = path.split("/").slice(1);
  const named = segments.slice(0, -1);
  const given = segments.at(-1) ?? "";
  const [kind = "", ...rest] = named;
  const expires = rest.at(-1) ?? "";
  if (!named.every((segment) => SEGMENT.test(segment)) || !/^\d{10}$/.test(expires)) {
    return { ok: false, why: "malformed" };
  }
  if (secret === "" || !same(signature(named, secret), given)) return { ok: false, why: "forged" };
  const expiresAt = seconds(Number(expires));
  if (now >= expiresAt) return { ok: false, why: "expired" };
  return { ok: true, target: { kind, parts: rest.slice(0, -1) }, expiresAt };
}

/** The separator is in no segment, so no two targets sign the same bytes. */
const signature = (named: readonly string[], secret: string): string =>
  createHmac("sha256", secret)
    .update(`kiln-link\n${named.join("\n")}`)
    .digest("hex");

/** Hashed again, so that lengths agree and nothing leaks through them. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
