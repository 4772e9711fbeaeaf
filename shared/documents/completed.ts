/**
 * Recipes, fleets and idle policies as events carry them: complete, durations in milliseconds. An event is parsed
 * with these, so a field of a wrong type is refused at the edge. Kept apart from the schemas of what users write,
 * which hold every rule and message and would cost each cold start a third more.
 */
import * as z from "zod/mini";
import { knowPrivate } from "../redact.ts";
import type { Fleet } from "./fleet.ts";
import type { IdlePolicy } from "./idle.ts";
import { PAUSE_AFTER } from "../budget.ts";
import { Declarations } from "../requests/declared-parameters.ts";
import type { Recipe } from "./recipe.ts";

const text = z.string();
const count = z.int();
const list = z.array(text);
const textMap = z.record(text, text);
const environment = z.record(text, text).check(z.check(({ value }) => knowPrivate(Object.values(value))));
const maybe = z.exactOptional<typeof text>(text);

const disk = {
  sizeGb: z.exactOptional(count),
  category: maybe,
  performanceLevel: maybe,
};
const cipher = { encrypted: z.exactOptional(z.literal(true)), kmsKeyId: maybe };

const size = z.exactOptional(z.strictObject({ vcpu: count, memoryGiB: z.number() }));

const repeats = { retries: z.exactOptional(count), okExitCodes: z.exactOptional(z.array(count)) };

const Step = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("reboot"), name: text, timeoutMs: count }),
  z.strictObject({
    kind: z.enum(["run", "script"]),
    name: text,
    timeoutMs: count,
    command: text,
    shell: maybe,
    environment,
    workingDir: maybe,
    user: maybe,
    ...repeats,
  }),
  z.strictObject({
    kind: z.literal("file"),
    name: text,
    timeoutMs: count,
    file: text,
    to: text,
    mode: maybe,
    owner: maybe,
    ...repeats,
  }),
]);

const Source = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("builder"),
    image: maybe,
    family: maybe,
    instanceTypes: list,
    instance: size,
    vSwitchIds: list,
    securityGroupId: text,
    systemDisk: z.strictObject({ ...disk, ...cipher }),
    dataDisks: z.array(z.strictObject({ ...disk, ...cipher, snapshotId: maybe, device: maybe })),
    spot: z.strictObject({ wanted: z.boolean(), maxPricePerHour: z.exactOptional(z.number()) }),
    internetMbps: count,
    ramRole: maybe,
    userData: maybe,
    expireAfterMs: count,
  }),
  z.strictObject({
    kind: z.literal("instance"),
    id: text,
    stop: z.boolean(),
    dataDisks: z.exactOptional(z.boolean()),
  }),
  z.strictObject({ kind: z.literal("snapshot"), id: text }),
  z.strictObject({
    kind: z.literal("disks"),
    disks: z.array(
      z.strictObject({
        type: z.exactOptional(z.enum(["system", "data"])),
        device: maybe,
        snapshotId: maybe,
        sizeGb: z.exactOptional(count),
      }),
    ),
  }),
  z.strictObject({
    kind: z.literal("upload"),
    format: maybe,
    architecture: maybe,
    bootMode: maybe,
    platform: maybe,
    licenseType: maybe,
    sizeGb: z.exactOptional(count),
    dataDisks: z.exactOptional(z.array(z.strictObject({ file: text, sizeGb: z.exactOptional(count) }))),
    nvme: z.boolean(),
    keepObject: z.boolean(),
  }),
]);

const recipe = z.strictObject({
  name: text,
  description: maybe,
  parameters: z.exactOptional(Declarations),
  source: Source,
  components: z.exactOptional(z.array(z.strictObject({ name: text, version: text, parameters: textMap }))),
  provision: z.array(Step),
  keepFailedMs: z.exactOptional(count),
  image: z.strictObject({
    name: text,
    version: maybe,
    description: maybe,
    tags: textMap,
    resourceGroupId: maybe,
    platform: maybe,
    architecture: maybe,
    bootMode: maybe,
    detection: maybe,
  }),
  encryption: z.exactOptional(
    z.strictObject({ everywhere: z.boolean(), keys: textMap, serviceKeyIn: z.exactOptional(list) }),
  ),
  family: maybe,
  test: z.strictObject({
    commands: z.array(Step),
    instanceTypes: list,
    instance: size,
    vSwitchIds: list,
    securityGroupId: text,
    systemDisk: z.exactOptional(z.strictObject({ ...disk, ...cipher })),
    dataDisks: z.exactOptional(z.array(z.strictObject({ ...disk, device: maybe }))),
    hygiene: z.strictObject({ waive: list }),
    timeoutMs: count,
    keepFailedMs: z.exactOptional(count),
    skip: z.boolean(),
  }),
  promote: z.strictObject({
    outranked: z.enum(["stop", "deprecate"]),
    regions: list,
    accounts: list,
    // The version before had none.
    consumers: z._default(z.array(z.strictObject({ id: text, region: maybe })), []),
    approval: z.exactOptional(z.strictObject({ withinMs: count })),
  }),
  retention: z.strictObject({
    enabled: z.boolean(),
    keep: count,
    youngerThanMs: count,
    deleteAfterMs: count,
  }),
  // The version before did not know onChange.
  rebake: z.strictObject({
    nightly: z.boolean(),
    onlyIfChanged: z.boolean(),
    onChange: z._default(z.boolean(), true),
  }),
  schedule: z.exactOptional(z.strictObject({ cron: text, timeZone: text })),
  whenBusy: z.enum(["refuse", "queue"]),
  notify: z.array(z.strictObject({ channel: text, events: list })),
  // The version before had none.
  pauseAfter: z._default(count, PAUSE_AFTER),
  inputs: list,
});

