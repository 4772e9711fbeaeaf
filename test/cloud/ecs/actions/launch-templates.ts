/** Launch templates and their versions. Values are not checked here; there is no ClientToken, only the name. */
import { CloudFault } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { NOTHING, type Call, type EcsAction } from "../action.ts";
import { tagView } from "../instance-view.ts";
import { toMinute } from "../instant.ts";
import { findTemplate } from "../launch-template.ts";
import { pageByNumber } from "../../core/paging.ts";
import { invalid, Params } from "../../core/params.ts";
import type { LaunchTemplate, TemplateVersion } from "../records.ts";

const MAX_TEMPLATES = 30;
const MAX_VERSIONS = 30;
/** About the template, not about the instances launched from it. */
const OWN =
  /^(RegionId|LaunchTemplateId|LaunchTemplateName|VersionDescription|TemplateTag|TemplateResourceGroupId)(\.|$)/;
const NUMBERS = new Set([
  "InternetMaxBandwidthIn",
  "InternetMaxBandwidthOut",
  "Period",
  "SpotDuration",
  "SpotPriceLimit",
  "Size",
  "Ipv6AddressCount",
  "AutoRenewPeriod",
]);
const FLAGS =
  /^(LoginAsNonRoot|DeletionProtection|AutoRenew|PasswordInherit|EnableVmOsConfig|DeleteWithInstance|BurstingEnabled|DeleteOnRelease)$/;

export const CreateLaunchTemplate: EcsAction = {
  run: ({ world, params, regionId }) => {
    const name = params.need("LaunchTemplateName");
    if (!/^\p{L}[\p{L}\d:_.-]{1,127}$/u.test(name))
      throw invalid("LaunchTemplateName", "InvalidLaunchTemplateName.Malformed");
    const here = [...world.templates.values()].filter((each) => each.regionId === regionId);
    if (here.some((each) => each.name === name)) {
      throw new CloudFault(
        400,
        "InvalidLaunchTemplateName.Duplicated",
        "The specified LaunchTemplateName is duplicated.",
      );
    }
    if (here.length >= MAX_TEMPLATES)
      throw new CloudFault(403, "QuotaExceed.LaunchTemplate", "There are too many launch templates.");
    const template: LaunchTemplate = {
      templateId: world.kernel.id("lt-"),
      regionId,
      name,
      createdAt: world.now(),
      modifiedAt: world.now(),
      defaultVersion: 1,
      versions: [versionOf(params, 1, world.now())],
    };
    world.templates.set(template.templateId, template);
    world.tags.put("launchtemplate", template.templateId, params.tags("TemplateTag"));
    return { LaunchTemplateId: template.templateId, LaunchTemplateVersionNumber: 1 };
  },
};

/** Nothing of another version is taken over. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createlaunchtemplateversion */
export const CreateLaunchTemplateVersion: EcsAction = {
  run: (call) => {
    const template = needTemplate(call);
    if (template.versions.length >= MAX_VERSIONS) {
      throw new CloudFault(
        403,
        "LaunchTemplateVersionLimitExceed",
        "The maximum number of template's versions is exceeded.",
      );
    }
    const number = Math.max(...template.versions.map((version) => version.number)) + 1;
    template.versions.push(versionOf(call.params, number, call.world.now()));
    template.modifiedAt = call.world.now();
    return { LaunchTemplateId: template.templateId, LaunchTemplateVersionNumber: number };
  },
};

/** https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-modifylaunchtemplatedefaultversion */
export const ModifyLaunchTemplateDefaultVersion: EcsAction = {
  run: (call) => {
    const template = needTemplate(call);
    const number = call.params.int("DefaultVersionNumber", { min: 1 });
    if (number === undefined) call.params.need("DefaultVersionNumber");
    if (template.versions.every((version) => version.number !== number)) {
      throw new CloudFault(
        400,
        "InvalidLaunchTemplateVersion.NotFound",
        `The specified LaunchTemplateId "${template.templateId}" Version "${number}" is not found.`,
      );
    }
    template.defaultVersion = Number(number);
    template.modifiedAt = call.world.now();
    return { LaunchTemplateId: template.templateId };
  },
};

/** The default version is not deleted. https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-deletelaunchtemplateversion */
export const DeleteLaunchTemplateVersion: EcsAction = {
  run: (call) => {
    const template = needTemplate(call);
    const asked = call.params.list("DeleteVersion").map(Number);
    if (asked.length === 0) call.params.need("DeleteVersion");
    if (asked.includes(template.defaultVersion))
      throw new CloudFault(400, "InvalidParameter", "The default version cannot be deleted.");
    const kept = template.versions.filter(({ number }) => !asked.includes(number));
    template.versions.splice(0, template.versions.length, ...kept);
    return NOTHING;
  },
};

