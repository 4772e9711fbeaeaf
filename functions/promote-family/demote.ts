/**
 * Out of a family's choice and back into it. Deprecating needs the image unshared first, and deprecating twice is
 * refused, so each call looks and makes the one change that is due (ECS, ModifyImageAttribute).
 */
import type { CloudClient } from "../../shared/cloud/client.ts";
import { goneIsDone } from "../../shared/cloud/gone.ts";
import { describeImages, modifyImage } from "../../shared/cloud/images.ts";
import { imageShares, shareImage } from "../../shared/cloud/shares.ts";
import type { Demoted } from "../../shared/events/promote-family.ts";

/** Makes one change towards Deprecated and says which; undefined when there is nothing left to do. */
export async function demote(
  cloud: CloudClient,
  { region, imageId }: Pick<Demoted, "region" | "imageId">,
): Promise<string | undefined> {
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  if (image === undefined || image.status !== "Available") return undefined;
  const accounts = await imageShares(cloud, imageId, region);
  if (accounts.length > 0) {
    await shareImage(cloud, imageId, { remove: accounts }, region);
    return `${imageId} in ${region} is no longer shared with ${accounts.join(", ")}`;
  }
  await goneIsDone(modifyImage(cloud, imageId, { status: "Deprecated" }, region));
  return `${imageId} in ${region} is deprecated`;
}

/** The same way back: Available first, then shared as before. */
export async function reinstate(
  cloud: CloudClient,
  { region, imageId, accounts }: Demoted,
): Promise<string | undefined> {
  const [image] = await describeImages(cloud, { ids: [imageId] }, region);
  if (image === undefined) return undefined;
  if (image.status === "Deprecated") {
    await goneIsDone(modifyImage(cloud, imageId, { status: "Available" }, region));
    return `${imageId} in ${region} is available again`;
  }
  const shared = accounts.length === 0 ? [] : await imageShares(cloud, imageId, region);
  const add = accounts.filter((account) => !shared.includes(account));
  if (add.length === 0) return undefined;
  await shareImage(cloud, imageId, { add }, region);
  return `${imageId} in ${region} is shared again with ${add.join(", ")}`;
}
