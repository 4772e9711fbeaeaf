/** `fleets/<name>.yaml`: what is launched from a family, how much of it, and when it goes to sleep. */
import * as z from "zod/mini";
import { createInstanceFindings } from "./create-instance.ts";
import { closed, duration, finding, range, rule, short, text, whole, type Finding } from "./fields.ts";
import { Idle, type IdlePolicy } from "./idle.ts";
import { Launch } from "./launch.ts";
import { description, documentName } from "./names.ts";
import { hostNameProblem, ignoresUniqueSuffix, instanceNameProblem } from "./ordered-name.ts";
import { parseDocument } from "./parse.ts";

/** Kiln's own: what one account may create in two minutes, and one idle check looks over. */
const MAX_INSTANCES = 10_000;
/** RunInstances.AutoReleaseTime: 30 minutes to 3 years ahead. */
const EXPIRY: readonly [string, string] = ["30m", "1095d"];

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

const shape = {
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
  wake: z._default(Wake, { enabled: true, olderImages: false }),
  expireAfter: z.exactOptional(duration(...EXPIRY)),
  idle: z.exactOptional(Idle),
};
type Written = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

/** A subscription charges at once and cannot be given back, so it must be asked for twice. */
function subscriptionFindings({ launch, allowSubscription, expireAfter, idle, ladder }: Written): Finding[] {
  if (launch.InstanceChargeType !== "PrePaid") return [];
  const what = "must not be used with a subscription, which is paid to its end; remove it";
  const idles = idle !== undefined && (idle.action === "release" || idle.stoppedMode === "StopCharging");
  return [
    ...finding(
      !allowSubscription,
      ["launch", "InstanceChargeType"],
      "must be PostPaid; a subscription charges the account at once, write allowSubscription: true to allow it",
    ),
    ...finding(expireAfter !== undefined, ["expireAfter"], what),
    ...finding(
      idles,
      ["idle"],
      "must have action: stop and stoppedMode: KeepCharging for a subscription, or be removed",
    ),
    ...finding(ladder?.includes("spot") ?? false, ["ladder"], what),
  ];
}

function ladderFindings({ ladder = [], launch }: Written): Finding[] {
  const spot = ladder.includes("spot");
  const wants = launch.SpotStrategy !== "NoSpot";
  return [
    ...finding(
      spot && !wants,
      ["ladder"],
      "must not name spot while launch.SpotStrategy is NoSpot; set SpotAsPriceGo or SpotWithPriceLimit",
    ),
    ...finding(
      wants && ladder.length > 0 && !spot,
      ["ladder"],
      "must name spot, as launch.SpotStrategy asks for it",
    ),
    ...finding(new Set(ladder).size !== ladder.length, ["ladder"], "must name each payment once"),
  ];
}

function nameFindings({ launch, os, limits }: Written): Finding[] {
  const { InstanceName, HostName, HostNames, UniqueSuffix = false } = launch;
  const check = (
    at: Finding["at"],
    name: string | undefined,
    problem: (name: string) => string | undefined,
  ) => {
    const message = name === undefined ? undefined : problem(name);
    return message === undefined ? [] : [{ at: ["launch", ...at], message }];
  };
  const numbered = [InstanceName, HostName].filter((name) => name !== undefined && ignoresUniqueSuffix(name));
  return [
    ...check(["InstanceName"], InstanceName, (name) => instanceNameProblem(name, UniqueSuffix)),
    ...check(["HostName"], HostName, (name) => hostNameProblem(name, os, UniqueSuffix)),
    ...(HostNames ?? []).flatMap((name, index) =>
      check(["HostNames", index], name, (one) => hostNameProblem(one, os)),
    ),
    ...finding(
      UniqueSuffix && numbered.length > 0,
      ["launch", "UniqueSuffix"],
      "has no effect on a name that ends with [begin,bits]; remove it, or write a suffix after the bracket",
    ),
    ...finding(
      HostName !== undefined && HostNames !== undefined,
      ["launch", "HostNames"],
      "must not be used with HostName; keep one of the two",
    ),
    ...finding(
      HostNames !== undefined && HostNames.length < limits.max,
      ["launch", "HostNames"],
      `must name every instance, limits.max is ${limits.max}`,
    ),
  ];
}

function loginFindings({ launch, os, passwordFromEnv }: Written): Finding[] {
  const { KeyPairName, PasswordInherit } = launch;
  return [
    ...finding(
      passwordFromEnv !== undefined && PasswordInherit === true,
      ["passwordFromEnv"],
      "must not be used with launch.PasswordInherit; keep one of the two",
    ),
    ...finding(
      passwordFromEnv !== undefined && KeyPairName !== undefined,
      ["passwordFromEnv"],
      "must not be used with launch.KeyPairName, which switches password login off; keep one of the two",
    ),
    ...finding(
      os === "windows" && KeyPairName !== undefined,
      ["launch", "KeyPairName"],
      "has no effect on Windows; use PasswordInherit or passwordFromEnv",
    ),
  ];
}

