/** From the names of the API to a function as the platform knows it, and back. */
import { DEFAULTS, type FunctionDefinition, type LogConfig, type Trigger } from "./functions.ts";
import {
  type AsyncConfigValue,
  BUCKET_ARN,
  FUNCTION_ARN,
  type FunctionInputValue,
  ROLE_ARN,
  type TriggerProps,
} from "./function-schema.ts";

const group = (pattern: RegExp, text: string, index: number): string => pattern.exec(text)?.[index] ?? "";

type Config = Omit<
  FunctionDefinition,
  "codePath" | "triggers" | "reservedConcurrency" | "version" | "customDomain" | keyof Async
>;
type Async = Pick<
  FunctionDefinition,
  "hasAsyncConfig" | "asyncTask" | "maxRetries" | "maxAgeMs" | "onSuccess" | "onFailure"
>;

/** Settings of CreateFunction and UpdateFunction, beside the code. */
export function configOf(input: FunctionInputValue): Config {
  const { role, logConfig, vpcConfig } = input;
  return {
    name: input.functionName,
    description: input.description ?? "",
    handler: input.handler,
    runtime: input.runtime,
    vcpu: input.cpu,
    memoryMb: input.memorySize,
    diskMb: input.diskSize,
    timeoutMs: input.timeout * 1000,
    environment: input.environmentVariables ?? {},
    internetAccess: input.internetAccess ?? true,
    ...(role !== undefined && { role: group(ROLE_ARN, role, 1) }),
    // Empty names mean none.
    ...(logConfig !== undefined && logConfigOf(logConfig)),
    ...(vpcConfig !== undefined && vpcConfig.vpcId !== "" && { vpcConfig }),
  };
}

/** `auto` is the deploy tool's word for a project and a logstore that it creates itself. */
function logConfigOf(config: NonNullable<FunctionInputValue["logConfig"]>): {
  readonly logConfig?: LogConfig;
} {
  const { project, logstore, ...more } =
    config === "auto" ? { project: "serverless-auto", logstore: "default-logs" } : config;
  if (project === "") return {};
  const quiet = { enableRequestMetrics: false, enableInstanceMetrics: false, logBeginRule: "None" } as const;
  return { logConfig: { ...quiet, ...more, project, logstore } };
}

/** The body of CreateFunction that makes this function, without code. */
export function inputOf(
  definition: FunctionDefinition,
  accountId: string,
): Readonly<Record<string, unknown>> {
  const { role, logConfig, vpcConfig } = definition;
  return {
    functionName: definition.name,
    description: definition.description,
    runtime: definition.runtime,
    handler: definition.handler,
    cpu: definition.vcpu,
    memorySize: definition.memoryMb,
    diskSize: definition.diskMb,
    timeout: definition.timeoutMs / 1000,
    environmentVariables: definition.environment,
    internetAccess: definition.internetAccess,
    ...(role !== undefined && { role: `acs:ram::${accountId}:role/${role}` }),
    ...(logConfig !== undefined && { logConfig }),
    ...(vpcConfig !== undefined && { vpcConfig }),
  };
}

/** Settings of PutAsyncInvokeConfig; without a configuration the defaults of the platform. */
export function asyncOf(config: AsyncConfigValue | undefined): Async {
  const { maxRetries, maxAgeMs } = DEFAULTS;
  if (config === undefined) return { hasAsyncConfig: false, asyncTask: false, maxRetries, maxAgeMs };
  const target = (arn: string | undefined): string | undefined => arn && group(FUNCTION_ARN, arn, 3);
  const onSuccess = target(config.destinationConfig?.onSuccess?.destination);
  const onFailure = target(config.destinationConfig?.onFailure?.destination);
  return {
    hasAsyncConfig: true,
    asyncTask: config.asyncTask ?? false,
    maxRetries: config.maxAsyncRetryAttempts,
    maxAgeMs: config.maxAsyncEventAgeInSeconds * 1000,
    ...(onSuccess !== undefined && { onSuccess }),
    ...(onFailure !== undefined && { onFailure }),
  };
}

export function triggerOf(props: TriggerProps): Trigger {
  const { triggerName: name, description = "" } = props;
  switch (props.triggerType) {
    case "timer": {
      const { cronExpression, enable, payload = "" } = props.triggerConfig;
      return { kind: "timer", name, description, cron: cronExpression, enabled: enable, payload };
    }
    case "oss": {
      const { events, filter } = props.triggerConfig;
      const bucket = group(BUCKET_ARN, props.sourceArn, 3);
      const role = group(ROLE_ARN, props.invocationRole, 1);
      return { kind: "oss", name, description, bucket, events, ...filter.key, role };
    }
    case "http": {
      const { authType, methods, disableURLInternet = false } = props.triggerConfig;
      return {
        kind: "http",
        name,
        description,
        auth: authType,
        methods,
        disableInternet: disableURLInternet,
      };
    }
  }
}

/** The `triggerConfig` that makes this trigger. */
export function triggerConfigOf(trigger: Trigger): object {
  switch (trigger.kind) {
    case "timer":
      return { cronExpression: trigger.cron, enable: trigger.enabled, payload: trigger.payload };
    case "oss":
      return {
        events: trigger.events,
        filter: { key: { prefix: trigger.prefix, suffix: trigger.suffix } },
      };
    case "http":
      return {
        authType: trigger.auth,
        methods: trigger.methods,
        disableURLInternet: trigger.disableInternet,
      };
  }
}

/** OSS refuses a second rule on a bucket whose prefix and suffix overlap for the same event. */
export function overlaps(a: Trigger, b: Trigger): boolean {
  if (a.kind !== "oss" || b.kind !== "oss" || a.bucket !== b.bucket) return false;
  const nested = (x: string, y: string, test: "startsWith" | "endsWith"): boolean => x[test](y) || y[test](x);
  const sameEvent = a.events.some((one) =>
    b.events.some((other) => nested(one.replace(/\*$/, ""), other.replace(/\*$/, ""), "startsWith")),
  );
  return sameEvent && nested(a.prefix, b.prefix, "startsWith") && nested(a.suffix, b.suffix, "endsWith");
}

/** Whether memory is 1 to 4 GB per vCPU, the edges included in spite of binary fractions. */
export function isBalanced(vcpu: number, memoryMb: number): boolean {
  const gb = memoryMb / 1024;
  return gb >= vcpu - 1e-9 && gb <= vcpu * 4 + 1e-9;
}
