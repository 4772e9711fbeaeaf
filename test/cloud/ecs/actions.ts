/** Every action the local cloud's ECS answers to, by the name on the wire. */
import type { EcsAction } from "./action.ts";
import { CreateImage } from "./actions/CreateImage.ts";
import { CreateInstance } from "./actions/CreateInstance.ts";
import { DescribeImageFromFamily, DescribeImages } from "./actions/DescribeImages.ts";
import { DescribeInstances, DescribeInstanceStatus } from "./actions/DescribeInstances.ts";
import { DescribeInstanceHistoryEvents } from "./actions/DescribeInstanceHistoryEvents.ts";
import { ImportImage } from "./actions/ImportImage.ts";
import { ModifyImageAttribute } from "./actions/ModifyImageAttribute.ts";
import { RunInstances } from "./actions/RunInstances.ts";
import { InvokeCommand, RunCommand, StopInvocation } from "./actions/commands.ts";
import {
  DeleteInstances,
  RebootInstances,
  StartInstances,
  StopInstances,
} from "./actions/instance-batches.ts";
import { DescribeDisks, ReplaceSystemDisk } from "./actions/disks.ts";
import { CancelCopyImage, CopyImage, DeleteImage } from "./actions/image-copies.ts";
import { DescribeImageSharePermission, ModifyImageSharePermission } from "./actions/image-sharing.ts";
import {
  AllocatePublicIpAddress,
  DescribeInstanceAttribute,
  ModifyInstanceAttribute,
  ModifyInstanceAutoReleaseTime,
} from "./actions/instance-attributes.ts";
import { DeleteInstance, RebootInstance, StartInstance, StopInstance } from "./actions/instance-power.ts";
import {
  DescribeCloudAssistantStatus,
  DescribeInvocationResults,
  DescribeInvocations,
} from "./actions/invocations.ts";
import {
  CreateLaunchTemplate,
  CreateLaunchTemplateVersion,
  DeleteLaunchTemplate,
  DescribeLaunchTemplates,
  DescribeLaunchTemplateVersions,
} from "./actions/launch-templates.ts";
import {
  DescribeAvailableResource,
  DescribeRegions,
  DescribeSecurityGroups,
  DescribeVSwitches,
  DescribeZones,
} from "./actions/places.ts";
import { DescribePrice, ModifyInstanceSpec } from "./actions/prices.ts";
import { CreateSnapshot, DeleteSnapshot, DescribeSnapshots } from "./actions/snapshots.ts";
import { ListTagResources, TagResources, UntagResources } from "./actions/tags.ts";
import { CancelTask, DescribeTaskAttribute, DescribeTasks } from "./actions/tasks.ts";

export const ACTIONS: Readonly<Record<string, EcsAction>> = {
  AllocatePublicIpAddress,
  CancelCopyImage,
  CancelTask,
  CopyImage,
  CreateImage,
  CreateInstance,
  CreateLaunchTemplate,
  CreateLaunchTemplateVersion,
  CreateSnapshot,
  DeleteImage,
  DeleteInstance,
  DeleteInstances,
  DeleteLaunchTemplate,
  DeleteSnapshot,
  DescribeAvailableResource,
  DescribeCloudAssistantStatus,
  DescribeDisks,
  DescribeImageFromFamily,
  DescribeImageSharePermission,
  DescribeImages,
  DescribeInstanceAttribute,
  DescribeInstanceHistoryEvents,
  DescribeInstanceStatus,
  DescribeInstances,
  DescribeInvocationResults,
  DescribeInvocations,
  DescribeLaunchTemplateVersions,
  DescribeLaunchTemplates,
  DescribePrice,
  DescribeRegions,
  DescribeSecurityGroups,
  DescribeSnapshots,
  DescribeTaskAttribute,
  DescribeTasks,
  DescribeVSwitches,
  DescribeZones,
  ImportImage,
  InvokeCommand,
  ListTagResources,
  ModifyImageAttribute,
  ModifyImageSharePermission,
  ModifyInstanceAttribute,
  ModifyInstanceAutoReleaseTime,
  ModifyInstanceSpec,
  RebootInstance,
  RebootInstances,
  ReplaceSystemDisk,
  RunCommand,
  RunInstances,
  StartInstance,
  StartInstances,
  StopInstance,
  StopInstances,
  StopInvocation,
  TagResources,
  UntagResources,
};
