/**
 * System events of ECS that CloudMonitor passes on: one that takes a member of a fleet away launches another. Pure.
 * https://www.alibabacloud.com/help/en/cms/cloudmonitor-1-0/user-guide/configure-callbacks-for-system-event-triggered-alerts-recommended
 *
 * EVENT-1. Events come for all instances of the account, so `scale-out` looks whether the instance is a member.
 * EVENT-2. Several events of one member are one replacement: the fleet's ledger knows it by the member
 *     (functions/scale-out/scale-out/alerts.ts).
 * EVENT-3. Every other event is answered with a reason, and launches nothing.
 */
import * as z from "zod/mini";
import { readJson } from "../../../shared/json.ts";
import { readInstant } from "../../../shared/duration.ts";
import { digest } from "../../../shared/keys.ts";
import { redactedStart } from "../../../shared/redact.ts";
import {
  AbsentOrText,
  ignored,
  launch,
  malformed,
  present,
  shareOf,
  type ParsedWebhook,
  type SenderRequest,
} from "./sender.ts";

/**
 * The event as ECS reports it and as older alert rules post it. A subscription wraps it.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/instance-event-notification
 */
const Event = z.looseObject({
  name: z.string(),
  product: z.string(),
  eventTime: z.string(),
  regionId: AbsentOrText,
  resourceId: AbsentOrText,
  content: z.optional(z.unknown()),
  ruleName: AbsentOrText,
  /** Of a subscription: TRIGGERED or RESOLVED. */
  alertStatus: AbsentOrText,
});

/** A subscription posts JSON, or a form whose field `alert` is JSON. */
const Subscribed = z.looseObject({
  alert: z.looseObject({
    alertStatus: AbsentOrText,
    eventContentMap: z.optional(z.unknown()),
    meta: z.looseObject({ sysEventMeta: z.looseObject({}) }),
  }),
  strategyName: AbsentOrText,
});

/**
 * An instance that is interrupted ends within five minutes, and one that fails is away for a while. An instance whose
 * creation failed (SystemFailure.Delete) is replaced by the run that launched it.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/spot-instances-overview
 */
const TAKES_AWAY =
  /^Instance:(PreemptibleInstanceInterruption|(SystemFailure\.(Reboot|Redeploy)|InstanceFailure\.Reboot):Executing)$/;

/** undefined for a body that is no system event. */
export function parseSystemEvent(
  body: unknown,
  rules: Parameters<typeof shareOf>[0],
  { now, region }: SenderRequest,
): ParsedWebhook | undefined {
  const given = Given.safeParse(body);
  if (!given.success || (given.data.alert ?? given.data.name ?? undefined) === undefined) return undefined;
  const parsed = Event.safeParse(unwrapped(given.data));
  if (!parsed.success) return malformed("not a system event as CloudMonitor documents it");
  const { name, eventTime, ruleName } = parsed.data;
  const regionId = present(parsed.data.regionId) ?? region;
  if (!takesAway(parsed.data)) return ignored(`the event ${redactedStart(name, 100)} takes no instance away`);
  if (regionId !== region) return ignored(`the event is of region ${redactedStart(regionId, 100)}`);
  const share = shareOf(rules, [name, ruleName ?? ""]);
  if (share === undefined) return ignored("no fleet is set for this event or its subscription");
  const member = memberIn(parsed.data);
  if (member === undefined) return malformed("the event names no instance");
  const at = instantOf(eventTime);
  const delivery = [name, member, at];
  const alerts = [[digest(JSON.stringify([member])), share.count]] as const;
  return launch({ ...share, at, delivery, alerts, state: { member, at } }, now);
}

const Content = z.looseObject({ instanceId: AbsentOrText });

/** The instance of an event. */
function memberIn({ resourceId, content }: z.infer<typeof Event>): string | undefined {
  const read = Content.safeParse(typeof content === "string" ? readJson(content) : content);
  return instanceIn(resourceId) ?? instanceIn(read.data?.instanceId);
}

/** The id of an instance, alone or at the end of a resource's name. */
const instanceIn = (given: string | null | undefined): string | undefined =>
  /(?:^|\/)(i-[a-z0-9-]+)$/.exec(given ?? "")?.[1];

const takesAway = ({ name, product, alertStatus }: z.infer<typeof Event>): boolean =>
  product.toUpperCase() === "ECS" && TAKES_AWAY.test(name) && alertStatus !== "RESOLVED";

const Given = z.looseObject({ alert: z.optional(z.unknown()), name: z.optional(z.unknown()) });

/** The event of a subscription; anything else as it is. */
function unwrapped({ alert, ...outer }: z.infer<typeof Given>): unknown {
  if (alert === undefined) return outer;
  const read = Subscribed.safeParse({ ...outer, alert: typeof alert === "string" ? readJson(alert) : alert });
  if (!read.success) return undefined;
  const { meta, alertStatus, eventContentMap: content } = read.data.alert;
  return { ...meta.sysEventMeta, content, alertStatus, ruleName: read.data.strategyName };
}

/** `20190409T121826.922+0800` is the basic form of an instant. */
const instantOf = (eventTime: string): number =>
  readInstant(
    eventTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d.*)([+-]\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6$7:$8"),
  );
