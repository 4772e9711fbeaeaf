/** A sentence for each key of a document. Each stands here once: editors show it, and README.md beside this file lists it. */

/** Sentences by key; a key with keys below it has both. */
export interface Sentences {
  readonly [key: string]: string | readonly [sentence: string, below: Sentences];
}

const STEP: Sentences = {
  name: "Name of the step in the run. The first line of its command when left out.",
  run: "Command or lines of a script, run as root unless `user` says otherwise.",
  script: "Key of an object under scripts/ that is downloaded and run.",
  file: "Key of an object under files/ that is copied to `to`.",
  to: "Absolute path on the instance that `file` is copied to.",
  mode: "Permissions of the file in octal digits and quotes. 0644 when left out.",
  owner: "User, or user:group, that owns the file.",
  reboot: "Restarts the instance and waits until it answers again.",
  timeout: "How long the step may take, from 10s to 1d. 10m when left out.",
  environment: "Variables of the command by name; their values are hidden in outputs.",
  shell: "Shell that reads `run`, with at most one group of flags. /bin/bash -e when left out.",
  workingDir: "Absolute path of the folder that the command runs in.",
  user: "User of the instance that runs the command.",
  retries: "How often the step is repeated after a failure.",
  okExitCodes: "Exit codes besides 0 that are no failure.",
};

const PARAMETERS: Sentences = {
  default: "Value when a caller gives none. Without it the parameter is required.",
  pattern: "Regular expression that the whole value must match.",
  fromEnv:
    "Name in KILN_SECRETS of the deployment that holds the value. Callers cannot set it, and it is hidden.",
};

const DISK: Sentences = {
  sizeGb: "Size in GiB.",
  category: "Category of the disk.",
  performanceLevel: "Performance level of an ESSD.",
  encrypted: "Encrypts the disk.",
  kmsKeyId: "Key of the Key Management Service that encrypts the disk.",
  snapshotId: "Snapshot that the disk is made from.",
  device: "Device name of the disk.",
};
const SYSTEM_DISK: Sentences = Object.fromEntries(
  ["sizeGb", "category", "performanceLevel", "encrypted", "kmsKeyId"].map((key) => [key, DISK[key] ?? ""]),
);
const TESTED_DISK: Sentences = Object.fromEntries(
  ["category", "performanceLevel", "device"].map((key) => [key, DISK[key] ?? ""]),
);

/** Of `notify`. */
export const NOTIFY: Sentences = {
  channel: "Name of a channel in KILN_CHANNELS of the deployment.",
  events: "Events that the channel receives. All of them when left out.",
};

export const SIZE: readonly [string, Sentences] = [
  "Size in place of types: the cheapest types of it are tried.",
  { vcpu: "Number of vCPUs.", memoryGiB: "Memory in GiB." },
];

const BUILDER: Sentences = {
  image: "Id of the base image. Either this or `family`.",
  family: "Family whose newest image is the base. Public families start with acs:.",
  instanceTypes: "Instance types in order of preference.",
  instance: SIZE,
  vSwitchIds: "vSwitches in order of preference; each type is tried in each of them.",
  securityGroupId: "Security group of the builder. It needs no inbound rule.",
  systemDisk: ["System disk of the builder, and so of the image.", SYSTEM_DISK],
  dataDisks: ["Data disks of the builder, which become part of the image.", DISK],
  spot: [
    "Tries spot instances first.",
    {
      wanted: "Whether spot instances are tried.",
      maxPricePerHour: "Highest price of a spot instance in CNY per hour.",
    },
  ],
  internetMbps: "Outbound bandwidth in Mbit/s. With 0 the builder has no public address.",
  ramRole: "RAM role of the builder. It must be in KILN_INSTANCE_ROLES.",
  userData: "User data of the builder as plain text.",
  expireAfter: "Time until the cloud releases the builder, whatever happens.",
};

const SOURCE: Sentences = {
  builder: ["A new instance that is set up, stopped and captured.", BUILDER],
  instance: [
    "An instance that exists.",
    {
      id: "Id of the instance.",
      stop: "Stops the instance before its image is made. An image of a running instance may hold torn data.",
      dataDisks: "Whether the image has the data disks too; they are when left out.",
    },
  ],
  snapshot: ["A snapshot of a system disk.", { id: "Id of the snapshot." }],
  disks: [
    "Snapshots of several disks.",
    {
      snapshotId: "Snapshot of the disk.",
      sizeGb: "Size of the disk in GiB.",
      device: "Device name of the disk.",
      type: "Whether it is the system disk or a data disk.",
    },
  ],
  upload: [
    "Disk files that are put under disks/<recipe>/ and imported.",
    {
      format: "Format of the disk files. Read from their bytes when left out.",
      architecture: "Architecture of the system.",
      bootMode: "Boot mode of the system.",
      platform: "Distribution of the system. Detected by the cloud when left out.",
      licenseType: "License of a Windows system.",
      sizeGb: "Size of the system disk in GiB.",
      dataDisks: [
        "Data disks in the order of their devices.",
        { file: "Name of a file in disks/<recipe>/.", sizeGb: "Size of the disk in GiB." },
      ],
      nvme: "Whether the system has drivers for NVMe.",
      keepObject: "Whether the disk files stay in the bucket after the import.",
    },
  ],
};

