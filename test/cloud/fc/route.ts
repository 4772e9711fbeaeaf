/** Which call of the Function Compute API a request is. */
import { CloudFault, type WireRequest } from "../core/kernel.ts";
import { decode, header, splitUrl } from "../core/signatures.ts";

/** A call, by the API's name for it; what the path does not name is "". */
export interface Route {
  /** Undefined for a path that the API, or the local cloud, does not have. */
  readonly action: string | undefined;
  readonly path: string;
  readonly version: string;
  /** The function or custom domain that it is about. */
  readonly subject: string;
  /** The subject, when that is a function. */
  readonly functionName: string;
  /** The trigger, version, alias or task within the function. */
  readonly name: string;
  readonly qualifier: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Of version 2023-03-30, by method and path with `*` for names. */
const ROUTES: Readonly<Record<string, string>> = {
  "GET functions": "ListFunctions",
  "POST functions": "CreateFunction",
  "GET functions/*": "GetFunction",
  "PUT functions/*": "UpdateFunction",
  "DELETE functions/*": "DeleteFunction",
  "GET functions/*/code": "GetFunctionCode",
  "POST functions/*/invocations": "InvokeFunction",
  "GET functions/*/instances": "ListInstances",
  "GET functions/*/async-tasks": "ListAsyncTasks",
  "GET functions/*/async-tasks/*": "GetAsyncTask",
  "PUT functions/*/async-tasks/*/stop": "StopAsyncTask",
  "GET functions/*/triggers": "ListTriggers",
  "POST functions/*/triggers": "CreateTrigger",
  "GET functions/*/triggers/*": "GetTrigger",
  "PUT functions/*/triggers/*": "UpdateTrigger",
  "DELETE functions/*/triggers/*": "DeleteTrigger",
  "GET functions/*/async-invoke-config": "GetAsyncInvokeConfig",
  "PUT functions/*/async-invoke-config": "PutAsyncInvokeConfig",
  "DELETE functions/*/async-invoke-config": "DeleteAsyncInvokeConfig",
  "GET async-invoke-configs": "ListAsyncInvokeConfigs",
  "GET functions/*/concurrency": "GetConcurrencyConfig",
  "PUT functions/*/concurrency": "PutConcurrencyConfig",
  "DELETE functions/*/concurrency": "DeleteConcurrencyConfig",
  "GET concurrency-configs": "ListConcurrencyConfigs",
  "GET functions/*/scaling-config": "GetScalingConfig",
  "GET scaling-configs": "ListScalingConfigs",
  "GET functions/*/provision-config": "GetProvisionConfig",
  "GET provision-configs": "ListProvisionConfigs",
  "GET functions/*/vpc-bindings": "ListVpcBindings",
  "GET functions/*/versions": "ListFunctionVersions",
  "POST functions/*/versions": "PublishFunctionVersion",
  "DELETE functions/*/versions/*": "DeleteFunctionVersion",
  "GET tags-v2": "ListTagResources",
  "POST tags-v2": "TagResources",
  "DELETE tags-v2": "UntagResources",
  "GET custom-domains": "ListCustomDomains",
  "POST custom-domains": "CreateCustomDomain",
  "GET custom-domains/*": "GetCustomDomain",
  "PUT custom-domains/*": "UpdateCustomDomain",
  "DELETE custom-domains/*": "DeleteCustomDomain",
  "GET functions/*/aliases": "ListAliases",
  "POST functions/*/aliases": "CreateAlias",
  "GET functions/*/aliases/*": "GetAlias",
  "PUT functions/*/aliases/*": "UpdateAlias",
  "DELETE functions/*/aliases/*": "DeleteAlias",
};

/** Names of the calls there are. */
export const FC_ACTIONS: readonly string[] = Object.values(ROUTES);

/** Reads method and path. */
export function parseRoute({ method, url }: WireRequest): Route {
  const { path, query } = splitUrl(url);
  const parameters = new Map(query);
  const [, version = "", ...parts] = path.split("/").map(decode);
  const shape = `${method} ${parts.map((part, index) => (index % 2 === 1 ? "*" : part)).join("/")}`;
  const [collection, subject = "", , name = ""] = parts;
  const isNamed = parts.every((part) => part !== "");
  return {
    action: actionOf(version, isNamed ? shape : ""),
    path,
    version,
    subject,
    functionName: collection === "functions" ? subject : "",
    name,
    qualifier: parameters.get("qualifier") ?? "",
    query: parameters,
  };
}

/** Of the API before 3.0 only the way to upload code is left, which deploy tools of 3.0 use. */
function actionOf(version: string, shape: string): string | undefined {
  if (version === "2016-08-15") return shape === "GET tempBucketToken" ? "GetTempBucketToken" : undefined;
  return version === "2023-03-30" ? ROUTES[shape] : undefined;
}

/** Functions of 3.0 belong to no service, so the older paths cannot name one. */
export const unknownPath = ({ path, version }: Route, method: string): CloudFault =>
  version === "2023-03-30"
    ? new CloudFault(404, "PathNotSupported", `${method} ${path} is not supported; see README.md`)
    : new CloudFault(
        404,
        "ServiceNotFound",
        `this account has no service; ${path} is a path of an older API`,
      );

/** The entry of the call log for a request: enough to aim a fault at it. Bodies are kept of invocations only. */
export function describeCall(
  { action, functionName, name }: Route,
  request: WireRequest,
): Record<string, string> {
  const from = (header_: string): string => header(request, header_);
  const isInvocation = action === "InvokeFunction" && request.body.length <= 4096;
  return {
    functionName,
    name,
    invocationType: from("x-fc-invocation-type"),
    delay: from("x-fc-async-delay"),
    taskId: action === "GetAsyncTask" ? name : from("x-fc-async-task-id"),
    /** How it is signed, for clouds that refuse one of the two. */
    signature: from("authorization").startsWith("FC ") ? "FC" : "ACS3",
    ...(isInvocation && { payload: request.body.toString("utf8") }),
  };
}
