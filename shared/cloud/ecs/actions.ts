/**
 * Every ECS action Kiln calls, with the official request class that knows its parameters. Each class is loaded when
 * its action is first called, and only the actions a function uses are in its bundle.
 */
import { action } from "../client.ts";
import { addCodes } from "../retry.ts";
import { ECS_CODES } from "./error-codes.ts";

addCodes(ECS_CODES);

export const AllocatePublicIpAddress = /* @__PURE__ */ action(
  "AllocatePublicIpAddress",
  () => import("#ecs/AllocatePublicIpAddress"),
);
export const CancelCopyImage = /* @__PURE__ */ action(
  "CancelCopyImage",
  () => import("#ecs/CancelCopyImage"),
);
export const CancelTask = /* @__PURE__ */ action("CancelTask", () => import("#ecs/CancelTask"));
export const CopyImage = /* @__PURE__ */ action("CopyImage", () => import("#ecs/CopyImage"));
export const CreateImage = /* @__PURE__ */ action("CreateImage", () => import("#ecs/CreateImage"));
export const CreateInstance = /* @__PURE__ */ action("CreateInstance", () => import("#ecs/CreateInstance"));
export const DeleteImage = /* @__PURE__ */ action("DeleteImage", () => import("#ecs/DeleteImage"));
export const DeleteInstance = /* @__PURE__ */ action("DeleteInstance", () => import("#ecs/DeleteInstance"));
export const DeleteSnapshot = /* @__PURE__ */ action("DeleteSnapshot", () => import("#ecs/DeleteSnapshot"));
export const DescribeAvailableResource = /* @__PURE__ */ action(
  "DescribeAvailableResource",
  () => import("#ecs/DescribeAvailableResource"),
);
export const DescribeCloudAssistantStatus = /* @__PURE__ */ action(
  "DescribeCloudAssistantStatus",
  () => import("#ecs/DescribeCloudAssistantStatus"),
);
export const DescribeImageFromFamily = /* @__PURE__ */ action(
  "DescribeImageFromFamily",
  () => import("#ecs/DescribeImageFromFamily"),
);
export const DescribeImagePipelines = /* @__PURE__ */ action(
  "DescribeImagePipelines",
  () => import("#ecs/DescribeImagePipelines"),
);
export const DescribeImageSharePermission = /* @__PURE__ */ action(
  "DescribeImageSharePermission",
  () => import("#ecs/DescribeImageSharePermission"),
);
export const DescribeImages = /* @__PURE__ */ action("DescribeImages", () => import("#ecs/DescribeImages"));
export const DescribeInstances = /* @__PURE__ */ action(
  "DescribeInstances",
  () => import("#ecs/DescribeInstances"),
);
export const DescribeInvocationResults = /* @__PURE__ */ action(
  "DescribeInvocationResults",
  () => import("#ecs/DescribeInvocationResults"),
);
export const DescribeLaunchTemplateVersions = /* @__PURE__ */ action(
  "DescribeLaunchTemplateVersions",
  () => import("#ecs/DescribeLaunchTemplateVersions"),
);
export const DescribeLaunchTemplates = /* @__PURE__ */ action(
  "DescribeLaunchTemplates",
  () => import("#ecs/DescribeLaunchTemplates"),
);
export const DescribeSnapshots = /* @__PURE__ */ action(
  "DescribeSnapshots",
  () => import("#ecs/DescribeSnapshots"),
);
export const DescribeTaskAttribute = /* @__PURE__ */ action(
  "DescribeTaskAttribute",
  () => import("#ecs/DescribeTaskAttribute"),
);
export const ImportImage = /* @__PURE__ */ action("ImportImage", () => import("#ecs/ImportImage"));
export const ListTagResources = /* @__PURE__ */ action(
  "ListTagResources",
  () => import("#ecs/ListTagResources"),
);
export const ModifyImageAttribute = /* @__PURE__ */ action(
  "ModifyImageAttribute",
  () => import("#ecs/ModifyImageAttribute"),
);
export const ModifyImageSharePermission = /* @__PURE__ */ action(
  "ModifyImageSharePermission",
  () => import("#ecs/ModifyImageSharePermission"),
);
export const ModifyInstanceAutoReleaseTime = /* @__PURE__ */ action(
  "ModifyInstanceAutoReleaseTime",
  () => import("#ecs/ModifyInstanceAutoReleaseTime"),
);
export const ModifyInstanceSpec = /* @__PURE__ */ action(
  "ModifyInstanceSpec",
  () => import("#ecs/ModifyInstanceSpec"),
);
export const RebootInstance = /* @__PURE__ */ action("RebootInstance", () => import("#ecs/RebootInstance"));
export const RunCommand = /* @__PURE__ */ action("RunCommand", () => import("#ecs/RunCommand"));
export const RunInstances = /* @__PURE__ */ action("RunInstances", () => import("#ecs/RunInstances"));
export const StartInstance = /* @__PURE__ */ action("StartInstance", () => import("#ecs/StartInstance"));
export const StartInstances = /* @__PURE__ */ action("StartInstances", () => import("#ecs/StartInstances"));
export const StopInstance = /* @__PURE__ */ action("StopInstance", () => import("#ecs/StopInstance"));
export const StopInstances = /* @__PURE__ */ action("StopInstances", () => import("#ecs/StopInstances"));
export const TagResources = /* @__PURE__ */ action("TagResources", () => import("#ecs/TagResources"));
export const UntagResources = /* @__PURE__ */ action("UntagResources", () => import("#ecs/UntagResources"));
