/**
 * The two signatures of an invocation, and which of them is tried first.
 *
 * FC-SIGNATURE-1. The documentation of the 3.0 API describes ACS3 only, and no page says which code refuses another
 *     signature. So any refusal may be one of the signature, unless its cause is known: the payload, the target, a
 *     permission. https://www.alibabacloud.com/help/en/function-compute/latest/error-codes
 * FC-SIGNATURE-2. An instance of a function remembers the signature that was accepted, so a wrong setting costs each
 *     instance one call. When the remembered one is refused, the other is tried again.
 */
import { CloudError } from "../../errors.ts";
import type { CloudClient } from "../client.ts";

export type FcSignature = "acs3" | "fc";

const OTHER = { acs3: "fc", fc: "acs3" } as const;

/** By endpoint and account: the signature that was accepted after the other was refused. */
const accepted = new Map<string, FcSignature>();

/** Sends with one signature, and with the other when that is refused. @throws CloudError; of two refusals the first. */
export async function withEitherSignature<T>(
  { access, log }: Pick<CloudClient, "access" | "log">,
  send: (signature: FcSignature) => Promise<T>,
): Promise<T> {
  const target = [access.endpoints.fc, access.region, access.accountId].join(" ");
  const used = accepted.get(target) ?? access.fcSignature;
  try {
    return await send(used);
  } catch (error) {
    if (!mayBeUnsigned(error)) throw error;
    log({ warning: "signature refused, trying the other one", used, code: error.code, error });
    const answer = await send(OTHER[used]).catch((again: unknown) => {
      throw mayBeUnsigned(again) ? error : again;
    });
    accepted.set(target, OTHER[used]);
    return answer;
  }
}

/** Refusals that have another cause than the signature. */
const OTHER_CAUSES = new Set(["EntityTooLarge", "FunctionNotFound", "VersionNotFound", "AliasNotFound"]);
const OTHER_STATUSES = new Set([409, 413, 429]);
/** The words of a missing permission. AccessDenied without them may be any refusal. */
const NOT_PERMITTED = /not authorized to perform/i;

/** FC-SIGNATURE-1. */
function mayBeUnsigned(error: unknown): error is CloudError {
  if (!(error instanceof CloudError) || error.kind === "wait") return false;
  const { code, status, message } = error;
  if (status < 400 || status >= 500 || OTHER_STATUSES.has(status) || OTHER_CAUSES.has(code)) return false;
  return !(code === "AccessDenied" && NOT_PERMITTED.test(message));
}
