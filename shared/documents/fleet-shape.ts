/** The fields of `fleets/<name>.yaml`, each with its own limits. */
import * as z from "zod/mini";
import { channels, closed, duration, finding, orEmpty, range, rule, short, text, whole } from "./fields.ts";
import { CHANNELS_MAX } from "../budget.ts";
import { FLEET_EVENTS } from "../notifications/notification.ts";
import { HealthSchema } from "./health.ts";
import { Idle } from "./idle.ts";
import { Launch } from "./launch.ts";
import { description } from "./names.ts";
import { RefreshSchema } from "./refresh.ts";
import { CalendarSchema, MAX_INSTANCES, Schedule, Size } from "./size.ts";

/** RunInstances.AutoReleaseTime: 30 minutes to 3 years ahead. A launch call may be repeated for the first 30. */
const EXPIRY: readonly [string, string] = ["1h", "1095d"];

/** 2–128 characters; a public or foreign family (acs:…) may be launched from as well. */
const Family = text(
  /^[A-Za-z\p{Script=Han}][A-Za-z0-9\p{Script=Han}:._-]{1,127}$/u,
  "be the name of an image family, 2 to 128 characters",
);

const limitsShape = {
  max: whole(1, MAX_INSTANCES),
  perRequest: z.exactOptional(whole(1, MAX_INSTANCES)),
  perHour: z.exactOptional(whole(1, MAX_INSTANCES)),
  perDay: z.exactOptional(whole(1, MAX_INSTANCES * 24)),
  maxPricePerHour: z.exactOptional(range(0.001, 1_000_000)),
};
type Limits = z.infer<z.ZodMiniObject<typeof limitsShape, z.core.$strict>>;

const Limits = z.pipe(
  closed(limitsShape).check(
    rule<Limits>(["max", "perRequest"], ({ max, perRequest = 1 }) =>
      finding(perRequest > max, ["perRequest"], `must be at most max, which is ${max}`),
    ),
    rule<Limits>(["perHour", "perDay"], ({ perHour = 0, perDay }) =>
      finding(
        perDay !== undefined && perDay < perHour,
        ["perDay"],
        `must be at least perHour, which is ${perHour}`,
      ),
    ),
  ),
  z.transform((limits: Limits) => ({ ...limits, perRequest: limits.perRequest ?? limits.max })),
);

const Wake = short(
  (value) => (typeof value === "boolean" ? { enabled: value } : value),
  closed({ enabled: z._default(z.boolean(), true), olderImages: z._default(z.boolean(), false) }),
);

const Ladder = z.array(z.enum(["spot", "onDemand"])).check(z.minLength(1), z.maxLength(2));

/** The keys of a fleet document. */
export const fleetShape = {
  description: z.exactOptional(description()),
  family: Family,
  os: z._default(z.enum(["linux", "windows"]), "linux"),
  via: z._default(z.enum(["RunInstances", "CreateInstance"]), "RunInstances"),
  launch: Launch,
  allowSubscription: z._default(z.boolean(), false),
  passwordFromEnv: z.exactOptional(
    text(/^[A-Z][A-Z0-9_]*$/, "be the name of an environment variable, capitals, digits and _"),
  ),
  ladder: z.exactOptional(Ladder),
  limits: Limits,
  /** How many members reconciling keeps; without it a fleet has what was asked for. */
  size: z.exactOptional(Size),
  schedule: z.exactOptional(Schedule),
  calendar: z.exactOptional(CalendarSchema),
  /** How members are replaced by those of the image that the family serves. */
  refresh: z.exactOptional(RefreshSchema),
  /** Which members are replaced because they are not well. */
  health: z.exactOptional(HealthSchema),
  wake: orEmpty(Wake, {}),
  expireAfter: z.exactOptional(duration(...EXPIRY)),
  idle: z.exactOptional(Idle),
  /** The action on the machine of a job of a CI system that is completed; none when it is left out. */
  onJobCompleted: z.exactOptional(z.enum(["keep", "stop", "release"])),
  /** What is done with the members once the document is gone; nothing when it is left out. */
  onRemoval: z.exactOptional(z.enum(["keep", "stop", "release"])),
  /** Channels, and the events each receives. */
  notify: orEmpty(channels(FLEET_EVENTS, CHANNELS_MAX), []),
};
/** A fleet as written, field by field sound; the rules between fields come next. */
export type Written = z.infer<z.ZodMiniObject<typeof fleetShape, z.core.$strict>>;
