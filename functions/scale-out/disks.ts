/**
 * The disks of a fleet's launch. Pure.
 *
 * D1. The document decides, then the launch template, then `cloud_essd`; the cloud's own default is never asked for.
 * D2. What is sent overrules a launch template, so nothing is sent of what the template says, or may say.
 */
import { dataDisksOf, withCategory } from "../../shared/cloud/launch-disks.ts";
import type { TemplateVersion } from "../../shared/cloud/templates.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";

type Launch = Fleet["launch"];

/** `launch` with a category for each disk. @param ofImage devices of the data disks the family's image brings. */
export function withDisks(
  launch: Launch,
  template: TemplateVersion | undefined,
  ofImage: readonly string[],
): Launch {
  if (template !== undefined && template.disks === undefined) return launch;
  const { system, data } = template?.disks ?? { system: {}, data: 0 };
  const SystemDisk = systemDisk(launch.SystemDisk, system);
  const DataDisk = data > 0 ? launch.DataDisk : dataDisksOf(launch.DataDisk ?? [], ofImage);
  return {
    ...launch,
    ...(SystemDisk && { SystemDisk }),
    ...(DataDisk && DataDisk.length > 0 && { DataDisk: DataDisk as NonNullable<Launch["DataDisk"]> }),
  };
}

function systemDisk(
  said: Launch["SystemDisk"] = {},
  template: { readonly category?: string | undefined; readonly level?: string | undefined },
): Launch["SystemDisk"] {
  if (template.category !== undefined) return Object.keys(said).length > 0 ? said : undefined;
  const { PerformanceLevel, ...disk } = withCategory(said) as NonNullable<Launch["SystemDisk"]>;
  const isOurs = said.Category === undefined && template.level !== undefined;
  return { ...disk, ...(PerformanceLevel !== undefined && !isOurs && { PerformanceLevel }) };
}
