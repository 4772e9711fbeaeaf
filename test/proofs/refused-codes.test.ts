/** What a person reads for each error code of CreateImage and DescribeImageFromFamily, in the record of the run. */
import { CloudFault } from "../cloud/index.ts";
import { hours } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { BUCKET } from "../support/deployment.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { json } from "../support/known.ts";
import { ownImages } from "../support/world.ts";

/** What is wrong, and what to do about it. `later` codes are tried for an hour first. */
interface Row {
  readonly code: string;
  readonly status: number;
  readonly wrong: string;
  readonly todo: string;
  readonly later?: true;
}

const row = (code: string, status: number, wrong: string, todo: string): Row => ({
  code,
  status,
  wrong,
  todo,
});
const later = (code: string, status: number, wrong: string, todo = "Kiln retries"): Row => ({
  ...row(code, status, wrong, todo),
  later: true,
});

/** The table of document 003, in its order; a code that is there more than once has one row. */
const ROWS: readonly Row[] = [
  row("InvalidSnapshotId.NotFound", 404, "no such snapshot in this region", "check the id"),
  row("InvalidImageName.Malformed", 400, "Not an image name", "2 to 128 letters, digits"),
  row("InvalidImageName.Duplicated", 400, "An image of this name exists", "choose another name or delete it"),
  row("InvalidDescription.Malformed", 400, "The description must have 2 to 256", "not begin like a URL"),
  row(
    "InvalidImageVersion.Malformed",
    400,
    "Not an image version, or the snapshot may not be used",
    "check both",
  ),
  later("InvalidSnapshotId.NotReady", 403, "The snapshot is not finished"),
  row("InvalidSnapshot.TooOld", 403, "made before 2013-07-15", "take a new one"),
  row("OperationDenied", 403, "exactly one system disk, not encrypted", "choose another source"),
  row("QuotaExceed.Image", 403, "The image quota is used up", "delete old images or raise it"),
  row("InvalidParamter.Conflict", 403, "token was used before with other parameters", "please report it"),
  row("InvalidInstanceId.NotFound", 404, "no such instance in this region", "may have been released"),
  later("IncorrectInstanceStatus", 400, "must be Running or Stopped"),
  row("InstanceLockedForSecurity", 400, "locked for security reasons", "clear the lock in the console"),
  row("InvalidDevice.Malformed", 400, "Not a device name", "/dev/xvda for the system disk"),
  row("MissingParameter", 400, "Nothing to make the image from", "name an instance, a snapshot or disks"),
  row("InvalidSize.ValueNotSupported", 400, "The disk size is out of range", "5 to 2000 GiB"),
  row("InvalidDevice.InUse", 400, "Two disks have the same device name", "give each its own"),
  row("InvalidDiskCategory.CreateImage", 400, "Disks of this category cannot", "use another category"),
  row("InvalidAccountStatus.NotEnoughBalance", 403, "too little balance", "top it up"),
  row(
    "InvalidAccountStatus.SnapshotServiceUnavailable",
    403,
    "snapshot service is not activated",
    "activate it",
  ),
  row("UserNotInTheWhiteList", 403, "The account is not admitted", "ask the cloud's support"),
  row("InvalidArchitecture.Malformed", 400, "The architecture must be", "x86_64, i386 or arm64"),
  row("InvalidPlatform.Malformed", 400, "Not a platform the cloud knows", "check it against its list"),
  row(
    "InvalidParameter.AllEmpty",
    400,
    "Nothing to make the image from",
    "name an instance, a snapshot or disks",
  ),
  row("IncorrectDiskStatus.Invalid", 403, "The disk's device state is broken", "restart the instance"),
  row("OperationDenied.InvalidSnapshotCategory", 403, "Snapshots of this category", "take a standard one"),
  row("QuotaExceed.Snapshot", 403, "The snapshot quota is used up", "delete old snapshots"),
  later("IncorrectDiskStatus.Transferring", 403, "The disk is being moved"),
  row("IncorrectDiskStatus", 403, "The disk is not in a usable state", "its bills are paid"),
  row(
    "InvalidSystemSnapshot.Missing",
    403,
    "snapshot the system disk came from is deleted",
    "use another source",
  ),
  later("IncorrectDiskStatus.CreatingSnapshot", 403, "Another snapshot of the disk is in progress"),
  row("InvalidResourceGroup.NotFound", 404, "There is no such resource group", "check the id"),
  later("InternalError", 500, "A fault inside the cloud"),
];

const said = (code: string): string => `The cloud's own words about ${code}.`;

test("each code of CreateImage ends its bake with the code, the cloud's words, its meaning and what to do", async ({
  kiln,
  expect,
}) => {
  const { cloud } = kiln;
  const recipes = new Map(ROWS.map((refused, index) => [`r${index}x`, refused]));
  for (const [name, { code, status }] of recipes) {
    cloud.faults.add({
      product: "ecs",
      action: "CreateImage",
      kind: "before",
      when: ({ ImageName = "" }) => ImageName.startsWith(`${name}-`),
      fault: new CloudFault(status, code, said(code)),
    });
    const source = { snapshot: { id: "s-0123" } };
    const text = recipeText({ source, provision: [], family: undefined, test: undefined });
    await kiln.upload(`recipes/${name}.yaml`, text);
  }
  await cloud.settle({ forMs: hours(2) });
  for (const [name, { code, wrong, todo, later: patient }] of recipes) {
    const [bake] = kiln.records(`bake-${name}-`);
    expect(bake?.state, code).toBe("failed");
    const reason = bake?.reason ?? "";
    const [before, after = ""] = reason.split(` ${said(code)} `);
    const waited = patient ? String.raw`capture is not over after \S+: ` : "";
    expect(before).toMatch(
      new RegExp(
        `^${waited}(source[.\\w]* s-0123: )?ecs CreateImage answered ${code} \\(request [0-9A-F-]+\\):$`,
      ),
    );
    expect(after, code).toContain(wrong);
    expect(after, code).toContain(todo);
  }
  expect(ownImages(kiln)).toEqual([]);
  const locks = cloud.oss.list(BUCKET, "locks/").map(({ key }) => {
    const lines = cloud.oss.get(BUCKET, key)?.body.toString().trimEnd().split("\n") ?? [];
    return json<{ released: boolean }>(lines.at(-1) ?? "{}").released;
  });
  expect(locks).toEqual(Array.from({ length: recipes.size }, () => true));
});

test("a region the cloud does not know ends the bake where its base was looked up, and says to check its id", async ({
  kiln,
  expect,
}) => {
  kiln.cloud.faults.add({
    product: "ecs",
    action: "DescribeImageFromFamily",
    kind: "before",
    fault: new CloudFault(404, "InvalidRegionId.NotFound", said("InvalidRegionId.NotFound")),
  });
  const [bake] = await bakeAndPromote(kiln, recipeText());
  expect(bake?.reason).toMatch(
    /^ecs DescribeImageFromFamily answered InvalidRegionId\.NotFound \(request [0-9A-F-]+\): The cloud's own words about InvalidRegionId\.NotFound\. There is no such region: check its id, such as cn-hangzhou\.$/,
  );
  expect(kiln.cloud.callLog.count({ action: "RunInstances" })).toBe(0);
});
