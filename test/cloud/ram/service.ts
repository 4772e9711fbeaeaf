/**
 * RAM 2015-05-01 and STS 2015-04-01 of the local cloud, as far as roles and custom policies go.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-overview
 */
import { CloudFault, type Kernel, refuseIf, type WireRequest, type WireResponse } from "../core/kernel.ts";
import { Params } from "../core/params.ts";
import type { Ram } from "../core/ram.ts";
import { RpcGate, type RpcAction } from "../core/rpc-gate.ts";
import type { JsonObject } from "../core/rpc.ts";
import {
  defaultVersion,
  Directory,
  type PolicyRecord,
  type PolicyVersion,
  type RoleRecord,
} from "./directory.ts";
import { document, policyName, roleName, trustDocument } from "./rules.ts";

const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

export class RamService {
  readonly directory: Directory;
  /** Names of the actions of each product. */
  readonly actions: Readonly<Record<"ram" | "sts", readonly string[]>>;
  readonly #kernel: Kernel;
  readonly #ram: RpcGate;
  readonly #sts: RpcGate;

  constructor(kernel: Kernel, ram: Ram) {
    this.#kernel = kernel;
    this.directory = new Directory(ram, () => kernel.time.now());
    const actions = new Map([...this.#roleActions(), ...this.#policyActions(), ...this.#attachActions()]);
    const secrets = new Set<string>();
    this.#ram = new RpcGate({
      kernel,
      product: "ram",
      version: "2015-05-01",
      find: (name) => actions.get(name),
      secrets,
    });
    const identity: RpcAction = {
      // Asks for no permission: https://help.aliyun.com/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity
      ram: undefined,
      resource: () => "*",
      run: (_params, { accountId, role }) => this.#identity(accountId, role),
    };
    const identities = new Map([["GetCallerIdentity", identity]]);
    const find = (name: string) => identities.get(name);
    this.#sts = new RpcGate({ kernel, product: "sts", version: "2015-04-01", find, secrets });
    this.actions = { ram: [...actions.keys()], sts: [...identities.keys()] };
  }

  handle(product: "ram" | "sts", request: WireRequest): Promise<WireResponse> {
    return (product === "ram" ? this.#ram : this.#sts).handle(request);
  }

  #identity(accountId: string, role: string | undefined): JsonObject {
    const common = { AccountId: accountId, PrincipalId: accountId };
    return role === undefined
      ? { ...common, IdentityType: "Account", Arn: `acs:ram::${accountId}:root` }
      : {
          ...common,
          IdentityType: "AssumedRoleUser",
          Arn: `acs:ram::${accountId}:assumed-role/${role}/session`,
        };
  }

