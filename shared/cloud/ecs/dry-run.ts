/** Dry runs: the cloud checks a call without executing it. */
import { CloudError } from "../../errors.ts";
import { isDryRunSuccess } from "../retry.ts";

/** The result of a dry run. */
export type DryRun = { readonly ok: true } | { readonly ok: false; readonly error: CloudError };

/** A DryRun answers with a refusal even when all is well; a plain success would mean it was not a DryRun. */
export async function dryRun(call: Promise<unknown>): Promise<DryRun> {
  try {
    await call;
    return { ok: true };
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "wait") throw error;
    return isDryRunSuccess(error.code) ? { ok: true } : { ok: false, error };
  }
}
