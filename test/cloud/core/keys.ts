/**
 * Who holds which key, and whether a request was really signed by its holder.
 *
 * KEYS-1. A request counts for 15 minutes around the cloud's time, a nonce once.
 * KEYS-2. The signature is judged before the nonce is burnt: a forged request must not use up a good nonce.
 * KEYS-3. Each product refuses in its own words (REFUSALS); clients switch on them.
 */
import { CloudFault, type Principal, type Product, type WireRequest } from "./kernel.ts";
import type { Policy } from "./ram.ts";
import { header, readAcs3, readRpc, type Signed, verify } from "./signatures.ts";

const SKEW_MS = 15 * 60_000;

/** A long-lived key of the account, or a session of a role when it has a token. */
export interface Key {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
  readonly role?: string;
  readonly policy?: Policy;
  /** Epoch milliseconds; sessions only. */
  readonly expiresAt?: number;
}

/** Temporary credentials of a role. */
type Session = Required<Omit<Key, "policy">>;

type Reason =
  | "missing"
  | "unknownKey"
  | "revoked"
  | "expired"
  | "wrongToken"
  | "badTime"
  | "skewed"
  | "mismatch"
  | "usedNonce"
  | "urlExpired";
type Refusals = Readonly<Record<Reason, readonly [status: number, code: string, message: string]>>;

