/** Dry runs: the cloud checks a call without executing it. */
import { CloudError } from "../../errors.ts";
import { isDryRunSuccess } from "../retry.ts";

/** The result of a dry run: what the call itself would be answered. */
export type DryRun =
  | { readonly verdict: "yes" }
  | { readonly verdict: "no" | "unknown"; readonly error: CloudError };

/**
 * A control policy of an organisation may deny the dry run and allow the call (or the other way round), so these say
 * nothing about the call. https://www.alibabacloud.com/help/en/resource-management/resource-directory/user-guide/overview-of-control-policies
 */
const DENIED = /^(Forbidden|NoPermission)(\.RAM|\.Unauthorized)?$|Deny/;

/** A DryRun answers with a refusal even when all is well; a plain success would mean it was not a DryRun. */
export async function dryRun(call: Promise<unknown>): Promise<DryRun> {
  try {
    await call;
    return { verdict: "yes" };
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    if (isDryRunSuccess(error.code)) return { verdict: "yes" };
    return { verdict: DENIED.test(error.code) ? "unknown" : "no", error };
  }
}

/** The answer in words; of a refusal those of the cloud. */
export function answerOf(checked: DryRun): string {
  if (checked.verdict === "yes") return "the cloud would launch it";
  const { message } = checked.error;
  return checked.verdict === "no" ? message : `not known, as the dry run was denied: ${message}`;
}
