/** The packages of a tested image: kept in the bucket as long as the image, and compared with those of the served one. */
import { familyImage } from "../../../shared/cloud/ecs/images.ts";
import { getObject, putObject } from "../../../shared/cloud/oss/objects.ts";
import type { Ports } from "../../../shared/invocation.ts";
import { outputKey, packagesKey } from "../../../shared/keys.ts";
import { packageChanges, packagesIn, packagesOf, packagesText } from "../../../shared/packages.ts";
import type { PackageChanges } from "../../../shared/package-changes.ts";
import { ROLE } from "../../../shared/tags.ts";
import type { Requested } from "./input.ts";

/** Keeps the list in the output of command number `index`. Without a whole list nothing is kept. */
export async function keepPackages(
  { run, imageId, index }: { readonly run: string; readonly imageId: string; readonly index: number },
  { cloud }: Ports,
): Promise<void> {
  const output = await getObject(cloud, outputKey(run, `${ROLE.tester}-${index}`));
  const packages = output && packagesIn(output.text);
  if (packages !== undefined)
    await putObject(cloud, packagesKey(imageId), packagesText(packages), { contentType: "text/plain" });
}

/** How the image differs from the one that its family serves; undefined when a list of the two is not known. */
export async function changesOf(
  { imageId, family }: Pick<Requested, "imageId" | "family">,
  { cloud }: Ports,
): Promise<PackageChanges | undefined> {
  const served = await familyImage(cloud, family);
  if (served === undefined || served.id === imageId) return undefined;
  const [before, after] = [
    await getObject(cloud, packagesKey(served.id)),
    await getObject(cloud, packagesKey(imageId)),
  ];
  return before && after && packageChanges(packagesOf(before.text), packagesOf(after.text), served.id);
}