/** An address or interface that is written down can be given to one instance only. */
function singleFindings({ launch, via, limits }: Written): Finding[] {
  const { NetworkInterface: cards = [], PrivateIpAddress, Ipv6Address } = launch;
  const many = limits.max > 1;
  const one = `must be used with limits.max: 1, which is ${limits.max}; it is for one instance`;
  const cardKeys = ["NetworkInterfaceId", "Ipv6Address"] as const;
  const fixed = PrivateIpAddress !== undefined || cards.some((card) => card.PrimaryIpAddress !== undefined);
  const secondary = cards.some((card) => card.InstanceType === "Secondary");
  return [
    ...finding(many && Ipv6Address !== undefined, ["launch", "Ipv6Address"], one),
    ...finding(
      many && via === "CreateInstance" && PrivateIpAddress !== undefined,
      ["launch", "PrivateIpAddress"],
      one,
    ),
    ...finding(
      many && fixed && secondary,
      ["launch", "NetworkInterface"],
      "must have no Secondary interface while a private address is set for several instances",
    ),
    ...cards.flatMap((card, index) =>
      cardKeys.flatMap((key) =>
        finding(many && card[key] !== undefined, ["launch", "NetworkInterface", index, key], one),
      ),
    ),
  ];
}

function idleFindings({ idle, limits, launch }: Written): Finding[] {
  if (idle === undefined) return [];
  const kept = launch.Tag.some((tag) => tag.Key === idle.optOutTag);
  return [
    ...finding(
      idle.keepRunning > limits.max,
      ["idle", "keepRunning"],
      `must be at most limits.max, which is ${limits.max}`,
    ),
    ...finding(
      idle.action === "release" && launch.DeletionProtection === true,
      ["idle", "action"],
      "must be stop while launch.DeletionProtection is true",
    ),
    ...finding(kept, ["idle", "optOutTag"], "must not be among launch.Tag, or every instance opts out"),
  ];
}

function viaFindings({ via, launch, expireAfter }: Written): Finding[] {
  if (via === "RunInstances") return [];
  const message =
    "must not be used via CreateInstance, which has no AutoReleaseTime; use via: RunInstances or remove it";
  return [...createInstanceFindings(launch), ...finding(expireAfter !== undefined, ["expireAfter"], message)];
}

const Fleet = (name: string) =>
  z.pipe(
    closed(shape, {
      Password: "must never stand in a document; write passwordFromEnv: and set the variable in s.yaml",
      max: "is not known; write it under limits:",
    }).check(
      rule<Written>(["launch", "allowSubscription", "expireAfter", "idle", "ladder"], subscriptionFindings),
      rule<Written>(["launch.SpotStrategy", "ladder"], ladderFindings),
      rule<Written>(
        ["launch.InstanceName", "launch.HostName", "launch.HostNames", "launch.UniqueSuffix", "os", "limits"],
        nameFindings,
      ),
      rule<Written>(["launch.KeyPairName", "launch.PasswordInherit", "os", "passwordFromEnv"], loginFindings),
      rule<Written>(
        ["launch.NetworkInterface", "launch.PrivateIpAddress", "launch.Ipv6Address", "via", "limits"],
        singleFindings,
      ),
      rule<Written>(["launch.Tag", "launch.DeletionProtection", "idle", "limits"], idleFindings),
      rule<Written>(["launch", "via", "expireAfter"], viaFindings),
    ),
    z.transform((written: Written) => complete(name, written)),
  );

function complete(name: string, { expireAfter, ladder, ...written }: Written) {
  const spot = written.launch.SpotStrategy !== "NoSpot";
  return {
    name,
    ...written,
    /** Payments in the order they are tried, on every type and vSwitch. */
    ladder: ladder ?? (spot ? (["spot", "onDemand"] as const) : (["onDemand"] as const)),
    ...(expireAfter === undefined ? {} : { expireAfterMs: expireAfter }),
  };
}

/** A fleet, complete: every default filled in, durations in milliseconds. Plain JSON, so events can carry it. */
export type Fleet = ReturnType<typeof complete>;
export type { IdlePolicy };

/**
 * Reads `fleets/<name>.yaml`, given by its key or its bare name.
 * @throws DocumentError with everything that is wrong in it.
 */
export function parseFleet(name: string, text: string): Fleet {
  return parseDocument(name, text, Fleet(documentName(name)));
}
