/** Disks of a launch, in the cloud's spelling. */

type WireDisk = Readonly<Record<string, unknown>>;

/**
 * The disk of which nothing is said. Sent, because the cloud's own default is `cloud_efficiency`
 * (RunInstances, SystemDisk.Category), which newer types refuse. PL0 has every size from 1 GiB, and is the disk the
 * China site falls back to.
 */
const UNSAID = { Category: "cloud_essd", PerformanceLevel: "PL0" } as const;

/** `disk` as it is when it says its category, else as an ESSD. */
export const withCategory = (disk: WireDisk): WireDisk =>
  disk["Category"] === undefined ? { ...disk, ...UNSAID } : disk;

/**
 * The data disks of a launch, each with a category. An image may bring disks of its own: they are named by their
 * device (RunInstances, DataDisk.N.Device), or the cloud would choose for them.
 */
export function dataDisksOf(named: readonly WireDisk[], ofImage: readonly string[]): WireDisk[] {
  const unnamed = ofImage.filter((device) => !named.some(({ Device }) => Device === device));
  const brought = unnamed.map((Device) => ({ Device, DeleteWithInstance: true }));
  return [...brought, ...named].map(withCategory);
}
