/** `refresh` of a fleet: how its members are replaced by members of the image that its family serves. */
import * as z from "zod/mini";
import { minutes } from "../duration.ts";
import { closed, CommandLine, duration, finding, inMs, orEmpty, rule, text, whole } from "./fields.ts";
import { MAX_INSTANCES } from "./size.ts";

const Probe = z.pipe(
  closed({ command: CommandLine, timeout: z._default(duration("10s", "30m"), minutes(1)) }),
  z.transform((value: { command: string; timeout: number }) => inMs(value, "timeout")),
);

const Canary = z.pipe(
  closed({ percent: z._default(whole(1, 100), 10), soak: z._default(duration("0s", "24h"), minutes(10)) }),
  z.transform((value: { percent: number; soak: number }) => inMs(value, "soak")),
);

/** An alert rule of CloudMonitor; DescribeMetricRuleList takes 20 ids. */
const RuleId = text(/^[A-Za-z0-9_.:-]{1,100}$/, "be the id of an alert rule of CloudMonitor");
const RULES_MAX = 20;

const shape = {
  onPromotion: z._default(z.enum(["leave", "refresh"]), "leave"),
  maxUnavailable: z._default(whole(0, MAX_INSTANCES), 0),
  surge: z._default(whole(0, MAX_INSTANCES), 1),
  canary: z.exactOptional(Canary),
  probe: z.exactOptional(Probe),
  alarms: orEmpty(z.array(RuleId).check(z.maxLength(RULES_MAX)), []),
};
type WrittenRefresh = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

export const RefreshSchema = closed(shape).check(
  rule<WrittenRefresh>(["maxUnavailable", "surge"], ({ maxUnavailable, surge }) =>
    finding(
      maxUnavailable + surge === 0,
      ["surge"],
      "must be at least 1, or maxUnavailable must be, or no member can be replaced",
    ),
  ),
);
export type RefreshPolicy = z.infer<typeof RefreshSchema>;

interface Needs {
  readonly refresh?: WrittenRefresh;
  readonly size?: unknown;
  readonly idle?: unknown;
}

/** A refresh keeps the size, and asks the idle policy who is busy. */
export const refreshFindings = ({ refresh, size, idle }: Needs) => [
  ...finding(refresh !== undefined && size === undefined, ["refresh"], "must be used with size"),
  ...finding(
    refresh !== undefined && idle === undefined,
    ["refresh"],
    "must be used with idle, which says when a member is busy",
  ),
];

/** Of a fleet that says nothing about it. */
export const REFRESH: RefreshPolicy = { onPromotion: "leave", maxUnavailable: 0, surge: 1, alarms: [] };
