/** The launch template of a fleet: it may bring anything but an image, which the family decides. */
import { describeTemplateVersions, type TemplateVersion } from "../../shared/cloud/templates.ts";
import { hasTemplate } from "../../shared/documents/launch-network.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { Ports } from "../../shared/handler.ts";

type Found = { readonly problem: string } | { readonly version: TemplateVersion | undefined };

/** The version a fleet launches from, undefined when it names no template; or why it cannot be launched from. */
export async function readTemplate({ launch }: Fleet, cloud: Ports["cloud"]): Promise<Found> {
  if (!hasTemplate(launch)) return { version: undefined };
  const { LaunchTemplateId: id, LaunchTemplateName: name = "", LaunchTemplateVersion: number } = launch;
  const template = id === undefined ? { name } : { id };
  const wanted = number === undefined ? "default" : [number];
  const [found] = await describeTemplateVersions(cloud, template, wanted);
  const what = `launch template ${id ?? name}`;
  if (found === undefined)
    return { problem: `${what} has no version ${number ?? "by default"}; name one that exists` };
  const { version, data = {} } = found;
  const image = [data["ImageId"], data["ImageFamily"]].find((one) => typeof one === "string" && one !== "");
  if (typeof image !== "string") return { version: found };
  return {
    problem: `version ${version} of ${what} carries the image ${image}, but the family decides; name a version without one`,
  };
}
