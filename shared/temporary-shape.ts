/** RunInstances parameters of a temporary machine that do not depend on where it is launched. Pure. */
import { dataDisksOf, withCategory } from "./cloud/launch-disks.ts";

interface Disk {
  readonly sizeGb?: number;
  readonly category?: string;
  readonly performanceLevel?: string;
  readonly snapshotId?: string;
  readonly device?: string;
}

/** What a recipe says of its builder, and a promotion borrows for its tester. */
export interface MachineShape {
  readonly securityGroupId: string;
  readonly systemDisk?: Disk;
  readonly dataDisks?: readonly Disk[];
  /** Devices of the data disks the image brings. */
  readonly imageDataDisks?: readonly string[];
  readonly internetMbps?: number;
  readonly ramRole?: string;
  readonly userData?: string;
}

/** No key pair and no password: commands come through Cloud Assistant, so nobody logs in. */
export function machineShape(
  shape: MachineShape,
  resourceGroupId?: string,
): Readonly<Record<string, unknown>> {
  const { systemDisk = {}, dataDisks = [], imageDataDisks = [], internetMbps = 0, ramRole, userData } = shape;
  const data = dataDisksOf(dataDisks.map(dataDisk), imageDataDisks);
  return {
    SecurityGroupId: shape.securityGroupId,
    SystemDisk: withCategory({
      // A system disk has its size as text.
      ...(systemDisk.sizeGb !== undefined && { Size: String(systemDisk.sizeGb) }),
      ...kindOf(systemDisk),
    }),
    ...(data.length > 0 && { DataDisk: data }),
    ...(internetMbps > 0 && { InternetMaxBandwidthOut: internetMbps }),
    ...(ramRole !== undefined && { RamRoleName: ramRole }),
    ...(userData !== undefined && { UserData: Buffer.from(userData).toString("base64") }),
    ...(resourceGroupId !== undefined && { ResourceGroupId: resourceGroupId }),
  };
}

/** Released with the machine: nothing temporary may outlive it. */
const dataDisk = (disk: Disk): Readonly<Record<string, unknown>> => ({
  DeleteWithInstance: true,
  ...(disk.sizeGb !== undefined && { Size: disk.sizeGb }),
  ...kindOf(disk),
  ...(disk.snapshotId !== undefined && { SnapshotId: disk.snapshotId }),
  ...(disk.device !== undefined && { Device: disk.device }),
});

const kindOf = ({ category, performanceLevel }: Disk): Readonly<Record<string, unknown>> => ({
  ...(category !== undefined && { Category: category }),
  ...(performanceLevel !== undefined && { PerformanceLevel: performanceLevel }),
});
