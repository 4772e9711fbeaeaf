/**
 * Roles and custom policies of the account.
 *
 * RAM-DIR-1. The default versions of the policies attached to a role are what its sessions may do, from the call on.
 * RAM-DIR-2. Nothing is deleted that something else holds on to; codes and messages are those of the page on errors:
 *     https://www.alibabacloud.com/help/doc-detail/28754.htm
 */
import { CloudFault, refuseIf } from "../core/kernel.ts";
import type { Policy, Ram } from "../core/ram.ts";

export interface RoleRecord {
  readonly name: string;
  readonly id: string;
  description: string;
  /** The trust document as it was given. */
  trust: string;
  readonly createdAt: number;
  updatedAt: number;
  /** Names of attached policies, in the order of their attachment. */
  readonly policies: Set<string>;
}

export interface PolicyVersion {
  readonly id: string;
  readonly document: string;
  readonly createdAt: number;
}

export interface PolicyRecord {
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly versions: PolicyVersion[];
  /** Id of the default version. */
  default: string;
  /** Number of the next version; ids are never used again. */
  next: number;
}

const MAX_VERSIONS = 5;

export class Directory {
  readonly #ram: Ram;
  readonly #now: () => number;
  readonly #roles = new Map<string, RoleRecord>();
  readonly #policies = new Map<string, PolicyRecord>();

  constructor(ram: Ram, now: () => number) {
    this.#ram = ram;
    this.#now = now;
  }

  roles(): readonly RoleRecord[] {
    return [...this.#roles.values()];
  }

  policies(): readonly PolicyRecord[] {
    return [...this.#policies.values()];
  }

  /** Names are compared without case. */
  role(name: string): RoleRecord {
    const found = this.#roles.get(name.toLowerCase());
    if (found === undefined) throw new CloudFault(404, "EntityNotExist.Role", "The role does not exist.");
    return found;
  }

  policy(name: string): PolicyRecord {
    const found = this.#policies.get(name.toLowerCase());
    if (found === undefined) throw new CloudFault(404, "EntityNotExist.Policy", "The policy does not exist.");
    return found;
  }

  createRole(given: Pick<RoleRecord, "name" | "id" | "description" | "trust">): RoleRecord {
    const key = given.name.toLowerCase();
    refuseIf(this.#roles.has(key), 409, "EntityAlreadyExists.Role", "The role already exists.");
    const at = this.#now();
    const role: RoleRecord = { ...given, createdAt: at, updatedAt: at, policies: new Set() };
    this.#roles.set(key, role);
    this.#ram.trust(given.name, given.trust);
    this.#publish(role);
    return role;
  }

  updateRole(name: string, change: Partial<Pick<RoleRecord, "trust" | "description">>): RoleRecord {
    if (change.trust !== undefined) this.#ram.trust(name, change.trust);
    return Object.assign(this.role(name), change, { updatedAt: this.#now() });
  }

  deleteRole(name: string): void {
    const role = this.role(name);
    const code = "DeleteConflict.Role.Policy";
    refuseIf(
      role.policies.size > 0,
      409,
      code,
      "The role can not have any attached policy when it is deleted.",
    );
    this.#roles.delete(name.toLowerCase());
    this.#ram.define(name, undefined);
    this.#ram.trust(name, undefined);
  }

  createPolicy(name: string, document: string, description: string): PolicyRecord {
    const key = name.toLowerCase();
    refuseIf(this.#policies.has(key), 409, "EntityAlreadyExists.Policy", "The policy already exists.");
    const createdAt = this.#now();
    const versions = [{ id: "v1", document, createdAt }];
    const policy: PolicyRecord = { name, description, createdAt, versions, default: "v1", next: 2 };
    this.#policies.set(key, policy);
    return policy;
  }

  createVersion(name: string, document: string, isDefault: boolean): PolicyVersion {
    const policy = this.policy(name);
    refuseIf(
      policy.versions.length >= MAX_VERSIONS,
      409,
      "LimitExceeded.Policy.Version",
      "The count of policy versions beyond the current limits.",
    );
    const version = { id: `v${policy.next++}`, document, createdAt: this.#now() };
    policy.versions.push(version);
    if (isDefault) policy.default = version.id;
    this.#publishAll();
    return version;
  }

  deleteVersion(name: string, id: string): void {
    const policy = this.policy(name);
    const index = policy.versions.findIndex((version) => version.id === id);
    refuseIf(index === -1, 404, "EntityNotExist.Policy.Version", "The policy version does not exist.");
    const code = "DeleteConflict.Policy.Version.Default";
    refuseIf(id === policy.default, 409, code, "The default policy version can not be deleted.");
    policy.versions.splice(index, 1);
  }

  deletePolicy(name: string): void {
    const policy = this.policy(name);
    refuseIf(
      this.attachments(policy) > 0,
      409,
      "DeleteConflict.Policy.Role",
      "The policy can not be attached to any role when it is deleted.",
    );
    refuseIf(
      policy.versions.length > 1,
      409,
      "DeleteConflict.Policy.Version",
      "The policy can not have any version except the default version when it is deleted.",
    );
    this.#policies.delete(name.toLowerCase());
  }

  attach(policyName: string, roleName: string): void {
    const [role, policy] = [this.role(roleName), this.policy(policyName)];
    const code = "EntityAlreadyExists.Role.Policy";
    refuseIf(role.policies.has(policy.name), 409, code, "The policy is attached to the role already.");
    role.policies.add(policy.name);
    this.#publish(role);
  }

  detach(policyName: string, roleName: string): void {
    const [role, policy] = [this.role(roleName), this.policy(policyName)];
    const code = "EntityNotExist.Role.Policy";
    refuseIf(!role.policies.has(policy.name), 404, code, "The policy is not attached to the role.");
    role.policies.delete(policy.name);
    this.#publish(role);
  }

  attachments({ name }: PolicyRecord): number {
    return this.roles().filter(({ policies }) => policies.has(name)).length;
  }

  /** RAM-DIR-1. */
  #publish(role: RoleRecord): void {
    this.#ram.define(
      role.name,
      [...role.policies].map((name) => defaultDocument(this.policy(name))),
    );
  }

  #publishAll(): void {
    for (const role of this.roles()) this.#publish(role);
  }
}

function defaultDocument(policy: PolicyRecord): Policy {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document was checked when it was given
  return JSON.parse(defaultVersion(policy).document) as Policy;
}

/** The version in force. */
export function defaultVersion({ versions, default: id }: PolicyRecord): PolicyVersion {
  const found = versions.find((version) => version.id === id);
  if (found === undefined) throw new Error(`the default version ${id} is gone`);
  return found;
}
