/** Disks of a launch, in the cloud's spelling. */

type WireDisk = Readonly<Record<string, unknown>>;

/**
 * The default disk. It is sent, because the cloud's own default is `cloud_efficiency` (RunInstances,
 * SystemDisk.Category), which newer types refuse. PL0 has every size from 1 GiB, and is the disk the China site
 * falls back to.
 */
const DEFAULT = { Category: "cloud_essd", PerformanceLevel: "PL0" } as const;

/** `disk` itself when it has a category, else as an ESSD. */
export const withCategory = <D extends WireDisk>(disk: D): D =>
  disk["Category"] === undefined ? { ...disk, ...DEFAULT } : disk;

/**
 * The data disks of a launch, each with a category. An image may bring its own data disks: they are named by their
 * device (RunInstances, DataDisk.N.Device), or the cloud would choose for them.
 */
export function dataDisksOf<D extends WireDisk>(named: readonly D[], ofImage: readonly string[]) {
  const unnamed = ofImage.filter((device) => !named.some(({ Device }) => Device === device));
  const brought = unnamed.map((Device) => ({ Device, DeleteWithInstance: true, ...DEFAULT }));
  return [...brought, ...named.map(withCategory)];
}
