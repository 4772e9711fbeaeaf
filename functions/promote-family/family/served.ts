/**
 * The image a family answers with: in each region its newest available member by creation time.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/overview-37
 */
import { familyImage, type Image } from "../../../shared/cloud/ecs/images.ts";
import { minutes } from "../../../shared/duration.ts";
import type { Ports } from "../../../shared/invocation.ts";

/**
 * Lists may show a change this late; an estimate, because the page names no duration:
 * https://help.aliyun.com/zh/ecs/developer-reference/final-consistency-of-alibaba-cloud-ecs-openapi-resources
 */
export const SEEN_MS = minutes(3);

/** The home region of this deployment: images are built there and promoted from there. */
export const homeOf = ({ cloud }: Pick<Ports, "cloud">): string => cloud.access.region;

/**
 * The members that a family answers with instead of `image`, oldest first. Creation times are whole seconds and
 * the cloud does not document ties, so another member of the same second counts as newer.
 */
export const supersedingImages = (image: Image, members: readonly Image[]): readonly Image[] =>
  members
    .filter(
      ({ id, status, createdAt }) =>
        id !== image.id && status === "Available" && createdAt >= image.createdAt,
    )
    .toSorted((a, b) => a.createdAt - b.createdAt);

/** Region → image the family answers with; a region where it answers with none is left out. */
export async function servedIn(
  family: string,
  regions: readonly string[],
  { cloud }: Pick<Ports, "cloud">,
): Promise<Record<string, string>> {
  const served: Record<string, string> = {};
  for (const region of regions) {
    const image = await familyImage(cloud, family, region);
    if (image) served[region] = image.id;
  }
  return served;
}

/** A sentence on a region whose family does not answer with its image of `expected` yet; undefined when all do. */
export async function notServedYet(
  family: string,
  expected: Readonly<Record<string, string>>,
  ports: Pick<Ports, "cloud">,
): Promise<string | undefined> {
  const served = await servedIn(family, Object.keys(expected), ports);
  const other = Object.keys(expected).find((region) => served[region] !== expected[region]);
  return other && `family ${family} in ${other} still answers with ${served[other] ?? "nothing"}`;
}
