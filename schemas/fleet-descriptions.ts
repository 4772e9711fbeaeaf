/** A sentence for each key of a fleet. The keys of `launch` are parameters of RunInstances. */
import { NOTIFY, SIZE, type Sentences } from "./descriptions.ts";

const DISK: Sentences = {
  Category: "Category of the disk. cloud_essd when neither the fleet nor its template names one.",
  Size: "Size in GiB.",
  PerformanceLevel: "Performance level of an ESSD.",
  DiskName: "Name of the disk.",
  Description: "Description of the disk.",
  AutoSnapshotPolicyId: "Policy that takes snapshots of the disk.",
  BurstingEnabled: "Lets a cloud_auto disk exceed its IOPS for a while.",
  ProvisionedIops: "IOPS of a cloud_auto disk beyond its baseline.",
  Encrypted: "Encrypts the disk.",
  KMSKeyId: "Key of the Key Management Service that encrypts the disk.",
  StorageClusterId: "Dedicated block storage cluster of the disk.",
};

const INTERFACE: Sentences = {
  InstanceType: "Primary or Secondary.",
  VSwitchId: "vSwitch of the interface.",
  SecurityGroupId: "Security group of the interface.",
  SecurityGroupIds: "Security groups of the interface.",
  PrimaryIpAddress: "Primary private IPv4 address.",
  SecondaryPrivateIpAddressCount: "How many further private IPv4 addresses the interface gets.",
  Ipv6Address: "IPv6 addresses of a primary interface.",
  Ipv6AddressCount: "How many IPv6 addresses a primary interface gets.",
  NetworkInterfaceId: "Interface that exists and is attached; it stands alone.",
  NetworkInterfaceName: "Name of the interface.",
  Description: "Description of the interface.",
  NetworkInterfaceTrafficMode: "Standard, or HighPerformance for RDMA.",
  NetworkCardIndex: "Index of the network card.",
  QueueNumber: "How many queues the interface has.",
  QueuePairNumber: "How many queue pairs an RDMA interface has.",
  RxQueueSize: "Depth of the receive queue.",
  TxQueueSize: "Depth of the send queue.",
  SourceDestCheck: "Whether packets for other addresses are dropped.",
  DeleteOnRelease: "Deletes the interface together with its instance.",
};

const NETWORK: Sentences = {
  VSwitchId: "vSwitches in order of preference; each type is tried in each of them.",
  ZoneId: "Zone of the instances.",
  SecurityGroupId: "Security group of the instances.",
  SecurityGroupIds: "Security groups of the instances.",
  PrivateIpAddress: "First private address; requests take the next free ones in a row.",
  Ipv6Address: "IPv6 addresses.",
  Ipv6AddressCount: "How many IPv6 addresses each instance gets.",
  InternetChargeType: "How internet traffic is paid for.",
  InternetMaxBandwidthIn: "Inbound bandwidth from the internet in Mbit/s.",
  InternetMaxBandwidthOut:
    "Outbound bandwidth to the internet in Mbit/s. Above 0 an instance gets a public address.",
  NetworkInterface: ["Network interfaces.", INTERFACE],
  NetworkInterfaceQueueNumber: "How many queues the primary interface has.",
  NetworkOptions: [
    "Options of the network.",
    {
      EnableJumboFrame: "Allows frames of 8,500 bytes.",
      EnableNetworkEncryption: "Encrypts traffic inside the VPC.",
      BandwidthWeighting: "How bandwidth is divided between network and storage.",
    },
  ],
  PrivateDnsNameOptions: [
    "Private names of the instances.",
    {
      HostnameType: "Form of the names.",
      EnableInstanceIdDnsARecord: "Resolves the name with the instance id to IPv4.",
      EnableInstanceIdDnsAAAARecord: "Resolves the name with the instance id to IPv6.",
      EnableIpDnsARecord: "Resolves the name with the address to IPv4.",
      EnableIpDnsPtrRecord: "Resolves the address to its name.",
    },
  ],
};

const PAYMENT: Sentences = {
  InstanceChargeType: "PostPaid, or PrePaid for subscriptions, which also need `allowSubscription`.",
  Period: "Length of a subscription in units of `PeriodUnit`.",
  PeriodUnit: "Unit of `Period`.",
  AutoRenew: "Renews subscriptions when they end.",
  AutoRenewPeriod: "Length of each renewal.",
  AutoPay: "Pays for subscriptions at once.",
  SpotStrategy: "Whether instances are spot instances, and whether their price has a limit.",
  SpotPriceLimit: "Highest price of a spot instance in CNY per hour.",
  SpotDuration: "Hours in which the cloud does not take a spot instance back.",
  SpotInterruptionBehavior: "What the cloud does with a spot instance that it takes back.",
  CreditSpecification: "Performance mode of burstable instances.",
  DeletionProtection: "Refuses deletion by users. Kiln releases no such instance.",
};

