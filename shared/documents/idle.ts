/** `idle`: when a member counts as idle, and the action then. */
import * as z from "zod/mini";
import { CHANNELS_MAX } from "../budget.ts";
import { formatDuration, hours, minutes } from "../duration.ts";
import {
  channelNames,
  closed,
  duration,
  finding,
  type Finding,
  inMs,
  orEmpty,
  range,
  rule,
  short,
  slipsIn,
  text,
  timeZone,
  whole,
} from "./fields.ts";
import type { Window } from "./calendar.ts";
import { parseUpWindow } from "./up-hours.ts";

/** Hourly points, or minutes below an hour; at most 28 hours of 50 instances are in one page of 1,440 (DescribeMetricList). */
const WINDOW: readonly [string, string] = ["10m", "24h"];
const HOUR_MS = hours(1);

/**
 * Half of what runs, in one go: metrics that are wrong for everyone at once (a renamed metric, an agent
 * that died) then cost half a fleet and leave time to look. Rounded up, so that one idle of one is stopped.
 */
const DEFAULT_CAP_PERCENT = 50;

/** The policy travels beside the ids of a thousand members. */
const MAX_WINDOWS = 50;

function moreThanZero(most: number) {
  const error = `must be more than 0 and at most ${most}`;
  return z.number().check(z.positive(error), z.maximum(most, error));
}

/** `cpuAverage: 5` is short for `{below: 5}`. */
const below = (most: number) =>
  z.exactOptional(
    short(
      (value) => (typeof value === "number" ? { below: value } : value),
      closed({ below: moreThanZero(most) }),
    ),
  );

const signalShape = {
  cpuAverage: below(100),
  cpuMaximum: below(100),
  internetIn: below(1e12),
  internetOut: below(1e12),
  intranetIn: below(1e12),
  intranetOut: below(1e12),
  diskRead: below(1e12),
  diskWrite: below(1e12),
};

/** Each must be below its bound over the whole window: percent, bit/s for networks, byte/s for disks. */
const Signals = closed(signalShape).check(
  rule<object>([], (signals) =>
    finding(
      Object.keys(signalShape).every((key) => !(key in signals)),
      [],
      `must have at least one of ${Object.keys(signalShape).join(", ")}`,
    ),
  ),
);

/** Days that are unlike their week stand in the calendar of the fleet. */
const OF_CALENDAR: Readonly<Record<string, string>> = {
  holidays: "is not known; write it under calendar:",
  workdays: "is not known; write it under calendar:",
  on: "is not known; write it under calendar:, as workdays",
  ...Object.fromEntries(
    ["off", "publicHolidays", "except", "exceptions", "skip"].map((key) => [
      key,
      "is not known; write it under calendar:, as holidays",
    ]),
  ),
};

const upDuringShape = {
  /** Left out where the fleet has a calendar. */
  timeZone: z.exactOptional(timeZone()),
  hours: z
    .array(
      z
        .string()
        .check(
          z.refine(
            (value: string) => parseUpWindow(value) !== undefined,
            "must be days and hours like Mon-Fri 08:00-20:00, Sat,Sun 10:00-14:00 or daily 00:00-24:00",
          ),
        ),
    )
    .check(z.minLength(1), z.maxLength(MAX_WINDOWS)),
};

const UpDuring = z.pipe(
  closed(upDuringShape, OF_CALENDAR),
  z.transform(({ hours: texts, ...zone }: { timeZone?: string; hours: string[] }) => ({
    ...zone,
    windows: texts.map(parseUpWindow).filter((window): window is Window => window !== undefined),
  })),
);

const Cap = z.pipe(
  closed({ count: z.exactOptional(whole(1, 10_000)), percent: z.exactOptional(whole(1, 100)) }).check(
    rule<object>([], (cap) => finding(Object.keys(cap).length === 0, [], "must have count, percent or both")),
  ),
  z.transform((cap: { count?: number; percent?: number }) => ({ percent: 100, ...cap })),
);

/** The policy travels in every event of a check. */
const PROBE_MAX = 2000;

/** Asked of a member before its stop: exit code 0 says busy, 1 says not busy. */
const Probe = z.pipe(
  short(
    (value) => (typeof value === "string" ? { command: value } : value),
    closed({
      command: text(
        new RegExp(`^[^\\0]{1,${PROBE_MAX}}$`),
        `be a command of at most ${PROBE_MAX} characters`,
      ).check(rule<string>([], (line) => slipsIn(line, []))),
      timeout: z._default(duration("10s", "5m"), minutes(0.5)),
      user: z.exactOptional(text(/^[\w.-]{1,32}$/, "be the name of a user")),
    }),
  ),
  z.transform((probe: { command: string; timeout: number; user?: string }) => inMs(probe, "timeout")),
);

const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

