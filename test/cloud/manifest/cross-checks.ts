/** What one value of a manifest cannot show: ratios, names that must exist, rules that overlap. */
import type { Problem } from "./problem.ts";
import { isBalanced, overlaps, triggerOf } from "../core/function-definition.ts";
import {
  BUCKET_ARN,
  FUNCTION_ARN,
  type FunctionPropsValue,
  type TriggerProps,
} from "../core/function-schema.ts";

/** A function of the file, checked on its own. */
export interface Resource {
  /** Key under `resources`. */
  readonly name: string;
  readonly props: FunctionPropsValue;
  readonly triggers: readonly TriggerProps[];
}

/** Problems between values and between functions. */
export const checkAcross = (resources: readonly Resource[]): Problem[] => [
  ...resources.flatMap(checkRatio),
  ...checkNames(resources),
  ...checkReserved(resources),
  ...resources.flatMap((resource) => checkDestinations(resource, resources)),
  ...resources.flatMap(checkTriggers),
  ...checkOverlaps(resources),
];

const at = (name: string, ...rest: PropertyKey[]): PropertyKey[] => ["resources", name, "props", ...rest];

function checkRatio({ name, props: { cpu, memorySize } }: Resource): Problem[] {
  if (isBalanced(cpu, memorySize)) return [];
  const least = Math.max(128, Math.ceil(cpu * 16 - 1e-9) * 64);
  const most = Math.floor(cpu * 64 + 1e-9) * 64;
  const text = `is ${memorySize} MB for ${cpu} vCPU — give 1 to 4 GB per vCPU, here ${least} to ${most} MB`;
  return [{ path: at(name, "memorySize"), text }];
}

function checkNames(resources: readonly Resource[]): Problem[] {
  const names = resources.map(({ props }) => props.functionName);
  return resources
    .filter(({ props }, index) => names.indexOf(props.functionName) !== index)
    .map(({ name, props }) => ({
      path: at(name, "functionName"),
      text: `${props.functionName} is taken by another resource — give each function its own name`,
    }));
}

/** Of the 100 instances of an account in a region, 90 can be reserved; other functions share what is left. */
const RESERVABLE = 90;

/** https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/configure-reserved-instances */
function checkReserved(resources: readonly Resource[]): Problem[] {
  const sum = resources.reduce(
    (total, { props }) => total + (props.concurrencyConfig?.reservedConcurrency ?? 0),
    0,
  );
  if (sum <= RESERVABLE) return [];
  const text = `reserve ${sum} instances together — an account may reserve ${RESERVABLE} of its 100 in a region: lower reservedConcurrency`;
  return [{ path: ["resources"], text }];
}

function checkDestinations({ name, props }: Resource, all: readonly Resource[]): Problem[] {
  const config = props.asyncInvokeConfig?.destinationConfig;
  return (["onSuccess", "onFailure"] as const).flatMap((kind) => {
    const arn = config?.[kind]?.destination;
    if (arn === undefined) return [];
    const path = at(name, "asyncInvokeConfig", "destinationConfig", kind, "destination");
    const [, region, , target] = FUNCTION_ARN.exec(arn) ?? [];
    const problems: Problem[] = [];
    const isHere = all.some((other) => other.props.functionName === target && other.props.region === region);
    if (!isHere) {
      problems.push({
        path,
        text: `there is no function ${target} in ${region} in this file — correct the ARN`,
      });
    }
    if (props.role === undefined) {
      problems.push({
        path,
        text: "needs fc:InvokeFunction of the function's role — give the function a role",
      });
    }
    return problems;
  });
}

function checkTriggers({ name, triggers, props }: Resource): Problem[] {
  const names = triggers.map(({ triggerName }) => triggerName);
  const twice = triggers
    .map(({ triggerName }, index) => ({ triggerName, index }))
    .filter(({ triggerName, index }) => names.indexOf(triggerName) !== index)
    .map(({ triggerName, index }) => ({
      path: at(name, "triggers", index, "triggerName"),
      text: `${triggerName} is taken by another trigger — give each its own name`,
    }));
  const abroad = triggers.flatMap((trigger, index) => {
    if (trigger.triggerType !== "oss") return [];
    const region = BUCKET_ARN.exec(trigger.sourceArn)?.[1];
    if (region === props.region) return [];
    const text = `is a bucket in ${region} — a trigger works within one region, here ${props.region}`;
    return [{ path: at(name, "triggers", index, "sourceArn"), text }];
  });
  return [...twice, ...abroad];
}

/** OSS refuses a second rule on a bucket whose prefix and suffix overlap for the same event. */
function checkOverlaps(resources: readonly Resource[]): Problem[] {
  const rules = resources.flatMap(({ name, triggers }) =>
    triggers.flatMap((trigger, index) =>
      trigger.triggerType === "oss"
        ? [{ trigger: triggerOf(trigger), path: at(name, "triggers", index, "triggerConfig") }]
        : [],
    ),
  );
  return rules.flatMap(({ trigger, path }, index) => {
    const earlier = rules.slice(0, index).find((rule) => overlaps(rule.trigger, trigger));
    if (earlier === undefined) return [];
    const text = `overlaps trigger ${earlier.trigger.name} in prefix and suffix for the same event — OSS refuses the second: keep their prefixes or suffixes apart`;
    return [{ path, text }];
  });
}
