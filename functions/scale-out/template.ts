/** The launch template of a fleet: it may bring anything but an image, which the family decides. */
import { describeTemplateVersions } from "../../shared/cloud/templates.ts";
import type { Fleet } from "../../shared/documents/fleet.ts";
import type { Ports } from "../../shared/handler.ts";

/** A sentence when the template cannot be launched from; undefined when it can, or when there is none. */
export async function templateProblem({ launch }: Fleet, cloud: Ports["cloud"]): Promise<string | undefined> {
  const { LaunchTemplateId: id, LaunchTemplateName: name, LaunchTemplateVersion: number } = launch;
  const template = id !== undefined ? { id } : name !== undefined ? { name } : undefined;
  if (template === undefined) return undefined;
  const wanted = number === undefined ? "default" : [number];
  const [found] = await describeTemplateVersions(cloud, template, wanted);
  const what = `launch template ${id ?? name}`;
  if (found === undefined) return `${what} has no version ${number ?? "by default"}; name one that exists`;
  const { version, data } = found;
  const image = [data["ImageId"], data["ImageFamily"]].find((one) => typeof one === "string" && one !== "");
  if (typeof image !== "string") return undefined;
  return `version ${version} of ${what} carries the image ${image}, but the family decides; name a version without one`;
}