const PLACEMENT: Sentences = {
  DeploymentSetId: "Deployment set of the instances.",
  DeploymentSetGroupNo: "Group in the deployment set.",
  HpcClusterId: "HPC cluster of the instances.",
  StorageSetId: "Storage set of the disks.",
  StorageSetPartitionNumber: "How many partitions the storage set has.",
  Tenancy: "Whether instances run on dedicated hosts.",
  Affinity: "Whether an instance stays on its dedicated host.",
  DedicatedHostId: "Dedicated host of the instances.",
  ManagedHostId: "Managed host of the instances.",
  SchedulerOptions: [
    "Choice of a dedicated host.",
    { DedicatedHostClusterId: "Cluster that the host is chosen from." },
  ],
  PrivatePoolOptions: [
    "Use of reserved capacity.",
    { Id: "Pool of the capacity; used with MatchCriteria: Target.", MatchCriteria: "Which pools are used." },
  ],
};

const SYSTEM: Sentences = {
  CpuOptions: [
    "Options of the CPU.",
    {
      Core: "How many cores an instance has.",
      ThreadsPerCore: "How many threads a core has.",
      Numa: "How many NUMA nodes an instance has.",
      TopologyType: "How threads are numbered.",
      NestedVirtualization: "Whether virtual machines can run inside.",
    },
  ],
  SecurityEnhancementStrategy: "Whether the agent of Security Center is installed.",
  SecurityOptions: [
    "Trusted and confidential computing.",
    {
      TrustedSystemMode: "Trusted system mode.",
      ConfidentialComputingMode: "Confidential computing mode.",
      EnableSecureBoot: "Starts signed systems only.",
    },
  ],
  ClockOptions: ["Clocks of the instance.", { PtpStatus: "Whether the PTP clock is there." }],
  ImageOptions: ["Use of the image.", { LoginAsNonRoot: "Logs in as ecs-user in place of root." }],
  IoOptimized: "Whether instances are I/O optimized.",
  HttpEndpoint: "Whether the metadata server answers.",
  HttpTokens: "Whether the metadata server needs tokens.",
};

const LAUNCH: Sentences = {
  InstanceType: "Instance types in order of preference.",
  instance: SIZE,
  ...NETWORK,
  ...PAYMENT,
  SystemDisk: ["System disk.", DISK],
  DataDisk: [
    "Data disks.",
    {
      ...DISK,
      SnapshotId: "Snapshot that the disk is made from.",
      Device: "Device name, such as that of a disk in the image.",
      DeleteWithInstance: "Deletes the disk together with its instance.",
    },
  ],
  LaunchTemplateId: "Launch template that decides what is left out here. It must not contain an image.",
  LaunchTemplateName: "The same by name.",
  LaunchTemplateVersion: "Version of the launch template. Its default version when left out.",
  InstanceName: "Name of the instances; web-[1,3] counts with three digits from 1 on.",
  HostName: "Host name of the instances, counted like `InstanceName`.",
  HostNames: "Host names; each is given to one instance.",
  UniqueSuffix: "Adds a number to names.",
  Description: "Description of the instances.",
  AutoReleaseTime: "Instant in UTC at which the cloud releases the instances.",
  KeyPairName: "Key pair for logins.",
  PasswordInherit: "Keeps the password of the image.",
  UserData: [
    "User data: a text, or one of the keys below.",
    {
      text: "Text as it is.",
      base64: "Bytes in Base64, such as those of gzip.",
      object: "Key of an object in the bucket.",
    },
  ],
  RamRoleName: "RAM role of the instances. It must be in KILN_INSTANCE_ROLES.",
  Tag: ["Tags of the instances.", { Key: "Key of the tag.", Value: "Value of the tag." }],
  ResourceGroupId: "Resource group of the instances.",
  ...PLACEMENT,
  ...SYSTEM,
};

const signal = (what: string): [string, Sentences] => [what, { below: "Bound that the signal stays below." }];

