/** Commands about what goes wrong: calls that fail, and a platform that delivers events badly. */
import * as z from "zod";
import { CloudFault, type Fault } from "../core/kernel.ts";
import type { Matcher } from "../fc/trouble.ts";
import type { Cloud } from "../index.ts";
import { command, type Command } from "./command.ts";
import { mustBeOneOf } from "./refused.ts";

/** How many calls or events are hit; null is all until `heal`. */
const times = z.int().min(1).nullable().default(1);

/** The usual status of a code: most refusals are 400. */
function statusOf(code: string): number {
  if (/^ServiceUnavailable|^ResourceThrottled/.test(code)) return 503;
  if (/^Internal(Server)?Error/.test(code)) return 500;
  if (/^(OperationDenied|Forbidden|AccessDenied|IncorrectInstanceStatus|QuotaExceeded)/.test(code))
    return 403;
  return /NotFound|^NoSuch/.test(code) ? 404 : 400;
}

const FaultBody = z
  .strictObject({
    product: z.enum(["ecs", "cms", "ess", "fc", "oss", "ram", "sts", "bss"]),
    action: z.string(),
    kind: z.enum(["before", "after", "crash", "hang"]),
    code: z.string().min(1).nullish(),
    status: z.int().min(400).max(599).nullish(),
    message: z.string().nullish(),
    times,
  })
  .refine(({ code, status, message }) => code || (!status && !message), "status and message go with a code")
  .refine(
    ({ code, kind }) => !code || kind === "before" || kind === "after",
    "a code goes with before and after: a caller that crash and hang hit reads no answer",
  );

function faultOf({ kind, code, status, message }: z.infer<typeof FaultBody>): Pick<Fault, "kind" | "fault"> {
  if (!code) return { kind };
  const text = message ?? "The request was refused by a fault of the control.";
  return { kind, fault: new CloudFault(status ?? statusOf(code), code, text) };
}

const fault = command(
  FaultBody,
  '{"product": "ecs", "action": "RunInstances", "kind": "before", "code": "OperationDenied.NoStock", "status": 403, "times": 1}',
  (body, { cloud, resets }) => {
    const { product, action, times: most } = body;
    mustBeOneOf(`action of ${product}`, action, cloud.actions[product]);
    const when = (_: unknown, n: number): boolean => most === null || n < most;
    resets.push(cloud.faults.add({ product, action, when, ...faultOf(body) }));
  },
);

/** Which events; those of every function without a name. */
const events = { function: z.string().optional(), times };
type Events = z.infer<z.ZodObject<typeof events>>;

/** Matches the next `times` events of a function. @throws Refused for a function that is not there */
function matcherOf({ fc }: Cloud, { function: name, times: most }: Events): Matcher {
  if (name !== undefined) mustBeOneOf("function", name, fc.functions.keys());
  let left = most ?? Number.POSITIVE_INFINITY;
  return (event) => (name ?? event.function) === event.function && left-- > 0;
}

const duplicate = command(
  z.strictObject({ ...events, afterMs: z.int().min(0).default(1000) }),
  '{"function": "kiln-bake-image", "times": 1, "afterMs": 1000}',
  (body, { cloud, resets }) => void resets.push(cloud.fc.duplicate(matcherOf(cloud, body), body.afterMs)),
);

const lose = command(
  z.strictObject(events),
  '{"function": "kiln-bake-image", "times": 1}',
  (body, { cloud, resets }) => void resets.push(cloud.fc.lose(matcherOf(cloud, body))),
);

const delay = command(
  z.strictObject({ ...events, byMs: z.int().min(0) }),
  '{"function": "kiln-bake-image", "times": 1, "byMs": 60000}',
  (body, { cloud, resets }) => void resets.push(cloud.fc.delay(matcherOf(cloud, body), () => body.byMs)),
);

const obstruct = command(
  z.strictObject({ ...events, status: z.union([z.literal(429), z.literal(500), z.literal(503)]) }),
  '{"function": "kiln-bake-image", "times": 1, "status": 429}',
  (body, { cloud, resets }) => void resets.push(cloud.fc.obstruct(matcherOf(cloud, body), body.status)),
);

const crash = command(
  z.strictObject({ function: z.string(), times }),
  '{"function": "kiln-bake-image", "times": 1}',
  ({ function: name, times: most }, { cloud, resets }) => {
    mustBeOneOf("function", name, cloud.fc.functions.keys());
    const when = (_: string, n: number): boolean => most === null || n < most;
    resets.push(cloud.fc.crash({ function: name, when }));
  },
);

const pause = command(
  z.strictObject({ ms: z.int().min(0) }),
  '{"ms": 3600000}',
  ({ ms }, { cloud, resets }) => {
    cloud.fc.pause(ms);
    resets.push(() => cloud.fc.pause(0));
  },
);

/** How the platform behaves when nothing is wrong with it. */
const HEALTHY = { mayBeEarly: false, delayFactor: 1, taskIds: {}, sessionMs: 36 * 3_600_000, skewMs: 0 };

const TaskIds = z.strictObject({
  rememberedMs: z.exactOptional(z.int().min(0)),
  scope: z.exactOptional(z.enum(["function", "account"])),
});

const PlatformBody = z.strictObject({
  mayBeEarly: z.exactOptional(z.boolean()),
  delayFactor: z.exactOptional(z.number().min(0)),
  taskIds: z.exactOptional(TaskIds),
  sessionMs: z.exactOptional(z.int().min(1000)),
  skewMs: z.exactOptional(z.int()),
});

const configure = ({ fc }: Cloud, { skewMs, ...rest }: z.infer<typeof PlatformBody>): void =>
  fc.configure({ ...rest, ...(skewMs !== undefined && { skewMs: () => skewMs }) });

const platform = command(
  PlatformBody,
  '{"mayBeEarly": true, "delayFactor": 0, "taskIds": {"rememberedMs": 0, "scope": "account"}, "sessionMs": 900000, "skewMs": 60000}',
  (body, { cloud, resets }) => {
    configure(cloud, body);
    resets.push(() => {
      configure(cloud, HEALTHY);
      // An instance keeps the clock that it began with.
      if (body.skewMs !== undefined) cloud.fc.retire();
    });
  },
);

const heal = command(z.strictObject({}), "{}", (_, { resets }) => {
  for (const reset of resets.splice(0)) reset();
});

export const TROUBLE: Readonly<Record<string, Command>> = {
  fault,
  duplicate,
  lose,
  delay,
  obstruct,
  crash,
  pause,
  platform,
  heal,
};