  #roleActions(): [string, RpcAction][] {
    const role = (name: string): string => `acs:ram:*:${this.#kernel.accountId}:role/${name}`;
    const on = action((params) => role(params["RoleName"] ?? "*"));
    return [
      on("CreateRole", (params) => {
        const given = {
          name: roleName(params),
          id: this.#kernel.id("3"),
          description: params.text("Description") ?? "",
          trust: trustDocument(params, "AssumeRolePolicyDocument"),
        };
        return { Role: this.#roleView(this.directory.createRole(given)) };
      }),
      on("GetRole", (params) => ({ Role: this.#roleView(this.directory.role(roleName(params))) })),
      on("UpdateRole", (params) => {
        const description = params.text("NewDescription");
        const change = {
          ...(params.has("NewAssumeRolePolicyDocument") && {
            trust: trustDocument(params, "NewAssumeRolePolicyDocument"),
          }),
          ...(description !== undefined && { description }),
        };
        return { Role: this.#roleView(this.directory.updateRole(roleName(params), change)) };
      }),
      on("DeleteRole", (params) => {
        this.directory.deleteRole(roleName(params));
        return {};
      }),
    ];
  }

  #policyActions(): [string, RpcAction][] {
    const on = action(
      (params) => `acs:ram:*:${this.#kernel.accountId}:policy/${params["PolicyName"] ?? "*"}`,
    );
    const { directory } = this;
    return [
      on("CreatePolicy", (params) => {
        const text = document(params, "PolicyDocument");
        const policy = directory.createPolicy(policyName(params), text, params.text("Description") ?? "");
        return { Policy: this.#policyView(policy) };
      }),
      on("GetPolicy", (params) => {
        custom(params);
        const policy = directory.policy(policyName(params));
        const version = versionView(policy, defaultVersion(policy));
        return { Policy: this.#policyView(policy), DefaultPolicyVersion: version };
      }),
      on("DeletePolicy", (params) => {
        directory.deletePolicy(policyName(params));
        return {};
      }),
      on("CreatePolicyVersion", (params) => {
        const text = document(params, "PolicyDocument");
        const isDefault = params.text("SetAsDefault") === "true";
        const version = directory.createVersion(policyName(params), text, isDefault);
        return { PolicyVersion: versionView(directory.policy(policyName(params)), version) };
      }),
      on("ListPolicyVersions", (params) => {
        custom(params);
        const policy = directory.policy(policyName(params));
        const versions = policy.versions.map((version) => versionView(policy, version));
        return { PolicyVersions: { PolicyVersion: versions } };
      }),
      on("DeletePolicyVersion", (params) => {
        directory.deleteVersion(policyName(params), params.need("VersionId"));
        return {};
      }),
    ];
  }

  #attachActions(): [string, RpcAction][] {
    const on = action((params) => `acs:ram:*:${this.#kernel.accountId}:role/${params["RoleName"] ?? "*"}`);
    const { directory } = this;
    return [
      on("AttachPolicyToRole", (params) => {
        custom(params);
        directory.attach(policyName(params), roleName(params));
        return {};
      }),
      on("DetachPolicyFromRole", (params) => {
        custom(params);
        directory.detach(policyName(params), roleName(params));
        return {};
      }),
      on("ListPoliciesForRole", (params) => {
        const names = [...directory.role(roleName(params)).policies];
        return { Policies: { Policy: names.map((name) => this.#policyView(directory.policy(name))) } };
      }),
    ];
  }

  #roleView({ name, id, description, trust, createdAt, updatedAt }: RoleRecord): JsonObject {
    return {
      RoleId: id,
      RoleName: name,
      Arn: `acs:ram::${this.#kernel.accountId}:role/${name.toLowerCase()}`,
      Description: description,
      AssumeRolePolicyDocument: trust,
      MaxSessionDuration: 3600,
      CreateDate: iso(createdAt),
      UpdateDate: iso(updatedAt),
    };
  }

  #policyView(policy: PolicyRecord): JsonObject {
    return {
      PolicyName: policy.name,
      PolicyType: "Custom",
      Description: policy.description,
      DefaultVersion: policy.default,
      AttachmentCount: this.directory.attachments(policy),
      CreateDate: iso(policy.createdAt),
    };
  }
}

const versionView = (policy: PolicyRecord, { id, document, createdAt }: PolicyVersion): JsonObject => ({
  VersionId: id,
  IsDefaultVersion: id === policy.default,
  PolicyDocument: document,
  CreateDate: iso(createdAt),
});

/** Policies of the cloud itself are not simulated. */
function custom(params: Params): void {
  const type = params.need("PolicyType");
  const isKnown = type === "Custom" || type === "System";
  refuseIf(!isKnown, 400, "InvalidParameter.PolicyType", 'The parameter - "PolicyType" is invalid.');
  if (type === "System") throw new CloudFault(404, "EntityNotExist.Policy", "The policy does not exist.");
}

/** Declares actions on one kind of resource. */
const action =
  (resource: RpcAction["resource"]) =>
  (name: string, run: (params: Params) => JsonObject): [string, RpcAction] => [
    name,
    { ram: `ram:${name}`, resource, run: (flat) => run(new Params(flat)) },
  ];
