/**
 * For every action that a policy allows, a call that shows whether it is allowed and changes nothing: a read, a DryRun, or
 * a change of something that does not exist. The cloud asks for the permission before it looks at the request.
 */
import { rpcShape } from "../../../shared/cloud/client.ts";
import type { Role } from "../../policies.ts";
import type { Order } from "../probe/orders.ts";

const INSTANCE = "i-doctor00000000000000";
const IMAGE = "m-doctor00000000000000";
const TASK = "t-doctor00000000000000";

type Params = Readonly<Record<string, string>>;

const launch: Params = {
  DryRun: "true",
  ImageId: IMAGE,
  InstanceType: "ecs.g7.large",
  SecurityGroupId: "sg-doctor",
  VSwitchId: "vsw-doctor",
};
const one: Params = { InstanceId: INSTANCE };
const some: Params = { "InstanceId.1": INSTANCE };
const tagged: Params = { ResourceType: "instance", "ResourceId.1": INSTANCE };

const TEMPLATE = { LaunchTemplateId: "lt-doctor" };

/** Parameters by action of ECS. Whatever is not here is called without any. */
const ECS: Readonly<Record<string, Params>> = {
  AllocatePublicIpAddress: one,
  CancelCopyImage: { ImageId: IMAGE },
  CancelTask: { TaskId: TASK },
  CopyImage: { ImageId: IMAGE, DestinationRegionId: "cn-doctor" },
  CreateImage: one,
  CreateInstance: launch,
  CreateLaunchTemplateVersion: TEMPLATE,
  CreateSnapshot: { DiskId: "d-doctor00000000000000" },
  DeleteImage: { ImageId: IMAGE },
  DeleteInstance: { ...one, DryRun: "true" },
  DeleteLaunchTemplateVersion: { ...TEMPLATE, "DeleteVersion.1": "29" },
  DeleteSnapshot: { SnapshotId: "s-doctor00000000000000" },
  DescribeAvailableResource: { DestinationResource: "InstanceType" },
  DescribeCloudAssistantStatus: some,
  DescribeImageFromFamily: { ImageFamily: "kiln-doctor" },
  DescribeImageSharePermission: { ImageId: IMAGE },
  DescribeInvocationResults: { InvokeId: TASK },
  DescribeLaunchTemplateVersions: TEMPLATE,
  DescribePrice: { ResourceType: "instance", InstanceType: "ecs.g7.large" },
  DescribeTaskAttribute: { TaskId: TASK },
  ImportImage: {
    DryRun: "true",
    "DiskDeviceMapping.1.OSSBucket": "doctor",
    "DiskDeviceMapping.1.OSSObject": "none",
  },
  ListTagResources: tagged,
  ModifyImageAttribute: { ImageId: IMAGE, Description: "" },
  ModifyImageSharePermission: { ImageId: IMAGE, "AddAccount.1": "1" },
  ModifyInstanceAutoReleaseTime: one,
  ModifyInstanceSpec: { ...one, InstanceType: "ecs.g7.large" },
  ModifyLaunchTemplateDefaultVersion: { ...TEMPLATE, DefaultVersionNumber: "29" },
  RebootInstance: { ...one, DryRun: "true" },
  RunCommand: { ...some, Type: "RunShellScript", CommandContent: "dHJ1ZQ==" },
  RunInstances: launch,
  StartInstance: { ...one, DryRun: "true" },
  StartInstances: { ...some, DryRun: "true" },
  StopInstance: { ...one, DryRun: "true" },
  StopInstances: { ...some, DryRun: "true" },
  TagResources: { ...tagged, "Tag.1.Key": "kiln:doctor", "Tag.1.Value": "" },
  UntagResources: { ...tagged, "TagKey.1": "kiln:doctor" },
};

const rpc = (product: "ecs" | "cms" | "ess", action: string, version: string, query: Params): Order => ({
  kind: "api",
  product,
  params: rpcShape(action, version),
  query,
});

/** A qualifier that no function has, so that nothing runs. */
const invoke = (functionName: string): Order => ({
  kind: "api",
  product: "fc",
  params: {
    action: "InvokeFunction",
    version: "2023-03-30",
    protocol: "HTTPS",
    pathname: `/2023-03-30/functions/${functionName}/invocations`,
    method: "POST",
    authType: "AK",
    style: "FC",
    reqBodyType: "json",
    bodyType: "string",
  },
  query: { qualifier: "doctor-none" },
  headers: { "x-fc-invocation-type": "Async" },
});

/** A call on the bucket; `prefix` is the part of the resource behind its name. */
function onBucket(action: string, prefix: string): Order | undefined {
  const key = `${prefix}doctor-none`;
  switch (action) {
    case "oss:GetObject":
      return { kind: "bucket", action: "GetObject", method: "GET", key };
    case "oss:DeleteObject":
      return { kind: "bucket", action: "DeleteObject", method: "DELETE", key };
    case "oss:ListObjects":
      return {
        kind: "bucket",
        action: "ListObjects",
        method: "GET",
        query: { "list-type": "2", "max-keys": "1" },
      };
    case "oss:PutObject":
      // An object that is not there has no position 1.
      return {
        kind: "bucket",
        action: "AppendObject",
        method: "POST",
        key,
        query: { append: "", position: "1" },
        body: "x",
      };
    default:
      return undefined;
  }
}

/** The order that shows whether a role is allowed an action; undefined when no call shows it. */
export interface Allowed {
  readonly action: string;
  /** The part of the resource that tells it from others, "" for all. */
  readonly on: string;
  readonly order: Order | undefined;
}

const asList = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;

/** Everything that the policy of a role allows. */
export const allowedTo = ({ policy }: Role, region: string): readonly Allowed[] =>
  policy.Statement.flatMap(({ Action, Resource }) =>
    asList(Action).flatMap((action) =>
      // Versions of a function are not used.
      asList(Resource)
        .filter((resource) => !/functions\/.*\/\*$/.test(resource))
        .map((resource) => allowed(action, resource, region)),
    ),
  );

function allowed(action: string, resource: string, region: string): Allowed {
  const [product = "", name = ""] = action.split(":");
  const [, on = ""] = /(?:^acs:oss:[^/]*\/|functions\/)(.*?)\*?$/.exec(resource) ?? [];
  switch (product) {
    case "ecs":
      return { action, on, order: rpc("ecs", name, "2014-05-26", { RegionId: region, ...ECS[name] }) };
    case "cms":
      return { action, on, order: ofMetrics(name) };
    case "ess":
      return { action, on, order: rpc("ess", name, "2014-08-28", { RegionId: region }) };
    case "fc":
      return { action, on, order: invoke(on) };
    case "oss":
      return { action, on, order: onBucket(action, on) };
    default:
      return { action, on, order: undefined };
  }
}

/** RAM has another name for DescribeMetricList. */
const ofMetrics = (name: string): Order =>
  name === "QueryMetricList"
    ? rpc("cms", "DescribeMetricList", "2019-01-01", METRICS)
    : rpc("cms", name, "2019-01-01", { PageSize: "1" });

const METRICS: Params = { Namespace: "acs_ecs_dashboard", MetricName: "CPUUtilization", Length: "1" };
