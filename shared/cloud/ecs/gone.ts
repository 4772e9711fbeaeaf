/** Deleting twice: a resource that is already gone is a success. */
import { CloudError } from "../../errors.ts";

/** Waits for `call`, and takes "it is already so" for a success. Everything else is thrown on. */
export async function goneIsDone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== "done") throw error;
  }
}
