/**
 * New versions of launch templates, which are another one with another image.
 *
 * VERSION-1. The cloud copies no version: a new one holds what the call says. So the parameters of the earlier one are sent as
 *     the cloud shows them, and what it shows of the new one is compared with them (`differences`).
 */
import { isDeepStrictEqual } from "node:util";
import { done } from "../answers.ts";
import { queryAction, send, type CloudClient } from "../client.ts";
import type { TemplateVersion } from "./templates.ts";

/** Without the official classes: the largest of all knows parameters that are only passed on. */
const CreateLaunchTemplateVersion = /* @__PURE__ */ queryAction("CreateLaunchTemplateVersion", "ecs");
const DeleteLaunchTemplateVersion = /* @__PURE__ */ queryAction("DeleteLaunchTemplateVersion", "ecs");
const ModifyLaunchTemplateDefaultVersion = /* @__PURE__ */ queryAction(
  "ModifyLaunchTemplateDefaultVersion",
  "ecs",
);

interface Place {
  readonly id: string;
  readonly region: string;
}

type Data = NonNullable<TemplateVersion["data"]>;

const isObject = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Without the fields that are not set, which the cloud shows as nothing or as an empty text, list or map. */
function set(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(set);
  if (!isObject(value)) return value === "" || value === null ? undefined : value;
  const members = Object.entries(value).flatMap(([name, inner]) => {
    const one = set(inner);
    return one === undefined ? [] : [[name, one] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** Lists that an answer wraps into a map and calls by another name than a request. */
const LISTS: Readonly<Record<string, string>> = {
  DataDisks: "DataDisk",
  NetworkInterfaces: "NetworkInterface",
  SecurityGroupIds: "SecurityGroupIds",
  Tags: "Tag",
};

/** An answer's parameters as a request takes them. */
function asked(data: Data): Data {
  const members = Object.entries(data).map(([name, value]) => {
    const list = LISTS[name];
    if (list === undefined) return [name, isObject(value) ? asked(value) : value] as const;
    const items = isObject(value) ? Object.values(value)[0] : value;
    return [
      list,
      Array.isArray(items) ? items.map((item: unknown) => (isObject(item) ? asked(item) : item)) : items,
    ] as const;
  });
  return Object.fromEntries(members);
}

/** All that is set but the image. */
function settled(data: Data): Data {
  const all = set({ ...data, ImageId: "" });
  return isObject(all) ? all : {};
}

/** The names of the parameters in which two versions differ, apart from the image. */
export function differences(one: Data, other: Data): string[] {
  const [left, right] = [settled(one), settled(other)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => !isDeepStrictEqual(left[name], right[name]));
}

/** Makes a version like `data`, with another image (VERSION-1). There is no client token: look for it before. */
export async function createTemplateVersion(
  client: CloudClient,
  { id, region }: Place,
  data: Data,
  { imageId, description }: { readonly imageId: string; readonly description: string },
): Promise<void> {
  const params = {
    ...asked(settled(data)),
    RegionId: region,
    LaunchTemplateId: id,
    VersionDescription: description,
    ImageId: imageId,
  };
  await send(client, { action: CreateLaunchTemplateVersion, params, region }, done);
}

/** The version that launches use which name none. */
export async function setDefaultVersion(
  client: CloudClient,
  { id, region }: Place,
  version: number,
): Promise<void> {
  const params = { RegionId: region, LaunchTemplateId: id, DefaultVersionNumber: String(version) };
  await send(client, { action: ModifyLaunchTemplateDefaultVersion, params, region }, done);
}

/** Deletes versions; the default one cannot be among them. */
export async function deleteTemplateVersions(
  client: CloudClient,
  { id, region }: Place,
  versions: readonly number[],
): Promise<void> {
  const params = { RegionId: region, LaunchTemplateId: id, DeleteVersion: versions.map(String) };
  await send(client, { action: DeleteLaunchTemplateVersion, params, region }, done);
}
