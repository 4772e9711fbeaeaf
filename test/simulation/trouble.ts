/** How scenarios make trouble: struck calls, storms, and things that happen again and again. */
import { CloudFault, type Fault, type Product } from "../cloud/index.ts";
import type { Simulation } from "./simulation.ts";

/** Ends the trouble. */
export type Stop = () => void;

/** Share of the calls of each kind that is struck in every simulation. */
const STRUCK = 0.02;

/** The products that functions call. */
export type Struck = Exclude<Product, "ram" | "sts" | "bss">;

/** Calls that are struck, reads and changes alike. */
const TARGETS: readonly (readonly [Struck, string])[] = [
  [
    "ecs",
    "RunInstances CreateInstance StartInstance StartInstances StopInstance StopInstances RebootInstance",
  ],
  ["ecs", "DeleteInstance CreateImage ImportImage CopyImage DeleteImage DeleteSnapshot ModifyImageAttribute"],
  ["ecs", "TagResources UntagResources RunCommand DescribeInvocationResults DescribeCloudAssistantStatus"],
  ["ecs", "DescribeInstances DescribeImages DescribeImageFromFamily DescribeSnapshots ListTagResources"],
  ["ecs", "DescribeDisks DescribeImageSharePermission DescribePrice AllocatePublicIpAddress"],
  ["cms", "DescribeMetricList"],
  ["ess", "DescribeScalingConfigurations"],
  ["oss", "GetObject PutObject AppendObject HeadObject ListObjects DeleteObject"],
  ["fc", "InvokeFunction"],
];

export const everyAction = (product: Struck): string[] =>
  TARGETS.filter(([one]) => one === product).flatMap(([, actions]) => actions.split(" "));

const PASSING: Readonly<Record<Struck, () => CloudFault>> = {
  ecs: () => new CloudFault(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
  cms: () => new CloudFault(403, "Throttling.User", "Request was denied due to user flow control."),
  ess: () => new CloudFault(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
  oss: () => new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate."),
  fc: () => new CloudFault(500, "InternalServerError", "an internal error has occurred"),
};

const KINDS = ["before", "after", "crash"] as const;

/** Strikes a share of all calls: refused, carried out without an answer, or the last act of their caller. */
export function strike({ kiln, draw }: Simulation): Stop {
  const stops = TARGETS.flatMap(([product, actions]) =>
    actions.split(" ").map((action) => {
      // Drawn when the call comes, so that the seed decides and not the order of registration.
      let kind: Fault["kind"] = "before";
      const when = (): boolean => {
        const isStruck = draw() < STRUCK;
        kind = KINDS[Math.floor(draw() * KINDS.length)] ?? "before";
        return isStruck;
      };
      return kiln.cloud.faults.add({
        product,
        action,
        when,
        get kind() {
          return kind;
        },
        fault: PASSING[product](),
      });
    }),
  );
  return () => stops.forEach((stop) => stop());
}

/** Does something again and again, at random intervals around `everyMs`, until it is stopped. */
export function repeatedly({ kiln: { cloud }, draw }: Simulation, everyMs: number, act: () => void): Stop {
  let isOver = false;
  const next = (): void => {
    cloud.time.after(Math.round(everyMs * (0.5 + draw())), { label: "scenario", background: true }, () => {
      if (isOver) return;
      act();
      next();
    });
  };
  next();
  return () => {
    isOver = true;
  };
}

/** Something that holds for `forMs` at a time, with pauses around `everyMs`. */
export function storms(simulation: Simulation, everyMs: number, forMs: number, begin: () => Stop): Stop {
  const open = new Set<Stop>();
  const stop = repeatedly(simulation, everyMs, () => {
    const end = begin();
    open.add(end);
    simulation.kiln.cloud.time.after(forMs, { label: "end of a storm", background: true }, () => {
      open.delete(end);
      end();
    });
  });
  return () => {
    stop();
    for (const end of open) end();
  };
}

export const all =
  (...stops: readonly Stop[]): Stop =>
  () =>
    stops.forEach((stop) => stop());
