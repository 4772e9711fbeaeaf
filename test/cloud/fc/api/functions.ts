/** Functions and their code: https://www.alibabacloud.com/help/en/functioncompute/error-codes */
import { configOf, inputOf, isBalanced } from "../../core/function-definition.ts";
import { FunctionInput } from "../../core/function-schema.ts";
import { DEFAULTS, type FunctionDefinition } from "../../core/functions.ts";
import { CloudFault } from "../../core/kernel.ts";
import type { CodeLocation } from "../code-packages.ts";
import { setTags, tagsIn } from "./tags.ts";
import {
  type Action,
  type ApiRequest,
  bodyOf,
  checked,
  demandPassRole,
  functionArn,
  instant,
  invalid,
  isTree,
  json,
  named,
  nothing,
  page,
  type Platform,
  type Tree,
} from "./request.ts";

/** Settings that a built-in runtime has once and for all. */
const FIXED: Tree = {
  instanceConcurrency: 1,
  instanceIsolationMode: "SHARE",
  sessionAffinity: "NONE",
  disableOndemand: false,
};

/** Clients send every setting, most of them empty; what is empty asks for nothing. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isTree(value)) return Object.values(value).every(isEmpty);
  return [undefined, null, "", 0, false].some((empty) => empty === value);
}

const CLEARED_BY: Readonly<Record<string, string>> = { logConfig: "project", vpcConfig: "vpcId" };

/** The settings in the body that are simulated. @throws CloudFault for one that is not and asks for something. */
function settingsOf(body: Tree): Tree {
  const known = Object.keys(FunctionInput.shape);
  for (const [key, value] of Object.entries(body)) {
    const isHarmless = key === "code" || known.includes(key) || FIXED[key] === value || isEmpty(value);
    if (!isHarmless) throw invalid(`${key}: ${JSON.stringify(value)} is not simulated; see README.md`);
  }
  const settings = Object.entries(body).filter(([key]) => known.includes(key));
  return Object.fromEntries(settings.map(([key, value]) => [key, isCleared(key, value) ? undefined : value]));
}

function isCleared(key: string, value: unknown): boolean {
  const part = CLEARED_BY[key];
  return (key === "role" && value === "") || (part !== undefined && isTree(value) && isEmpty(value[part]));
}

/** A whole configuration. @throws CloudFault 400 InvalidArgument. */
function configure(request: ApiRequest, settings: Tree): ReturnType<typeof configOf> {
  const input = checked(FunctionInput, settings);
  if (!isBalanced(input.cpu, input.memorySize)) {
    throw invalid(`memorySize: ${input.memorySize} MB for ${input.cpu} vCPU is not 1 to 4 GB per vCPU`);
  }
  const config = configOf(input);
  demandPassRole(request, config.role);
  return config;
}

function codeIn(body: Tree): CodeLocation | undefined {
  const { code } = body;
  if (!isTree(code)) return undefined;
  const text = (key: string): string | undefined => (typeof code[key] === "string" ? code[key] : undefined);
  return {
    zipFile: text("zipFile"),
    ossBucketName: text("ossBucketName"),
    ossObjectName: text("ossObjectName"),
    checksum: text("checksum"),
  };
}

/** The answer of GetFunction and its relatives. */
export function functionView({ kernel, registry }: Platform, definition: FunctionDefinition): object {
  const { stamp, tags } = registry.record(definition.name);
  const { checksum, bytes } = registry.codeOf(definition);
  return {
    ...inputOf(definition, kernel.accountId),
    ...FIXED,
    functionArn: functionArn(kernel, definition.name),
    functionId: stamp.id,
    codeChecksum: checksum,
    codeSize: bytes,
    createdTime: instant(stamp.createdAt),
    lastModifiedTime: instant(stamp.modifiedAt),
    ...(tags.size > 0 && { tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }),
    state: "Active",
    lastUpdateStatus: "Successful",
  };
}

