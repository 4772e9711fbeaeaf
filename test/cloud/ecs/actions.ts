/** Every action the local cloud's ECS answers to, by the name on the wire. */
import type { EcsAction } from "./action.ts";
import { DescribeAccountAttributes } from "./actions/account.ts";
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
import { CreateImagePipeline, DescribeImagePipelines } from "./actions/image-pipelines.ts";
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
  DeleteLaunchTemplateVersion,
  DescribeLaunchTemplates,
  DescribeLaunchTemplateVersions,
  ModifyLaunchTemplateDefaultVersion,
} from "./actions/launch-templates.ts";
import {
  DescribeAvailableResource,
  DescribeInstanceTypes,
  DescribeRegions,
  DescribeVSwitches,
  DescribeZones,
} from "./actions/places.ts";
import {
  AllocateEipAddress,
  AssociateEipAddress,
  DescribeEipAddresses,
  ReleaseEipAddress,
  UnassociateEipAddress,
} from "./actions/eips.ts";
import { AttachKeyPair, CreateKeyPair, DeleteKeyPairs, DetachKeyPair } from "./actions/key-pairs.ts";
import {
  AuthorizeSecurityGroup,
  AuthorizeSecurityGroupEgress,
  CreateSecurityGroup,
  DeleteSecurityGroup,
  DescribeSecurityGroupAttribute,
  DescribeSecurityGroups,
} from "./actions/security-groups.ts";
import { CreateVpc, CreateVSwitch, DeleteVpc, DeleteVSwitch, DescribeVpcs } from "./actions/vpcs.ts";
import { DescribePrice, ModifyInstanceSpec } from "./actions/prices.ts";
import { CreateSnapshot, DeleteSnapshot, DescribeSnapshots } from "./actions/snapshots.ts";
import { AddTags, ListTagResources, TagResources, UntagResources } from "./actions/tags.ts";
import { CancelTask, DescribeTaskAttribute, DescribeTasks } from "./actions/tasks.ts";

export const ACTIONS: Readonly<Record<string, EcsAction>> = {
  AddTags,
  AllocateEipAddress,
  AllocatePublicIpAddress,
  AssociateEipAddress,
  AttachKeyPair,
  AuthorizeSecurityGroup,
  AuthorizeSecurityGroupEgress,
  CancelCopyImage,
  CancelTask,
  CopyImage,
  CreateImage,
  CreateImagePipeline,
  CreateInstance,
  CreateKeyPair,
  CreateLaunchTemplate,
  CreateLaunchTemplateVersion,
  CreateSecurityGroup,
  CreateSnapshot,
  CreateVSwitch,
  CreateVpc,
  DeleteImage,
  DeleteInstance,
  DeleteInstances,
  DeleteKeyPairs,
  DeleteLaunchTemplate,
  DeleteLaunchTemplateVersion,
  DeleteSecurityGroup,
  DeleteSnapshot,
  DeleteVSwitch,
  DeleteVpc,
  DescribeAccountAttributes,
  DescribeAvailableResource,
  DescribeCloudAssistantStatus,
  DescribeDisks,
  DescribeEipAddresses,
  DescribeImageFromFamily,
  DescribeImagePipelines,
  DescribeImageSharePermission,
  DescribeImages,
  DescribeInstanceAttribute,
  DescribeInstanceHistoryEvents,
  DescribeInstanceStatus,
  DescribeInstanceTypes,
  DescribeInstances,
  DescribeInvocationResults,
  DescribeInvocations,
  DescribeLaunchTemplateVersions,
  DescribeLaunchTemplates,
  DescribePrice,
  DescribeRegions,
  DescribeSecurityGroupAttribute,
  DescribeSecurityGroups,
  DescribeSnapshots,
  DescribeTaskAttribute,
  DescribeTasks,
  DescribeVSwitches,
  DescribeVpcs,
  DescribeZones,
  DetachKeyPair,
  ImportImage,
  InvokeCommand,
  ListTagResources,
  ModifyImageAttribute,
  ModifyImageSharePermission,
  ModifyInstanceAttribute,
  ModifyInstanceAutoReleaseTime,
  ModifyInstanceSpec,
  ModifyLaunchTemplateDefaultVersion,
  RebootInstance,
  RebootInstances,
  ReleaseEipAddress,
  ReplaceSystemDisk,
  RunCommand,
  RunInstances,
  StartInstance,
  StartInstances,
  StopInstance,
  StopInstances,
  StopInvocation,
  TagResources,
  UnassociateEipAddress,
  UntagResources,
};
