/**
 * Settings beside a function: asynchronous invocation, reserved instances, and those that are empty here because they
 * are not simulated (scaling, provisioned instances, bindings to networks).
 */
import { asyncOf } from "../../core/function-definition.ts";
import { AsyncConfigInput, ConcurrencyInput, FUNCTION_ARN } from "../../core/function-schema.ts";
import { DEFAULTS, type FunctionDefinition } from "../../core/functions.ts";
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import {
  type Action,
  type ApiRequest,
  bodyOf,
  checked,
  functionArn,
  instant,
  invalid,
  json,
  nothing,
  page,
  type Platform,
} from "./request.ts";

/** @throws CloudFault: only LATEST has settings here. */
function latest({ platform, functionName, qualifier }: ApiRequest): FunctionDefinition {
  const definition = platform.registry.get(functionName);
  if (qualifier === "" || qualifier === "LATEST") return definition;
  throw invalid(`qualifier: settings of ${qualifier} are not simulated; see README.md`);
}

function asyncView({ kernel, registry }: Platform, definition: FunctionDefinition): object {
  const { asyncConfig } = registry.record(definition.name);
  const to = (name: string | undefined) =>
    name === undefined ? undefined : { destination: functionArn(kernel, name) };
  return {
    functionArn: functionArn(kernel, definition.name),
    asyncTask: definition.asyncTask,
    maxAsyncRetryAttempts: definition.maxRetries,
    maxAsyncEventAgeInSeconds: definition.maxAgeMs / 1000,
    destinationConfig: { onSuccess: to(definition.onSuccess), onFailure: to(definition.onFailure) },
    createdTime: instant(asyncConfig.createdAt),
    lastModifiedTime: instant(asyncConfig.modifiedAt),
  };
}

/** A destination need not exist, but the role of the function must be allowed to invoke it. */
function checkDestination(
  { platform: { kernel } }: ApiRequest,
  { role }: FunctionDefinition,
  arn: string,
): void {
  const name = FUNCTION_ARN.exec(arn)?.[3] ?? "";
  const caller = { accountId: kernel.accountId, keyId: "", ...(role !== undefined && { role }) };
  const mayInvoke =
    role !== undefined && kernel.allows(caller, "fc:InvokeFunction", functionArn(kernel, name));
  refuseIf(
    !mayInvoke,
    400,
    "InvalidArgument",
    `destination: the role of the function may not invoke ${name}`,
  );
}

async function putAsync(request: ApiRequest) {
  const { registry } = request.platform;
  const before = latest(request);
  const defaults = {
    maxAsyncRetryAttempts: DEFAULTS.maxRetries,
    maxAsyncEventAgeInSeconds: DEFAULTS.maxAgeMs / 1000,
  };
  const config = checked(AsyncConfigInput, { ...defaults, ...bodyOf(request) });
  for (const target of Object.values(config.destinationConfig ?? {})) {
    if (target !== undefined) checkDestination(request, before, target.destination);
  }
  const { onSuccess: _, onFailure: __, ...kept } = before;
  const record = registry.record(before.name);
  const { asyncConfig } = record;
  record.asyncConfig = before.hasAsyncConfig ? registry.restamp(asyncConfig) : registry.stamp(before.name);
  const definition = { ...kept, ...asyncOf(config) };
  await registry.replace(definition);
  return json(asyncView(request.platform, definition));
}

/** Of the account's instances at least a tenth is left to functions without a reservation. */
async function putConcurrency(request: ApiRequest) {
  const { registry, host, kernel } = request.platform;
  const before = latest(request);
  const { reservedConcurrency } = checked(ConcurrencyInput, bodyOf(request));
  const others = host.quota.reserved() - (before.reservedConcurrency ?? 0);
  const left = host.quota.reservable() - others;
  if (reservedConcurrency > left) {
    throw invalid(
      `reservedConcurrency: ${reservedConcurrency} is more than the ${left} that can still be reserved`,
    );
  }
  await registry.replace({ ...before, reservedConcurrency });
  return json({ functionArn: functionArn(kernel, before.name), reservedConcurrency });
}

