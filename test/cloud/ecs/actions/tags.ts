/** TagResources, AddTags, UntagResources, ListTagResources. A missing parameter is a 404 here. */
import { CloudFault } from "../../core/kernel.ts";
import { NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import { readToken, writeToken } from "../../core/paging.ts";
import type { World } from "../world.ts";

const ROWS_PER_PAGE = 50;
const MAX_IDS = 50;
const TAGS_PER_RESOURCE = 20;

/** How to tell whether a resource of a type exists, in a region. */
const KINDS: Readonly<Record<string, (world: World, id: string, regionId: string) => boolean>> = {
  instance: (world, id, regionId) => world.instances.get(id)?.regionId === regionId,
  disk: (world, id, regionId) => world.disks.get(id)?.regionId === regionId,
  snapshot: (world, id, regionId) => world.snapshots.get(id)?.regionId === regionId,
  image: (world, id, regionId) => world.image(regionId, id)?.ownerAlias === "self",
  securitygroup: (world, id) => world.securityGroups.has(id),
  launchtemplate: (world, id) => world.templates.has(id),
  eni: (world, id) => [...world.instances.values()].some((instance) => instance.eniId === id),
  command: (world, id) => world.assistant.commands.has(id),
  invocation: (world, id) => world.assistant.invocations.has(id),
  keypair: (world, id) => world.keyPairs.has(id),
};

export const TagResources: EcsAction = {
  run: (call) => {
    const type = readType(call);
    put(call, type, readIds(call, type));
    return NOTHING;
  },
};

/** The older call, for one resource. */
export const AddTags: EcsAction = {
  run: (call) => {
    const type = readType(call);
    const id = call.params.need("ResourceId");
    checkExist(call, type, [id]);
    put(call, type, [id]);
    return NOTHING;
  },
};

function put({ world, params }: Call, type: string, ids: readonly string[]): void {
  if (params.structs("Tag").length > 20)
    throw new CloudFault(400, "NumberExceed.Tags", "The Tags parameter's number is exceed.");
  const tags = params.tags();
  if (tags.length === 0) throw missing("Tags");
  for (const id of ids) {
    const fresh = tags.filter((tag) => !world.tags.has(type, id, tag.key)).length;
    if (world.tags.count(type, id) + fresh > TAGS_PER_RESOURCE) {
      throw new CloudFault(403, "QuotaExceed.Tags", "The tags of the resource exceed the quota.");
    }
  }
  for (const id of ids) world.tags.put(type, id, tags);
}

export const UntagResources: EcsAction = {
  run: (call) => {
    const type = readType(call);
    const ids = readIds(call, type);
    const keys = call.params.list("TagKey");
    const all = call.params.bool("All") ?? false;
    if (keys.length === 0 && !all) return NOTHING;
    for (const id of ids) call.world.tags.remove(type, id, keys.length === 0 ? undefined : keys);
    return NOTHING;
  },
};

export const ListTagResources: EcsAction = {
  run: (call) => {
    const { world, params, regionId } = call;
    const type = readType(call);
    const ids = params.list("ResourceId");
    const filters = params.tagFilters();
    if (ids.length > MAX_IDS)
      throw new CloudFault(400, "NumberExceed.ResourceIds", "The ResourceIds parameter's number is exceed.");
    if (filters.some((filter) => filter.key === ""))
      throw new CloudFault(400, "InvalidParameter.TagValue", "A tag value needs its key.");
    if (ids.length === 0 && filters.length === 0) throw missing("ResourceIds");
    const matching = filters.length === 0 ? ids : world.tags.find(type, filters);
    const found = matching.filter(
      (id) => (ids.length === 0 || ids.includes(id)) && KINDS[type]?.(world, id, regionId),
    );
    // One row per resource and tag; the token counts rows.
    const rows = found.flatMap((id) => world.tags.of(type, id).map((tag) => ({ id, tag })));
    const from = Math.max(readToken(params), 0);
    const page = rows.slice(from, from + ROWS_PER_PAGE);
    return {
      NextToken: from + ROWS_PER_PAGE < rows.length ? writeToken(from + ROWS_PER_PAGE) : "",
      TagResources: {
        TagResource: page.map(({ id, tag }) => ({
          ResourceId: id,
          ResourceType: type,
          TagKey: tag.key,
          TagValue: tag.value,
        })),
      },
    };
  },
};

function readType(call: Call): string {
  const type = call.params.text("ResourceType")?.toLowerCase();
  if (type === undefined) throw missing("ResourceType");
  if (!(type in KINDS))
    throw new CloudFault(
      404,
      "InvalidResourceType.NotFound",
      "The ResourceType provided does not exist in our records.",
    );
  return type;
}

function readIds(call: Call, type: string): string[] {
  const ids = call.params.list("ResourceId");
  if (ids.length === 0) throw missing("ResourceIds");
  if (ids.length > MAX_IDS)
    throw new CloudFault(400, "NumberExceed.ResourceIds", "The ResourceIds parameter's number is exceed.");
  checkExist(call, type, ids);
  return ids;
}

function checkExist({ world, regionId }: Call, type: string, ids: readonly string[]): void {
  if (ids.every((id) => KINDS[type]?.(world, id, regionId))) return;
  throw new CloudFault(
    404,
    "InvalidResourceId.NotFound",
    "The specified ResourceIds are not found in our records.",
  );
}

function missing(name: string): CloudFault {
  return new CloudFault(404, `MissingParameter.${name}`, `The parameter - ${name} should not be null`);
}
