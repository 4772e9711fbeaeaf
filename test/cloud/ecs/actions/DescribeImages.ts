/**
 * DescribeImages and DescribeImageFromFamily. Only Available images show unless Status says otherwise;
 * pages by number only. An empty family is an empty 200, not an error.
 */
import type { Call, EcsAction } from "../action.ts";
import { NOTHING, stopIfDry } from "../action.ts";
import { fullImageView, imageView } from "../image-view.ts";
import { fromMinute } from "../instant.ts";
import { pageByNumber } from "../../core/paging.ts";
import { invalid } from "../../core/params.ts";
import type { Image } from "../records.ts";

type Keep = (image: Image) => boolean;

const STATUSES = new Set([
  "Creating",
  "Waiting",
  "Available",
  "UnAvailable",
  "CreateFailed",
  "Deprecated",
  "ALL",
]);

export const DescribeImages: EcsAction = {
  run: (call) => {
    const { world, params, regionId } = call;
    const keep = filterOf(call);
    stopIfDry(params);
    const ids = params
      .text("ImageId")
      ?.split(",")
      .map((id) => id.trim());
    const candidates =
      ids === undefined ? world.images.values() : ids.flatMap((id) => world.image(regionId, id) ?? []);
    const page = pageByNumber(params, [...candidates].filter(keep), { max: 100 });
    return {
      RegionId: regionId,
      Images: { Image: page.items.map((image) => fullImageView(world, image)) },
      ...page.members,
    };
  },
};

export const DescribeImageFromFamily: EcsAction = {
  run: ({ world, params, regionId }) => {
    const image = world.imaging.newestOf(regionId, params.need("ImageFamily"));
    return image === undefined ? NOTHING : { Image: imageView(world, image) };
  },
};

function filterOf(call: Call): Keep {
  const { world, params, regionId } = call;
  const statuses = readStatuses(call);
  const keeps: Keep[] = [(image) => image.regionId === regionId];
  if (statuses !== undefined) keeps.push((image) => statuses.includes(image.status));
  const equal = (name: string, read: Keep | ((image: Image) => string)): void => {
    const wanted = params.text(name);
    if (wanted !== undefined)
      keeps.push((image) => String(read(image)) === wanted.toLowerCase() || String(read(image)) === wanted);
  };
  equal("ImageFamily", (image) => image.family);
  equal("Architecture", (image) => image.architecture);
  equal("OSType", (image) => image.osType);
  equal("ImageOwnerId", (image) => image.ownerId);
  equal("IsPublic", (image) => image.isPublic);
  equal("Usable", (image) => image.isUsable);
  const owner = params.oneOf("ImageOwnerAlias", ["system", "self", "others", "marketplace"]);
  keeps.push((image) =>
    owner === undefined ? image.ownerAlias !== "marketplace" : image.ownerAlias === owner,
  );
  const name = params.text("ImageName");
  // "Fuzzy": a star where given, else any part of the name.
  if (name !== undefined) keeps.push((image) => name.split("*").every((part) => image.name.includes(part)));
  const usage = params.oneOf("Usage", ["instance", "none"]);
  if (usage !== undefined) keeps.push((image) => imageView(world, image)["Usage"] === usage);
  const snapshotId = params.text("SnapshotId");
  if (snapshotId !== undefined)
    keeps.push((image) => image.disks.some((disk) => disk.snapshotId === snapshotId));
  const type = params.text("InstanceType");
  if (type !== undefined) keeps.push((image) => image.architecture === world.types.get(type)?.architecture);
  const tagged = world.tags.filter("image", params.tagFilters());
  if (tagged !== undefined) keeps.push((image) => tagged.has(image.imageId));
  for (const filter of params.structs("Filter")) {
    const key = filter.oneOf("Key", ["CreationStartTime", "CreationEndTime"]);
    const at = fromMinute(filter.text("Value") ?? "");
    if (key === undefined || at === undefined) throw invalid("Filter");
    keeps.push((image) => (key === "CreationStartTime" ? image.createdAt >= at : image.createdAt <= at));
  }
  return (image) => keeps.every((keep) => keep(image));
}

/** Undefined means every status. @throws CloudFault for a word that is no status, or ALL among others. */
function readStatuses({ params }: Call): string[] | undefined {
  const text = params.text("Status");
  // With `Usable` given the caller must say which statuses.
  if (text === undefined) {
    if (params.has("Usable")) params.need("Status");
    return ["Available"];
  }
  const statuses = text.split(",").map((status) => status.trim());
  if (statuses.some((status) => !STATUSES.has(status)) || (statuses.includes("ALL") && statuses.length > 1)) {
    throw invalid("Status", "InvalidStatus.ValueNotSupported");
  }
  return statuses.includes("ALL") ? undefined : statuses;
}
