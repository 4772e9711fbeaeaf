/** What a scene has in hand: Kiln on the local cloud, a person's own clients, and looks at the world. */
import { createRequire } from "node:module";
import { TAG } from "../../shared/tags.ts";
import type { Cloud, Image, Instance } from "../cloud/index.ts";
import type { Deployment } from "../support/deployment.ts";
import { known } from "../support/known.ts";

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
  const Core = known<new (config: object) => PopCore>(createRequire(import.meta.url)("@alicloud/pop-core"));
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
  return known<{ readonly ImageId?: string } | undefined>(answer["Image"])?.ImageId;
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
  cloud.world.invocations.flatMap(({ name, executions }) =>
    executions
      .filter(({ instanceId }) => instanceId === id)
      .map(({ status, exitCode }) => ({ name, status, exitCode })),
  );
