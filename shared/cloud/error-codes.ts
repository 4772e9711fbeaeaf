/**
 * The table behind retry.ts: every error code Kiln has an answer to, once. Misspelt codes are the cloud's own. The codes of
 * ECS are in a file of their own, which the webhook does not load.
 *
 * Sources, by section: [idem] ECS "ensure idempotence"; [throttle] ECS "API call throttling"; [state] error tables
 * of StartInstance(s), StopInstance(s), DeleteInstance(s); [launch] of RunInstances and CreateInstance; [image] of
 * CreateImage, CopyImage, ImportImage, DeleteImage, ModifyImageAttribute, ModifyImageSharePermission;
 * [snapshot] of CreateSnapshot, DeleteSnapshot; [assistant] of RunCommand; [tag] of TagResources;
 * [gateway] the common codes; [fc], [oss] the error references of those products; [node] what Node raises.
 */
import type { ErrorKind } from "../errors.ts";

export interface CodeRow {
  /** The code; with a `*` at the end, all codes that begin like it. */
  readonly match: string;
  readonly kind: ErrorKind;
  /** The meaning, and what to do. `{ram}` becomes the RAM action that is missing. */
  readonly hint: string;
  /** Only for these actions. */
  readonly actions?: readonly string[];
  /** There is none at this moment; the same request may work in a few minutes. */
  readonly capacity?: true;
}

const rows =
  (kind: ErrorKind) =>
  (hints: Readonly<Record<string, string>>, ...actions: string[]): CodeRow[] =>
    Object.entries(hints).map(([match, hint]) =>
      actions.length === 0 ? { match, kind, hint } : { match, kind, hint, actions },
    );
/** Actions that launch; see `judge` for those of their codes that are not in the table. */
export const LAUNCHES = ["RunInstances", "CreateInstance"] as const;

export const wait = rows("wait");
export const change = rows("change");
export const done = rows("done");
export const compensate = rows("give-up");

const ALLOW = "The role of this function may not do this: allow {ram} in its RAM policy.";
const LOST = "The connection failed and the outcome is unknown; Kiln retries with the same token.";

export const CODES: readonly CodeRow[] = [
  // [throttle] Refused until the next minute begins, whatever the status: 400, 403 and 429 all occur.
  ...wait({
    "Throttling*": "Throttled; Kiln retries in the next minute.",
    ResourceExhausted: "All instances of the function are busy; Kiln retries.",
    ResourceThrottled: "The platform lacks capacity; Kiln retries.",
  }),
  // [gateway] Retry is documented for 500, 503 and no answer, always with the same token.
  ...wait({
    "InternalError*": "A fault inside the cloud; Kiln retries with the same token.",
    InternalServerError: "A fault inside the cloud; Kiln retries.",
    "ServiceUnavailable*": "The service is temporarily unavailable; Kiln retries.",
    "ServiceUnAvailable*": "The service is temporarily unavailable; Kiln retries.",
    "LimitedOperation.ServiceUnavailable": "The service is temporarily unavailable; Kiln retries.",
    UnknownError: "The cloud gives no reason; Kiln retries with the same token.",
    SignatureNonceUsed: "The same signed request arrived twice; Kiln signs a new one and retries.",
    ConcurrentUpdateError: "Another request changed the same resource at this moment; Kiln retries.",
  }),
  // [node], fc2 and core client: the answer was lost, so the outcome is open.
  ...wait({
    ECONNRESET: LOST,
    ECONNREFUSED: LOST,
    ECONNABORTED: LOST,
    EPIPE: LOST,
    ETIMEDOUT: LOST,
    EHOSTUNREACH: LOST,
    ENETUNREACH: LOST,
    ENOTFOUND: LOST,
    EAI_AGAIN: LOST,
    RequestTimeoutError: "No answer in time, so the outcome is unknown; Kiln retries with the same token.",
    SyntaxError: "The answer was no JSON, often a proxy's page; Kiln retries with the same token.",
    UnreadableAnswer: "The outcome is unknown; Kiln retries with the same token.",
  }),
  // [gateway] Each invocation brings fresh credentials.
  ...wait({
    "InvalidSecurityToken.Expired": "The session ended; the next invocation brings fresh credentials.",
    SecurityTokenExpired: "The session ended; the next invocation brings fresh credentials.",
    InvalidSecurityTokenExpired: "The session ended; the next invocation brings fresh credentials.",
  }),
  ...compensate({
    "InvalidSecurityToken.*":
      "The session token does not fit the key: check the function's role and redeploy it.",
    "InvalidAccessKeyId*": "The access key does not exist (any more): check the function's role or its keys.",
    InvalidAccessKeyID: "The access key does not exist (any more): check the function's role or its keys.",
    "Forbidden.AccessKeyDisabled": "The access key is switched off: switch it on or use another.",
    SignatureDoesNotMatch:
      "The secret does not belong to the access key: check the function's role or its keys.",
    SignatureNotMatch: "The secret does not belong to the access key: check the function's role or its keys.",
    IncompleteSignature:
      "The secret does not belong to the access key: check the function's role or its keys.",
    "InvalidTimeStamp.*": "The clock of the caller is more than 15 minutes off: set it right.",
    IllegalTimestamp: "The clock of the caller is more than 15 minutes off: set it right.",
    RequestTimeTooSkewed: "The clock of the caller is more than 15 minutes off: set it right.",
  }),
  ...compensate({
    "Forbidden*": ALLOW,
    "Forbbiden*": ALLOW,
    "NoPermission*": ALLOW,
    AccessDenied: ALLOW,
    "Forbidden.RiskControl": "The account is under risk control: contact the cloud's support.",
    "InvalidUser.PassRoleForbidden":
      "Kiln may hand out only the RAM roles named in KILN_INSTANCE_ROLES: correct the name, or add it there and run npm run setup.",
    UserNotInTheWhiteList: "The account is not admitted to this: ask the cloud's support to open it.",
    RealNameAuthenticationError: "The account is not verified: complete the real-name verification.",
  }),

  // [gateway] Parameters.
  ...compensate({
    "Missing*": "A required parameter is missing; the message names it.",
    "InvalidParameter*": "A parameter is out of range; the message names it.",
    "InvalidParamater*": "A parameter is out of range; the message names it.",
    UnsupportedParameter: "A parameter is not possible here; the message names it.",
    "InvalidAction*": "The cloud does not know this action in this region.",
    "InvalidApi.NotFound": "The cloud does not know this action in this region.",
  }),

  // [fc]
  ...compensate({
    FunctionNotFound: "There is no such function in this region: deploy the whole bundle.",
    EntityTooLarge: "The event is too large for an asynchronous invocation (128 KB).",
  }),

  // [oss]
  ...compensate({
    NoSuchBucket: "There is no such bucket in this region: check KILN_BUCKET.",
    NoSuchKey: "There is no such object in the bucket.",
  }),
];