/** The gateway of the RPC products (ECS, CloudMonitor); statuses vary by page, codes do not. */
const GATEWAY: Refusals = {
  missing: [400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action."],
  unknownKey: [404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."],
  revoked: [400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."],
  expired: [403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."],
  wrongToken: [
    400,
    "InvalidSecurityToken.MismatchWithAccessKey",
    "Specified SecurityToken mismatch with the AccessKey.",
  ],
  badTime: [400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."],
  skewed: [400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."],
  mismatch: [400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."],
  usedNonce: [400, "SignatureNonceUsed", "Specified signature nonce was used already."],
  urlExpired: [400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."],
};

const REFUSALS: Readonly<Record<Product, Refusals>> = {
  ecs: GATEWAY,
  cms: GATEWAY,
  ess: GATEWAY,
  ram: GATEWAY,
  sts: GATEWAY,
  bss: GATEWAY,
  fc: {
    missing: [400, "MissingRequiredHeader", "the HTTP header 'Authorization' is required"],
    unknownKey: [403, "InvalidAccessKeyID", "the access key ID does not exist"],
    revoked: [403, "InvalidAccessKeyID", "the access key ID is disabled"],
    expired: [403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."],
    wrongToken: [403, "InvalidSecurityToken.MismatchWithAccessKey", "the security token is not of this key"],
    badTime: [400, "InvalidArgument", "the date of the request is not well formatted"],
    skewed: [403, "AccessDenied", "the date of the request and the current time differ too much"],
    mismatch: [403, "SignatureNotMatch", "the request signature we calculated does not match"],
    usedNonce: [400, "SignatureNonceUsed", "the signature nonce was used already"],
    urlExpired: [403, "AccessDenied", "the signed URL is expired"],
  },
  oss: {
    missing: [403, "AccessDenied", "You have no right to access this object because of bucket acl."],
    unknownKey: [
      403,
      "InvalidAccessKeyId",
      "The OSS Access Key Id you provided does not exist in our records.",
    ],
    revoked: [403, "InvalidAccessKeyId", "The OSS Access Key Id you provided is disabled."],
    expired: [403, "SecurityTokenExpired", "The security token you provided has expired."],
    wrongToken: [403, "InvalidSecurityToken", "The security token you provided is invalid."],
    badTime: [403, "AccessDenied", "OSS authentication requires a valid Date."],
    skewed: [
      403,
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
    ],
    mismatch: [
      403,
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ],
    usedNonce: [403, "AccessDenied", "The nonce was used already."],
    urlExpired: [403, "AccessDenied", "Request has expired."],
  },
};

type Refuse = (reason: Reason, detail?: Readonly<Record<string, unknown>>) => CloudFault;

/** Reads the signature of a product's own scheme; undefined when the request carries none. */
export type SignatureReader = (request: WireRequest) => Signed | undefined;

/** The keys of one account and the judgement over what was signed with them. */
export class KeyRing {
  readonly accountId: string;
  readonly account: Key;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #outside: () => number;
  readonly #keys = new Map<string, Key>();
  readonly #revoked = new Set<string>();
  readonly #nonces = new Map<string, number>();
  readonly #readers = new Map<Product, SignatureReader>();
  #admit: (keyId: string) => void = () => {};

  /**
   * @param random in [0, 1), makes keys. @param now the cloud's time in epoch milliseconds.
   * @param outside the time of clients that cannot know the cloud's, when it runs faster than theirs.
   */
  constructor(accountId: string, random: () => number, now: () => number, outside = now) {
    this.accountId = accountId;
    this.#random = random;
    this.#now = now;
    this.#outside = outside;
    this.account = { id: `LTAI5t${this.#text(18)}`, secret: this.#text(30) };
    this.#keys.set(this.account.id, this.account);
  }

  /** Registers the signature scheme of a product. All products accept ACS3-HMAC-SHA256; RPC 1.0 is the default. */
  register(product: Product, reader: SignatureReader): void {
    this.#readers.set(product, reader);
  }

  /** Asks for every request that is well signed whether its holder can send one now. */
  onRequest(admit: (keyId: string) => void): void {
    this.#admit = admit;
  }

  /** Temporary credentials of a role, as AssumeRole gives them. @param policy instead of that of the role. */
  assume(role: string, lifetimeMs: number, policy?: Policy): Session {
    const key = {
      id: `STS.${this.#text(25)}`,
      secret: this.#text(44),
      token: `CAIS${this.#text(96)}`,
      role,
      expiresAt: this.#now() + lifetimeMs,
      ...(policy !== undefined && { policy }),
    };
    this.#keys.set(key.id, key);
    return key;
  }

  /** Every key there is or was, the account's own first: what must never be found anywhere else. */
  all(): readonly Key[] {
    return [...this.#keys.values()];
  }

  /** From now on nothing signed with this key is accepted. */
  revoke(keyId: string): void {
    if (!this.#keys.has(keyId)) throw new Error(`there is no key ${keyId} to revoke`);
    this.#revoked.add(keyId);
  }

  /** @throws CloudFault in the product's own words. @throws CallerAway for a caller that does not run. */
  authenticate(request: WireRequest, product: Product): Principal {
    const refuse: Refuse = (reason, detail) => {
      const [status, code, message] = REFUSALS[product][reason];
      return new CloudFault(status, code, message, detail);
    };
    const signed = this.#readSignature(request, product);
    if (signed === undefined) throw refuse("missing");
    const now = this.#now();
    this.#checkTime(signed, refuse);
    const key = this.#keyOf(signed, refuse);
    if (!verify(signed, key.secret)) {
      throw refuse("mismatch", {
        StringToSign: signed.stringsToSign[0],
        ...(signed.canonicalRequest && { CanonicalRequest: signed.canonicalRequest }),
        SignatureProvided: signed.given,
        OSSAccessKeyId: key.id,
      });
    }
    if (signed.expiresAt !== undefined && !(signed.expiresAt >= now)) throw refuse("urlExpired");
    // Before the nonce is burnt: the request may come back. A signed URL is used by others than its signer.
    if (signed.expiresAt === undefined) this.#admit(key.id);
    if (signed.nonce !== undefined && this.#isUsed(`${key.id} ${signed.nonce}`, now))
      throw refuse("usedNonce");
    const { role, policy } = key;
    return {
      accountId: this.accountId,
      keyId: key.id,
      ...(role !== undefined && { role }),
      ...(policy !== undefined && { policy }),
    };
  }

  #readSignature(request: WireRequest, product: Product): Signed | undefined {
    const authorization = header(request, "authorization");
    if (authorization.startsWith("ACS3-")) return readAcs3(request, authorization);
    return (this.#readers.get(product) ?? readRpc)(request);
  }

  #checkTime({ at }: Signed, refuse: Refuse): void {
    if (at === undefined) return;
    if (Number.isNaN(at)) throw refuse("badTime");
    const now = this.#now();
    const skewMs = Math.min(Math.abs(at - now), Math.abs(at - this.#outside()));
    if (skewMs > SKEW_MS) throw refuse("skewed", { ServerTime: new Date(now).toISOString() });
  }

  #keyOf({ keyId, token }: Signed, refuse: Refuse): Key {
    const key = this.#keys.get(keyId);
    if (key === undefined) throw refuse("unknownKey");
    if (this.#revoked.has(key.id)) throw refuse("revoked");
    if (key.token !== token) throw refuse("wrongToken");
    if (key.expiresAt !== undefined && key.expiresAt <= this.#now()) throw refuse("expired");
    return key;
  }

  #isUsed(nonce: string, now: number): boolean {
    // Insertion order is the order of time, so what is too old to be repeated sits at the front (KEYS-1).
    for (const [old, until] of this.#nonces) {
      if (until >= now) break;
      this.#nonces.delete(old);
    }
    if (this.#nonces.has(nonce)) return true;
    this.#nonces.set(nonce, now + 2 * SKEW_MS);
    return false;
  }

  #text(length: number): string {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return Array.from({ length }, () => letters[Math.floor(this.#random() * letters.length)]).join("");
  }
}
