/** Who refers to images: every instance, every version of every launch template and every image pipeline of a region. */
import * as z from "zod/mini";
import { send, type CloudClient } from "../client.ts";
import { DescribeImagePipelines, DescribeInstances } from "./actions.ts";
import { byToken } from "./pages.ts";
import { describeTemplates, describeTemplateVersions } from "./templates.ts";

const pageAnswer = () =>
  z.looseObject({
    Instances: z.looseObject({
      Instance: z.array(z.looseObject({ InstanceId: z.string(), ImageId: z.string(), Status: z.string() })),
    }),
    NextToken: z.nullish(z.string()),
  });

/** Image → who was made of it, in words; machines in every state, the stopped ones too. */
export async function instancesByImage(client: CloudClient, region: string): Promise<Map<string, string[]>> {
  const wire = await byToken("DescribeInstances", async (NextToken) => {
    const params = { MaxResults: 100, NextToken };
    const page = await send(client, { action: DescribeInstances, params, region }, pageAnswer);
    return { items: page.Instances.Instance, nextToken: page.NextToken };
  });
  const users = new Map<string, string[]>();
  for (const { InstanceId, ImageId, Status } of wire)
    add(users, ImageId, `instance ${InstanceId} (${Status})`);
  return users;
}

/** Image → versions of launch templates that name it; an old version can be launched like the default one. */
export async function templatesByImage(client: CloudClient, region: string): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (const { id, name } of await describeTemplates(client, [], region)) {
    for (const { version, data } of await describeTemplateVersions(client, { id }, [], region)) {
      const imageId = data?.["ImageId"];
      if (typeof imageId === "string") add(users, imageId, `launch template ${name} version ${version}`);
    }
  }
  return users;
}

const pipelinesAnswer = () =>
  z.looseObject({
    ImagePipeline: z.looseObject({
      ImagePipelineSet: z.array(
        z.looseObject({
          ImagePipelineId: z.string(),
          BaseImageType: z.nullish(z.string()),
          BaseImage: z.nullish(z.string()),
        }),
      ),
    }),
    NextToken: z.nullish(z.string()),
  });

/**
 * Image → image templates of Image Builder whose builds begin with it. One that names a family needs the image that the family
 * serves. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeimagepipelines
 */
export async function pipelinesByImage(client: CloudClient, region: string): Promise<Map<string, string[]>> {
  const wire = await byToken("DescribeImagePipelines", async (NextToken) => {
    const params = { MaxResults: 100, NextToken };
    const page = await send(client, { action: DescribeImagePipelines, params, region }, pipelinesAnswer);
    return { items: page.ImagePipeline.ImagePipelineSet, nextToken: page.NextToken };
  });
  const users = new Map<string, string[]>();
  for (const { ImagePipelineId, BaseImageType, BaseImage } of wire)
    if (BaseImage && BaseImageType !== "IMAGE_FAMILY")
      add(users, BaseImage, `image pipeline ${ImagePipelineId}`);
  return users;
}

function add(users: Map<string, string[]>, imageId: string, user: string): void {
  users.set(imageId, [...(users.get(imageId) ?? []), user]);
}
