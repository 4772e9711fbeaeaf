/**
 * What a fleet launches with, and what that is priced as: one place for scale-out, its dry run and a resume.
 *
 * L1. The document decides a disk, then the launch template, then `cloud_essd`; the cloud's own default is never asked
 *     for.
 * L2. What is sent overrules a launch template, so nothing is sent of what the template says, or may say.
 * L3. What is priced is what comes of both. Under a price ceiling a template that does not show its disks is refused.
 */
import type { Image } from "../cloud/image.ts";
import { dataDisksOf, withCategory } from "../cloud/launch-disks.ts";
import { describeTemplateVersions, type TemplateDisk, type TemplateVersion } from "../cloud/templates.ts";
import { hasTemplate } from "../documents/launch-network.ts";
import type { Fleet } from "../documents/fleet.ts";
import type { Ports } from "../handler.ts";

type Launch = Fleet["launch"];

/** The disks a launch is priced with, where a launch template says more of them than is sent. */
export type PricedDisks = Pick<Launch, "SystemDisk" | "DataDisk">;

interface Problem {
  /** A whole sentence that names the fleet. */
  readonly problem: string;
}

/** `fleet` as it is launched, with the disks it is priced with; or why it cannot be launched. */
export async function launchOf(
  fleet: Fleet,
  image: Image | undefined,
  cloud: Ports["cloud"],
): Promise<Problem | { readonly document: Fleet; readonly priced: PricedDisks | undefined }> {
  const read = await readTemplate(fleet, cloud);
  if ("problem" in read) return read;
  const problem = imageProblem(fleet, read.version);
  if (problem !== undefined) return { problem };
  return withDisks(fleet, read.version, image?.dataDisks ?? []);
}

/** `fleet` as its prices are asked for; unchanged without a price ceiling. */
export async function pricedFleet(
  fleet: Fleet,
  image: Image | undefined,
  cloud: Ports["cloud"],
): Promise<Problem | { readonly priced: Fleet }> {
  if (fleet.limits.maxPricePerHour === undefined) return { priced: fleet };
  const read = await readTemplate(fleet, cloud);
  if ("problem" in read) return read;
  const { document, priced } = withDisks(fleet, read.version, image?.dataDisks ?? []);
  return { priced: pricedAs(document, priced) };
}

export const pricedAs = (fleet: Fleet, disks: PricedDisks | undefined): Fleet =>
  disks === undefined ? fleet : { ...fleet, launch: { ...fleet.launch, ...disks } };

type Read = Problem | { readonly version: TemplateVersion | undefined };

/** The version a fleet launches from, undefined when it names no template; or why there is none to launch or price. */
async function readTemplate(fleet: Fleet, cloud: Ports["cloud"]): Promise<Read> {
  const { launch, limits, name: fleetName } = fleet;
  const ceiling = limits.maxPricePerHour !== undefined;
  if (ceiling && launch.InstanceType.length === 0)
    return {
      problem: `limits.maxPricePerHour of fleet ${fleetName} needs launch.InstanceType: the price of a launch template's type is not known beforehand`,
    };
  if (!hasTemplate(launch)) return { version: undefined };
  const { LaunchTemplateId: id, LaunchTemplateName: name = "", LaunchTemplateVersion: number } = launch;
  const wanted = number === undefined ? "default" : [number];
  const [version] = await describeTemplateVersions(cloud, id === undefined ? { name } : { id }, wanted);
  if (version === undefined)
    return {
      problem: `fleet ${fleetName}: launch template ${id ?? name} has no version ${number ?? "by default"}; name one that exists`,
    };
  const unknown = ceiling ? unknownDisks(launch, version) : undefined;
  if (unknown === undefined) return { version };
  return {
    problem: `limits.maxPricePerHour of fleet ${fleetName} needs the disks of ${templateName(launch, version)}, but ${unknown}`,
  };
}

const templateName = ({ LaunchTemplateId: id, LaunchTemplateName: name }: Launch, version: TemplateVersion) =>
  `version ${version.version} of launch template ${id ?? name}`;

/** Why the disks of a launch have no price. */
function unknownDisks(launch: Launch, { disks }: TemplateVersion): string | undefined {
  if (disks === undefined) return "the cloud does not show them; name a version that it shows";
  const unsized = disks.data.some(({ Size }) => Size === undefined);
  if (launch.DataDisk !== undefined || !unsized) return undefined;
  return "a data disk in it has no size; give it one, or write launch.DataDisk";
}

function imageProblem({ name, launch }: Fleet, version: TemplateVersion | undefined): string | undefined {
  const { data = {} } = version ?? {};
  const image = [data["ImageId"], data["ImageFamily"]].find((one) => typeof one === "string" && one !== "");
  if (version === undefined || typeof image !== "string") return undefined;
  return `fleet ${name}: ${templateName(launch, version)} carries the image ${image}, but the family decides; name a version without one`;
}

/** @param ofImage devices of the data disks the family's image brings. */
function withDisks(fleet: Fleet, template: TemplateVersion | undefined, ofImage: readonly string[]) {
  const { launch, limits } = fleet;
  if (template !== undefined && template.disks === undefined) return { document: fleet, priced: undefined };
  const { system, data } = template?.disks ?? { system: {}, data: [] };
  const SystemDisk = systemDisk(launch.SystemDisk, system);
  const DataDisk = data.length > 0 ? launch.DataDisk : dataDisksOf(launch.DataDisk ?? [], ofImage);
  const sent = {
    ...(SystemDisk && { SystemDisk }),
    ...(DataDisk && DataDisk.length > 0 && { DataDisk: DataDisk as NonNullable<Launch["DataDisk"]> }),
  };
  const document: Fleet = { ...fleet, launch: { ...launch, ...sent } };
  if (template === undefined || limits.maxPricePerHour === undefined) return { document, priced: undefined };
  const priced = { SystemDisk: { ...system, ...SystemDisk }, DataDisk: sent.DataDisk ?? data };
  return { document, priced: priced as PricedDisks };
}

function systemDisk(said: Launch["SystemDisk"] = {}, template: TemplateDisk): Launch["SystemDisk"] {
  if (template.Category !== undefined) return Object.keys(said).length > 0 ? said : undefined;
  const { PerformanceLevel, ...disk } = withCategory(said) as NonNullable<Launch["SystemDisk"]>;
  const isOurs = said.Category === undefined && template.PerformanceLevel !== undefined;
  return { ...disk, ...(PerformanceLevel !== undefined && !isOurs && { PerformanceLevel }) };
}
