/** A recipe whose bakes make no new image, and where its image is. */
import type { Deployment } from "./deployment.ts";
import { HOME, imagesIn, ownImages } from "./world.ts";

export const ABROAD = "cn-shanghai";

/** An image from the first snapshot there is: nothing it is made of changes. */
export const unchanging = (kiln: Deployment, promote: object) => ({
  source: { snapshot: { id: String(ownImages(kiln)[0]?.disks[0]?.snapshotId) } },
  provision: [],
  test: { skip: true },
  promote,
});

/** Accounts that have each own image of a region. */
export const sharedIn = (kiln: Deployment, region: string): string[][] =>
  imagesIn(kiln, region).map(({ sharedWith }) => [...sharedWith.keys()]);

/** How many images there are at home. */
export const bakedImages = (kiln: Deployment): number => imagesIn(kiln, HOME).length;
