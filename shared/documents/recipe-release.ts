/** The test, promotion and retention of an image, and its notifications. */
import * as z from "zod/mini";
import { CHANNELS_MAX } from "../budget.ts";
import { days, formatDuration, minutes } from "../duration.ts";
import { CHECK_IDS } from "../image-checks.ts";
import { RECIPE_EVENTS } from "../notifications/notification.ts";
import {
  channels,
  closed,
  duration,
  finding,
  inMs,
  oneOrMany,
  orEmpty,
  rule,
  short,
  text,
  whole,
} from "./fields.ts";
import { instanceType, regionId, securityGroupId, vSwitchId } from "./names.ts";
import { Size } from "./offerings.ts";
import { CopyRegion } from "./recipe-encryption.ts";
import { SystemDisk, TestedDisks } from "./recipe-builder.ts";
import { complete, WrittenSteps } from "./recipe-steps.ts";

const testShape = {
  commands: orEmpty(WrittenSteps, []),
  instanceTypes: z.exactOptional(oneOrMany(instanceType())),
  instance: z.exactOptional(Size),
  vSwitchIds: z.exactOptional(oneOrMany(vSwitchId())),
  securityGroupId: z.exactOptional(securityGroupId()),
  systemDisk: z.exactOptional(SystemDisk),
  dataDisks: z.exactOptional(TestedDisks),
  hygiene: orEmpty(closed({ waive: z._default(oneOrMany(z.enum(CHECK_IDS)), []) }), {}),
  timeout: z._default(duration("5m", "1d"), minutes(30)),
  keepFailed: z.exactOptional(duration("1h", "7d")),
  skip: z._default(z.boolean(), false),
};
type TestWritten = z.infer<z.ZodMiniObject<typeof testShape, z.core.$strict>>;

export const Test = z.pipe(
  closed(testShape).check(
    rule<TestWritten>(["commands", "timeout"], ({ commands, timeout }) =>
      commands.flatMap(({ timeout: own }, index) =>
        finding(
          // One that leaves it out ends with the test.
          own !== undefined && own > timeout,
          ["commands", index, "timeout"],
          `must be at most test.timeout, which is ${formatDuration(timeout)}; raise test.timeout or lower this`,
        ),
      ),
    ),
    rule<TestWritten>(["instanceTypes", "instance"], ({ instanceTypes, instance }) =>
      finding(
        instanceTypes !== undefined && instance !== undefined,
        ["instance"],
        "must not stand beside instanceTypes; keep one of the two",
      ),
    ),
    rule<TestWritten>(["skip", "commands"], ({ skip, commands }) =>
      finding(
        skip && commands.length > 0,
        ["skip"],
        "must not be true while there are commands; remove one of the two",
      ),
    ),
  ),
  z.transform(({ keepFailed, commands, ...value }: TestWritten) => ({
    ...inMs(value, "timeout"),
    commands: commands.map(complete),
    ...(keepFailed !== undefined && { keepFailedMs: keepFailed }),
  })),
);

/** Accounts an image may be shared with, ModifyImageSharePermission. */
const MAX_ACCOUNTS = 50;
/** DescribeRegions has about thirty; Image Builder draws its own line at 20. */
const MAX_REGIONS = 20;

/** Account ids pass the precision of a number in some readers, so they are kept as text. */
const accountId = short(
  (value) => (Number.isSafeInteger(value) ? String(value) : value),
  text(/^\d{10,20}$/, "be an account id of 10 to 20 digits, in quotes"),
);

/** What one promotion changes, one after the other, while its family is locked; a line of our own. */
const MAX_CONSUMERS = 20;

/** A launch template or a scaling configuration, in the home region unless it says otherwise. */
const Consumer = short(
  (value) => (typeof value === "string" ? { id: value } : value),
  closed(
    {
      id: text(
        /^(?:lt|asc)-[A-Za-z0-9-]{1,60}$/,
        "be the id of a launch template, lt-…, or of a scaling configuration of Auto Scaling, asc-…",
      ),
      region: z.exactOptional(regionId()),
    },
    { launchTemplate: "is not known; write id: lt-…", scalingConfiguration: "is not known; write id: asc-…" },
  ),
);

const Consumers = z.array(Consumer).check(
  z.maxLength(MAX_CONSUMERS),
  rule<z.infer<typeof Consumer>[]>(["*"], (all) =>
    all.flatMap(({ id, region }, index) =>
      finding(
        all.findIndex((one) => one.id === id && one.region === region) !== index,
        [index],
        "is listed twice; keep one of them",
      ),
    ),
  ),
);

const Approval = z.pipe(
  closed({ within: duration("10m", "7d") }),
  z.transform((value: { within: number }) => inMs(value, "within")),
);

const promoteShape = {
  outranked: z._default(z.enum(["stop", "deprecate"]), "stop"),
  regions: orEmpty(z.array(CopyRegion).check(z.maxLength(MAX_REGIONS)), []),
  accounts: orEmpty(z.array(accountId).check(z.maxLength(MAX_ACCOUNTS)), []),
  consumers: orEmpty(Consumers, []),
  approval: z.exactOptional(Approval),
};

export const Promote = closed(promoteShape, { family: "is not known; write family: at the top" });

/** A family holds at most 100 images. */
const MAX_KEEP = 100;

const retentionShape = {
  enabled: z._default(z.boolean(), false),
  keep: z._default(whole(1, MAX_KEEP), 3),
  youngerThan: z._default(duration("1d", "3650d"), days(30)),
  deleteAfter: z._default(duration("1h", "90d"), days(7)),
};
type RetentionWritten = z.infer<z.ZodMiniObject<typeof retentionShape, z.core.$strict>>;

export const Retention = z.pipe(
  closed(retentionShape),
  z.transform((value: RetentionWritten) => inMs(value, "youngerThan", "deleteAfter")),
);

const HOUR = 'write schedule: and five fields, such as "0 3 * * *", at the top of the recipe';

export const Rebake = short(
  (value) => (typeof value === "boolean" ? { nightly: value } : value),
  closed(
    {
      nightly: z.exactOptional(
        z.boolean({
          // An hour or the fields of cron, and no word such as `no`.
          error: ({ input }) =>
            typeof input === "string" && /[\d*@]/.test(input) ? `must be true or false; ${HOUR}` : undefined,
        }),
      ),
      onlyIfChanged: z._default(z.boolean(), true),
      /** Whether a changed object or base family starts a bake. */
      onChange: z.exactOptional(z.boolean()),
    },
    { schedule: `is not known; ${HOUR}`, cron: `is not known; ${HOUR}` },
  ),
);

export const Notify = channels(RECIPE_EVENTS, CHANNELS_MAX);
