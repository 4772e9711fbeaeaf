/**
 * The launch parameters of a fleet and the disks it is priced with, the same for scale-out, its dry run and a resume.
 *
 * LAUNCH-1. The document decides a disk, then the launch template, then `cloud_essd`; never the cloud's own default.
 * LAUNCH-2. A parameter that is sent overrules the launch template, so a disk the template sets, or may set, is not
 *     sent.
 * LAUNCH-3. The price counts the disks that result from both. Under a price ceiling, a template whose disks are not
 *     known is refused.
 */
import type { CloudClient } from "../cloud/client.ts";
import type { Image } from "../cloud/ecs/image.ts";
import { describeTemplateVersions, type TemplateDisk, type TemplateVersion } from "../cloud/ecs/templates.ts";
import { dataDisksOf, withCategory } from "../cloud/launch-disks.ts";
import { placedIn } from "../document-fields.ts";
import type { Fleet } from "../documents/fleet.ts";
import { hasTemplate } from "../documents/launch-network.ts";
import { CloudError } from "../errors.ts";
import { ok, problem, type Result } from "../result.ts";
import { selectTypes } from "../ephemeral-instance/select-types.ts";
import { withTemplate } from "./template.ts";
import { priceFields, type PricedDisks, type PricedFleet } from "./price.ts";

type Launch = Fleet["launch"];

interface PreparedLaunch {
  /** The fleet with a category for each disk that is sent. */
  readonly document: Fleet;
  readonly disks: PricedDisks;
}

/** `fleet` as it is launched, or a sentence that names the fleet and says why it cannot be. */
export async function prepareLaunch(
  fleet: Fleet,
  image: Image | undefined,
  cloud: CloudClient,
): Promise<Result<PreparedLaunch>> {
  const template = await readTemplate(fleet, cloud);
  if (!template.ok) return template;
  const refused = imageProblem(fleet, template.value);
  if (refused !== undefined) return problem(refused);
  const decided = decidedBy(fleet, template.value);
  return decided.ok
    ? withTypes(withDisks(decided.value, template.value, image?.dataDisks), image, cloud)
    : decided;
}

/** `fleet` as it is priced, or a sentence that names the fleet and says why it has no price. */
export async function pricedFleet(
  fleet: Fleet,
  image: Image | undefined,
  cloud: CloudClient,
): Promise<Result<PricedFleet>> {
  const imageId = image?.id;
  // Without a ceiling nothing is priced, so a template that is gone does not keep members from starting.
  if (fleet.limits.maxPricePerHour === undefined && fleet.launch.instance === undefined)
    return ok({ fleet, imageId, disks: pricedDisks(fleet.launch) });
  const template = await readTemplate(fleet, cloud);
  if (!template.ok) return template;
  const decided = decidedBy(fleet, template.value);
  if (!decided.ok) return decided;
  const prepared = await withTypes(withDisks(decided.value, template.value, image?.dataDisks), image, cloud);
  if (!prepared.ok) return prepared;
  const { document, disks } = prepared.value;
  return ok({ fleet: document, imageId, disks });
}

/** The fleet with types of its size in place of it (SELECT-1). */
async function withTypes(
  prepared: PreparedLaunch,
  image: Image | undefined,
  cloud: CloudClient,
): Promise<Result<PreparedLaunch>> {
  const { document, disks } = prepared;
  const { instance, ...launch } = document.launch;
  // Without an image nothing is launched.
  if (instance === undefined || image === undefined) return ok(prepared);
  const order = { imageId: image.id, params: { SystemDisk: disks.SystemDisk } };
  const types = await selectTypes(instance, order, image.architecture, cloud);
  return types.ok
    ? ok({ disks, document: { ...document, launch: { ...launch, InstanceType: types.value } } })
    : problem(`fleet ${document.name}: launch.instance: ${types.problem}`);
}

/** Whether the fleet says its types, or their size, itself. */
const namesTypes = ({ InstanceType, instance }: Launch): boolean =>
  InstanceType.length > 0 || instance !== undefined;

