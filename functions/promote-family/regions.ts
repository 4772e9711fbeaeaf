/** Where a promotion goes and which image is its own there. Pure. */
import type { Moved, PromoteJob } from "../../shared/events/promote-family.ts";
import type { Ports } from "../../shared/handler.ts";

/** The claim on a family: promotions and rollbacks of it go one after the other. */
export const claimOf = (family: string): string => `family-${family}`;

/** Regions that get a copy; the image's own region is not one of them. */
export const copyRegions = ({ document }: PromoteJob, home: string): readonly string[] =>
  [...new Set(document.promote.regions)].filter((region) => region !== home).toSorted();

/**
 * All regions in the order in which they join. Copies first, home last: a copy that joined in vain is deleted
 * and gone, while the image itself can only be deprecated, because nothing leaves a family.
 */
export const joinOrder = (job: PromoteJob, home: string): readonly string[] => [
  ...copyRegions(job, home),
  home,
];

/** The promotion's image in a region. */
export function imageIn(
  region: string,
  job: PromoteJob,
  { copies }: Pick<Moved, "copies">,
  home: string,
): string {
  const imageId = region === home ? job.imageId : copies[region];
  if (imageId === undefined) throw new TypeError(`no copy in ${region}`);
  return imageId;
}

/** The home region of this deployment. */
export const homeOf = ({ cloud }: Pick<Ports, "cloud">): string => cloud.access.region;

/** What a promotion has done so far, out of an event that carries more. */
export const movedOf = ({ copies, adopted, members, joined, cleared }: Moved): Moved => ({
  copies,
  adopted,
  members,
  joined,
  cleared,
});