const window = { days: z.array(count), fromMinute: count, toMinute: count };
const dates = z.array(z.tuple([count, count]));

const idle = z.strictObject({
  signals: z.record(text, z.strictObject({ below: z.number() })),
  windowMs: count,
  coverage: z.number(),
  graceMs: count,
  keepRunning: count,
  optOutTag: text,
  upDuring: z.exactOptional(
    z.strictObject({
      timeZone: text,
      windows: z.array(z.strictObject(window)),
      holidays: z.exactOptional(dates),
      workdays: z.exactOptional(dates),
    }),
  ),
  // The version before did not know it.
  outside: z._default(z.enum(["idle", "stop"]), "idle"),
  startedByHandUntil: maybe,
  probe: z.exactOptional(z.strictObject({ command: text, timeoutMs: count, user: maybe })),
  action: z.enum(["stop", "release"]),
  stoppedMode: z.enum(["StopCharging", "KeepCharging"]),
  keepIf: list,
  cap: z.strictObject({ percent: z.number(), count: z.exactOptional(count) }),
  noticeMs: z.exactOptional(count),
  releaseAfterMs: z.exactOptional(count),
  notify: list,
  resume: z.boolean(),
  dryRun: z.boolean(),
});

/** The parameters Kiln reads itself; the official request class checks the others by name and type when they are sent. */
const launch = z.catchall(
  z.object({
    InstanceType: list,
    VSwitchId: list,
    SystemDisk: z.exactOptional(z.record(text, z.unknown())),
    DataDisk: z.exactOptional(z.array(z.record(text, z.unknown()))),
    InstanceName: maybe,
    HostName: maybe,
    HostNames: z.exactOptional(list),
    UserData: z.exactOptional(z.strictObject({ text: maybe, base64: maybe, object: maybe })),
    Tag: z.array(z.strictObject({ Key: text, Value: text })),
    LaunchTemplateId: maybe,
    LaunchTemplateName: maybe,
    LaunchTemplateVersion: z.exactOptional(count),
    SpotPriceLimit: z.exactOptional(z.number()),
  }),
  z.json(),
);

const fleet = z.strictObject({
  name: text,
  description: maybe,
  family: text,
  os: z.enum(["linux", "windows"]),
  via: z.enum(["RunInstances", "CreateInstance"]),
  launch,
  allowSubscription: z.boolean(),
  passwordFromEnv: maybe,
  ladder: z.array(z.enum(["spot", "onDemand"])),
  limits: z.strictObject({
    max: count,
    perRequest: count,
    perHour: z.exactOptional(count),
    perDay: z.exactOptional(count),
    maxPricePerHour: z.exactOptional(z.number()),
  }),
  size: z.exactOptional(z.strictObject({ min: count, desired: count })),
  schedule: z.exactOptional(
    z.array(z.strictObject({ ...window, min: z.exactOptional(count), desired: z.exactOptional(count) })),
  ),
  calendar: z.exactOptional(z.strictObject({ timeZone: text, holidays: dates, workdays: dates })),
  refresh: z.exactOptional(
    z.strictObject({
      onPromotion: z.enum(["leave", "refresh"]),
      maxUnavailable: count,
      surge: count,
      canary: z.exactOptional(z.strictObject({ percent: count, soakMs: count })),
      probe: z.exactOptional(z.strictObject({ command: text, timeoutMs: count })),
      alarms: list,
    }),
  ),
  health: z.exactOptional(
    z.strictObject({ command: text, timeoutMs: count, everyMs: count, failures: count }),
  ),
  wake: z.strictObject({ enabled: z.boolean(), olderImages: z.boolean() }),
  expireAfterMs: z.exactOptional(count),
  idle: z.exactOptional(idle),
  onJobCompleted: z.exactOptional(z.enum(["keep", "stop", "release"])),
  onRemoval: z.exactOptional(z.enum(["keep", "stop", "release"])),
  // The version before carried names alone. Channels are read from the document when a run ends.
  notify: z.array(z.union([z.strictObject({ channel: text, events: list }), text])),
});

// The enumerations behind these texts belong to the cloud and were checked when the document was read; here only the
// shape matters. So the types of the documents are asserted, and test/unit/documents/completed.test.ts holds them equal.
/* oxlint-disable typescript/no-unsafe-type-assertion */
/** A recipe inside an event. */
export const CarriedRecipe = recipe as z.ZodMiniType as z.ZodMiniType<Recipe>;
/** A fleet inside an event. */
export const CarriedFleet = fleet as z.ZodMiniType as z.ZodMiniType<Fleet>;
/** An idle policy inside an event. */
export const CarriedIdlePolicy = idle as z.ZodMiniType as z.ZodMiniType<IdlePolicy>;
/* oxlint-enable typescript/no-unsafe-type-assertion */
