/** Tags: set, take away, find by. The way to find things beyond the 1,000 that filters of other actions reach. */
import { ListTagResources, TagResources, UntagResources } from "./actions.ts";
import * as z from "zod/mini";
import { done, tagList } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";
import { batches, byToken } from "./pages.ts";

export type Taggable =
  | "instance"
  | "image"
  | "snapshot"
  | "disk"
  | "launchtemplate"
  | "command"
  | "invocation";

/** Sets tags on any number of resources of one kind, fifty a call; a tag that is there gets the new value. */
export async function tagResources(
  client: CloudClient,
  kind: Taggable,
  ids: readonly string[],
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  for (const ResourceId of batches(ids, 50)) {
    const params = { ResourceType: kind, ResourceId, Tag: tagList(tags) };
    await send(client, { action: TagResources, params }, done);
  }
}

/** Takes tags away by key, fifty resources a call; keys that are not there are ignored. */
export async function untagResources(
  client: CloudClient,
  kind: Taggable,
  ids: readonly string[],
  keys: readonly string[],
): Promise<void> {
  for (const ResourceId of batches(ids, 50)) {
    const params = { ResourceType: kind, ResourceId, TagKey: keys };
    await send(client, { action: UntagResources, params }, done);
  }
}

const pageAnswer = () =>
  z.looseObject({
    TagResources: z.optional(
      z.looseObject({ TagResource: z.optional(z.array(z.looseObject({ ResourceId: z.string() }))) }),
    ),
    NextToken: z.optional(z.string()),
  });

/** Ids of all resources of a kind that carry all of `tags`; undefined when there are more than `mostPages` pages of rows. */
export async function listFewTaggedIds(
  client: CloudClient,
  kind: Taggable,
  tags: Readonly<Record<string, string>>,
  mostPages: number,
): Promise<string[] | undefined> {
  const { ids, complete } = await taggedIds(client, kind, tags, mostPages);
  return complete ? ids : undefined;
}

async function taggedIds(
  client: CloudClient,
  kind: Taggable,
  tags: Readonly<Record<string, string>>,
  mostPages: number,
): Promise<{ readonly ids: string[]; readonly complete: boolean }> {
  const action = "ListTagResources";
  let pages = 0;
  let complete = true;
  const rows = await byToken(action, async (NextToken) => {
    const params = { ResourceType: kind, Tag: tagList(tags), NextToken };
    const page = await send(client, { action: ListTagResources, params }, pageAnswer);
    pages += 1;
    complete = !page.NextToken || pages < mostPages;
    return { items: page.TagResources?.TagResource ?? [], nextToken: complete ? page.NextToken : undefined };
  });
  // One row per resource and tag.
  return { ids: [...new Set(rows.map(({ ResourceId }) => ResourceId))], complete };
}
