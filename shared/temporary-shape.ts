/** RunInstances parameters of a temporary machine that do not depend on where it is launched. Pure. */

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
  readonly internetMbps?: number;
  readonly ramRole?: string;
  readonly userData?: string;
}

/** No key pair and no password: commands come through Cloud Assistant, so nobody logs in. */
export function machineShape(
  shape: MachineShape,
  resourceGroupId?: string,
): Readonly<Record<string, unknown>> {
  const { systemDisk = {}, dataDisks = [], internetMbps = 0, ramRole, userData } = shape;
  return {
    SecurityGroupId: shape.securityGroupId,
    SystemDisk: {
      ...(systemDisk.sizeGb !== undefined && { Size: String(systemDisk.sizeGb) }),
      ...(systemDisk.category !== undefined && { Category: systemDisk.category }),
      ...(systemDisk.performanceLevel !== undefined && { PerformanceLevel: systemDisk.performanceLevel }),
    },
    ...(dataDisks.length > 0 && { DataDisk: dataDisks.map(dataDisk) }),
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
  ...(disk.category !== undefined && { Category: disk.category }),
  ...(disk.performanceLevel !== undefined && { PerformanceLevel: disk.performanceLevel }),
  ...(disk.snapshotId !== undefined && { SnapshotId: disk.snapshotId }),
  ...(disk.device !== undefined && { Device: disk.device }),
});