const shape = {
  signals: z.exactOptional(Signals),
  window: z._default(duration(...WINDOW), hours(2)),
  coverage: z._default(range(0.5, 1), 0.9),
  /** An hour, or the window when that is shorter. */
  grace: z.exactOptional(duration("0s", "7d")),
  keepRunning: z._default(whole(0, 10_000), 0),
  optOutTag: z._default(
    text(/^(?!aliyun|acs:)(?!.*https?:\/\/)\P{Cc}{1,128}$/u, "be a tag key of at most 128 characters"),
    "kiln:keep",
  ),
  probe: z.exactOptional(Probe),
  upDuring: z.exactOptional(UpDuring),
  /** Outside of upDuring: stop idle members only, or all of them. */
  outside: z.exactOptional(z.enum(["idle", "stop"])),
  /** The time of day at which the start of a member by a user outside of upDuring no longer keeps it. */
  startedByHandUntil: z.exactOptional(z.string().check(z.regex(CLOCK, "must be a time of day like 22:00"))),
  action: z._default(z.enum(["stop", "release"]), "stop"),
  stoppedMode: z.exactOptional(z.enum(["StopCharging", "KeepCharging"])),
  keepIf: orEmpty(z.array(z.enum(["publicAddress", "noStock"])).check(z.maxLength(2)), []),
  cap: z._default(Cap, { percent: DEFAULT_CAP_PERCENT }),
  notice: z.exactOptional(duration("5m", "7d")),
  notify: orEmpty(channelNames(["stopping"], CHANNELS_MAX), []),
  resume: z._default(z.boolean(), false),
  /** How long a stopped member is kept. */
  releaseAfter: z.exactOptional(duration("1d", "365d")),
  dryRun: z._default(z.boolean(), false),
};
type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** Who may be stopped when: the signals, the clock and the probe. */
function whenFindings({ signals, probe, outside, startedByHandUntil, upDuring }: Written): Finding[] {
  return [
    ...finding(
      signals === undefined && upDuring === undefined,
      ["signals"],
      "is missing; write signals: { cpuAverage: 5 }, or upDuring to stop by the clock",
    ),
    ...finding(
      signals === undefined && outside === "idle",
      ["outside"],
      "must be stop where there are no signals, which would say who is idle",
    ),
    ...finding(
      probe !== undefined && (signals === undefined || outside === "stop"),
      ["probe"],
      "must be used with signals and without outside: stop, which asks for no load",
    ),
    ...finding(
      (outside ?? startedByHandUntil) !== undefined && upDuring === undefined,
      [outside === undefined ? "startedByHandUntil" : "outside"],
      "must be used with upDuring, which says when members are up",
    ),
  ];
}

/** Fields that stand beside others: what is in them may be unsound. */
function besideFindings({ resume, upDuring, notice, notify }: Written): Finding[] {
  return [
    ...finding(
      Object(notify).length > 0 && notice === undefined,
      ["notify"],
      "must be used with notice, which says how long before a stop the channels hear of it",
    ),
    ...finding(
      resume && upDuring === undefined,
      ["resume"],
      "must be used with upDuring, which says when to start again",
    ),
  ];
}

function findings({ action, stoppedMode, resume, releaseAfter, keepIf }: Written): Finding[] {
  const release = action === "release";
  const charged = release || stoppedMode === "KeepCharging";
  return [
    ...finding(
      Object(keepIf).length > 0 && charged,
      ["keepIf"],
      "must be used with stoppedMode: StopCharging, the only one that gives address and stock away for a while",
    ),
    ...finding(release && stoppedMode !== undefined, ["stoppedMode"], "must be used with action: stop"),
    ...finding(release && releaseAfter !== undefined, ["releaseAfter"], "must be used with action: stop"),
    ...finding(
      release && resume,
      ["resume"],
      "must be used with action: stop; what is released cannot start again",
    ),
  ];
}

function complete({ notice, releaseAfter, signals, outside, grace, ...written }: Written) {
  return {
    ...inMs(written, "window"),
    signals: signals ?? {},
    outside: outside ?? (signals === undefined ? ("stop" as const) : ("idle" as const)),
    graceMs: grace ?? Math.min(HOUR_MS, written.window),
    // Sent in every call: the default of an account keeps charging unless it was changed.
    stoppedMode: written.stoppedMode ?? ("StopCharging" as const),
    ...(notice === undefined ? {} : { noticeMs: notice }),
    ...(releaseAfter === undefined ? {} : { releaseAfterMs: releaseAfter }),
  };
}

/** The policy, complete; absent: nothing of this fleet is ever stopped. */
type CompletePolicy = ReturnType<typeof complete>;

/** As `CompletePolicy`, with the calendar of its fleet. */
export type IdlePolicy = Omit<CompletePolicy, "upDuring"> & { upDuring?: UpDuringHours };

type UpDuringHours = NonNullable<CompletePolicy["upDuring"]> & CalendarOf;

interface CalendarOf {
  timeZone: string;
  holidays?: [number, number][];
  workdays?: [number, number][];
}

/** The policy with the calendar of its fleet. */
export function withCalendar(
  { upDuring, ...policy }: CompletePolicy,
  calendar: CalendarOf | undefined,
): IdlePolicy {
  if (upDuring === undefined) return policy;
  return { ...policy, upDuring: { ...upDuring, timeZone: upDuring.timeZone ?? "", ...calendar } };
}

/** Metrics are read as points of an hour, or of a minute: the next longer window of these. */
const wholeWindow = (ms: number): string => {
  const unit = ms < HOUR_MS ? minutes(1) : HOUR_MS;
  return formatDuration(Math.ceil(ms / unit) * unit);
};

export const Idle = z.pipe(
  closed(shape, {
    timeZone: "is not known; write it under upDuring:",
    hours: "is not known; write it under upDuring:",
  }).check(
    rule<Written>(["window"], ({ window }) =>
      finding(
        window % (window < HOUR_MS ? minutes(1) : HOUR_MS) !== 0,
        ["window"],
        `must be whole hours, or whole minutes below an hour; write ${wholeWindow(window)}`,
      ),
    ),
    rule<Written>([], whenFindings),
    rule<Written>(["action", "stoppedMode"], findings),
    rule<Written>([], besideFindings),
  ),
  z.transform((written: Written) => complete(written)),
);