const IDLE: Sentences = {
  signals: [
    "Signals that must all stay below their bounds in the whole window.",
    {
      cpuAverage: signal("Average CPU in percent."),
      cpuMaximum: signal("Maximum CPU in percent."),
      internetIn: signal("Traffic from the internet in bit/s."),
      internetOut: signal("Traffic to the internet in bit/s."),
      intranetIn: signal("Traffic from the VPC in bit/s."),
      intranetOut: signal("Traffic to the VPC in bit/s."),
      diskRead: signal("Reads of disks in byte/s."),
      diskWrite: signal("Writes of disks in byte/s."),
    },
  ],
  window: "Time that is looked at: whole hours, or whole minutes from 10m on.",
  coverage: "Share of the hours that must have metrics.",
  grace: "Time after a start in which an instance is not stopped.",
  keepRunning: "How many instances stay running.",
  optOutTag: "Instances with this tag are left alone, permanently or until the instant in its value.",
  upDuring: [
    "Hours in which nothing is stopped.",
    {
      timeZone: "Time zone by its IANA name, unless the fleet has a calendar.",
      hours: "Days and hours, such as Mon-Fri 08:00-20:00.",
    },
  ],
  outside: "Whether members outside of `upDuring` stop when they are idle, or whatever their load.",
  startedByHandUntil:
    "Time of day until which a member stays that a user started outside of `upDuring`, such as 22:00.",
  probe: [
    "Command inside the member: exit code 0 is busy, 1 is idle, and any other keeps it.",
    { command: "Command line.", timeout: "Time limit of the command.", user: "User that runs it." },
  ],
  action: "Stops or releases idle instances.",
  stoppedMode:
    "Whether a stopped instance gives its compute and public address back. StopCharging when left out.",
  keepIf: "Skips a stop that would lose the public address, or whose type is out of stock.",
  cap: [
    "How many instances one idle check stops at most.",
    { count: "As a number.", percent: "As a share of those that run, in percent." },
  ],
  notice: "Time between the notification and the stop.",
  notify: ["Channels of the notification before a stop.", NOTIFY],
  resume: "Starts stopped instances again in the hours of `upDuring`.",
  releaseAfter: "How long a stopped instance is kept.",
  dryRun: "Writes the verdicts and stops nothing.",
};

/** Sentences for `fleets/<name>.yaml`. */
export const FLEET: Sentences = {
  description: "Free text for readers.",
  family: "Family whose image is launched.",
  os: "System of the image.",
  via: "Action of the cloud that launches instances.",
  launch: ["Parameters of RunInstances under their own names.", LAUNCH],
  allowSubscription: "Allows subscriptions, which are charged at once.",
  passwordFromEnv: "Variable of the deployment that holds the login password.",
  ladder: "Payments in the order in which they are tried.",
  limits: [
    "Limits of the fleet.",
    {
      max: "Highest number of running and starting instances. It may stand under `size`.",
      perRequest: "Highest number that one request launches. `max` when left out.",
      perHour: "Highest number that is launched in an hour.",
      perDay: "Highest number that is launched in a day.",
      maxPricePerHour: "Highest price of all running instances in CNY per hour.",
    },
  ],
  size: [
    "Number of members that the fleet keeps.",
    {
      min: "Lowest number.",
      desired: "Number until a request or the schedule says another. `min` when left out.",
      max: "Highest number, in place of `limits.max`.",
    },
  ],
  schedule: [
    "Other numbers in some hours.",
    {
      days: "Days such as Mon-Fri, Sat,Sun or daily.",
      from: "Beginning, such as 08:00.",
      to: "End, such as 20:00.",
      min: "Lowest number in these hours.",
      desired: "Number in these hours.",
    },
  ],
  calendar: [
    "Days of `schedule` and `idle.upDuring`.",
    {
      timeZone: "Time zone by its IANA name.",
      holidays: "Dates without hours, such as 2026-10-01..2026-10-07.",
      workdays: "Saturdays and Sundays with the hours of a Monday.",
    },
  ],
  wake: [
    "Starts stopped instances before new ones are launched.",
    {
      enabled: "Whether stopped instances are started.",
      olderImages: "Whether those on earlier images are started too.",
    },
  ],
  expireAfter: "Time until the cloud releases an instance.",
  refresh: [
    "How members are replaced by members of the image that the family serves.",
    {
      onPromotion: "Whether a promotion begins a refresh, or leaves the members.",
      maxUnavailable: "How many members fewer than the size may run meanwhile.",
      surge: "How many members more than the size may run meanwhile.",
      canary: [
        "First members of the image, which are watched before others follow.",
        { percent: "Share of the members in percent.", soak: "How long they are watched." },
      ],
      probe: [
        "Command inside each new member; any exit code but 0 rolls the refresh back.",
        { command: "Command line.", timeout: "Time limit of the command." },
      ],
      alarms: "Alert rules of CloudMonitor that roll the refresh back while they are in state ALARM.",
    },
  ],
  health: [
    "Command inside each member that a comparison of the size runs, and a refresh without a probe of its own.",
    {
      command: "Command line; exit code 0 is well.",
      timeout: "Time limit of the command.",
      every: "Time between two looks at a member.",
      failures: "How often in a row it fails before the member is replaced.",
    },
  ],
  idle: ["When idle instances stop. Never when left out.", IDLE],
  onRemoval:
    "What is done with the members an hour after this document is deleted. They are kept when left out.",
  onJobCompleted: "Action on the machine of a job of GitHub that is completed. Kept when left out.",
  notify: ["Channels that are notified. The channel `default` when left out.", NOTIFY],
};
