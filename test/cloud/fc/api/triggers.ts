/** Triggers: https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/overview-of-oss-trigger and its neighbours. */
import { overlaps, triggerConfigOf, triggerOf } from "../../core/function-definition.ts";
import { BUCKET_ARN, TRIGGERS } from "../../core/function-schema.ts";
import type { FunctionDefinition, OssTrigger, Trigger } from "../../core/functions.ts";
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import {
  type Action,
  type ApiRequest,
  bodyOf,
  checked,
  demandPassRole,
  instant,
  invalid,
  json,
  named,
  nothing,
  page,
  type Platform,
  roleArn,
  type Tree,
} from "./request.ts";

/** Documented: more only through EventBridge. */
const MAX_RULES_OF_BUCKET = 10;

/** Clients leave out what a kind of trigger does not have, or send it empty. */
const given = (body: Tree): Tree =>
  Object.fromEntries(Object.entries(body).filter(([key, value]) => value !== "" || key === "description"));

/** @throws CloudFault 400 InvalidArgument. */
function read(body: Tree): Trigger {
  const { triggerType: type, triggerConfig: text } = body;
  let triggerConfig: unknown;
  try {
    triggerConfig = JSON.parse(String(text));
  } catch {
    throw invalid("triggerConfig is not JSON in a text");
  }
  if (type !== "timer" && type !== "oss" && type !== "http") {
    throw invalid(`triggerType: ${String(type)} is not simulated; see README.md`);
  }
  return triggerOf(checked(TRIGGERS[type], given({ ...body, triggerConfig })));
}

/** @throws CloudFault for a rule that the bucket does not take. */
function checkRule(request: ApiRequest, trigger: OssTrigger, sourceArn: unknown): void {
  const { registry, objects, kernel } = request.platform;
  const [, region, account] = BUCKET_ARN.exec(String(sourceArn)) ?? [];
  const isHere = region === kernel.region && account === kernel.accountId;
  refuseIf(
    !isHere,
    400,
    "InvalidArgument",
    `sourceArn: ${String(sourceArn)} is not of this region and account`,
  );
  const refuse = (message: string): CloudFault => invalid(`event source 'oss' returned error: ${message}`);
  if (!objects.hasBucket(trigger.bucket)) throw refuse("The specified bucket does not exist.");
  const others = [...registry.definitions.values()].flatMap(({ name, triggers }) =>
    triggers.filter(
      (other) => other.kind === "oss" && other.bucket === trigger.bucket && !isSame(name, other),
    ),
  );
  function isSame(name: string, other: Trigger): boolean {
    return name === request.functionName && other.name === trigger.name;
  }
  if (others.length >= MAX_RULES_OF_BUCKET)
    throw refuse("The number of event notifications exceeds the limit.");
  if (others.some((other) => overlaps(other, trigger))) {
    throw refuse("Cannot specify overlapping prefix and suffix with same event type.");
  }
  const resource = `acs:oss:*:${kernel.accountId}:${trigger.bucket}`;
  for (const action of ["oss:GetBucketEventNotification", "oss:PutBucketEventNotification"]) {
    kernel.authorize(request.principal, action, resource);
  }
  demandPassRole(request, trigger.role);
}

export function triggerView(
  { kernel, registry, addresses }: Platform,
  name: string,
  trigger: Trigger,
): object {
  const stamp = registry.record(name).triggers.get(trigger.name);
  if (stamp === undefined) throw new Error(`trigger ${name}/${trigger.name} has no record`);
  const url = addresses.urls[name];
  return {
    triggerName: trigger.name,
    triggerId: stamp.id,
    triggerType: trigger.kind,
    triggerConfig: JSON.stringify(triggerConfigOf(trigger)),
    description: trigger.description,
    qualifier: "LATEST",
    createdTime: instant(stamp.createdAt),
    lastModifiedTime: instant(stamp.modifiedAt),
    ...(trigger.kind === "oss" && {
      sourceArn: `acs:oss:${kernel.region}:${kernel.accountId}:${trigger.bucket}`,
      invocationRole: roleArn(kernel, trigger.role),
    }),
    ...(trigger.kind === "http" && { httpTrigger: { urlInternet: url, urlIntranet: url } }),
  };
}

function find({ platform, functionName, name }: ApiRequest): {
  definition: FunctionDefinition;
  trigger: Trigger;
} {
  const definition = platform.registry.get(functionName);
  const trigger = definition.triggers.find((one) => one.name === name);
  if (trigger !== undefined) return { definition, trigger };
  throw new CloudFault(
    404,
    "TriggerNotFound",
    `trigger '${name}' does not exist in function '${functionName}'`,
  );
}

async function create(request: ApiRequest) {
  const { platform, functionName } = request;
  const body = bodyOf(request);
  const definition = platform.registry.get(functionName);
  const trigger = read(body);
  if (definition.triggers.some(({ name }) => name === trigger.name)) {
    const message = `trigger '${trigger.name}' already exists in function '${functionName}'`;
    throw new CloudFault(409, "TriggerAlreadyExists", message);
  }
  if (trigger.kind === "oss") checkRule(request, trigger, body["sourceArn"]);
  await platform.registry.replace({ ...definition, triggers: [...definition.triggers, trigger] });
  return json(triggerView(platform, functionName, trigger));
}

/** Kind, name and source of a trigger stay. */
async function update(request: ApiRequest) {
  const { platform, functionName } = request;
  const { kernel, registry } = platform;
  const { definition, trigger: before } = find(request);
  const { description, triggerConfig, invocationRole, qualifier } = bodyOf(request);
  const source = before.kind === "oss" && {
    sourceArn: `acs:oss:${kernel.region}:${kernel.accountId}:${before.bucket}`,
    invocationRole: invocationRole ?? roleArn(kernel, before.role),
  };
  const trigger = read({
    ...source,
    triggerName: before.name,
    triggerType: before.kind,
    description: description ?? before.description,
    triggerConfig: triggerConfig ?? JSON.stringify(triggerConfigOf(before)),
    ...(qualifier !== undefined && { qualifier }),
  });
  if (trigger.kind === "oss" && source !== false) checkRule(request, trigger, source.sourceArn);
  const triggers = definition.triggers.map((one) => (one === before ? trigger : one));
  await registry.replace({ ...definition, triggers });
  return json(triggerView(platform, functionName, trigger));
}

export const TRIGGER_ACTIONS: Readonly<Record<string, Action>> = {
  ListTriggers: {
    query: ["prefix", "limit", "nextToken"],
    run: (request) => {
      const { platform, functionName } = request;
      const { triggers } = platform.registry.get(functionName);
      const { items, next } = page(
        request,
        named(request, triggers, ({ name }) => name),
        ({ name }) => name,
      );
      return json({ triggers: items.map((one) => triggerView(platform, functionName, one)), ...next });
    },
  },
  CreateTrigger: { run: create },
  UpdateTrigger: { run: update },
  GetTrigger: {
    run: (request) => json(triggerView(request.platform, request.functionName, find(request).trigger)),
  },
  DeleteTrigger: {
    run: async (request) => {
      const { kernel, registry } = request.platform;
      const { definition, trigger } = find(request);
      if (trigger.kind === "oss") {
        const resource = `acs:oss:*:${kernel.accountId}:${trigger.bucket}`;
        kernel.authorize(request.principal, "oss:DeleteBucketEventNotification", resource);
      }
      await registry.replace({
        ...definition,
        triggers: definition.triggers.filter((one) => one !== trigger),
      });
      return nothing();
    },
  },
};