/** The version a fleet launches from, undefined when it names no template; or why it cannot be launched or priced. */
async function readTemplate(fleet: Fleet, cloud: CloudClient): Promise<Result<TemplateVersion | undefined>> {
  const { name: fleetName, launch, limits } = fleet;
  const hasCeiling = limits.maxPricePerHour !== undefined;
  if (hasCeiling && !namesTypes(launch))
    return problem(
      `limits.maxPricePerHour of fleet ${fleetName} needs launch.InstanceType: the price of a launch template's type is not known beforehand`,
    );
  if (!hasTemplate(launch)) return ok(undefined);
  const { LaunchTemplateId: id, LaunchTemplateName: name = "", LaunchTemplateVersion: number } = launch;
  const wanted = number === undefined ? "default" : [number];
  const named = id === undefined ? { name } : { id };
  // The document is not in the input of every run that launches.
  const [found] = await describeTemplateVersions(cloud, named, wanted).catch((error: unknown) => {
    throw error instanceof CloudError ? placedIn({ document: fleet }, error) : error;
  });
  if (found === undefined)
    return problem(
      `fleet ${fleetName}: launch template ${id ?? name} has no version ${number ?? "by default"}; name one that exists`,
    );
  const unknown = hasCeiling ? unknownDisks(launch, found) : undefined;
  if (unknown === undefined) return ok(found);
  return problem(
    `limits.maxPricePerHour of fleet ${fleetName} needs the disks of ${versionName(launch, found)}, but ${unknown}`,
  );
}

/** The fleet with what its template decides. */
function decidedBy(fleet: Fleet, template: TemplateVersion | undefined): Result<Fleet> {
  if (template === undefined) return ok(fleet);
  const decided = withTemplate(fleet, template);
  return decided.ok ? decided : problem(`fleet ${fleet.name}: ${decided.problem}`);
}

const versionName = ({ LaunchTemplateId: id, LaunchTemplateName: name }: Launch, version: TemplateVersion) =>
  `version ${version.version} of launch template ${id ?? name}`;

/** Why the disks of a launch from a template have no price. */
function unknownDisks({ DataDisk = [] }: Launch, { disks }: TemplateVersion): string | undefined {
  if (disks === undefined) return "the cloud does not show them; name a version that it shows";
  // An empty list is not sent, so the disks of the template stay.
  const replaced = DataDisk.length > 0;
  if (replaced || disks.data.every(({ Size }) => Size !== undefined)) return undefined;
  return "a data disk in it has no size; give it one, or write launch.DataDisk";
}

/** A template may set anything but an image, which the family decides. */
function imageProblem({ name, launch }: Fleet, version: TemplateVersion | undefined): string | undefined {
  const { data = {} } = version ?? {};
  const image = [data["ImageId"], data["ImageFamily"]].find((one) => typeof one === "string" && one !== "");
  if (version === undefined || typeof image !== "string") return undefined;
  return `fleet ${name}: ${versionName(launch, version)} carries the image ${image}, but the family decides; name a version without one`;
}

/** @param ofImage devices of the data disks in the family's image. */
function withDisks(
  fleet: Fleet,
  template: TemplateVersion | undefined,
  ofImage: readonly string[] = [],
): PreparedLaunch {
  const { launch } = fleet;
  if (template !== undefined && template.disks === undefined)
    return { document: fleet, disks: pricedDisks(launch) };
  const { system, data } = template?.disks ?? { system: {}, data: [] };
  const SystemDisk = systemDisk(launch.SystemDisk, system);
  const DataDisk = data.length > 0 ? (launch.DataDisk ?? []) : dataDisksOf(launch.DataDisk ?? [], ofImage);
  const sent = { ...(SystemDisk && { SystemDisk }), ...(DataDisk.length > 0 && { DataDisk }) };
  const disks = pricedDisks({
    SystemDisk: { ...system, ...SystemDisk },
    DataDisk: DataDisk.length > 0 ? DataDisk : data,
  });
  return { document: { ...fleet, launch: { ...launch, ...sent } }, disks };
}

function systemDisk(disk: Launch["SystemDisk"] = {}, template: TemplateDisk): Launch["SystemDisk"] {
  if (template.Category !== undefined) return Object.keys(disk).length > 0 ? disk : undefined;
  const { PerformanceLevel, ...rest } = withCategory(disk);
  const isTemplates = disk.Category === undefined && template.PerformanceLevel !== undefined;
  return { ...rest, ...(PerformanceLevel !== undefined && !isTemplates && { PerformanceLevel }) };
}

interface LaunchDisks {
  readonly SystemDisk?: PricedDisks["SystemDisk"];
  readonly DataDisk?: readonly PricedDisks["SystemDisk"][];
}

const pricedDisks = ({ SystemDisk = {}, DataDisk = [] }: LaunchDisks): PricedDisks => ({
  SystemDisk: priceFields(SystemDisk),
  DataDisk: DataDisk.map(priceFields),
});
