/** What a scene has in hand: Kiln on the stand-in, a person's own clients, and looks at the world. */
import { createRequire } from "node:module";
import { TAG } from "../../shared/labels.ts";
import type { Image, Instance } from "../cloud/ecs/records.ts";
import type { Cloud } from "../cloud/index.ts";
import type { Deployment } from "../deployment.ts";

export interface Stage {
  readonly kiln: Deployment;
  readonly cloud: Cloud;
  /** When the scene began, epoch milliseconds. */
  readonly sceneAt: number;
}

interface PopCore {
  request(action: string, params: object, options: object): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * A call to ECS as an operator's own tool makes it: an official client Kiln does not use, with the
 * account's key and signature 1.0, so that a family is asked and not looked up.
 */
export function askEcs(cloud: Cloud, action: string, params: Readonly<Record<string, unknown>>) {
  const Core = createRequire(import.meta.url)("@alicloud/pop-core") as new (config: object) => PopCore;
  const { accessKey, urls, region } = cloud;
  const client = new Core({
    accessKeyId: accessKey.id,
    accessKeySecret: accessKey.secret,
    endpoint: urls.ecs,
    apiVersion: "2014-05-26",
  });
  return client.request(action, { RegionId: region, ...params }, { method: "POST" });
}

/** Id of the image a family answers with, or undefined when it answers with none. */
export async function servedBy(cloud: Cloud, family: string): Promise<string | undefined> {
  const answer = await askEcs(cloud, "DescribeImageFromFamily", { ImageFamily: family });
  return (answer["Image"] as { readonly ImageId?: string } | undefined)?.ImageId;
}

export const tagsOf = (cloud: Cloud, type: string, id: string): Readonly<Record<string, string>> =>
  Object.fromEntries(cloud.world.tags.of(type, id).map(({ key, value }) => [key, value]));

/** Live instances with this role tag (builder, tester, member), oldest first. */
export const machines = (cloud: Cloud, role: string): Instance[] =>
  [...cloud.world.instances.values()].filter(
    ({ instanceId }) => tagsOf(cloud, "instance", instanceId)[TAG.role] === role,
  );

export const members = (cloud: Cloud, fleet: string): Instance[] =>
  machines(cloud, "member").filter(
    ({ instanceId }) => tagsOf(cloud, "instance", instanceId)[TAG.fleet] === fleet,
  );

/** The account's own images in its home region, oldest first. */
export const ownImages = (cloud: Cloud): Image[] =>
  [...cloud.world.images.values()].filter(
    ({ ownerAlias, regionId }) => ownerAlias === "self" && regionId === cloud.region,
  );

/** Commands Cloud Assistant was given for an instance, in order. */
export const commandsOf = (cloud: Cloud, id: string) =>
  [...cloud.world.assistant.invocations.values()].flatMap(({ name, executions }) =>
    executions
      .filter(({ instanceId }) => instanceId === id)
      .map(({ status, exitCode }) => ({ name, status, exitCode })),
  );
