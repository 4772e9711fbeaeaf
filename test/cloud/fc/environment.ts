/** The environment of an instance and the context of an invocation. */
import type { FunctionDefinition } from "../core/functions.ts";
import type { Kernel } from "../core/kernel.ts";
import type { ContextData } from "./messages.ts";

export type SessionKeys = ContextData["credentials"];

/** The environment of an instance. Its credentials date from the start of the process. */
export function variablesOf(
  { accountId, region }: Kernel,
  definition: FunctionDefinition,
  id: string,
  { accessKeyId, accessKeySecret, securityToken }: SessionKeys,
): Record<string, string> {
  return {
    ...definition.environment,
    FC_FUNC_CODE_PATH: definition.codePath,
    FC_ACCOUNT_ID: accountId,
    FC_FUNCTION_HANDLER: definition.handler,
    FC_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    FC_FUNCTION_NAME: definition.name,
    FC_REGION: region,
    FC_CUSTOM_LISTEN_PORT: "9000",
    FC_INSTANCE_ID: id,
    FC_VER_ID: definition.version ?? "LATEST",
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    ALIBABA_CLOUD_SECURITY_TOKEN: securityToken,
  };
}

/** The context of an invocation, with credentials of its own. */
export function contextOf(
  { accountId, region }: Kernel,
  { name, handler, memoryMb, timeoutMs, version }: FunctionDefinition,
  requestId: string,
  credentials: SessionKeys,
): ContextData {
  return {
    requestId,
    credentials,
    function: { name, handler, memory: memoryMb, timeout: timeoutMs / 1000 },
    // Services are gone since FC 3.0; their fields stay, empty.
    service: { name: "", logProject: "", logStore: "", qualifier: version ?? "LATEST", versionId: "" },
    region,
    accountId,
    tracing: { openTracingSpanContext: "", jaegerEndpoint: "", openTracingSpanBaggages: {} },
  };
}

const builds = new WeakMap<FunctionDefinition, string>();

/** Identity of the build of an instance: one of another build of the function is not used again. */
export function buildOf(definition: FunctionDefinition): string {
  let build = builds.get(definition);
  if (build === undefined) {
    const { name, version, codePath, handler, runtime, vcpu, memoryMb, timeoutMs, role, environment } =
      definition;
    build = JSON.stringify([
      name,
      version,
      codePath,
      handler,
      runtime,
      vcpu,
      memoryMb,
      timeoutMs,
      role,
      environment,
    ]);
    builds.set(definition, build);
  }
  return build;
}
