/** Launch templates: stored as given, checked at launch. Source: CreateLaunchTemplate, RunInstances. */
import { CloudFault } from "../core/kernel.ts";
import { Params } from "../core/params.ts";
import type { LaunchTemplate, TemplateVersion } from "./records.ts";
import type { World } from "./world.ts";

/** Of these the call replaces the whole list, not single members. */
const LISTS = new Set(["Tag", "DataDisk", "NetworkInterface"]);
const NETWORK = ["SecurityGroupId", "SecurityGroupIds"];

/** The call's parameters over those of the template it names, if it names one. */
export function withTemplate(world: World, regionId: string, params: Params): Params {
  const version = namedVersion(world, regionId, params);
  if (version === undefined) return params;
  const merged: Record<string, string> = {};
  const given = Object.entries(params.flat).filter(([, value]) => value !== "");
  const replaced = new Set(given.map(([name]) => name.split(".")[0] ?? ""));
  for (const [name, value] of Object.entries(version.params)) {
    const head = name.split(".")[0] ?? "";
    const isList = LISTS.has(head) || NETWORK.includes(head);
    const rival = NETWORK.includes(head) ? NETWORK.some((each) => replaced.has(each)) : replaced.has(head);
    if (isList && rival) continue;
    merged[name] = value;
  }
  for (const [name, value] of given) merged[name] = value;
  return new Params(merged);
}

/** @throws CloudFault 404 InvalidLaunchTemplate.NotFound. */
export function findTemplate(world: World, regionId: string, params: Params): LaunchTemplate | undefined {
  const [id, name] = [params.text("LaunchTemplateId"), params.text("LaunchTemplateName")];
  if (id === undefined && name === undefined) return undefined;
  for (const template of world.templates.values()) {
    if (template.regionId !== regionId) continue;
    if (id === undefined ? template.name === name : template.templateId === id) return template;
  }
  throw new CloudFault(
    404,
    "InvalidLaunchTemplate.NotFound",
    "The specified launch template does not exist.",
  );
}

function namedVersion(world: World, regionId: string, params: Params): TemplateVersion | undefined {
  const template = findTemplate(world, regionId, params);
  if (template === undefined) return undefined;
  const number = params.int("LaunchTemplateVersion", { min: 1 }) ?? template.defaultVersion;
  const version = template.versions.find((each) => each.number === number);
  if (version !== undefined) return version;
  throw new CloudFault(
    404,
    "InvalidLaunchTemplateVersion.NotFound",
    "The specified launch template version does not exist.",
  );
}
