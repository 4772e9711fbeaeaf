/** Every action the stand-in's ECS answers to, by the name on the wire. */
import type { EcsAction } from "./action.ts";
import { CreateImage } from "./actions/CreateImage.ts";
import { CreateInstance } from "./actions/CreateInstance.ts";
import { DescribeImageFromFamily, DescribeImages } from "./actions/DescribeImages.ts";
import { DescribeInstances, DescribeInstanceStatus } from "./actions/DescribeInstances.ts";
import { ModifyImageAttribute } from "./actions/ModifyImageAttribute.ts";
import { RunInstances } from "./actions/RunInstances.ts";
import { InvokeCommand, RunCommand, StopInvocation } from "./actions/commands.ts";
import {
  DeleteInstances,
  RebootInstances,
  StartInstances,
  StopInstances,
} from "./actions/instance-batches.ts";
import { DeleteInstance, RebootInstance, StartInstance, StopInstance } from "./actions/instance-power.ts";
import {
  DescribeCloudAssistantStatus,
  DescribeInvocationResults,
  DescribeInvocations,
} from "./actions/invocations.ts";
import { CreateSnapshot, DeleteSnapshot, DescribeSnapshots } from "./actions/snapshots.ts";
import { ListTagResources, TagResources, UntagResources } from "./actions/tags.ts";

export const ACTIONS: Readonly<Record<string, EcsAction>> = {
  CreateImage,
  CreateInstance,
  CreateSnapshot,
  DeleteInstance,
  DeleteInstances,
  DeleteSnapshot,
  DescribeCloudAssistantStatus,
  DescribeImageFromFamily,
  DescribeImages,
  DescribeInstances,
  DescribeInstanceStatus,
  DescribeInvocationResults,
  DescribeInvocations,
  DescribeSnapshots,
  InvokeCommand,
  ListTagResources,
  ModifyImageAttribute,
  RebootInstance,
  RebootInstances,
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