const API_DEFAULTS = {
  cpu: DEFAULTS.vcpu,
  memorySize: DEFAULTS.memoryMb,
  diskSize: DEFAULTS.diskMb,
  timeout: DEFAULTS.timeoutMs / 1000,
};

async function create(request: ApiRequest) {
  const { platform, principal } = request;
  const { tags, ...body } = bodyOf(request);
  const given = tagsIn(tags);
  const config = configure(request, { ...API_DEFAULTS, ...settingsOf(body) });
  const { registry, code } = platform;
  if (registry.definitions.has(config.name)) {
    throw new CloudFault(409, "FunctionAlreadyExists", `function '${config.name}' already exists`);
  }
  const archive = code.accept(codeIn(body) ?? {}, principal);
  const { maxRetries, maxAgeMs } = DEFAULTS;
  const unset = { hasAsyncConfig: false, asyncTask: false, maxRetries, maxAgeMs, triggers: [] };
  const definition = { ...config, ...unset, codePath: archive.folder };
  await registry.create(definition, archive);
  setTags(registry.record(config.name), given);
  return json(functionView(platform, definition));
}

async function update(request: ApiRequest) {
  const { platform, functionName, principal } = request;
  const { registry, kernel, code } = platform;
  const body = bodyOf(request);
  const before = registry.get(functionName);
  const settings = { ...inputOf(before, kernel.accountId), ...settingsOf(body), functionName };
  const config = configure(request, settings);
  const location = codeIn(body);
  const record = registry.record(functionName);
  if (location !== undefined) record.code = code.accept(location, principal);
  record.stamp = registry.restamp(record.stamp);
  const { role: _, logConfig: __, vpcConfig: ___, ...kept } = before;
  const definition = { ...kept, ...config, codePath: record.code?.folder ?? before.codePath };
  await registry.replace(definition);
  return json(functionView(platform, definition));
}

export const FUNCTION_ACTIONS: Readonly<Record<string, Action>> = {
  ListFunctions: {
    query: ["prefix", "limit", "nextToken", "fcVersion", "runtime"],
    run: (request) => {
      const { query, platform } = request;
      const runtime = query.get("runtime");
      // Functions of the generation before live in services, of which there are none.
      const all = query.get("fcVersion") === "v2" ? [] : platform.registry.definitions.values();
      const found = named(request, all, ({ name }) => name).filter(
        (one) => runtime === undefined || one.runtime === runtime,
      );
      const { items, next } = page(request, found, ({ name }) => name);
      return json({ functions: items.map((one) => functionView(platform, one)), ...next });
    },
  },
  CreateFunction: { run: create },
  UpdateFunction: { run: update },
  GetFunction: {
    query: ["qualifier"],
    run: ({ platform, functionName, qualifier }) =>
      json(functionView(platform, platform.registry.qualified(functionName, qualifier))),
  },
  GetFunctionCode: {
    query: ["qualifier"],
    run: async ({ platform: { registry, downloads }, functionName, qualifier }) => {
      const { checksum, archive } = registry.codeOf(registry.qualified(functionName, qualifier));
      // The folder of a manifest was never uploaded.
      if (archive === undefined) throw invalid(`function '${functionName}' has no package; see README.md`);
      return json({ checksum, url: await downloads.urlOf(archive) });
    },
  },
  DeleteFunction: {
    run: async ({ platform: { registry }, functionName }) => {
      // The code is that of the API before 3.0; deploy tools delete triggers first.
      if (registry.get(functionName).triggers.length > 0) {
        throw new CloudFault(409, "FunctionNotEmpty", `function '${functionName}' has triggers`);
      }
      await registry.delete(functionName);
      return nothing();
    },
  },
  ListInstances: {
    query: ["qualifier", "withAllActive"],
    run: ({ platform: { host, registry }, functionName, requestId }) => {
      registry.get(functionName);
      const alive = host.instances().filter((one) => one.function === functionName);
      const instances = alive.map(({ id }) => ({ instanceId: id, versionId: "0" }));
      return json({ instances, requestId });
    },
  },
  GetTempBucketToken: { run: ({ platform }) => json(platform.code.token()) },
};
