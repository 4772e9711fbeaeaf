/**
 * The functions of the account, as a manifest or the control plane leaves them.
 *
 * REGISTRY-1. A definition is never changed: a change puts another one in its place, and triggers that stay the same
 *     stay the same objects. Subscribers are notified of both, and a change is over when they have handled it.
 * REGISTRY-2. A version is the definition of its moment. Triggers and reservations belong to LATEST.
 */
import { createHash } from "node:crypto";
import { CloudFault, type Kernel } from "../core/kernel.ts";
import type { FunctionDefinition, Trigger } from "../core/functions.ts";
import { type CodePackage, packageOf } from "./code-packages.ts";

/** When something was made, and when it was changed last; epoch milliseconds. */
export interface Stamp {
  readonly id: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

interface Version {
  readonly definition: FunctionDefinition;
  readonly description: string;
  readonly createdAt: number;
  readonly code: CodePackage | undefined;
}

interface Alias {
  readonly versionId: string;
  /** A second version, and its share of the invocations. */
  readonly second?: { readonly versionId: string; readonly weight: number };
  readonly description: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** The record of the control plane about a function, besides its definition. */
export interface FunctionRecord {
  stamp: Stamp;
  code: CodePackage | undefined;
  asyncConfig: Stamp;
  readonly triggers: Map<string, Stamp>;
  /** By id, oldest first; ids of deleted versions are not used again. */
  readonly versions: Map<string, Version>;
  readonly aliases: Map<string, Alias>;
  readonly tags: Map<string, string>;
  lastVersion: number;
}

type Change = (
  before: FunctionDefinition | undefined,
  after: FunctionDefinition | undefined,
) => void | Promise<void>;

const notFound = (code: string, message: string): CloudFault => new CloudFault(404, code, message);

export class Registry {
  /** Those that are there now. */
  readonly definitions = new Map<string, FunctionDefinition>();
  /** All there ever were, as they were last: the bill counts deleted ones too. */
  readonly known = new Map<string, FunctionDefinition>();
  readonly #kernel: Kernel;
  readonly #records = new Map<string, FunctionRecord>();
  readonly #subscribers: Change[] = [];

  constructor(kernel: Kernel, definitions: readonly FunctionDefinition[]) {
    this.#kernel = kernel;
    for (const definition of definitions) this.#keep(definition, undefined);
  }

  /** Calls `change` for each function that is there, and at every change from now on. */
  async subscribe(change: Change): Promise<void> {
    this.#subscribers.push(change);
    for (const definition of this.definitions.values()) await change(undefined, definition);
  }

  /** @throws CloudFault 404 FunctionNotFound. */
  get(name: string): FunctionDefinition {
    const definition = this.definitions.get(name);
    if (definition !== undefined) return definition;
    throw notFound("FunctionNotFound", `function '${name}' does not exist`);
  }

  /** @throws CloudFault 404 FunctionNotFound. */
  record(name: string): FunctionRecord {
    this.get(name);
    const record = this.#records.get(name);
    if (record === undefined) throw new Error(`function ${name} has no record`);
    return record;
  }

  /** The definition that a qualifier names. @throws CloudFault 404 for a function, version or alias that is not there. */
  qualified(name: string, qualifier: string): FunctionDefinition {
    if (qualifier === "" || qualifier === "LATEST") return this.get(name);
    const { versions, aliases } = this.record(name);
    const alias = aliases.get(qualifier);
    const { second } = alias ?? {};
    const isSecond = second !== undefined && this.#kernel.random() < second.weight;
    const version = versions.get((isSecond ? second.versionId : alias?.versionId) ?? qualifier);
    if (version !== undefined) return version.definition;
    throw notFound("VersionNotFound", `version or alias '${qualifier}' of '${name}' does not exist`);
  }

  /** The package of a function; that of a manifest's folder is made when it is first asked for. */
  codeOf({ name, version, codePath }: FunctionDefinition): CodePackage {
    const record = this.record(name);
    if (version !== undefined) return record.versions.get(version)?.code ?? packageOf(codePath);
    return (record.code ??= packageOf(codePath));
  }

  /** @throws CloudFault 409 FunctionAlreadyExists. */
  async create(definition: FunctionDefinition, code: CodePackage): Promise<void> {
    const { name } = definition;
    if (this.definitions.has(name)) {
      throw new CloudFault(409, "FunctionAlreadyExists", `function '${name}' already exists`);
    }
    this.#keep(definition, code);
    await this.#tell(undefined, definition);
  }

  /** Puts another definition in the place of the one of its name. */
  async replace(definition: FunctionDefinition): Promise<void> {
    const before = this.get(definition.name);
    this.definitions.set(definition.name, definition);
    this.known.set(definition.name, definition);
    const { triggers } = this.record(definition.name);
    for (const trigger of definition.triggers) this.#stampTrigger(triggers, trigger, before);
    await this.#tell(before, definition);
  }

  async delete(name: string): Promise<void> {
    const before = this.get(name);
    this.definitions.delete(name);
    this.#records.delete(name);
    await this.#tell(before, undefined);
  }

  /** A stamp of this moment. Its id is not drawn, so that a function more changes no other id. */
  stamp(thing: string): Stamp {
    const now = this.#kernel.time.now();
    const text = createHash("sha256").update(`${thing} ${now}`).digest("hex");
    const id = [8, 4, 4, 4, 12].map((length, index) => text.slice(index * 12, index * 12 + length)).join("-");
    return { id, createdAt: now, modifiedAt: now };
  }

  /** The same thing, changed at this moment. */
  restamp(stamp: Stamp): Stamp {
    return { ...stamp, modifiedAt: this.#kernel.time.now() };
  }

  #keep(definition: FunctionDefinition, code: CodePackage | undefined): void {
    const { name } = definition;
    const triggers = new Map(
      definition.triggers.map((trigger) => [trigger.name, this.stamp(`${name} ${trigger.name}`)]),
    );
    this.definitions.set(name, definition);
    this.known.set(name, definition);
    this.#records.set(name, {
      stamp: this.stamp(name),
      code,
      asyncConfig: this.stamp(`${name} async`),
      triggers,
      versions: new Map(),
      aliases: new Map(),
      tags: new Map(),
      lastVersion: 0,
    });
  }

  #stampTrigger(stamps: Map<string, Stamp>, trigger: Trigger, before: FunctionDefinition): void {
    if (before.triggers.includes(trigger)) return;
    const old = before.triggers.some(({ name }) => name === trigger.name) && stamps.get(trigger.name);
    stamps.set(trigger.name, old ? this.restamp(old) : this.stamp(`${before.name} ${trigger.name}`));
  }

  async #tell(before: FunctionDefinition | undefined, after: FunctionDefinition | undefined): Promise<void> {
    for (const change of this.#subscribers) await change(before, after);
  }
}
