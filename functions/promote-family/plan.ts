/** What a promotion rests on: the tester as RunInstances is to make it, and who stands in the image's way. Pure. */
import type { Image } from "../../shared/cloud/image.ts";
import type { Recipe } from "../../shared/documents/recipe.ts";
import type { PromoteJob } from "../../shared/events/promote-family.ts";
import { TAG } from "../../shared/labels.ts";
import { machineShape } from "../../shared/temporary-shape.ts";
import { hours } from "../../shared/duration.ts";
import type { Rental } from "../../shared/temporary.ts";

/** A tester that nobody gave back ends by itself after this. */
const TESTER_EXPIRY_MS = hours(2);

/**
 * Where the image is tested and on what: as `test` says, else as it was built, with the builder's disks, role and
 * bandwidth. Undefined when the recipe says neither, as one without a builder may.
 */
export function testerRental({ recipe, imageId, document, tested }: PromoteJob): Rental | undefined {
  const { test, source } = document;
  const builder = source.kind === "builder" ? source : undefined;
  const instanceTypes = test.instanceTypes ?? builder?.instanceTypes;
  const vSwitchIds = test.vSwitchIds ?? builder?.vSwitchIds;
  const securityGroupId = test.securityGroupId ?? builder?.securityGroupId;
  if (!instanceTypes || !vSwitchIds || securityGroupId === undefined) return undefined;
  return {
    role: "tester",
    imageId,
    instanceTypes,
    vSwitchIds,
    spot: builder?.spot ?? { wanted: false },
    expireAfterMs: TESTER_EXPIRY_MS,
    launch: machineShape(
      {
        securityGroupId,
        systemDisk: test.systemDisk ?? builder?.systemDisk ?? {},
        dataDisks: likeThose(tested?.dataDisks ?? [], test.dataDisks ?? builder?.dataDisks ?? []),
        ...(builder && { internetMbps: builder.internetMbps }),
        // Without the builder's user data: the image is to be ready as it is.
        ...(builder?.ramRole !== undefined && { ramRole: builder.ramRole }),
      },
      document.image.resourceGroupId,
    ),
    tags: { [TAG.recipe]: recipe },
  };
}

type Disk = NonNullable<Recipe["test"]["dataDisks"]>[number];

/**
 * The data disks of the image with the kinds of `disks`. One is known by its device; the others by their order, the
 * last by the last, since disks of the base image come before a builder's own. Contents and sizes are the image's.
 */
function likeThose(devices: readonly string[], disks: readonly Disk[]): Disk[] {
  const free = devices.filter((device) => !disks.some((disk) => disk.device === device));
  const inOrder = disks.filter(({ device = "" }) => !devices.includes(device));
  const base = Math.max(0, free.length - inOrder.length);
  return devices.map((device) => {
    const like = disks.find((disk) => disk.device === device) ?? inOrder[free.indexOf(device) - base];
    const { category, performanceLevel } = like ?? {};
    return {
      device,
      ...(category !== undefined && { category }),
      ...(performanceLevel !== undefined && { performanceLevel }),
    };
  });
}

/**
 * The members that would be served instead of `image`, oldest first: a family answers with its newest available
 * image by creation time, whatever was promoted last (ECS, "image family overview"). Of two made in the same
 * second nobody knows which is served, so the other one counts as newer.
 */
export const outranking = (image: Image, members: readonly Image[]): readonly Image[] =>
  members
    .filter(
      ({ id, status, createdAt }) =>
        id !== image.id && status === "Available" && createdAt >= image.createdAt,
    )
    .toSorted((a, b) => a.createdAt - b.createdAt);

export const outrankedBy = (imageId: string, family: string, newer: Image, where = ""): string =>
  `${imageId} would not be served: ${newer.id} in family ${family}${where} is newer and available; bake again, or let the recipe say promote.outranked: deprecate`;