const RELEASE: Sentences = {
  test: [
    "Test of the image on a new instance before it joins its family.",
    {
      commands: ["Steps that must all succeed.", STEP],
      instanceTypes: "Instance types of the test instance. Those of the builder when left out.",
      instance: SIZE,
      vSwitchIds: "vSwitches of the test instance. Those of the builder when left out.",
      securityGroupId: "Security group of the test instance. That of the builder when left out.",
      systemDisk: ["System disk of the test instance.", SYSTEM_DISK],
      dataDisks: ["Data disks of the image on the test instance.", TESTED_DISK],
      hygiene: [
        "Checks that the image holds no traces of its builder.",
        { waive: "Checks that are not made." },
      ],
      timeout: "How long the whole test may take.",
      keepFailed: "How long the instance of a failed test is kept for debugging.",
      skip: "Promotes without a test.",
    },
  ],
  promote: [
    "How the image reaches its family.",
    {
      outranked: "Action when the family has a newer image: stop the promotion, or deprecate this image.",
      regions: [
        "Further regions that get a copy.",
        {
          region: "Id of the region.",
          kmsKeyId: "Key that encrypts the copy there.",
          encrypted: "Encrypts the copy there with the service key of the region, when no key is named.",
        },
      ],
      accounts: "Accounts that the image is shared with.",
      consumers: [
        "Launch templates and scaling configurations that get the image.",
        { id: "Id of the template or configuration.", region: "Its region, when it is another one." },
      ],
      approval: ["Asks the channels of `notify` before the image joins.", { within: "How long it waits." }],
    },
  ],
  retention: [
    "Deletion of old images of the family.",
    {
      enabled: "Whether old images are deleted.",
      keep: "How many images are kept, whatever their age.",
      youngerThan: "Images younger than this are kept.",
      deleteAfter: "Time between the notification and the deletion.",
    },
  ],
};

/** Sentences for `recipes/<name>.yaml`. */
export const RECIPE: Sentences = {
  description: "Free text for readers.",
  parameters: ["Values that callers may choose, and secrets of the deployment, by name.", PARAMETERS],
  source: ["Where the image comes from; exactly one of the keys below.", SOURCE],
  components: [
    "Shared steps that run before `provision`.",
    {
      use: "Component and version, such as nginx/1.2.0 or nginx/latest.",
      parameters: "Values of the component's parameters by name.",
    },
  ],
  provision: ["Steps that set up the builder, in order.", STEP],
  keepFailed: "How long a builder whose bake failed is kept for debugging, from 1h to 7d.",
  image: [
    "Name and attributes of the image.",
    {
      name: "Name of the image, with {recipe}, {date}, {time}, {serial} and parameters.",
      version: "Version of the image.",
      description: "Description of the image.",
      tags: "Tags of the image.",
      resourceGroupId: "Resource group of the image.",
      platform: "Distribution of the system.",
      architecture: "Architecture of the system.",
      bootMode: "Boot mode of the image.",
      detection: "Lets the cloud examine the image after it is made.",
    },
  ],
  encrypt: "Encrypts the image: true for the service key, or a key for each region.",
  family: "Family that the image joins after its test.",
  ...RELEASE,
  rebake: [
    "Bakes without a request.",
    {
      nightly: "Whether the nightly timer bakes the recipe.",
      onlyIfChanged: "Skips a bake when nothing that it is made from has changed.",
      onChange: "Whether a changed object or base family starts a bake.",
    },
  ],
  schedule: [
    "Times of bakes, in place of the nightly timer.",
    { cron: "Five fields of cron.", timeZone: "Time zone by its IANA name." },
  ],
  whenBusy: "Answer to a request while the recipe is being baked.",
  notify: ["Channels that are notified. The channel `default` when left out.", NOTIFY],
  pauseAfter: "Failures in a row after which timers and uploads pause; false for never.",
  inputs: "Keys of further objects that the image is made from.",
};

/** Sentences for `components/<name>/<version>.yaml`. */
export const COMPONENT: Sentences = {
  description: "Free text for readers.",
  parameters: ["Values that a recipe may give, by name.", PARAMETERS],
  steps: ["Steps, in order.", STEP],
};
