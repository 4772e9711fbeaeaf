/** OSS on the wire: who may, which operation, what was answered, how it was refused. */
import { readOssSignature } from "./signature.ts";
import {
  CloudFault,
  type Fault,
  keptBack,
  type Kernel,
  lostAnswer,
  type Principal,
  refuseIf,
  type WireRequest,
  type WireResponse,
} from "../core/kernel.ts";
import { header } from "../core/signatures.ts";
import { readAddress } from "./address.ts";
import { BUCKET_OPERATIONS } from "./buckets.ts";
import { createMultipartOperations } from "./multipart.ts";
import { OBJECT_OPERATIONS } from "./objects.ts";
import { type Operation, operationName, type OssRequest, RAM_ACTIONS } from "./operation.ts";
import { SETTING_OPERATIONS } from "./settings.ts";
import type { ObjectStore } from "./store.ts";
import { document, type XmlNode } from "./xml.ts";

export class OssService {
  readonly #kernel: Kernel;
  readonly #store: ObjectStore;
  readonly #operations = {
    ...BUCKET_OPERATIONS,
    ...SETTING_OPERATIONS,
    ...OBJECT_OPERATIONS,
    ...createMultipartOperations(),
  };

  /** Names of the operations it has. */
  readonly actions: readonly string[] = Object.keys(this.#operations);

  constructor(kernel: Kernel, store: ObjectStore) {
    this.#kernel = kernel;
    kernel.registerSignature("oss", readOssSignature);
    this.#store = store;
    kernel.registerDownloads((url, headers) => this.#download(url, headers));
  }

  /** Answers a machine's request for a signed URL: it gets no fault, because machines are no clients of a test. */
  #download(address: string, headers: Readonly<Record<string, string>>): WireResponse | undefined {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.searchParams.has("x-oss-signature") !== true) return undefined;
    const wire: WireRequest = {
      method: "GET",
      url: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host },
      body: Buffer.alloc(0),
    };
    try {
      const request = this.#requestOf(wire, this.#kernel.authenticate(wire, "oss"));
      const action = operationName(request) ?? "";
      return this.#operationOf(action, request)(request, { kernel: this.#kernel, store: this.#store });
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      return refuse(error, wire, this.#kernel.requestId());
    }
  }

  async handle(wire: WireRequest): Promise<WireResponse> {
    const requestId = this.#kernel.requestId().replaceAll("-", "").slice(0, 24);
    const params = describeCall(wire);
    let principal: Principal | undefined;
    let fault: Fault | undefined;
    let action = `${wire.method} ${wire.url.split("?")[0]}`;
    const log = (status: number, code?: string): void =>
      this.#kernel.record({
        at: this.#kernel.time.now(),
        product: "oss",
        action,
        role: principal?.role,
        status,
        ...(code !== undefined && { code }),
        params,
      });
    try {
      const caller = (principal = this.#kernel.authenticate(wire, "oss"));
      const request = this.#requestOf(wire, caller);
      action = operationName(request) ?? action;
      const operation = this.#operationOf(action, request);
      fault = await this.#kernel.faultFor("oss", action, params);
      if (fault?.kind === "before")
        throw fault.fault ?? new CloudFault(500, "InternalError", "Please try again.");
      const answer = operation(request, { kernel: this.#kernel, store: this.#store });
      log(answer.status);
      if (fault !== undefined) return lostAnswer(fault, (refusal) => refuse(refusal, wire, requestId));
      return {
        ...answer,
        headers: { "x-oss-request-id": requestId, server: "AliyunOSS", ...answer.headers },
      };
    } catch (error) {
      if (!(error instanceof CloudFault)) throw error;
      log(error.status, error.code);
      return keptBack(fault) ?? refuse(error, wire, requestId);
    }
  }

  #requestOf(wire: WireRequest, caller: Principal): OssRequest {
    const { bucket = "", key = "", query: pairs } = readAddress(wire);
    const query = new Map(pairs);
    const resources = `acs:oss:*:${this.#kernel.accountId}:`;
    const conditions = { "oss:Prefix": query.get("prefix") ?? "" };
    return {
      method: wire.method,
      bucket,
      key,
      query,
      body: wire.body,
      wire,
      demand: (action, name, object) => {
        const role = this.#store.foreignRole(name);
        const isForeign = role !== undefined && role !== caller.role;
        refuseIf(isForeign, 403, "AccessDenied", "The bucket you access does not belong to you.");
        this.#refuseAbroad(name);
        this.#kernel.authorize(caller, action, `${resources}${name}${object && `/${object}`}`, conditions);
      },
      // Without a prefix: no page says whether the check of OSS passes one, so the stricter reading holds.
      mayList: (name) => this.#kernel.allows(caller, "oss:ListObjects", `${resources}${name}`),
      header: (name) => header(wire, name),
    };
  }

  /**
   * A bucket is asked at the endpoint of its own region.
   * Error 0003-00001403 of OSS.
   */
  #refuseAbroad(name: string): void {
    const region = this.#store.regionOf(name) ?? this.#kernel.region;
    if (region === this.#kernel.region) return;
    const message =
      "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
    const Endpoint = `oss-${region}.aliyuncs.com`;
    throw new CloudFault(403, "AccessDenied", message, { Bucket: name, Endpoint });
  }

  /** @throws CloudFault when there is no such operation, or the caller may not call it. */
  #operationOf(action: string, { bucket, key, demand }: OssRequest): Operation {
    const operation = this.#operations[action];
    if (operation === undefined) {
      throw new CloudFault(
        501,
        "NotImplemented",
        `The local cloud does not know ${action}; see its README.md.`,
      );
    }
    if (action === "ListBuckets") demand("oss:ListBuckets", "*", "");
    // The objects to delete are in the body: the operation asks for each of them.
    else if (action !== "DeleteMultipleObjects") demand(RAM_ACTIONS[action] ?? `oss:${action}`, bucket, key);
    return operation;
  }
}

/** The entry of the call log for a request: enough to aim a fault at it. */
function describeCall(wire: WireRequest): Record<string, string> {
  const { bucket = "", key = "", query: pairs } = readAddress(wire);
  const query = new Map(pairs);
  const range = header(wire, "range");
  if (!query.has("append")) return { bucket, key, ...(range !== "" && { range }) };
  const payload = wire.body.length <= 4096 && { payload: wire.body.toString("utf8") };
  return { bucket, key, position: query.get("position") ?? "", ...payload };
}

function refuse(fault: CloudFault, wire: WireRequest, requestId: string): WireResponse {
  const text = document("Error", {
    Code: fault.code,
    Message: fault.message,
    RequestId: requestId,
    HostId: header(wire, "host"),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every detail can be written as XML
    ...(fault.detail as XmlNode),
  });
  const headers = { "content-type": "application/xml", "x-oss-request-id": requestId };
  const position = fault.detail["x-oss-next-append-position"];
  // An answer to HEAD has no body, so the error travels in a header.
  return {
    status: fault.status,
    headers: {
      ...headers,
      ...(typeof position === "string" && { "x-oss-next-append-position": position }),
      ...(wire.method === "HEAD" && { "x-oss-err": Buffer.from(text).toString("base64") }),
    },
    body: wire.method === "HEAD" ? "" : text,
  };
}
