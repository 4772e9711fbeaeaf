/**
 * The Function Compute API on the wire: who calls, what they may, which action, and how it was refused.
 *
 * FC-API-1. Who calls is asked before anything else, so that a wrong key learns nothing of what there is.
 */
import {
  CloudFault,
  type Fault,
  keptBack,
  lostAnswer,
  type Principal,
  type WireRequest,
  type WireResponse,
} from "../core/kernel.ts";
import { DOMAIN_ACTIONS } from "./api/domains.ts";
import { FUNCTION_ACTIONS } from "./api/functions.ts";
import { INVOCATION_ACTIONS } from "./api/invocation.ts";
import { type Action, functionArn, type Platform } from "./api/request.ts";
import { SETTING_ACTIONS } from "./api/settings.ts";
import { TAG_ACTIONS } from "./api/tags.ts";
import { TRIGGER_ACTIONS } from "./api/triggers.ts";
import { VERSION_ACTIONS } from "./api/versions.ts";
import { newRequestId } from "./queue.ts";
import { describeCall, parseRoute, type Route, unknownPath } from "./route.ts";

const ACTIONS: Readonly<Record<string, Action>> = {
  ...DOMAIN_ACTIONS,
  ...FUNCTION_ACTIONS,
  ...INVOCATION_ACTIONS,
  ...SETTING_ACTIONS,
  ...TAG_ACTIONS,
  ...TRIGGER_ACTIONS,
  ...VERSION_ACTIONS,
};

/** Clients of the older API read ErrorCode and ErrorMessage, the others Code and Message. */
function refuse({ status, code, message, detail }: CloudFault, requestId: string): WireResponse {
  const body = { RequestId: requestId, Code: code, Message: message, ErrorCode: code, ErrorMessage: message };
  const headers = { "content-type": "application/json", "x-fc-request-id": requestId };
  return { status, headers, body: JSON.stringify({ ...body, ...detail }) };
}

export class FcService {
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async handle(request: WireRequest): Promise<WireResponse> {
    const { kernel } = this.#platform;
    const requestId = newRequestId(kernel);
    const route = parseRoute(request);
    const { action = request.method } = route;
    const params = describeCall(route, request);
    let principal: Principal | undefined;
    let fault: Fault | undefined;
    const log = (status: number, code?: string): void =>
      kernel.record({
        at: kernel.time.now(),
        product: "fc",
        action,
        role: principal?.role,
        status,
        params,
        ...(code !== undefined && { code }),
      });
    try {
      principal = kernel.authenticate(request, "fc");
      const { run, ram = action } = this.#find(route, request.method);
      this.#authorize(principal, `fc:${ram}`, route);
      fault = await kernel.faultFor("fc", action, params);
      if (fault?.kind === "before")
        throw fault.fault ?? new CloudFault(500, "InternalServerError", "an internal error");
      const answer = await run({ ...route, wire: request, requestId, principal, platform: this.#platform });
      log(answer.status);
      if (fault !== undefined) return lostAnswer(fault, (refusal) => refuse(refusal, requestId));
      return { ...answer, headers: { "x-fc-request-id": requestId, ...answer.headers } };
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      log(error.status, error.code);
      return keptBack(fault) ?? refuse(error, requestId);
    }
  }

  /** @throws CloudFault for what the local cloud does not have, a parameter that it would ignore included. */
  #find(route: Route, method: string): Action {
    const action = ACTIONS[route.action ?? ""];
    if (action === undefined) throw unknownPath(route, method);
    const ignored = [...route.query.keys()].find((name) => action.query?.includes(name) !== true);
    if (ignored === undefined) return action;
    throw new CloudFault(400, "InvalidArgument", `the parameter ${ignored} is not simulated; see README.md`);
  }

  #authorize(
    principal: Principal,
    ramAction: string,
    { action = "", subject, functionName, name, qualifier }: Route,
  ): void {
    const { kernel } = this.#platform;
    const { region, accountId } = kernel;
    const isDomain = action.includes("CustomDomain");
    const domain = `acs:fc:${region}:${accountId}:custom-domains/${subject || "*"}`;
    const resource = isDomain ? domain : functionArn(kernel, functionName || "*");
    // A qualified call is covered by a statement on the function's qualifiers as well.
    if (qualifier !== "" && kernel.allows(principal, ramAction, `${resource}/${qualifier}`)) return;
    const isTrigger = action.endsWith("Trigger") && name !== "";
    kernel.authorize(principal, ramAction, isTrigger ? `${resource}/triggers/${name}` : resource);
  }
}
