/** ModifyImageSharePermission and its Describe. Entries after the tenth are dropped without a word. */
import { refuseIf } from "../../core/kernel.ts";
import { NOTHING, stopIfDry } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { toSecond } from "../instant.ts";
import { pageByNumber } from "../../core/paging.ts";
import { needOwnImage } from "./ModifyImageAttribute.ts";

const MAX_PER_CALL = 10;
const MAX_ACCOUNTS = 50;

export const ModifyImageSharePermission: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const image = needOwnImage(call);
    refuseIf(
      image.status !== "Available",
      403,
      "OperationDenied.InvalidImageStatus",
      "The status of the image does not support this operation.",
    );
    const add = readAccounts(call, "AddAccount");
    const remove = readAccounts(call, "RemoveAccount");
    const after = new Set([...image.sharedWith.keys(), ...add]);
    const tooMany = after.size > MAX_ACCOUNTS;
    refuseIf(tooMany, 403, "QuotaExceed.ShareImageUser", "The image is shared with too many accounts.");
    // https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifyimagesharepermission
    refuseIf(
      add.length > 0 && image.disks.some(({ key }) => key === ""),
      403,
      "InvalidOperation.ServiceKeyEncryptedImageUnsupported",
      "The image is encrypted with a service key and cannot be shared.",
    );
    stopIfDry(params);
    for (const account of add) if (!image.sharedWith.has(account)) image.sharedWith.set(account, world.now());
    for (const account of remove) image.sharedWith.delete(account);
    image.isPublic = params.bool("IsPublic") ?? image.isPublic;
    return NOTHING;
  },
};

function readAccounts({ params }: Call, name: string): string[] {
  const accounts = params.list(name).slice(0, MAX_PER_CALL);
  const isKnown = accounts.every((account) => /^\d{8,20}$/.test(account));
  refuseIf(!isKnown, 404, "InvalidAccount.NotFound", "The specified account does not exist.");
  return accounts;
}

export const DescribeImageSharePermission: EcsAction = {
  run: (call) => {
    const image = needOwnImage(call);
    const page = pageByNumber(call.params, image.sharedWith, { max: 100 });
    return {
      RegionId: image.regionId,
      ImageId: image.imageId,
      Accounts: {
        Account: page.items.map(([account, at]) => ({ AliyunId: account, SharedTime: toSecond(at) })),
      },
      ShareGroups: { ShareGroup: image.isPublic ? [{ Group: "all" }] : [] },
      ...page.members,
    };
  },
};
