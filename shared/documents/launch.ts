/**
 * `launch`: every parameter of RunInstances under the API's own name (document 001 and the API of 2026),
 * but for those that belong to one request and those that say which image, which is the family's business.
 */
import * as z from "zod/mini";
import { readInstant } from "../duration.ts";
import { closed, finding, type Finding, oneLine, oneOrMany, orEmpty, rule, text, whole } from "./fields.ts";
import { DataDisk, SystemDisk } from "./launch-disks.ts";
import { hasTemplate, networkRules, networkShape } from "./launch-network.ts";
import { asksForSpot, paymentRules, paymentShape } from "./launch-payment.ts";
import { description, instanceType, objectKey, ramRole, resourceGroupId, userDataProblem } from "./names.ts";
import { Size } from "./offerings.ts";
import { INSTANCE_TAGS, tagCountProblem, tagFindings } from "./tags.ts";

const ofRequest = "belongs to a request, not to a fleet; remove it";
const ofFamily = "is not allowed, the fleet's family decides; write family: at the top";
const ofCloud = "is not offered by the cloud yet; remove it";

/** Parameters that a fleet does not take, with the reason. A test compares this with the SDK's list. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  RegionId: `${ofRequest}: the region is the deployment's`,
  Amount: `${ofRequest}: POST says how many, limits: how many at most`,
  Count: `${ofRequest}: POST says how many, limits: how many at most`,
  MaxAmount: `${ofRequest}: POST says how many, limits: how many at most`,
  MinAmount: `${ofRequest}: write "min" in the POST`,
  ClientToken: `${ofRequest}: Kiln derives it from request, offering and parameters`,
  DryRun: `${ofRequest}: ask for it with "dryRun": true in the POST`,
  ImageId: ofFamily,
  ImageFamily: ofFamily,
  Image: ofFamily,
  Password:
    "must never stand in a document; use KeyPairName, PasswordInherit, or passwordFromEnv: at the top",
  Arn: ofCloud,
  HibernationOptions: ofCloud,
  HttpPutResponseHopLimit: ofCloud,
  Isp: ofCloud,
  OwnerAccount: "is of an older login; remove it",
  OwnerId: "is of an older login; remove it",
  ResourceOwnerAccount: "is of an older login; remove it",
  ResourceOwnerId: "is of an older login; remove it",
};

const Tags = z.array(closed({ Key: z.string(), Value: z._default(z.string(), "") })).check(
  // A tag without a key or a text keeps nothing from the other tags.
  rule<({ readonly Key?: unknown; readonly Value?: unknown } | null)[]>([], (given) => {
    const tags = given.map((tag) => tag ?? {});
    const many = tagCountProblem(tags.length, INSTANCE_TAGS);
    return [
      ...(many === undefined ? [] : [{ at: [], message: many }]),
      ...tags.flatMap(({ Key, Value }, index) => [
        ...(typeof Key === "string"
          ? tagFindings(Key, typeof Value === "string" ? Value : "", INSTANCE_TAGS, [index])
          : []),
        ...finding(
          Key !== undefined && tags.findIndex((tag) => tag.Key === Key) !== index,
          [index, "Key"],
          "is used twice; keep one of the two",
        ),
      ]),
    ];
  }),
);

/** Text as it is (Kiln encodes it), bytes in Base64, or the object that holds them. */
const UserData = z.pipe(
  z.transform((value: unknown) => (typeof value === "string" ? { text: value } : value)),
  closed({
    text: z.exactOptional(z.string()),
    base64: z.exactOptional(text(/^[A-Za-z0-9+/\s]+={0,2}\s*$/, "be bytes in Base64")),
    object: z.exactOptional(objectKey()),
  }).check(
    rule<InlineUserData & { object?: string }>(["*"], (data) => {
      const given = inlineUserData(data);
      const message = given === undefined ? undefined : userDataProblem(given);
      const one =
        "must be text, or a map with object: and its key, or base64: and bytes such as those of gzip";
      return [
        ...finding(Object.keys(data).length !== 1, [], one),
        ...(message === undefined ? [] : [{ at: [], message }]),
      ];
    }),
  ),
);

