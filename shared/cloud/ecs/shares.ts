/** Which other accounts may use an image. */
import { DescribeImageSharePermission, ModifyImageSharePermission } from "./actions.ts";
import * as z from "zod/mini";
import { done, Text } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { batches, byNumber } from "./pages.ts";

/** Shares an image with accounts and takes it back from others, ten a call: the cloud drops the eleventh silently. */
export async function shareImage(
  client: CloudClient,
  imageId: string,
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  region?: string,
): Promise<void> {
  const modify = (params: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const asked = { ImageId: imageId, ...params };
    const call = { action: ModifyImageSharePermission, params: asked, region };
    return send(client, call, done);
  };
  for (const RemoveAccount of batches(change.remove ?? [], 10)) await modify({ RemoveAccount });
  for (const AddAccount of batches(change.add ?? [], 10)) await modify({ AddAccount });
}

const pageAnswer = () =>
  z.looseObject({
    Accounts: z.optional(z.looseObject({ Account: z.optional(z.array(z.looseObject({ AliyunId: Text }))) })),
    TotalCount: z.optional(z.number()),
  });

/** The accounts an image is shared with. */
export async function imageShares(client: CloudClient, imageId: string, region?: string): Promise<string[]> {
  const action = "DescribeImageSharePermission";
  const accounts = await byNumber(action, 100, async (PageNumber) => {
    const params = { ImageId: imageId, PageNumber, PageSize: 100 };
    const page = await send(client, { action: DescribeImageSharePermission, params, region }, pageAnswer);
    return { items: page.Accounts?.Account ?? [], total: page.TotalCount ?? Number.POSITIVE_INFINITY };
  });
  return accounts.map(({ AliyunId }) => AliyunId);
}
