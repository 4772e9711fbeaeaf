/** Versions, which keep code and settings of a moment, and aliases, which name one of them. */
import * as z from "zod/mini";
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import type { FunctionRecord } from "../registry.ts";
import {
  type Action,
  type ApiRequest,
  bodyOf,
  checked,
  instant,
  invalid,
  json,
  named,
  nothing,
  page,
  type Tree,
} from "./request.ts";

const recordOf = ({ platform, functionName }: ApiRequest): FunctionRecord =>
  platform.registry.record(functionName);

const textIn = (body: Tree, key: string): string => (typeof body[key] === "string" ? body[key] : "");

function versionView(record: FunctionRecord, versionId: string): object {
  const version = record.versions.get(versionId);
  if (version === undefined)
    throw new CloudFault(404, "VersionNotFound", `version '${versionId}' does not exist`);
  const at = instant(version.createdAt);
  return { versionId, description: version.description, createdTime: at, lastModifiedTime: at };
}

function aliasView(record: FunctionRecord, aliasName: string): object {
  const alias = record.aliases.get(aliasName);
  if (alias === undefined) throw new CloudFault(404, "AliasNotFound", `alias '${aliasName}' does not exist`);
  const { versionId, second, description, createdAt, modifiedAt } = alias;
  const times = { createdTime: instant(createdAt), lastModifiedTime: instant(modifiedAt) };
  const weights = second && { additionalVersionWeight: { [second.versionId]: second.weight } };
  return { aliasName, versionId, description, ...weights, ...times };
}

function publish(request: ApiRequest) {
  const { platform, functionName } = request;
  const { registry, kernel } = platform;
  const record = recordOf(request);
  const { reservedConcurrency: _, ...definition } = registry.get(functionName);
  const versionId = String(++record.lastVersion);
  record.versions.set(versionId, {
    definition: { ...definition, version: versionId, triggers: [] },
    description: textIn(bodyOf(request), "description"),
    createdAt: kernel.time.now(),
    code: registry.codeOf(definition),
  });
  return json(versionView(record, versionId));
}

const Weights = z.record(z.string(), z.number().check(z.minimum(0), z.maximum(1)));

/**
 * The second version of an alias with its share of the invocations: one at most, and another one than the first.
 * https://www.alibabacloud.com/help/en/functioncompute/fc/developer-reference/api-fc-2023-03-30-struct-createaliasinput
 * @throws CloudFault
 */
function secondIn(record: FunctionRecord, versionId: string, value: unknown) {
  const weights = Object.entries(checked(Weights, value ?? {}));
  const [first, ...others] = weights;
  if (first === undefined) return undefined;
  if (others.length > 0 || first[0] === versionId)
    throw invalid("additionalVersionWeight names one version, and another one than versionId");
  versionView(record, first[0]);
  return { versionId: first[0], weight: first[1] };
}

/** Sets an alias to what the body says. @throws CloudFault for a version that is not there, or weights that cannot be. */
function putAlias(request: ApiRequest, name: string, body: Tree) {
  const record = recordOf(request);
  const before = record.aliases.get(name);
  const versionId = textIn(body, "versionId") || (before?.versionId ?? "");
  versionView(record, versionId);
  const asked = body["additionalVersionWeight"];
  const second = asked === undefined ? before?.second : secondIn(record, versionId, asked);
  const now = request.platform.kernel.time.now();
  record.aliases.set(name, {
    versionId,
    ...(second && { second }),
    description: textIn(body, "description") || (before?.description ?? ""),
    createdAt: before?.createdAt ?? now,
    modifiedAt: now,
  });
  return json(aliasView(record, name));
}

export const VERSION_ACTIONS: Readonly<Record<string, Action>> = {
  PublishFunctionVersion: { run: publish },
  ListFunctionVersions: {
    query: ["limit", "nextToken", "direction"],
    run: (request) => {
      const record = recordOf(request);
      const direction = request.query.get("direction") ?? "BACKWARD";
      const oldestFirst = [...record.versions.keys()];
      const ids = direction === "FORWARD" ? oldestFirst : oldestFirst.toReversed();
      const { items, next } = page(request, ids, (id) => id);
      return json({ versions: items.map((id) => versionView(record, id)), direction, ...next });
    },
  },
  DeleteFunctionVersion: {
    run: (request) => {
      const record = recordOf(request);
      versionView(record, request.name);
      const isNamed = [...record.aliases.values()].some(({ versionId, second }) =>
        [versionId, second?.versionId].includes(request.name),
      );
      refuseIf(isNamed, 409, "VersionInUse", `an alias names version '${request.name}'`);
      record.versions.delete(request.name);
      return nothing();
    },
  },
  ListAliases: {
    query: ["limit", "nextToken", "prefix"],
    run: (request) => {
      const record = recordOf(request);
      const names = named(request, record.aliases.keys(), (name) => name);
      const { items, next } = page(request, names, (name) => name);
      return json({ aliases: items.map((name) => aliasView(record, name)), ...next });
    },
  },
  CreateAlias: {
    run: (request) => {
      const body = bodyOf(request);
      const name = textIn(body, "aliasName");
      const isName = /^[A-Za-z_][\w-]{0,127}$/.test(name) && name !== "LATEST";
      refuseIf(!isName, 400, "InvalidArgument", `aliasName: ${name} is not a name`);
      const isTaken = recordOf(request).aliases.has(name);
      refuseIf(isTaken, 409, "AliasAlreadyExists", `alias '${name}' already exists`);
      return putAlias(request, name, body);
    },
  },
  GetAlias: { run: (request) => json(aliasView(recordOf(request), request.name)) },
  UpdateAlias: {
    run: (request) => {
      aliasView(recordOf(request), request.name);
      return putAlias(request, request.name, bodyOf(request));
    },
  },
  DeleteAlias: {
    run: (request) => {
      const { aliases } = recordOf(request);
      aliasView(recordOf(request), request.name);
      aliases.delete(request.name);
      return nothing();
    },
  },
};