interface InlineUserData {
  readonly text?: string;
  readonly base64?: string;
}

/** The bytes of user data that a document holds itself. */
export function inlineUserData({ text: plain, base64 }: InlineUserData): Buffer | undefined {
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  return plain === undefined ? undefined : Buffer.from(plain);
}

const id = (prefix: string) =>
  z.exactOptional(text(new RegExp(`^${prefix}[A-Za-z0-9-]+$`), `be an id that starts with ${prefix}`));
const flag = () => z.exactOptional(z.boolean());
/** RunInstances.AutoReleaseTime. How far ahead it must be is known when a request comes (shared/expiry.ts). */
const releaseInstant = () =>
  text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "be an instant in UTC, like 2027-12-31T18:00:00Z").check(
    // Of another form is said what it has to be.
    z.refine(
      (value: string) => !/^\d{4}-\d\d-\d\dT/.test(value) || !Number.isNaN(readInstant(value)),
      "must be a day and time that exist",
    ),
  );

const shape = {
  InstanceType: z._default(oneOrMany(instanceType()), []),
  /** In place of types; Kiln's own, so it is no parameter of a call. */
  instance: z.exactOptional(Size),
  ...networkShape,
  ...paymentShape,
  SystemDisk: z.exactOptional(SystemDisk),
  DataDisk: z.exactOptional(DataDisk),
  LaunchTemplateId: id("lt-"),
  LaunchTemplateName: z.exactOptional(oneLine(2, 128)),
  LaunchTemplateVersion: z.exactOptional(whole(1, 1_000_000)),
  InstanceName: z.exactOptional(z.string()),
  HostName: z.exactOptional(z.string()),
  HostNames: z.exactOptional(z.array(z.string()).check(z.minLength(1))),
  UniqueSuffix: flag(),
  Description: z.exactOptional(description()),
  AutoReleaseTime: z.exactOptional(releaseInstant()),
  KeyPairName: z.exactOptional(text(/^[\p{L}][\p{L}\p{N}:_-]{1,127}$/u, "be the name of a key pair")),
  PasswordInherit: flag(),
  UserData: z.exactOptional(UserData),
  RamRoleName: z.exactOptional(ramRole()),
  Tag: orEmpty(Tags, []),
  ResourceGroupId: z.exactOptional(resourceGroupId()),
  DeploymentSetId: id("ds-"),
  DeploymentSetGroupNo: z.exactOptional(whole(1, 7)),
  HpcClusterId: id("hpc-"),
  StorageSetId: id("ss-"),
  StorageSetPartitionNumber: z.exactOptional(whole(1, 2000)),
  Tenancy: z.exactOptional(z.enum(["default", "host"])),
  Affinity: z.exactOptional(z.enum(["default", "host"])),
  DedicatedHostId: id("dh-"),
  ManagedHostId: id("mh-"),
  SchedulerOptions: z.exactOptional(closed({ DedicatedHostClusterId: id("dc-") })),
  PrivatePoolOptions: z.exactOptional(
    closed({ Id: id(""), MatchCriteria: z.exactOptional(z.enum(["Open", "Target", "None"])) }),
  ),
  CpuOptions: z.exactOptional(
    closed({
      Core: z.exactOptional(whole(1, 1024)),
      ThreadsPerCore: z.exactOptional(whole(1, 2)),
      Numa: z.exactOptional(oneLine(1, 128)),
      TopologyType: z.exactOptional(z.enum(["ContinuousCoreToHTMapping", "DiscreteCoreToHTMapping"])),
      NestedVirtualization: z.exactOptional(z.enum(["enabled", "disabled"])),
    }),
  ),
  SecurityEnhancementStrategy: z.exactOptional(z.enum(["Active", "Deactive"])),
  SecurityOptions: z.exactOptional(
    closed({
      TrustedSystemMode: z.exactOptional(z.enum(["vTPM"])),
      ConfidentialComputingMode: z.exactOptional(z.enum(["Enclave"])),
      EnableSecureBoot: flag(),
    }),
  ),
  ClockOptions: z.exactOptional(closed({ PtpStatus: z.exactOptional(z.enum(["enabled", "disabled"])) })),
  ImageOptions: z.exactOptional(closed({ LoginAsNonRoot: flag() })),
  IoOptimized: z.exactOptional(z.enum(["none", "optimized"])),
  HttpEndpoint: z.exactOptional(z.enum(["enabled", "disabled"])),
  HttpTokens: z.exactOptional(z.enum(["optional", "required"])),
};