const concurrencyView = ({ kernel }: Platform, { name, reservedConcurrency }: FunctionDefinition) => ({
  functionArn: functionArn(kernel, name),
  reservedConcurrency,
});

/** Functions with a setting, all of them or the one that the query names, in pages. */
function pageOf(request: ApiRequest, has: (definition: FunctionDefinition) => boolean) {
  const { query, platform } = request;
  const wanted = query.get("functionName") ?? "";
  const found = [...platform.registry.definitions.values()]
    .filter((one) => (wanted === "" || one.name === wanted) && has(one))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return page(request, found, ({ name }) => name);
}

const LIST = ["functionName", "limit", "nextToken"];
const QUALIFIED = ["qualifier"];

const ASYNC: Readonly<Record<string, Action>> = {
  PutAsyncInvokeConfig: { ram: "PutFunctionAsyncInvokeConfig", query: QUALIFIED, run: putAsync },
  GetAsyncInvokeConfig: {
    ram: "GetFunctionAsyncInvokeConfig",
    query: QUALIFIED,
    run: (request) => {
      const definition = latest(request);
      if (definition.hasAsyncConfig) return json(asyncView(request.platform, definition));
      throw new CloudFault(404, "AsyncConfigNotExists", `function '${definition.name}' has no async config`);
    },
  },
  DeleteAsyncInvokeConfig: {
    ram: "DeleteFunctionAsyncInvokeConfig",
    query: QUALIFIED,
    run: async (request) => {
      const { onSuccess: _, onFailure: __, ...kept } = latest(request);
      await request.platform.registry.replace({ ...kept, ...asyncOf(undefined) });
      return nothing();
    },
  },
  ListAsyncInvokeConfigs: {
    ram: "ListFunctionAsyncInvokeConfigs",
    query: LIST,
    run: (request) => {
      const { items, next } = pageOf(request, ({ hasAsyncConfig }) => hasAsyncConfig);
      return json({ configs: items.map((one) => asyncView(request.platform, one)), ...next });
    },
  },
};

const CONCURRENCY: Readonly<Record<string, Action>> = {
  PutConcurrencyConfig: { run: putConcurrency },
  GetConcurrencyConfig: {
    run: (request) => {
      const definition = latest(request);
      if (definition.reservedConcurrency !== undefined)
        return json(concurrencyView(request.platform, definition));
      throw new CloudFault(
        404,
        "OnDemandConfigNotFound",
        `function '${definition.name}' reserves no instances`,
      );
    },
  },
  DeleteConcurrencyConfig: {
    run: async (request) => {
      const { reservedConcurrency: _, ...kept } = latest(request);
      await request.platform.registry.replace(kept);
      return nothing();
    },
  },
  ListConcurrencyConfigs: {
    query: LIST,
    run: (request) => {
      const { items, next } = pageOf(request, ({ reservedConcurrency }) => reservedConcurrency !== undefined);
      return json({ configs: items.map((one) => concurrencyView(request.platform, one)), ...next });
    },
  },
};

/** Answers for a function that has none of it. */
const empty = (value: object): Action => ({
  query: QUALIFIED,
  run: (request) => {
    latest(request);
    return json(value);
  },
});

const NOT_SIMULATED: Readonly<Record<string, Action>> = {
  GetScalingConfig: empty({ minInstances: 0 }),
  ListScalingConfigs: { query: LIST, run: () => json({ scalingConfigs: [] }) },
  GetProvisionConfig: empty({ target: 0, current: 0 }),
  ListProvisionConfigs: { query: LIST, run: () => json({ provisionConfigs: [] }) },
  ListVpcBindings: empty({ vpcIds: [] }),
};

export const SETTING_ACTIONS: Readonly<Record<string, Action>> = {
  ...ASYNC,
  ...CONCURRENCY,
  ...NOT_SIMULATED,
};
