/** Which call of the Function Compute API a request is. */
import { CloudFault, type WireRequest } from "../core/kernel.ts";
import { decode, header, splitUrl } from "../core/signatures.ts";

/** A call, by the API's name for it; what the path does not name is "". */
export interface Route {
  readonly action: string;
  readonly functionName: string;
  readonly taskId: string;
  readonly qualifier: string;
}

const ROUTES: Readonly<Record<string, string>> = {
  "GET functions///": "ListFunctions",
  "GET functions/f//": "GetFunction",
  "POST functions/f/invocations/": "InvokeFunction",
  "GET functions/f/async-tasks/": "ListAsyncTasks",
  "GET functions/f/async-tasks/t": "GetAsyncTask",
};

/** Names of the calls there are. */
export const FC_ACTIONS: readonly string[] = Object.values(ROUTES);

/** What the call log keeps of a request: enough to aim a fault at it. */
export function describeCall({ functionName, taskId }: Route, request: WireRequest): Record<string, string> {
  const from = (name: string): string => header(request, name);
  return {
    functionName,
    invocationType: from("x-fc-invocation-type"),
    delay: from("x-fc-async-delay"),
    taskId: taskId || from("x-fc-async-task-id"),
    /** How it is signed, for clouds that refuse one of the two. */
    signature: from("authorization").startsWith("FC ") ? "FC" : "ACS3",
    ...(request.body.length <= 4096 && { payload: request.body.toString("utf8") }),
  };
}

/** Reads method and path. @throws CloudFault for what the API, or the local cloud, does not have. */
export function parseRoute({ method, url }: WireRequest): Route {
  const { path, query } = splitUrl(url);
  const qualifier = new Map(query).get("qualifier") ?? "";
  const [, version, ...parts] = path.split("/").map(decode);
  const [collection, functionName = "", what = "", taskId = ""] = parts;
  if (version !== "2023-03-30") {
    // Functions of 3.0 belong to no service, so the older paths cannot name one.
    throw new CloudFault(
      404,
      "ServiceNotFound",
      `this account has no service; ${path} is a path of an older API`,
    );
  }
  const shape = `${method} ${collection}/${functionName && "f"}/${what}/${taskId && "t"}`;
  const action = ROUTES[shape];
  if (action === undefined)
    throw new CloudFault(404, "PathNotSupported", `${method} ${path} is not supported; see README.md`);
  return { action, functionName, taskId, qualifier };
}
