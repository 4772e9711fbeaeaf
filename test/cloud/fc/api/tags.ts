/** Tags of functions. Other resources of Function Compute have none here. */
import * as z from "zod/mini";
import type { FunctionRecord } from "../registry.ts";
import { type Action, type ApiRequest, bodyOf, checked, invalid, json, nothing, page } from "./request.ts";

/** Of a function; an estimate. Keys and values: ListTagResourcesRequest of @alicloud/fc20230330 4.7.6. */
const MOST = 20;
const KEY = /^(?!aliyun|acs:)(?!.*https?:\/\/).{1,64}$/;

const Tags = z.array(
  z.strictObject({ Key: z.string().check(z.regex(KEY)), Value: z.string().check(z.maxLength(128)) }),
);
const TagInput = z.strictObject({ ResourceType: z.string(), ResourceId: z.array(z.string()), Tag: Tags });
const Names = z.array(z.string());

type Tag = z.infer<typeof Tags>[number];

/** Tags as calls carry them; none for undefined. @throws CloudFault 400 */
export const tagsIn = (value: unknown): readonly Tag[] => checked(Tags, value ?? []);

/** @throws CloudFault 400 for more than a function may have. */
export function setTags({ tags }: FunctionRecord, given: readonly Tag[]): void {
  const keys = new Set([...tags.keys(), ...given.map(({ Key }) => Key)]);
  if (keys.size > MOST) throw invalid(`a function has at most ${MOST} tags`);
  for (const { Key, Value } of given) tags.set(Key, Value);
}

/** Lists travel in the query as JSON. */
function listIn({ query }: ApiRequest, name: string): unknown {
  const text = query.get(name);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    throw invalid(`${name} is not JSON`);
  }
}

function demandFunctions(type: string | undefined): void {
  if (type?.toLowerCase() !== "function") throw invalid(`ResourceType: ${type} is not simulated`);
}

/** A function by its name, or by its ARN. @throws CloudFault 404 */
const recordOf = ({ platform }: ApiRequest, id: string): FunctionRecord =>
  platform.registry.record(nameOf(id));

const nameOf = (id: string): string => id.replace(/^.*functions\//, "");

export const TAG_ACTIONS: Readonly<Record<string, Action>> = {
  TagResources: {
    run: (request) => {
      const { ResourceType, ResourceId, Tag } = checked(TagInput, bodyOf(request));
      demandFunctions(ResourceType);
      const records = ResourceId.map((id) => recordOf(request, id));
      for (const record of records) setTags(record, Tag);
      return nothing();
    },
  },
  UntagResources: {
    query: ["ResourceType", "ResourceId", "TagKey", "All"],
    run: (request) => {
      demandFunctions(request.query.get("ResourceType"));
      const ids = checked(Names, listIn(request, "ResourceId"));
      const isAll = request.query.get("All") === "true";
      const keys = checked(Names, listIn(request, "TagKey") ?? []);
      const records = ids.map((id) => recordOf(request, id));
      for (const { tags } of records) for (const key of isAll ? [...tags.keys()] : keys) tags.delete(key);
      return nothing();
    },
  },
  ListTagResources: {
    query: ["ResourceType", "ResourceId", "Tag", "Limit", "NextToken"],
    run: (request) => {
      const { query, platform, requestId } = request;
      const ResourceType = query.get("ResourceType");
      demandFunctions(ResourceType);
      const ids = checked(Names, listIn(request, "ResourceId") ?? [...platform.registry.definitions.keys()]);
      const wanted = tagsIn(listIn(request, "Tag"));
      const found = ids.flatMap((ResourceId) => {
        const { tags } = recordOf(request, ResourceId);
        const isWanted = wanted.every(({ Key, Value }) => tags.get(Key) === Value);
        return isWanted
          ? [...tags].map(([TagKey, TagValue]) => ({ ResourceType, ResourceId, TagKey, TagValue }))
          : [];
      });
      const paging = { limit: query.get("Limit"), nextToken: query.get("NextToken") };
      const given = Object.entries(paging).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      const keyOf = (one: (typeof found)[number]): string => `${one.ResourceId} ${one.TagKey}`;
      const { items, next } = page({ ...request, query: new Map(given) }, found, keyOf);
      return json({ TagResources: items, NextToken: next.nextToken, RequestId: requestId });
    },
  },
};