/** The parameters of a launch, complete; types and vSwitches are lists in the order of preference. */
export type Launch = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

function templateFindings(launch: Launch): Finding[] {
  const { LaunchTemplateId: id, LaunchTemplateName: name, LaunchTemplateVersion: version } = launch;
  const named = launch.InstanceType.length > 0;
  const typed = named || launch.instance !== undefined || hasTemplate(launch);
  return [
    ...finding(
      id !== undefined && name !== undefined,
      ["LaunchTemplateName"],
      "must not be used with LaunchTemplateId; keep one of the two",
    ),
    ...finding(
      version !== undefined && !hasTemplate(launch),
      ["LaunchTemplateVersion"],
      "must be used with LaunchTemplateId or LaunchTemplateName",
    ),
    ...finding(!typed, ["InstanceType"], "is missing; write a type or a list of them, tried in order"),
    ...finding(
      named && launch.instance !== undefined,
      ["instance"],
      "must not stand beside InstanceType; keep one of the two",
    ),
  ];
}

function hostFindings(launch: Launch): Finding[] {
  const { Tenancy, DedicatedHostId, Affinity, SchedulerOptions, PrivatePoolOptions: pool } = launch;
  const dedicated = Tenancy === "host" || DedicatedHostId !== undefined;
  const criteria = pool?.MatchCriteria ?? "None";
  const taken = dedicated || asksForSpot(launch);
  return [
    ...finding(
      Affinity === "host" && !dedicated,
      ["Affinity"],
      "must be used with Tenancy: host or a DedicatedHostId",
    ),
    ...finding(
      SchedulerOptions !== undefined && Tenancy !== "host",
      ["SchedulerOptions"],
      "must be used with Tenancy: host",
    ),
    ...finding(
      criteria === "Target" && !pool?.Id,
      ["PrivatePoolOptions", "Id"],
      "is missing; MatchCriteria: Target names its pool",
    ),
    ...finding(
      criteria !== "Target" && pool?.Id !== undefined,
      ["PrivatePoolOptions", "Id"],
      "must be used with MatchCriteria: Target",
    ),
    ...finding(
      taken && criteria !== "None",
      ["PrivatePoolOptions", "MatchCriteria"],
      "must be None for spot instances and on a dedicated host",
    ),
  ];
}

function setFindings(launch: Launch): Finding[] {
  const { DeploymentSetGroupNo: group, StorageSetPartitionNumber: partition } = launch;
  return [
    ...finding(
      group !== undefined && !launch.DeploymentSetId,
      ["DeploymentSetGroupNo"],
      "must be used with DeploymentSetId",
    ),
    ...finding(
      partition !== undefined && !launch.StorageSetId,
      ["StorageSetPartitionNumber"],
      "must be used with StorageSetId",
    ),
    ...finding(
      launch.HttpTokens === "required" && launch.HttpEndpoint === "disabled",
      ["HttpTokens"],
      "must be used with HttpEndpoint: enabled",
    ),
  ];
}

export const Launch = closed(shape, ELSEWHERE).check(
  ...networkRules,
  ...paymentRules,
  rule<Launch>(
    ["InstanceType", "instance", "LaunchTemplateId", "LaunchTemplateName", "LaunchTemplateVersion"],
    templateFindings,
  ),
  rule<Launch>(
    ["Tenancy", "DedicatedHostId", "Affinity", "SchedulerOptions", "PrivatePoolOptions", "SpotStrategy"],
    hostFindings,
  ),
  rule<Launch>(
    [
      "DeploymentSetId",
      "DeploymentSetGroupNo",
      "StorageSetId",
      "StorageSetPartitionNumber",
      "HttpTokens",
      "HttpEndpoint",
    ],
    setFindings,
  ),
);
