/** Whose the key is. */
import { ApiError, type Api } from "./api.ts";
import type { Place } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** @throws Refusal when the key is not of the account that is deployed to. */
export async function checkAccount(api: Api, { account }: Place): Promise<void> {
  const { AccountId: found } = await api.rpc("sts", "GetCallerIdentity", {}).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status === 0) throw error;
    throw new Refusal([
      `the access key is refused: ${error.message}; check ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET`,
    ]);
  });
  if (found !== account)
    throw new Refusal([
      `the access key is of account ${String(found)}, but KILN_ACCOUNT_ID is ${account}; correct one of them`,
    ]);
}