export const DescribeLaunchTemplates: EcsAction = {
  run: ({ world, params, regionId }) => {
    const [ids, names] = [params.list("LaunchTemplateId"), params.list("LaunchTemplateName")];
    const tagged = world.tags.filter("launchtemplate", params.tagFilters("TemplateTag"));
    const found = [...world.templates.values()].filter(
      (each) =>
        each.regionId === regionId &&
        (ids.length === 0 || ids.includes(each.templateId)) &&
        (names.length === 0 || names.includes(each.name)) &&
        (tagged?.has(each.templateId) ?? true),
    );
    const page = pageByNumber(params, found, { max: 100 });
    return {
      LaunchTemplateSets: {
        LaunchTemplateSet: page.items.map((each) => ({
          LaunchTemplateId: each.templateId,
          LaunchTemplateName: each.name,
          DefaultVersionNumber: each.defaultVersion,
          LatestVersionNumber: each.versions.at(-1)?.number,
          CreatedBy: world.kernel.accountId,
          CreateTime: toMinute(each.createdAt),
          ModifiedTime: toMinute(each.modifiedAt),
          Tags: { Tag: tagView(world, "launchtemplate", each.templateId) },
        })),
      },
      ...page.members,
    };
  },
};

export const DescribeLaunchTemplateVersions: EcsAction = {
  run: (call) => {
    const { world, params } = call;
    const template = needTemplate(call);
    const numbers = params.list("LaunchTemplateVersion").map(Number);
    const [min, max] = [params.int("MinVersion") ?? 0, params.int("MaxVersion") ?? Number.POSITIVE_INFINITY];
    const onlyDefault = params.bool("DefaultVersion") ?? false;
    const withDetail = params.bool("DetailFlag") ?? true;
    const found = template.versions.filter(
      ({ number }) =>
        (numbers.length === 0 || numbers.includes(number)) &&
        number >= min &&
        number <= max &&
        (!onlyDefault || number === template.defaultVersion),
    );
    const page = pageByNumber(params, found, { max: 100 });
    return {
      LaunchTemplateVersionSets: {
        LaunchTemplateVersionSet: page.items.map((version) => ({
          LaunchTemplateId: template.templateId,
          LaunchTemplateName: template.name,
          VersionNumber: version.number,
          VersionDescription: version.description,
          DefaultVersion: version.number === template.defaultVersion,
          CreatedBy: world.kernel.accountId,
          CreateTime: toMinute(version.createdAt),
          ModifiedTime: toMinute(version.createdAt),
          ...(withDetail ? { LaunchTemplateData: dataOf(version) } : {}),
        })),
      },
      ...page.members,
    };
  },
};

export const DeleteLaunchTemplate: EcsAction = {
  run: (call) => {
    const template = needTemplate(call);
    call.world.templates.delete(template.templateId);
    call.world.tags.remove("launchtemplate", template.templateId);
    return {
      LaunchTemplateId: template.templateId,
      LaunchTemplateVersionNumbers: { versionNumbers: template.versions.map((version) => version.number) },
    };
  },
};

function needTemplate({ world, params, regionId }: Call): LaunchTemplate {
  const template = findTemplate(world, regionId, params);
  if (template !== undefined) return template;
  throw new CloudFault(
    400,
    "MissingParameter",
    "LaunchTemplateId or LaunchTemplateName is mandatory for this action.",
  );
}

function versionOf(params: Params, number: number, createdAt: number): TemplateVersion {
  const kept = Object.entries(params.flat).filter(([name, value]) => !OWN.test(name) && value !== "");
  return {
    number,
    createdAt,
    description: params.text("VersionDescription") ?? "",
    params: Object.fromEntries(kept),
  };
}

/** The flat parameters as structures; tags are Key and Value here, not TagKey and TagValue. */
function dataOf(version: TemplateVersion): JsonObject {
  const params = new Params(version.params);
  const plain = Object.entries(version.params).filter(([name]) => !name.includes("."));
  const disks = params.structs("DataDisk").map((disk) => typed(Object.entries(disk.flat)));
  return {
    ...typed(plain),
    SystemDisk: typed(Object.entries(params.struct("SystemDisk").flat)),
    DataDisks: { DataDisk: disks },
    SecurityGroupIds: { SecurityGroupId: params.list("SecurityGroupIds") },
    Tags: {
      InstanceTag: params
        .structs("Tag")
        .map((tag) => ({ Key: tag.flat["Key"] ?? "", Value: tag.flat["Value"] ?? "" })),
    },
    NetworkInterfaces: {
      NetworkInterface: params.structs("NetworkInterface").map((card) => ({
        ...typed(Object.entries(card.flat).filter(([name]) => !name.includes("."))),
        SecurityGroupIds: { SecurityGroupId: card.list("SecurityGroupIds") },
      })),
    },
    ImageOptions: typed(Object.entries(params.struct("ImageOptions").flat)),
    SecurityOptions: typed(Object.entries(params.struct("SecurityOptions").flat)),
  };
}

function typed(entries: readonly (readonly [string, string])[]): JsonObject {
  const value = (name: string, text: string): string | number | boolean => {
    if (NUMBERS.has(name)) return Number(text);
    return FLAGS.test(name) ? text === "true" : text;
  };
  return Object.fromEntries(entries.map(([name, text]) => [name, value(name, text)]));
}
